//! The keyring as one instance knows it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::stored::StoredKeyring;
use super::{Keyring, KeyringError, Purpose};
use crate::clock::Timestamp;
use crate::store::Store;

/// How long a keyring is used before it is read again.
pub(super) const FRESH_FOR: Duration = Duration::from_secs(5 * 60);
/// While storage is out of reach, an instance that has keys tries to read them this often. A try takes seconds.
const FAILED_PAUSE: Duration = Duration::from_secs(30);
/// An unknown key id makes an instance read the keyring at most this often.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(30);

/// The keyring that was read last.
pub struct KeyringCache {
    /// What the first keys of a deployment are to be for.
    purposes: Vec<Purpose>,
    kept: RwLock<Option<Arc<Keyring>>>,
    /// When storage was found out of reach.
    failed: RwLock<Option<Timestamp>>,
    /// One reader at a time: an instance that starts under load asks storage once.
    reading: tokio::sync::Mutex<()>,
}

impl KeyringCache {
    /// Nothing read yet.
    #[must_use]
    pub fn new(purposes: Vec<Purpose>) -> Self {
        Self {
            purposes,
            kept: RwLock::default(),
            failed: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// The keyring, read if this instance has none or an old one. While storage is out of reach an old one serves.
    pub async fn get(&self, store: &Store, now: Timestamp) -> Result<Arc<Keyring>, KeyringError> {
        if let Some(keyring) = self.usable(now) {
            return Ok(keyring);
        }
        let _reading = self.reading.lock().await;
        if let Some(keyring) = self.usable(now) {
            return Ok(keyring);
        }
        match self.read(store, now).await {
            Err(error) if error.is_unavailable() => self.kept().ok_or(error),
            read => read,
        }
    }

    /// The keyring, if there is no need or no use to read it now.
    fn usable(&self, now: Timestamp) -> Option<Arc<Keyring>> {
        if self.failed_lately(now) { self.kept() } else { self.younger_than(FRESH_FOR, now) }
    }

    /// The keyring after a token named a key that is not in it: read again, unless that was done a moment ago. An old one
    /// does not do: whether the key is a new one, only storage knows.
    pub async fn get_for_unknown_key(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<Arc<Keyring>, KeyringError> {
        let _reading = self.reading.lock().await;
        match self.younger_than(UNKNOWN_KEY_PAUSE, now) {
            Some(keyring) => Ok(keyring),
            None if self.failed_lately(now) => Err(KeyringError::OutOfReach),
            None => self.read(store, now).await,
        }
    }

    /// Reads the keyring, and remembers it or that storage is out of reach.
    async fn read(&self, store: &Store, now: Timestamp) -> Result<Arc<Keyring>, KeyringError> {
        // Boxed: it is rare, and each handler's future would have to hold it, deeper than the compiler follows.
        let loaded = Box::pin(self.load(store, now)).await;
        if loaded.as_ref().is_err_and(KeyringError::is_unavailable) {
            *self.failed.write().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        Ok(self.keep(loaded?))
    }

    async fn load(&self, store: &Store, now: Timestamp) -> Result<Keyring, KeyringError> {
        Keyring::parse(&StoredKeyring::load_or_create(store, now, &self.purposes).await?, now)
    }

    fn failed_lately(&self, now: Timestamp) -> bool {
        let failed = *self.failed.read().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| now.since(at) < FAILED_PAUSE)
    }

    fn kept(&self) -> Option<Arc<Keyring>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn younger_than(&self, age: Duration, now: Timestamp) -> Option<Arc<Keyring>> {
        self.kept().filter(|keyring| now.since(keyring.read_at) < age)
    }

    fn keep(&self, keyring: Keyring) -> Arc<Keyring> {
        let keyring = Arc::new(keyring);
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keyring));
        keyring
    }
}
