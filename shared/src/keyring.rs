//! The keys that the service signs with, in one item of the keys table.
//!
//! An instance reads the item once, again after five minutes, and on a key id that it does not know. The first keys
//! are made by whoever needs them first; a conditional write lets exactly one set of them win.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::random::{self, RandomUnavailable};
use crate::secret::Secret;
use crate::store::{Item, Key, Store, StoreError, if_held};

/// How long a keyring is used before it is read again.
const FRESH_FOR: Duration = Duration::from_secs(5 * 60);
/// An unknown key id makes an instance read the keyring at most this often.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(30);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The item cannot be read or written.
    #[error("the keyring is out of reach")]
    Store(#[from] StoreError),
    /// A key in it cannot be used.
    #[error("the keyring holds a key that cannot be used: {0}")]
    Damaged(&'static str),
    /// A first key could not be made.
    #[error("no key could be made")]
    Generate,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl KeyringError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unavailable())
    }
}

/// What a key is for. One key has one algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Signs the JWTs that others verify; published.
    RS256,
    /// Signs the JWTs of access keys; never published.
    HS384,
    /// Authenticates session tokens.
    Session,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::RS256, Self::HS384, Self::Session];
}

/// One key as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredKey {
    kid: String,
    purpose: Purpose,
    /// Base64url: PKCS #1 DER for RSA, the bytes themselves for HMAC.
    #[serde(serialize_with = "store_secret")]
    material: Secret<String>,
    created: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredKeyring {
    /// Newest first within a purpose.
    keys: Vec<StoredKey>,
}

fn store_secret<S: Serializer>(secret: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn item_key() -> Key {
    Key::new("KEYRING", "KEYRING")
}

/// A key that signs JWTs.
pub struct SigningKey {
    /// Its id.
    pub kid: String,
    /// The one algorithm it is for.
    pub algorithm: Algorithm,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
}

/// The parsed keys.
pub struct Keyring {
    signing: Vec<SigningKey>,
    session: Vec<hmac::Key>,
    jwks: String,
    read_at: Timestamp,
}

impl Keyring {
    /// The key that signs new tokens of this algorithm.
    pub fn signing_key(&self, algorithm: Algorithm) -> Result<&SigningKey, KeyringError> {
        self.signing
            .iter()
            .find(|key| key.algorithm == algorithm)
            .ok_or(KeyringError::Damaged("no key of this algorithm"))
    }

    /// The key with this id.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.kid == kid)
    }

    /// The key that makes new session tokens.
    #[must_use]
    pub fn session_key(&self) -> &hmac::Key {
        &self.session[0]
    }

    /// The keys that session tokens may have been made with, newest first.
    #[must_use]
    pub fn session_keys(&self) -> &[hmac::Key] {
        &self.session
    }

    /// The public keys as a JSON Web Key Set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    fn parse(stored: &StoredKeyring, read_at: Timestamp) -> Result<Self, KeyringError> {
        let mut keyring = Self { signing: Vec::new(), session: Vec::new(), jwks: String::new(), read_at };
        let mut public = Vec::new();
        for key in &stored.keys {
            let material = Zeroizing::new(
                URL_SAFE_NO_PAD
                    .decode(key.material.expose())
                    .map_err(|_| KeyringError::Damaged("not base64url"))?,
            );
            match key.purpose {
                Purpose::Session => keyring.session.push(hmac::Key::new(hmac::HMAC_SHA256, &material)),
                Purpose::HS384 => keyring.signing.push(SigningKey {
                    kid: key.kid.clone(),
                    algorithm: Algorithm::HS384,
                    encoding: EncodingKey::from_secret(&material),
                    decoding: DecodingKey::from_secret(&material),
                }),
                Purpose::RS256 => {
                    let pair =
                        KeyPair::from_der(&material).map_err(|_| KeyringError::Damaged("not an RSA key"))?;
                    let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
                    let exponent = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
                    public.push(json!({
                        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.kid,
                        "n": URL_SAFE_NO_PAD.encode(&modulus), "e": URL_SAFE_NO_PAD.encode(&exponent),
                    }));
                    keyring.signing.push(SigningKey {
                        kid: key.kid.clone(),
                        algorithm: Algorithm::RS256,
                        encoding: EncodingKey::from_rsa_der(&material),
                        decoding: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
                    });
                }
            }
        }
        if keyring.session.is_empty() {
            return Err(KeyringError::Damaged("no session key"));
        }
        keyring.jwks = json!({ "keys": public }).to_string();
        Ok(keyring)
    }
}

/// The keyring as one instance knows it.
#[derive(Default)]
pub struct KeyringCache {
    kept: RwLock<Option<Arc<Keyring>>>,
    /// One reader at a time: an instance that starts under load asks storage once.
    reading: tokio::sync::Mutex<()>,
}

impl KeyringCache {
    /// The keyring, read if this instance has none or an old one. While storage is out of reach an old one serves.
    pub async fn get(&self, store: &Store, now: Timestamp) -> Result<Arc<Keyring>, KeyringError> {
        if let Some(keyring) = self.younger_than(FRESH_FOR, now) {
            return Ok(keyring);
        }
        let _reading = self.reading.lock().await;
        if let Some(keyring) = self.younger_than(FRESH_FOR, now) {
            return Ok(keyring);
        }
        match load(store, now).await {
            Ok(keyring) => Ok(self.keep(keyring)),
            Err(error) if error.is_unavailable() => self.kept().ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// The keyring after a token named a key that is not in it: read again, unless that was done a moment ago.
    pub async fn get_for_unknown_key(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<Arc<Keyring>, KeyringError> {
        let _reading = self.reading.lock().await;
        match self.younger_than(UNKNOWN_KEY_PAUSE, now) {
            Some(keyring) => Ok(keyring),
            None => Ok(self.keep(load(store, now).await?)),
        }
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

async fn load(store: &Store, now: Timestamp) -> Result<Keyring, KeyringError> {
    let stored = match store.get::<StoredKeyring>(&store.tables.keys, item_key()).await? {
        Some(stored) => stored,
        None => create(store, now).await?,
    };
    Keyring::parse(&stored, now)
}

/// Makes the first keys, or finds those that someone else has made meanwhile.
async fn create(store: &Store, now: Timestamp) -> Result<StoredKeyring, KeyringError> {
    let keys = Purpose::ALL
        .into_iter()
        .map(|purpose| StoredKey::generate(purpose, now))
        .collect::<Result<_, _>>()?;
    let keyring = StoredKeyring { keys };
    let mut item: Item = serde_dynamo::to_item(&keyring).map_err(StoreError::from)?;
    item.extend(item_key().into_item());
    let put = store.client.put_item().table_name(&store.tables.keys).set_item(Some(item));
    if if_held(put.condition_expression("attribute_not_exists(pk)").send().await)?.is_some() {
        return Ok(keyring);
    }
    store.get(&store.tables.keys, item_key()).await?.ok_or(KeyringError::Damaged("it is gone"))
}

impl StoredKey {
    fn generate(purpose: Purpose, now: Timestamp) -> Result<Self, KeyringError> {
        let material = Zeroizing::new(match purpose {
            Purpose::RS256 => new_rsa_key()?,
            Purpose::HS384 => random::bytes::<48>()?.to_vec(),
            Purpose::Session => random::bytes::<32>()?.to_vec(),
        });
        let kid =
            URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, &random::bytes::<16>()?).as_ref()[..12]);
        Ok(Self { kid, purpose, material: Secret::new(URL_SAFE_NO_PAD.encode(&material)), created: now })
    }
}

/// A new RSA key of 2048 bits in PKCS #1, which is what `jsonwebtoken` reads.
fn new_rsa_key() -> Result<Vec<u8>, KeyringError> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyringError::Generate)?;
    let der = pair.as_der().map_err(|_| KeyringError::Generate)?;
    let info = pkcs8::PrivateKeyInfo::try_from(der.as_ref()).map_err(|_| KeyringError::Generate)?;
    Ok(info.private_key.to_vec())
}
