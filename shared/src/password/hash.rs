//! Argon2id, in a buffer that is kept between requests.

use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};
use argon2_rust::params::{Memory, TagLen};
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
    /// Argon2 refused this deployment's parameters.
    #[error("the password cannot be hashed")]
    Argon2(#[source] argon2::Error),
    /// Argon2 refused its input, or there is not enough memory.
    #[error("the hash cannot be computed")]
    Compute(#[source] argon2_rust::Error),
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
    slots: Arc<Semaphore>,
}

impl Hasher {
    /// A hasher for new hashes of these parameters.
    #[must_use]
    pub fn new(parameters: HashParameters) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { parameters, buffers: Arc::default(), slots: Arc::new(Semaphore::new(processors)) }
    }

    /// Touches the memory of one hash by a single pass over it, so that the first request does not wait for the system,
    /// nor, on arm64, for argon2-rust to find out which of its codes is the faster one.
    pub fn warm_up(&self) {
        let HashParameters { memory_kib, parallelism, .. } = self.parameters;
        let Ok(params) = Params::new(memory_kib, 1, parallelism, Some(OUTPUT_LENGTH)) else { return };
        let Ok(argon2) = engine(Algorithm::Argon2id, Version::V0x13, &params) else { return };
        // What fails here fails again, and is told, at the first request.
        let _ = self.buffers.compute(argon2, &[], &[0; SALT_LENGTH], &[], &mut [0; OUTPUT_LENGTH]);
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
        let _slot = self.slots.acquire().await.map_err(|_| HashError::Interrupted)?;
        let buffers = Arc::clone(&self.buffers);
        let password = Zeroizing::new(password.text().as_bytes().to_vec());
        let length = params.output_len().unwrap_or(OUTPUT_LENGTH);
        let work = move || {
            let mut output = Zeroizing::new([0; Output::MAX_LENGTH]);
            let output = output.get_mut(..length).ok_or(HashError::Unknown)?;
            let argon2 = engine(algorithm, version, &params)?;
            buffers.compute(argon2, &password, &salt, params.data(), output)?;
            Output::new(output).map_err(HashError::Stored)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Interrupted)?
    }
}

/// What computes a hash of these parameters: argon2-rust, which takes a third of the time of the crate that reads the PHC
/// string (`docs/decisions/0010-argon2-implementation.md`).
fn engine(algorithm: Algorithm, version: Version, params: &Params) -> Result<argon2_rust::Argon2, HashError> {
    let algorithm = argon2_rust::Algorithm::from_u32(algorithm as u32).ok_or(HashError::Unknown)?;
    let version = argon2_rust::Version::from_u32(version.into()).ok_or(HashError::Unknown)?;
    let length = params.output_len().unwrap_or(OUTPUT_LENGTH);
    let params = argon2_rust::Params::builder()
        .memory(Memory::kib(params.m_cost().into()))
        .passes(params.t_cost())
        .lanes(params.p_cost())
        .tag_len(TagLen::bytes(length as u64))
        .build()
        .map_err(HashError::Compute)?;
    Ok(argon2_rust::Argon2::new(algorithm, version, params))
}

/// The memory of finished hashes, each wiped by its owner as soon as the hash is done: getting 19 MiB from the system for
/// every one costs a third of the hash again.
#[derive(Debug, Default)]
struct Buffers(Mutex<Vec<argon2_rust::Hasher>>);

impl Buffers {
    /// Hashes in memory that was kept, or in new, and keeps it.
    fn compute(
        &self,
        argon2: argon2_rust::Argon2,
        password: &[u8],
        salt: &[u8],
        data: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        let mut memory = self.kept().pop().unwrap_or_else(|| argon2.hasher());
        memory.set_argon2(argon2);
        let result = memory.hash_into_with_ad(password, salt, &[], data, output);
        self.kept().push(memory);
        result.map_err(HashError::Compute)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<argon2_rust::Hasher>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// A PHC string of the crate `argon2`, which shares no code with what verifies it.
    fn of_another_implementation(algorithm: Algorithm, version: Version, params: &Params) -> String {
        let salt = Salt::new(b"another salt").unwrap();
        let hash = Output::init_with(32, |output| {
            let argon2 = argon2::Argon2::new(algorithm, version, params.clone());
            argon2.hash_password_into(b"correct horse", &salt, output).unwrap();
            Ok(())
        });
        let params = ParamsString::try_from(params).unwrap();
        let (algorithm, version) = (algorithm.ident(), Some(version.into()));
        let hash = PasswordHash { algorithm, version, params, salt: Some(salt), hash: Some(hash.unwrap()) };
        hash.to_string()
    }

    #[tokio::test]
    async fn hashes_of_every_kind_and_version_by_another_implementation_are_verified() {
        let hasher = Hasher::new(CHEAP);
        for algorithm in [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id] {
            for version in [Version::V0x10, Version::V0x13] {
                // More and less memory by turns, so that what was kept is used in part and outgrown; 3000 is mapped.
                for (memory, passes, lanes) in [(64, 1, 1), (3000, 2, 1), (8, 3, 1), (75, 2, 4), (4100, 1, 3)]
                {
                    let params = Params::new(memory, passes, lanes, None).unwrap();
                    let stored = of_another_implementation(algorithm, version, &params);
                    let verdict = hasher.verify(&Password::new("correct horse"), Some(&stored)).await;
                    assert_ne!(verdict.unwrap(), Verdict::Wrong, "{stored}");
                    let verdict = hasher.verify(&Password::new("correct horsf"), Some(&stored)).await;
                    assert_eq!(verdict.unwrap(), Verdict::Wrong, "{stored}");
                }
            }
        }
    }

    #[tokio::test]
    async fn memory_is_kept_after_a_hash_and_after_a_refusal() {
        let hasher = Hasher::new(CHEAP);
        hasher.warm_up();
        let kept =
            || hasher.buffers.kept().iter().map(argon2_rust::Hasher::reserved_blocks).collect::<Vec<_>>();
        assert_eq!(kept(), [64]);
        let password = Password::new("correct horse");
        let stored = hasher.hash(&password).await.unwrap();
        hasher.verify(&password, Some(&stored)).await.unwrap();
        let short_salt = "$argon2id$v=19$m=64,t=2,p=1$c2FsdA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(hasher.verify(&password, Some(short_salt)).await.is_err());
        assert_eq!(kept(), [64]);
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
