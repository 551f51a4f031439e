//! The texts that passwords are kept as.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};

use super::foreign::Foreign;
use super::hash::{HashError, HashParameters};

/// The longest text of a hash, in bytes: none of the notations comes near it, unless the salt does.
const LONGEST: usize = 1024;

/// A password's hash, as it is kept: one of Argon2, or one that another system made.
pub enum StoredHash {
    /// Of Argon2, in PHC's notation.
    Argon2(Argon2Hash),
    /// Of another algorithm; it is replaced at its owner's next sign-in.
    Foreign(Foreign),
}

/// A hash of Argon2.
pub struct Argon2Hash {
    pub(super) derivation: Derivation,
    pub(super) output: Output,
}

/// How Argon2 derives a hash from a password.
#[derive(Clone)]
pub(super) struct Derivation {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Salt,
}

/// Why a text is no hash that a password can be compared with. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAHash {
    /// No notation that is known.
    #[error(
        "the password hash is in no notation that is known: $argon2id$… (also i and d), $2b$… (also a and y), $scrypt$…, \
         $pbkdf2-sha256$… (also sha1 and sha512), pbkdf2_sha256$… (also sha1) or $fbscrypt$…"
    )]
    Unknown,
    /// The notation is known, and a part of it is missing or wrong.
    #[error("the password hash is damaged: {0}")]
    Damaged(&'static str),
    /// Comparing would take longer, or more memory, than a sign-in has.
    #[error("the password hash takes more time or memory than a sign-in has: {0}")]
    TooCostly(&'static str),
}

impl Derivation {
    /// The PHC string of what was derived.
    pub(super) fn written(self, output: Output) -> Result<String, HashError> {
        let hash = PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params).map_err(|_| HashError::Notation)?,
            salt: Some(self.salt),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }
}

impl StoredHash {
    /// Whether it is of a part of this password, which is longer than what its system reads.
    pub(super) fn is_cut(&self, password: &str) -> bool {
        matches!(self, Self::Foreign(Foreign::Bcrypt { .. })) && password.len() > 72
    }

    /// Whether it takes less than these parameters, or comes from elsewhere.
    pub(super) fn is_weaker_than(&self, wanted: HashParameters) -> bool {
        match self {
            Self::Argon2(Argon2Hash { derivation, .. }) => {
                derivation.algorithm != Algorithm::Argon2id
                    || derivation.version != Version::V0x13
                    || derivation.params.m_cost() < wanted.memory_kib
                    || derivation.params.t_cost() < wanted.iterations
            }
            Self::Foreign(_) => true,
        }
    }
}

/// Not what it is: whoever has a hash can try passwords on it.
impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

impl FromStr for StoredHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        if text.len() > LONGEST {
            return Err(NotAHash::TooCostly("it may have 1,024 characters, which every sign-in reads"));
        }
        if text.starts_with("$argon2") {
            text.parse().map(Self::Argon2)
        } else {
            text.parse().map(Self::Foreign)
        }
    }
}

impl FromStr for Argon2Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let stored = PasswordHash::new(text).map_err(|_| NotAHash::Damaged("it is not in PHC's notation"))?;
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(|_| NotAHash::Unknown)?;
        // The reference implementation wrote none before there was a second one.
        let version = stored.version.map_or(Ok(Version::V0x10), Version::try_from);
        let version = version.map_err(|_| NotAHash::Damaged("Argon2 has the versions 16 and 19"))?;
        let params = Params::try_from(&stored)
            .map_err(|_| NotAHash::Damaged("Argon2 does not allow its parameters"))?;
        let (salt, output) =
            stored.salt.zip(stored.hash).ok_or(NotAHash::Damaged("it has no salt or no hash"))?;
        let HashParameters { memory_kib, iterations, parallelism } = HashParameters::MOST;
        if params.m_cost() > memory_kib || params.t_cost() > iterations || params.p_cost() > parallelism {
            return Err(NotAHash::TooCostly("Argon2 may take 1 GiB, 20 passes and 16 lanes"));
        }
        Ok(Self { derivation: Derivation { algorithm, version, params, salt }, output })
    }
}
