//! A signed-in user shows their password once more before something that cannot be taken back (ASVS 7.5.1).

use super::user_session::{no_user, not_acceptable, principal};
use crate::app::App;
use crate::attempt::{Guess, Subject};
use crate::authentication::compare;
use crate::clock::Timestamp;
use crate::http::peer::Peer;
use crate::http::{Fault, Request};
use crate::password::{Password, Verdict};
use crate::principal::Principal;
use crate::session::SessionId;
use crate::user::{Credential, User};

/// A signed-in user whose password was right just now.
pub struct Confirmed {
    /// Who.
    pub user: User,
    /// The session of the request.
    pub session: Option<SessionId>,
    /// When the password was read. What ends all of the user's tokens after that ends what follows from it.
    pub since: Timestamp,
    /// The hash that it was compared with. If it is another by now, the password was changed since.
    pub hash: String,
}

/// Finds the user of the request's token and compares their password with this one.
pub async fn confirm(app: &App, request: &Request, password: &str) -> Result<Confirmed, Fault> {
    let since = app.now();
    let Principal { user, session, .. } = principal(app, request).await?;
    let user = user.ok_or_else(no_user)?;
    let password = Password::new(password);
    let username = user.username.canonical();
    let key = Credential::key(&username);
    let wanted = vec![(app.store.tables.accounts.as_str(), key.clone())];
    // Whoever has a session is no stranger, and strangers' guesses do not count against them.
    let (subject, network) = match &session {
        Some(session) => (Subject::Session(user.id, session.id), None),
        None => (Subject::Name(username), Peer::of(request).network()),
    };
    let (guess, mut found) = Guess::open(app, subject, network, wanted).await?;
    let (credential, verdict) = match compare(app, found.take(&key), &password).await {
        Ok(compared) => compared,
        Err(fault) => return Err(guess.undecided(app, fault).await),
    };
    let Some(credential) = credential.filter(|_| verdict != Verdict::Wrong) else {
        guess.wrong(app).await?;
        return Err(not_acceptable("The password is wrong."));
    };
    guess.surely_right(app).await;
    let session = session.map(|session| session.id);
    Ok(Confirmed { user, session, since, hash: credential.password_hash })
}
