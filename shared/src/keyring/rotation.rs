//! New keys in place of old ones, without a token refused on the way.
//!
//! A new key is published for [`PUBLISHED_FOR`] before it signs, so that whoever verifies has it by then. The key
//! before it goes on verifying until the last token that it may have signed has expired. `rotate-keys` does this by
//! schedule and when the stack is made or its choice of algorithm changes, an operator by hand.

use std::time::Duration;

use serde::Serialize;

use super::cache::FRESH_FOR;
use super::stored::{StoredKey, StoredKeyring};
use super::{KeyringError, Purpose, purposes};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::jwt;
use crate::session::DEVICE_LIFETIME;

/// How long a new key is published before it signs. API Gateway's JWT authorizer keeps keys for two hours; a copy that
/// it takes may already be as old as an instance's keyring and the JWKS's `max-age` together.
pub const PUBLISHED_FOR: Duration = Duration::from_secs(2 * 3600 + 15 * 60);
/// Within this time every instance of the service has read a new key.
pub const READ_WITHIN: Duration = Duration::from_secs(FRESH_FOR.as_secs() + 60);
/// For clocks that differ, and for an instance that has not seen yet that another key signs.
const MARGIN: Duration = Duration::from_secs(15 * 60);
const TRIES: usize = 5;

/// What a key does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published; it will sign.
    Next,
    /// It signs.
    Signing,
    /// It only verifies what it has signed.
    Verifying,
    /// Nothing that it has signed is accepted.
    Retired,
}

impl KeyState {
    /// The state in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
            Self::Retired => "retired",
        }
    }
}

/// A key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub kid: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What it does now.
    pub state: KeyState,
    /// When it was made and published.
    pub created: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
    /// From when on nothing that it has signed is accepted, once it has a successor.
    pub retires_at: Option<Timestamp>,
}

/// When a new key begins to sign; a first one signs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After [`PUBLISHED_FOR`]: nobody notices.
    Published,
    /// After [`READ_WITHIN`]: this service notices nothing, but whoever keeps a copy of the JWKS for longer may refuse new
    /// tokens for a while.
    Soon,
}

/// Why a key was not retired.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// No such key.
    #[error("there is no key {0}: `latchkey keys list` shows the ids")]
    Unknown(String),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl From<crate::store::StoreError> for RetireError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Keyring(error.into())
    }
}

/// Every key, newest first within a purpose. Makes the first ones if there are none.
pub async fn list(app: &App) -> Result<Vec<KeyInfo>, KeyringError> {
    let now = app.now();
    let stored = StoredKeyring::load_or_create(&app.store, now, &purposes(&app.config)).await?;
    Ok(infos(&stored.keys, now))
}

/// What the schedule does: forgets retired keys, makes those that are missing, and a successor for every key that is older
/// than `KEY_ROTATION_DAYS`. Gives back the new keys.
pub async fn rotate_due(app: &App) -> Result<Vec<KeyInfo>, KeyringError> {
    // First, so that a key that is about to go is not taken for one that goes on.
    tidy(app).await?;
    let keys = list(app).await?;
    let mut made = Vec::new();
    for purpose in purposes(&app.config) {
        let newest = keys.iter().find(|key| key.purpose == purpose);
        let due = newest
            .is_none_or(|key| app.config.key_rotation.is_some_and(|age| app.now().since(key.created) >= age));
        if due {
            made.extend(rotate(app, purpose, Start::Published).await?);
        }
    }
    Ok(made)
}

/// Makes a successor for the key of this purpose; `None` if there is one already that does not sign yet. A first key
/// signs at once.
pub async fn rotate(app: &App, purpose: Purpose, start: Start) -> Result<Option<KeyInfo>, KeyringError> {
    let now = app.now();
    // Made once: if the answer to the write is lost, the next try finds it there.
    let mut new = StoredKey::generate(purpose, now, now)?;
    let kid = new.kid.clone();
    edit(app, |keys| {
        let mut of_purpose = keys.iter().filter(|key| key.purpose == purpose);
        if of_purpose.any(|key| key.active_from > now || key.kid == new.kid) {
            return Edit::Nothing;
        }
        if keys.iter().any(|key| key.purpose == purpose) {
            new.active_from = now
                + match start {
                    Start::Published => PUBLISHED_FOR,
                    Start::Soon => READ_WITHIN,
                };
        }
        retire_before(keys, purpose, new.active_from + longest_life(purpose, &app.config));
        keys.insert(0, new.clone());
        Edit::Write
    })
    .await?;
    Ok(list(app).await?.into_iter().find(|key| key.kid == kid))
}

/// Takes a key out at once: what it has signed is refused as soon as every instance has read the keyring again, within
/// five minutes. If it was the one that signs, a new one, which is given back, signs at once, also in place of one that
/// waits. For a key that someone else may have.
pub async fn retire(app: &App, kid: &str) -> Result<Option<KeyInfo>, RetireError> {
    let now = app.now();
    let keys = list(app).await?;
    let key = keys.iter().find(|key| key.kid == kid).ok_or_else(|| RetireError::Unknown(kid.to_owned()))?;
    let replacement = StoredKey::generate(key.purpose, now, now)?;
    let purpose = replacement.purpose;
    edit(app, |keys| {
        // Not the key before it: that one is on its way out.
        let signed = signer(keys, purpose, now).is_some_and(|key| key.kid == kid);
        let before = keys.len();
        keys.retain(|key| key.kid != kid);
        if keys.len() == before {
            return Edit::Nothing;
        }
        if signed {
            // Nor the key that waits: behind a newer one it would never sign, and nothing is signed with it yet.
            keys.retain(|key| key.purpose != purpose || key.active_from <= now);
            keys.insert(0, replacement.clone());
        }
        lift_retirement(keys, purpose);
        Edit::Write
    })
    .await?;
    Ok(list(app).await?.into_iter().find(|key| key.kid == replacement.kid))
}

/// Forgets retired keys, lets those retire that this deployment does not sign with any more, and lets none retire that it
/// signs with again.
async fn tidy(app: &App) -> Result<(), KeyringError> {
    let now = app.now();
    let wanted = purposes(&app.config);
    edit(app, |keys| {
        let before = keys.len();
        keys.retain(|key| !key.is_retired(now));
        let mut changed = keys.len() != before;
        for key in keys.iter_mut().filter(|key| !wanted.contains(&key.purpose) && key.retires_at.is_none()) {
            key.retires_at = Some(now + longest_life(key.purpose, &app.config));
            changed = true;
        }
        for purpose in &wanted {
            changed |= lift_retirement(keys, *purpose);
        }
        if changed { Edit::Write } else { Edit::Nothing }
    })
    .await
}

/// How long what a key signs is valid at most, with a margin.
fn longest_life(purpose: Purpose, config: &Config) -> Duration {
    let longest = match purpose {
        Purpose::RS256 | Purpose::ES256 | Purpose::EdDSA => jwt::DAY,
        Purpose::HS384 => jwt::HOUR,
        Purpose::Session => config.session.absolute.max(DEVICE_LIFETIME),
    };
    longest + MARGIN
}

/// Of a purpose's keys the newest has no successor, or none any more, so it goes on. Whether that was to be changed.
fn lift_retirement(keys: &mut [StoredKey], purpose: Purpose) -> bool {
    let newest = keys.iter_mut().find(|key| key.purpose == purpose);
    newest.is_some_and(|key| key.retires_at.take().is_some())
}

/// The key that signs for a purpose.
fn signer(keys: &[StoredKey], purpose: Purpose, now: Timestamp) -> Option<&StoredKey> {
    keys.iter().find(|key| key.purpose == purpose && key.active_from <= now && !key.is_retired(now))
}

fn retire_before(keys: &mut [StoredKey], purpose: Purpose, at: Timestamp) {
    for key in keys.iter_mut().filter(|key| key.purpose == purpose) {
        key.retires_at = Some(key.retires_at.map_or(at, |earlier| earlier.min(at)));
    }
}

enum Edit {
    Write,
    Nothing,
}

/// Reads the keyring, changes it, and writes it back, again if someone else has written it meanwhile.
async fn edit(app: &App, mut change: impl FnMut(&mut Vec<StoredKey>) -> Edit) -> Result<(), KeyringError> {
    for _ in 0..TRIES {
        let mut stored = StoredKeyring::load_or_create(&app.store, app.now(), &purposes(&app.config)).await?;
        match change(&mut stored.keys) {
            Edit::Nothing => return Ok(()),
            Edit::Write if stored.save(&app.store).await? => return Ok(()),
            Edit::Write => {}
        }
    }
    Err(KeyringError::Contended)
}

fn infos(keys: &[StoredKey], now: Timestamp) -> Vec<KeyInfo> {
    let state = |key: &StoredKey| {
        if key.is_retired(now) {
            KeyState::Retired
        } else if key.active_from > now {
            KeyState::Next
        } else if signer(keys, key.purpose, now).is_some_and(|signer| signer.kid == key.kid) {
            KeyState::Signing
        } else {
            KeyState::Verifying
        }
    };
    let info = |key: &StoredKey| KeyInfo {
        kid: key.kid.clone(),
        purpose: key.purpose,
        state: state(key),
        created: key.created,
        active_from: key.active_from,
        retires_at: key.retires_at,
    };
    keys.iter().map(info).collect()
}
