//! Argon2id, in a buffer that is kept between requests.

use std::num::NonZero;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::Password;
use crate::random::{self, RandomUnavailable};

const OUTPUT_LENGTH: usize = 32;
const SALT_LENGTH: usize = 16;

/// What a hash costs (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashParameters {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

/// Whether a password is the one that was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not.
    Wrong,
    /// It is.
    Right,
    /// It is, and the hash is weaker than this deployment wants: replace it.
    RightButWeak,
}

/// Why a password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The stored text is no hash that this system knows.
    #[error("a stored password hash cannot be read")]
    Stored(#[source] argon2::password_hash::phc::Error),
    /// It names another algorithm, or parameters that Argon2 does not allow.
    #[error("a stored password hash is of an unknown kind")]
    Unknown,
    /// Argon2 refused its input.
    #[error("the password cannot be hashed")]
    Argon2(#[source] argon2::Error),
    /// No salt.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The thread that hashes is gone.
    #[error("hashing was interrupted")]
    Interrupted,
}

/// Hashes and compares passwords off the request's thread, as many at once as there are processors.
#[derive(Debug, Clone)]
pub struct Hasher {
    parameters: HashParameters,
    buffers: Arc<Buffers>,
    slots: Arc<OnceLock<Semaphore>>,
}

impl Hasher {
    /// A hasher for new hashes of these parameters.
    #[must_use]
    pub fn new(parameters: HashParameters) -> Self {
        Self { parameters, buffers: Arc::default(), slots: Arc::default() }
    }

    /// Allocates and touches the memory of one hash, so that the first request does not wait for it.
    pub fn warm_up(&self) {
        self.buffers.give_back(Buffers::new_buffer(self.parameters.memory_kib as usize));
    }

    /// The PHC string of a new hash, with a salt of its own.
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        let salt: [u8; SALT_LENGTH] = random::bytes()?;
        let salt = Salt::new(&salt).map_err(HashError::Stored)?;
        let params = self.params()?;
        let output =
            self.compute(password, Algorithm::Argon2id, Version::V0x13, params.clone(), salt).await?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| HashError::Unknown)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    /// Compares a password with a stored PHC string. Without one it computes a hash all the same, so that an unknown
    /// name takes as long as a wrong password.
    pub async fn verify(&self, password: &Password, stored: Option<&str>) -> Result<Verdict, HashError> {
        let Some(stored) = stored else {
            let salt = Salt::new(&[0; SALT_LENGTH]).map_err(HashError::Stored)?;
            self.compute(password, Algorithm::Argon2id, Version::V0x13, self.params()?, salt).await?;
            return Ok(Verdict::Wrong);
        };
        let stored = PasswordHash::new(stored).map_err(HashError::Stored)?;
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(|_| HashError::Unknown)?;
        let version =
            stored.version.map_or(Ok(Version::V0x13), Version::try_from).map_err(|_| HashError::Unknown)?;
        let params = Params::try_from(&stored).map_err(|_| HashError::Unknown)?;
        let (salt, expected) = stored.salt.zip(stored.hash).ok_or(HashError::Unknown)?;
        let weak = algorithm != Algorithm::Argon2id || version != Version::V0x13 || self.is_weaker(&params);
        let output = self.compute(password, algorithm, version, params, salt).await?;
        // `Output` compares in constant time.
        Ok(match (output == expected, weak) {
            (false, _) => Verdict::Wrong,
            (true, false) => Verdict::Right,
            (true, true) => Verdict::RightButWeak,
        })
    }

    fn params(&self) -> Result<Params, HashError> {
        let HashParameters { memory_kib, iterations, parallelism } = self.parameters;
        Params::new(memory_kib, iterations, parallelism, Some(OUTPUT_LENGTH)).map_err(HashError::Argon2)
    }

    fn is_weaker(&self, params: &Params) -> bool {
        params.m_cost() < self.parameters.memory_kib || params.t_cost() < self.parameters.iterations
    }

    async fn compute(
        &self,
        password: &Password,
        algorithm: Algorithm,
        version: Version,
        params: Params,
        salt: Salt,
    ) -> Result<Output, HashError> {
        let _slot = self
            .slots
            .get_or_init(one_for_each_processor)
            .acquire()
            .await
            .map_err(|_| HashError::Interrupted)?;
        let buffers = Arc::clone(&self.buffers);
        let password = Zeroizing::new(password.text().as_bytes().to_vec());
        let length = params.output_len().unwrap_or(OUTPUT_LENGTH);
        let work = move || {
            let mut memory = buffers.take(params.block_count());
            let mut output = Zeroizing::new([0; Output::MAX_LENGTH]);
            let output = output.get_mut(..length).ok_or(HashError::Unknown)?;
            let argon2 = Argon2::new(algorithm, version, params);
            let result = argon2.hash_password_into_with_memory(&password, &salt, output, &mut memory);
            buffers.give_back(memory);
            result.map_err(HashError::Argon2)?;
            Output::new(output).map_err(HashError::Stored)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Interrupted)?
    }
}

/// Finding out takes a dozen calls to the system, which a function that never hashes need not make.
fn one_for_each_processor() -> Semaphore {
    Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// The memory of finished hashes: getting 19 MiB from the system for every one costs as much as half the hash.
#[derive(Debug, Default)]
struct Buffers(Mutex<Vec<Vec<Block>>>);

impl Buffers {
    fn new_buffer(blocks: usize) -> Vec<Block> {
        vec![Block::new(); blocks]
    }

    fn take(&self, blocks: usize) -> Vec<Block> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.filter(|buffer| buffer.len() >= blocks).unwrap_or_else(|| Self::new_buffer(blocks))
    }

    /// Wipes a buffer and keeps it.
    fn give_back(&self, mut buffer: Vec<Block>) {
        buffer.fill(Block::new());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashParameters = HashParameters { memory_kib: 64, iterations: 2, parallelism: 1 };

    #[tokio::test]
    async fn a_hash_matches_its_password_and_no_other() {
        let hasher = Hasher::new(CHEAP);
        let password = Password::new("correct horse");
        let stored = hasher.hash(&password).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{stored}");
        assert_eq!(hasher.verify(&password, Some(&stored)).await.unwrap(), Verdict::Right);
        assert_eq!(
            hasher.verify(&Password::new("correct horsf"), Some(&stored)).await.unwrap(),
            Verdict::Wrong
        );
        assert_eq!(hasher.verify(&password, None).await.unwrap(), Verdict::Wrong);
        assert_ne!(hasher.hash(&password).await.unwrap(), stored);
    }

    #[tokio::test]
    async fn the_whole_password_counts() {
        let hasher = Hasher::new(CHEAP);
        for (one, other) in [("a\0b", "a\0c"), (&*"x".repeat(256), &*format!("{}y", "x".repeat(255)))] {
            let stored = hasher.hash(&Password::new(one)).await.unwrap();
            assert_eq!(hasher.verify(&Password::new(other), Some(&stored)).await.unwrap(), Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn a_weaker_hash_is_to_be_replaced() {
        let password = Password::new("correct horse");
        let stored = Hasher::new(CHEAP).hash(&password).await.unwrap();
        let stronger = Hasher::new(HashParameters { memory_kib: 128, ..CHEAP });
        assert_eq!(stronger.verify(&password, Some(&stored)).await.unwrap(), Verdict::RightButWeak);
    }

    #[tokio::test]
    async fn the_reference_implementations_hash_is_understood() {
        // From the test vectors of the reference implementation (phc-winner-argon2, src/test.c, version 0x13, type i
        // and id): password "password", salt "somesalt".
        let hasher = Hasher::new(CHEAP);
        for stored in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        ] {
            let verdict = hasher.verify(&Password::new("password"), Some(stored)).await.unwrap();
            assert_ne!(verdict, Verdict::Wrong, "{stored}");
        }
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_wrong_password() {
        let hasher = Hasher::new(CHEAP);
        for stored in
            ["", "hunter2", "$2b$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ"]
        {
            assert!(hasher.verify(&Password::new("x"), Some(stored)).await.is_err(), "{stored}");
        }
    }
}
