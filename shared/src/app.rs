//! What a process has: configuration, clock, storage, keys, the password hasher. Built once.

use std::sync::{Arc, LazyLock, OnceLock};

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::{Config, ConfigError, PublicUrl};
use crate::keyring::{self, Keyring, KeyringCache, KeyringError};
use crate::password::Hasher;
use crate::store::Store;

/// One process of the service.
pub struct App {
    /// What its owner decided.
    pub config: Config,
    /// The tables. The client is made at first need: a function that never asks storage does not pay for it.
    pub store: LazyLock<Store, MakeStore>,
    /// Hashes passwords.
    pub passwords: Hasher,
    clock: Box<dyn Clock>,
    keyring: KeyringCache,
    public_url: OnceLock<PublicUrl>,
}

/// Makes the client of the tables.
pub type MakeStore = Box<dyn FnOnce() -> Store + Send>;

/// Neither the environment nor the API's stage says where the service is reached.
#[derive(Debug, thiserror::Error)]
#[error(
    "set PUBLIC_URL, or the API's stage variable publicUrl, to where this service is reached from outside"
)]
pub struct NoPublicUrl;

impl App {
    /// A process with this configuration, storage and clock.
    pub fn new(config: Config, store: Store, clock: impl Clock) -> Self {
        Self::with_store_from(config, Box::new(move || store), clock)
    }

    fn with_store_from(config: Config, store: MakeStore, clock: impl Clock) -> Self {
        let public_url = OnceLock::new();
        if let Some(url) = &config.public_url {
            let _ = public_url.set(url.clone());
        }
        Self {
            passwords: Hasher::new(config.argon2),
            store: LazyLock::new(store),
            clock: Box::new(clock),
            keyring: KeyringCache::new(keyring::purposes(&config)),
            public_url,
            config,
        }
    }

    /// The process of a Lambda function.
    pub fn from_lambda_env() -> Result<Self, ConfigError> {
        let config = Config::from_env()?;
        let tables = config.tables.clone();
        Ok(Self::with_store_from(config, Box::new(|| Store::from_lambda_env(tables)), SystemClock))
    }

    /// The process of a Lambda function that asks no storage. None is linked into it.
    pub fn without_storage() -> Result<Self, ConfigError> {
        Ok(Self::with_store_from(Config::from_env()?, Box::new(no_store), SystemClock))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The keys. The first call of a process reads them from storage.
    pub async fn keyring(&self) -> Result<Arc<Keyring>, KeyringError> {
        self.keyring.get(&self.store, self.now()).await
    }

    /// The keys, after a token named one that [`App::keyring`] does not have.
    pub async fn keyring_for_unknown_key(&self) -> Result<Arc<Keyring>, KeyringError> {
        self.keyring.get_for_unknown_key(&self.store, self.now()).await
    }

    /// The `iss` of every token: [`App::public_url`].
    pub fn issuer(&self) -> Result<&str, NoPublicUrl> {
        self.public_url().map(PublicUrl::as_str)
    }

    /// Where the service is reached from outside.
    pub fn public_url(&self) -> Result<&PublicUrl, NoPublicUrl> {
        self.public_url.get().ok_or(NoPublicUrl)
    }

    /// Takes the public URL from the API's stage, which the deployment sets, unless the configuration names one.
    pub fn learn_public_url(&self, stage_variable: &str) {
        if let Ok(url) = stage_variable.parse() {
            let _ = self.public_url.set(url);
        }
    }
}

/// Makes no client: one that is never asked would be a quarter of such a function's binary.
#[expect(clippy::panic, reason = "a mistake in the function's code, and not something that happens to it")]
fn no_store() -> Store {
    panic!("this function was built without storage")
}
