//! How often someone may guess: an attempt is reserved *before* the password is looked at, by one conditional write,
//! so that the limit holds however many guesses arrive at once.
//!
//! Five wrong guesses are free; then each one must wait longer than the last, and after 100 in a row only a reset, a
//! known device or 30 quiet days help (NIST SP 800-63B-4 section 3.2.2). A right guess clears the count.
//!
//! A device that has signed in before brings a cookie that only this system can make; its guesses are counted apart, so a
//! stranger's guesses never lock out the owner (ASVS 6.1.1). A user's devices share eight counts by chance: who once knew the
//! password and kept a thousand cookies has eight times the guesses of one, and no more. Sessions that ask for the password
//! once more share eight others.

mod count;
mod network;

use std::time::Duration;

use aws_lc_rs::digest;

use crate::app::App;
use crate::id::ObjectId;
use crate::log;
use crate::session::SessionId;
use crate::store::{Found, Key, StoreError, delete_request};

use count::Reservation;
use network::NetworkFailures;

/// What guesses are counted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A username, whether or not anyone has it.
    Name(String),
    /// A device, by the [tag](device_tag) of its user's name and the session that it began with.
    Device(ObjectId, SessionId),
    /// A session of a user, which asks for the password once more.
    Session(ObjectId, SessionId),
    /// An account's secret.
    Account(ObjectId),
}

/// Why an attempt was not allowed.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// Too many failures: the next attempt counts after this long.
    #[error("too many failed attempts")]
    TooMany(Duration),
    /// The count could not be written, so nothing was checked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Subject {
    /// Names are hashed: what strangers type is neither a key nor readable.
    fn key(&self) -> Key {
        match self {
            Self::Name(name) => count_key(&format!("name {name}")),
            Self::Device(tag, session) => device_key(*tag, session.group()),
            Self::Session(user, session) => session_key(*user, session.group()),
            Self::Account(account) => count_key(&format!("account {account}")),
        }
    }
}

fn device_key(tag: ObjectId, group: u8) -> Key {
    count_key(&format!("device {tag} {group}"))
}

fn session_key(user: ObjectId, group: u8) -> Key {
    count_key(&format!("session {user} {group}"))
}

fn count_key(text: &str) -> Key {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    Key::new(format!("ATTEMPT#{}", hex::encode(hash)), "ATTEMPT")
}

/// What stands for a username in the token of a device. The token must be told to belong to a name before anything about
/// the name is read, and must not give the name away.
#[must_use]
pub fn device_tag(username: &str) -> ObjectId {
    let hash = digest::digest(&digest::SHA256, username.as_bytes());
    let mut tag = [0; 12];
    tag.copy_from_slice(&hash.as_ref()[..12]);
    ObjectId::from_bytes(tag)
}

/// Forgets the wrong guesses for a user, those from their devices and sessions too: who they are is known by other means.
pub async fn forget(app: &App, user: ObjectId, username: &str) -> Result<(), StoreError> {
    let tag = device_tag(username);
    let groups = SessionId::GROUPS.into_iter();
    let counts = groups.flat_map(|group| [device_key(tag, group), session_key(user, group)]);
    let counts = counts.chain([Subject::Name(username.to_owned()).key()]);
    let deletes = counts.map(delete_request).collect::<Result<_, _>>()?;
    app.store.write_all(&app.store.tables.tokens, deletes).await
}

/// Forgets the wrong secrets for an account.
pub async fn forget_account(app: &App, account: ObjectId) -> Result<(), StoreError> {
    count::clear(app, &Subject::Account(account)).await
}

/// A guess that was allowed and is not yet decided.
#[derive(Debug)]
pub struct Guess {
    subject: Subject,
    network: Option<String>,
    reservation: Reservation,
}

impl Guess {
    /// Reserves an attempt for `subject` and meanwhile reads the items that the guess is compared with. `network` is
    /// where it comes from, if failures from there count.
    pub async fn open(
        app: &App,
        subject: Subject,
        network: Option<String>,
        mut wanted: Vec<(&str, Key)>,
    ) -> Result<(Self, Found), AttemptError> {
        let now = app.now();
        let network_key = network.as_deref().map(|network| NetworkFailures::key(network, now));
        wanted.extend(network_key.clone().map(|key| (app.store.tables.tokens.as_str(), key)));
        let (reserved, found) = tokio::join!(count::reserve(app, &subject), app.store.get_all(wanted));
        let guess = Self { subject, network, reservation: reserved? };
        let checked = found.and_then(|mut found| {
            let failures: Option<NetworkFailures> =
                network_key.map(|key| found.take(&key)).transpose()?.flatten();
            Ok((found, failures.and_then(|failures| failures.wait(app.config.address_failures, now))))
        });
        match checked {
            Ok((found, None)) => Ok((guess, found)),
            Ok((_, Some(wait))) => Err(guess.undecided(app, AttemptError::TooMany(wait)).await),
            Err(error) => Err(guess.undecided(app, error.into()).await),
        }
    }

    /// The guess was wrong: it stays on the count, and counts for its network too.
    pub async fn wrong(&self, app: &App) -> Result<(), StoreError> {
        let network = async {
            match &self.network {
                Some(network) => NetworkFailures::add(app, network).await,
                None => Ok(()),
            }
        };
        let (marked, added) = tokio::join!(count::mark_failed(app, &self.subject), network);
        marked.and(added)
    }

    /// The guess was right: the count starts again.
    pub async fn right(&self, app: &App) -> Result<(), StoreError> {
        count::clear(app, &self.subject).await
    }

    /// As [`Self::right`], where the guess was right whether or not that can be written.
    pub async fn surely_right(&self, app: &App) {
        if let Err(error) = self.right(app).await {
            log::warn("a count of wrong guesses was not cleared", &error);
        }
    }

    /// The guess could not be decided, through no fault of the guesser: it does not count. Gives `error` back.
    pub async fn undecided<E>(&self, app: &App, error: E) -> E {
        // If this fails too, one attempt too many stays on the count: the safe side.
        let _ = count::release(app, &self.subject, self.reservation).await;
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_readable_in_its_key() {
        assert!(!Subject::Name("alice".into()).key().pk.contains("alice"));
        assert_ne!(Subject::Name("alice".into()).key(), Subject::Name("bob".into()).key());
    }
}
