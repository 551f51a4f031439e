//! Argon2id, in memory that is kept between requests.

use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use argon2::password_hash::phc::{Output, Salt};
use argon2::{Algorithm, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::Password;
use super::engine::{Input, Memory, Refused};
use super::foreign::NotComputed;
use super::stored::{Derivation, NotAHash, StoredHash};
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

impl HashParameters {
    /// The most that is computed, whether a deployment or an imported hash asks for it.
    pub const MOST: Self = Self { memory_kib: 1 << 20, iterations: 20, parallelism: 16 };

    /// The fewest passes that make up for this much memory, by OWASP's Password Storage Cheat Sheet.
    #[must_use]
    pub const fn least_iterations(memory_kib: u32) -> u32 {
        match memory_kib {
            47_104.. => 1,
            19_456.. => 2,
            12_288.. => 3,
            9_216.. => 4,
            _ => 5,
        }
    }
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
    #[error("a stored password hash cannot be used")]
    Stored(#[from] NotAHash),
    /// The hash has no notation.
    #[error("the password hash cannot be written")]
    Notation,
    /// Argon2 refused this deployment's parameters.
    #[error("the password cannot be hashed")]
    Argon2(#[source] argon2::Error),
    /// Argon2 refused its input, or there is not enough memory.
    #[error("the hash cannot be computed")]
    Compute(#[from] Refused),
    /// Another algorithm refused its input.
    #[error(transparent)]
    Foreign(#[from] NotComputed),
    /// What the reference implementation has computed comes out otherwise on this processor: every password would be wrong.
    #[error("Argon2 is computed wrongly on this processor")]
    Miscomputed,
    /// No salt.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The thread that hashes is gone.
    #[error("hashing was interrupted")]
    Interrupted,
}

/// Hashes and compares passwords: off the request's thread, as many at once as there are processors, unless it is told
/// that there is [one request at a time](Self::one_request_at_a_time).
#[derive(Debug, Clone)]
pub struct Hasher {
    parameters: HashParameters,
    buffers: Arc<Buffers>,
    slots: Arc<OnceLock<Arc<Semaphore>>>,
    on_this_thread: bool,
}

impl Hasher {
    /// A hasher for new hashes of these parameters.
    #[must_use]
    pub fn new(parameters: HashParameters) -> Self {
        Self { parameters, buffers: Arc::default(), slots: Arc::default(), on_this_thread: false }
    }

    /// For a process that serves one request at a time, as a Lambda function does: nothing else waits for its thread, and another
    /// one would have to be started, given memory of its own and switched to.
    #[must_use]
    pub fn one_request_at_a_time(self) -> Self {
        Self { on_this_thread: true, ..self }
    }

    /// Computes what the reference implementation has computed. Which instructions compute Argon2 is decided by the processor, and
    /// no test has run on each of them.
    pub fn check(&self) -> Result<(), HashError> {
        let params = Input::reference_params().map_err(HashError::Argon2)?;
        let (input, expected) = Input::reference(&params);
        let mut output = [0; 32];
        self.buffers.hash(input, &mut output)?;
        if output == expected { Ok(()) } else { Err(HashError::Miscomputed) }
    }

    /// [Checks](Self::check), and touches the memory of one hash by a single pass over it, so that the first one does not wait for
    /// the system.
    pub fn warm_up(&self) -> Result<(), HashError> {
        self.check()?;
        let HashParameters { memory_kib, parallelism, .. } = self.parameters;
        let params = Params::new(memory_kib, 1, parallelism, Some(OUTPUT_LENGTH));
        let params = &params.map_err(HashError::Argon2)?;
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let input = Input { algorithm, version, params, password: &[], salt: &[0; SALT_LENGTH] };
        self.buffers.hash(input, &mut [0; OUTPUT_LENGTH])
    }

    /// Gives the memory of finished hashes back to the system.
    pub fn release_memory(&self) {
        self.buffers.kept().clear();
    }

    /// The PHC string of a new hash, with a salt of its own.
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        let derivation = self.derivation(random::bytes()?)?;
        let output = self.derive(password.text(), derivation.clone()).await?;
        derivation.written(output)
    }

    /// The PHC string of a hash that no password has. It looks, and takes to compare, as any other.
    pub fn hash_of_nobody(&self) -> Result<String, HashError> {
        let derivation = self.derivation(random::bytes()?)?;
        let output: [u8; OUTPUT_LENGTH] = random::bytes()?;
        derivation.written(Output::new(&output).map_err(|_| HashError::Notation)?)
    }

    /// Compares a password with a [`StoredHash`]. Without one it computes a hash all the same, so that an unknown name takes as
    /// long as a wrong password.
    pub async fn verify(&self, password: &Password, stored: Option<&str>) -> Result<Verdict, HashError> {
        let Some(stored) = stored else {
            let derivation = self.derivation([0; SALT_LENGTH])?;
            for text in password.texts() {
                self.derive(text, derivation.clone()).await?;
            }
            return Ok(Verdict::Wrong);
        };
        let stored: StoredHash = stored.parse()?;
        let weak = stored.is_weaker_than(self.parameters);
        for text in password.texts() {
            if self.is_hash_of(text, &stored).await? {
                // Ours are of the normal form, and of the whole password: of a cut one nobody knows whether it was typed rightly.
                let ours = text == password.text() && !weak;
                return Ok(if ours || stored.is_cut(text) { Verdict::Right } else { Verdict::RightButWeak });
            }
        }
        Ok(Verdict::Wrong)
    }

    async fn is_hash_of(&self, text: &str, stored: &StoredHash) -> Result<bool, HashError> {
        match stored {
            // `Output` compares in constant time.
            StoredHash::Argon2(hash) => Ok(self.derive(text, hash.derivation.clone()).await? == hash.output),
            StoredHash::Foreign(hash) => {
                let (hash, password) = (hash.clone(), Zeroizing::new(text.as_bytes().to_vec()));
                self.in_turn(move || Ok(hash.is_of(&password)?)).await
            }
        }
    }

    /// How new hashes are derived, and those that nobody has.
    fn derivation(&self, salt: [u8; SALT_LENGTH]) -> Result<Derivation, HashError> {
        let HashParameters { memory_kib, iterations, parallelism } = self.parameters;
        let params = Params::new(memory_kib, iterations, parallelism, Some(OUTPUT_LENGTH));
        Ok(Derivation {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: params.map_err(HashError::Argon2)?,
            salt: Salt::new(&salt).map_err(|_| HashError::Notation)?,
        })
    }

    async fn derive(&self, text: &str, derivation: Derivation) -> Result<Output, HashError> {
        let buffers = Arc::clone(&self.buffers);
        let password = Zeroizing::new(text.as_bytes().to_vec());
        self.in_turn(move || {
            let Derivation { algorithm, version, params, salt } = &derivation;
            let mut output = Zeroizing::new(vec![0; params.output_len().unwrap_or(OUTPUT_LENGTH)]);
            let (algorithm, version) = (*algorithm, *version);
            let input = Input { algorithm, version, params, password: &password, salt };
            buffers.hash(input, &mut output)?;
            Output::new(&output).map_err(|_| HashError::Notation)
        })
        .await
    }

    /// Computes when it is its turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        if self.on_this_thread {
            return work();
        }
        let slots = Arc::clone(self.slots.get_or_init(one_for_each_processor));
        let slot = slots.acquire_owned().await.map_err(|_| HashError::Interrupted)?;
        // Whoever waits may be gone before the work is done, which keeps its place until then.
        let work = move || {
            let _slot = slot;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Interrupted)?
    }
}

/// Finding out takes a dozen calls to the system, which a function that never hashes need not make.
fn one_for_each_processor() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get)))
}

/// The memory of finished hashes: getting 19 MiB from the system for every one costs a third of the hash again.
#[derive(Default)]
struct Buffers(Mutex<Vec<Memory>>);

impl Buffers {
    /// Hashes in memory that was kept, or in new, and keeps it.
    fn hash(&self, input: Input<'_>, output: &mut [u8]) -> Result<(), HashError> {
        let mut memory = self.kept().pop().unwrap_or_default();
        let hashed = memory.hash(input, output);
        self.kept().push(memory);
        Ok(hashed?)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Memory>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Buffers")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

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
    async fn the_same_comes_out_on_the_thread_of_the_request() {
        let (here, elsewhere) = (Hasher::new(CHEAP).one_request_at_a_time(), Hasher::new(CHEAP));
        let password = Password::new("correct horse");
        let stored = elsewhere.hash(&password).await.unwrap();
        assert_eq!(here.verify(&password, Some(&stored)).await.unwrap(), Verdict::Right);
        assert_eq!(here.verify(&Password::new("wrong"), Some(&stored)).await.unwrap(), Verdict::Wrong);
        let stored = here.hash(&password).await.unwrap();
        assert_eq!(elsewhere.verify(&password, Some(&stored)).await.unwrap(), Verdict::Right);
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
    async fn a_hash_of_another_system_is_to_be_replaced_and_may_be_of_what_was_typed() {
        let hasher = Hasher::new(CHEAP);
        // Made by Python's hashlib with the ligature, and with the two letters that it is in normal form.
        let typed = "$pbkdf2-sha256$1000$c2FsdA$THVWSE7fB0uAI8oDt6tYAnQJbnF+839UZyGrJurLBBA";
        let normal = "$pbkdf2-sha256$1000$c2FsdA$dSuaNOf4m1S5IxKdRlj/0ETr7YuYl+swaajoR+td6LY";
        for (password, stored, verdict) in [
            ("\u{fb01}ve horses", typed, Verdict::RightButWeak),
            ("\u{fb01}ve horses", normal, Verdict::RightButWeak),
            ("five horses", normal, Verdict::RightButWeak),
            ("five horses", typed, Verdict::Wrong),
            ("six horses", normal, Verdict::Wrong),
        ] {
            let found = hasher.verify(&Password::new(password), Some(stored)).await.unwrap();
            assert_eq!(found, verdict, "{password} {stored}");
        }
    }

    #[tokio::test]
    async fn the_reference_implementations_hash_is_understood() {
        // From the test vectors of the reference implementation (phc-winner-argon2, src/test.c, version 0x13, type i
        // and id): password "password", salt "somesalt".
        let hasher = Hasher::new(CHEAP);
        for stored in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            // Of version 16, which has no word for itself.
            "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        ] {
            let verdict = hasher.verify(&Password::new("password"), Some(stored)).await.unwrap();
            assert_ne!(verdict, Verdict::Wrong, "{stored}");
        }
    }

    #[test]
    fn a_check_takes_no_memory_of_a_hash_and_warming_up_takes_it_all() {
        let hasher = Hasher::new(HashParameters { memory_kib: 19_456, ..CHEAP });
        let kept = || hasher.buffers.kept().iter().map(Memory::kept_blocks).sum::<usize>();
        hasher.check().unwrap();
        assert_eq!(kept(), 8);
        hasher.warm_up().unwrap();
        assert!((19_456..=20_480).contains(&kept()), "{}", kept());
    }

    #[tokio::test]
    async fn memory_is_kept_and_given_back() {
        let hasher = Hasher::new(CHEAP);
        hasher.warm_up().unwrap();
        hasher.hash(&Password::new("correct horse")).await.unwrap();
        assert_eq!(hasher.buffers.kept().len(), 1);
        hasher.release_memory();
        assert_eq!(hasher.buffers.kept().len(), 0);
    }

    #[tokio::test]
    async fn no_more_are_computed_at_once_than_there_are_processors_although_nobody_waits() {
        let long = HashParameters { memory_kib: 1024, iterations: 100, parallelism: 1 };
        let hasher = Hasher::new(long);
        let password = Password::new("correct horse");
        let processors = std::thread::available_parallelism().unwrap().get();
        for _ in 0..processors * 8 {
            // Begun, and then given up.
            let _ = hasher.hash(&password).now_or_never();
        }
        hasher.hash(&password).await.unwrap();
        assert!(hasher.buffers.kept().len() <= processors, "{}", hasher.buffers.kept().len());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_wrong_password() {
        let hasher = Hasher::new(CHEAP);
        for stored in [
            "",
            "hunter2",
            "$2b$10$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ",
            "$argon2x$v=19$m=64,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=1048577,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=64,t=21,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=17$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            &format!("pbkdf2_sha256$1000${}$c2l4dGVlbiBieXRlcyBvaw", "s".repeat(1000)),
        ] {
            assert!(hasher.verify(&Password::new("x"), Some(stored)).await.is_err(), "{stored}");
        }
    }
}
