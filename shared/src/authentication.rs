//! Signing in with a name and a password, whichever door the name and the password came through.

use std::time::Duration;

use crate::app::App;
use crate::attempt::{self, AttemptError, Guess, Subject};
use crate::clock::Timestamp;
use crate::config::UnverifiedSignIn;
use crate::http::Fault;
use crate::http::peer::Peer;
use crate::id::ObjectId;
use crate::identifier::SignInName;
use crate::log;
use crate::password::{HashError, Password, Verdict};
use crate::session::{SessionToken, TokenKind};
use crate::store::StoreError;
use crate::user::{Credential, EmailOwner, UserStatus};

/// A password that was right, before anything has followed from it.
pub struct Authenticated {
    /// Whose.
    pub credential: Credential,
    /// When the credential was read. What ends all of the user's sessions after that ends the one that begins now.
    pub since: Timestamp,
    username: String,
    guess: Guess,
    stronger_hash: Option<String>,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// There is no such name, or the password is not its password.
    #[error("wrong name or password")]
    Wrong,
    /// The password is right and the user is suspended.
    #[error("the user is suspended")]
    Suspended,
    /// The password is right, and the address must be verified first.
    #[error("the e-mail address is not verified")]
    Unverified,
    /// Too many wrong guesses before this one.
    #[error("too many failed attempts")]
    TooMany(Duration),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored hash cannot be used.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl From<AttemptError> for AuthenticationError {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::TooMany(wait) => Self::TooMany(wait),
            AttemptError::Store(error) => error.into(),
        }
    }
}

impl AuthenticationError {
    /// The fault; a door has a status of its own for who is not let in, and gets that in words.
    pub fn into_fault(self, refuse: impl FnOnce(&'static str) -> Fault) -> Fault {
        match self {
            Self::Wrong => refuse("Wrong username or password."),
            Self::Suspended => refuse("This user is suspended."),
            Self::Unverified => refuse("Verify your e-mail address first."),
            Self::TooMany(wait) => Fault::too_many_attempts(wait),
            Self::Store(error) => error.into(),
            Self::Hash(error) => error.into(),
        }
    }
}

/// Compares a password. `device` is the token that a browser got at an earlier sign-in.
///
/// A name that nobody has costs the same calls and the same hash as a wrong password.
pub async fn authenticate(
    app: &App,
    name: SignInName,
    password: &Password,
    peer: &Peer,
    device: Option<SessionToken>,
) -> Result<Authenticated, AuthenticationError> {
    let since = app.now();
    let username = match name {
        SignInName::Username(username) => username,
        SignInName::Email(email) => username_of(app, &email).await?.unwrap_or(email),
        SignInName::Nobody(text) => text,
    };
    // A device is known for its own user only; anyone else who signs in there is a stranger.
    let device = device
        .filter(|token| token.kind == TokenKind::Device && token.user == attempt::device_tag(&username));
    let shared = Subject::Name(username.clone());
    let subject = device.map_or(shared, |token| Subject::Device(token.user, token.session));
    let network = peer.network().filter(|_| device.is_none());

    let credential_key = Credential::key(&username);
    let wanted = vec![(app.store.tables.accounts.as_str(), credential_key.clone())];
    let (guess, mut found) = Guess::open(app, subject, network, wanted).await?;
    let (credential, verdict) = match compare(app, found.take(&credential_key), password).await {
        Ok(compared) => compared,
        Err(error) => return Err(guess.undecided(app, error).await),
    };
    let Some(credential) = credential.filter(|_| verdict != Verdict::Wrong) else {
        guess.wrong(app).await?;
        return Err(AuthenticationError::Wrong);
    };
    if credential.status == UserStatus::Suspended {
        return Err(guess.undecided(app, AuthenticationError::Suspended).await);
    }
    if credential.status == UserStatus::Unverified
        && app.config.unverified_sign_in == UnverifiedSignIn::Refuse
    {
        return Err(guess.undecided(app, AuthenticationError::Unverified).await);
    }
    let stronger_hash = stronger_hash(app, password, verdict).await;
    Ok(Authenticated { credential, since, username, guess, stronger_hash })
}

/// Compares a password with that of a credential, if there is one; it takes the same time if there is none.
pub(crate) async fn compare<E: From<StoreError> + From<HashError>>(
    app: &App,
    credential: Result<Option<Credential>, StoreError>,
    password: &Password,
) -> Result<(Option<Credential>, Verdict), E> {
    let credential = credential?;
    let stored = credential.as_ref().map(|credential| credential.password_hash.as_str());
    let verdict = app.passwords.verify(password, stored).await?;
    Ok((credential, verdict))
}

/// What is to replace a weak hash. The password is right whether or not there can be one.
async fn stronger_hash(app: &App, password: &Password, verdict: Verdict) -> Option<String> {
    if verdict != Verdict::RightButWeak {
        return None;
    }
    match app.passwords.hash(password).await {
        Ok(hash) => Some(hash),
        Err(error) => {
            log::warn("a weak password hash is kept", &error);
            None
        }
    }
}

impl Authenticated {
    /// What stands for this user in the token of the device.
    #[must_use]
    pub fn device_tag(&self) -> ObjectId {
        attempt::device_tag(&self.username)
    }

    /// Clears the count of wrong guesses, and stores a stronger hash if the present one is weak. The password was right
    /// whether or not either can be written.
    pub async fn settle(&self, app: &App) {
        let strengthen = async {
            if let Some(hash) = &self.stronger_hash
                && let Err(error) = self.credential.replace_hash(app, &self.username, hash.clone()).await
            {
                log::warn("a weak password hash is kept", &error);
            }
        };
        tokio::join!(self.guess.surely_right(app), strengthen);
    }
}

async fn username_of(app: &App, email: &str) -> Result<Option<String>, StoreError> {
    let owner: Option<EmailOwner> = app.store.get(&app.store.tables.accounts, EmailOwner::key(email)).await?;
    Ok(owner.map(|owner| owner.username))
}
