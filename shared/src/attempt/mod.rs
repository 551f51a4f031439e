//! How often someone may guess: an attempt is reserved *before* the password is looked at, by one conditional write,
//! so that the limit holds however many guesses arrive at once.
//!
//! Five wrong guesses are free; then each one must wait longer than the last, and after 100 in a row only a reset, a
//! known device or 30 quiet days help (NIST SP 800-63B-4 section 3.2.2). A right guess clears the count.
//!
//! A device that has signed in before brings a cookie that only this system can make; its guesses are counted apart, so a
//! stranger's guesses never lock out the owner (ASVS 6.1.1). A user's devices share eight counts by chance: who once knew the
//! password and kept a thousand cookies has eight times the guesses of one, and no more.

mod count;
mod network;

use std::time::Duration;

use aws_lc_rs::digest;

use crate::app::App;
use crate::id::ObjectId;
use crate::log;
use crate::session::SessionId;
use crate::store::{Found, Key, StoreError};

use count::Reservation;
use network::NetworkFailures;

/// What guesses are counted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A username, whether or not anyone has it.
    Name(String),
    /// A device of a user, by the session that it began with.
    Device(ObjectId, SessionId),
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
        let text = match self {
            Self::Name(name) => format!("name {name}"),
            Self::Device(user, session) => format!("device {user} {}", session.group()),
            Self::Account(account) => format!("account {account}"),
        };
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        Key::new(format!("ATTEMPT#{}", hex::encode(hash)), "ATTEMPT")
    }
}

/// Forgets the wrong guesses for a name: its owner has shown by mail who they are.
pub async fn forget_name(app: &App, username: &str) -> Result<(), StoreError> {
    count::clear(app, &Subject::Name(username.to_owned())).await
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
