//! The keyring as it is stored: one item, every write of which depends on the version that was read.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{KeyringError, Purpose};
use crate::clock::Timestamp;
use crate::random;
use crate::secret::Secret;
use crate::store::{Call, Item, Key, Store, StoreError, if_held, number};

/// One key as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredKey {
    pub kid: String,
    pub purpose: Purpose,
    /// Base64url: PKCS #1 DER for RSA, PKCS #8 DER for elliptic curves, the bytes themselves for HMAC.
    #[serde(serialize_with = "store_secret")]
    material: Secret<String>,
    /// When it was made, and published.
    pub created: Timestamp,
    /// From when on it signs.
    #[serde(default)]
    pub active_from: Timestamp,
    /// From when on nothing that it has signed is accepted; set when it has a successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires_at: Option<Timestamp>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct StoredKeyring {
    /// Raised by every write.
    #[serde(default)]
    version: u64,
    /// Newest first within a purpose.
    pub keys: Vec<StoredKey>,
}

fn store_secret<S: Serializer>(secret: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn item_key() -> Key {
    Key::new("KEYRING", "KEYRING")
}

impl StoredKeyring {
    /// The item, or the first keys for these purposes if there is none.
    pub(super) async fn load_or_create(
        store: &Store,
        now: Timestamp,
        purposes: &[Purpose],
    ) -> Result<Self, KeyringError> {
        if let Some(stored) = Self::load(store).await? {
            return Ok(stored);
        }
        let mut keyring = Self::default();
        for purpose in purposes {
            keyring.keys.push(StoredKey::generate(*purpose, now, now)?);
        }
        if keyring.save(store).await? {
            return Ok(keyring);
        }
        // Someone else has made them meanwhile.
        Self::load(store).await?.ok_or(KeyringError::Damaged("it is gone"))
    }

    pub(super) async fn load(store: &Store) -> Result<Option<Self>, StoreError> {
        store.get(&store.tables.keys, item_key()).await
    }

    /// Writes the keyring, unless someone else has written it since it was read. It is to be read again after that.
    pub(super) async fn save(&mut self, store: &Store) -> Result<bool, KeyringError> {
        let read = self.version;
        self.version += 1;
        let mut item: Item = serde_dynamo::to_item(&*self).map_err(StoreError::from)?;
        item.extend(item_key().into_item());
        let put = PutItemInput::builder().table_name(&store.tables.keys).set_item(Some(item));
        let put = if read == 0 {
            // The first write of all, or over an item from before there were versions.
            put.condition_expression("attribute_not_exists(version)")
        } else {
            put.condition_expression("version = :read").expression_attribute_values(":read", number(read))
        };
        Ok(if_held(put.send_to(store).await)?.is_some())
    }
}

impl StoredKey {
    /// A new key that is published now and signs from `active_from` on.
    pub(super) fn generate(
        purpose: Purpose,
        now: Timestamp,
        active_from: Timestamp,
    ) -> Result<Self, KeyringError> {
        let material = Zeroizing::new(match purpose {
            Purpose::RS256 => new_rsa_key()?,
            Purpose::ES256 => {
                let pair =
                    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
                pair.map_err(|_| KeyringError::Generate)?.as_ref().to_vec()
            }
            Purpose::EdDSA => {
                let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
                pair.map_err(|_| KeyringError::Generate)?.as_ref().to_vec()
            }
            Purpose::HS384 => random::bytes::<48>()?.to_vec(),
            Purpose::Session => random::bytes::<32>()?.to_vec(),
        });
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(random::bytes::<12>()?),
            purpose,
            material: Secret::new(URL_SAFE_NO_PAD.encode(&material)),
            created: now,
            active_from,
            retires_at: None,
        })
    }

    pub(super) fn material(&self) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let material = URL_SAFE_NO_PAD.decode(self.material.expose());
        material.map(Zeroizing::new).map_err(|_| KeyringError::Damaged("not base64url"))
    }

    pub(super) fn is_retired(&self, now: Timestamp) -> bool {
        self.retires_at.is_some_and(|at| at <= now)
    }
}

/// A new RSA key of 2048 bits in PKCS #1, which is what `jsonwebtoken` reads.
fn new_rsa_key() -> Result<Vec<u8>, KeyringError> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyringError::Generate)?;
    let der = pair.as_der().map_err(|_| KeyringError::Generate)?;
    let info = pkcs8::PrivateKeyInfo::try_from(der.as_ref()).map_err(|_| KeyringError::Generate)?;
    Ok(info.private_key.to_vec())
}
