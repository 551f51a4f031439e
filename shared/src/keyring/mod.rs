//! The keys that the service signs with, in one item of the keys table.
//!
//! An instance reads the item once, again after five minutes, and on a key id that it does not know. The first keys
//! are made by whoever needs them first; a conditional write lets exactly one set of them win. A later key is published
//! before it signs, and its predecessor is kept until its last token has expired: see [`rotation`].

mod cache;
mod parsed;
pub mod rotation;
mod signer;
mod stored;

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::random::RandomUnavailable;
use crate::store::StoreError;

pub use cache::KeyringCache;
pub use parsed::{Keyring, SessionKey, SigningKey};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The item cannot be read or written.
    #[error("the keyring is out of reach")]
    Store(#[from] StoreError),
    /// The item could not be read a moment ago, and is not asked for again yet.
    #[error("the keyring was out of reach a moment ago")]
    OutOfReach,
    /// A key in it cannot be used.
    #[error("the keyring holds a key that cannot be used: {0}")]
    Damaged(&'static str),
    /// It has no key for this.
    #[error("the keyring has no {0:?} key: rotate-keys makes it, by schedule or called by hand")]
    Missing(Purpose),
    /// A key could not be made.
    #[error("no key could be made")]
    Generate,
    /// Others changed it at the same moment, every time.
    #[error("others are changing the keyring")]
    Contended,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl KeyringError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unavailable(),
            Self::OutOfReach | Self::Contended => true,
            Self::Damaged(_) | Self::Missing(_) | Self::Generate | Self::Random(_) => false,
        }
    }
}

/// What a key is for. One key has one algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Signs the JWTs that others verify, with RSA of 2048 bits; published.
    RS256,
    /// Signs OAuth's access tokens, with ECDSA over P-256, where the deployment chose it; published.
    ES256,
    /// Signs OAuth's access tokens, with Ed25519, where the deployment chose it; published.
    EdDSA,
    /// Signs the JWTs of access keys; never published.
    HS384,
    /// Authenticates session tokens.
    Session,
}

/// What a deployment has keys for.
#[must_use]
pub fn purposes(config: &Config) -> Vec<Purpose> {
    let chosen = Purpose::of(config.signing_algorithm.algorithm());
    let further = chosen.filter(|purpose| !Purpose::ALWAYS.contains(purpose));
    Purpose::ALWAYS.into_iter().chain(further).collect()
}

impl Purpose {
    /// What every deployment has keys for.
    pub const ALWAYS: [Self; 3] = [Self::RS256, Self::HS384, Self::Session];

    /// What a key must be for that signs with this algorithm, if the service signs with it at all.
    #[must_use]
    pub const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::RS256 => Some(Self::RS256),
            Algorithm::ES256 => Some(Self::ES256),
            Algorithm::EdDSA => Some(Self::EdDSA),
            Algorithm::HS384 => Some(Self::HS384),
            _ => None,
        }
    }
}
