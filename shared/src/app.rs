//! What a process has: configuration, clock, storage, keys, the password hasher. Built once.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::{Config, ConfigError, PublicUrl};
use crate::keyring::{self, Keyring, KeyringCache, KeyringError};
use crate::password::Hasher;
use crate::store::Store;

/// What a process knows without asking storage.
pub struct Facts {
    /// What its owner decided.
    pub config: Config,
    public_url: OnceLock<PublicUrl>,
}

/// One process of the service. Its [`Facts`] are read as if they were its own.
pub struct App {
    facts: Facts,
    /// The tables.
    pub store: Store,
    /// Hashes passwords.
    pub passwords: Hasher,
    clock: Box<dyn Clock>,
    keyring: KeyringCache,
}

impl Deref for App {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

/// Neither the environment nor the API's stage says where the service is reached.
#[derive(Debug, thiserror::Error)]
#[error(
    "set PUBLIC_URL, or the API's stage variable publicUrl, to where this service is reached from outside"
)]
pub struct NoPublicUrl;

impl App {
    /// A process with this configuration, storage and clock.
    pub fn new(config: Config, store: Store, clock: impl Clock) -> Self {
        Self {
            passwords: Hasher::new(config.argon2),
            store,
            clock: Box::new(clock),
            keyring: KeyringCache::new(keyring::purposes(&config)),
            facts: Facts::new(config),
        }
    }

    /// The process of a Lambda function.
    pub fn from_lambda_env() -> Result<Self, ConfigError> {
        let config = Config::from_env()?;
        let store = Store::from_lambda_env(&config);
        let app = Self::new(config, store, SystemClock);
        Ok(Self { passwords: app.passwords.one_request_at_a_time(), ..app })
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
}

impl Facts {
    fn new(config: Config) -> Self {
        let public_url = config.public_url.clone().map_or_else(OnceLock::new, OnceLock::from);
        Self { config, public_url }
    }

    /// Of a Lambda function that asks no storage.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self::new(Config::from_env()?))
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
