//! The keyring as it is used: every key parsed once.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::signer::{RsaSigner, Signer};
use super::stored::{StoredKey, StoredKeyring};
use super::{KeyringError, Purpose};
use crate::clock::Timestamp;

/// A key that signs JWTs.
pub struct SigningKey {
    /// Its id.
    pub kid: String,
    /// The one algorithm it is for.
    pub algorithm: Algorithm,
    pub(crate) signer: Signer,
    pub(crate) decoding: DecodingKey,
    active_from: Timestamp,
}

/// A key that authenticates session tokens.
pub struct SessionKey {
    /// Its id.
    pub kid: String,
    pub(crate) hmac: hmac::Key,
    active_from: Timestamp,
}

/// The parsed keys, newest first.
pub struct Keyring {
    signing: Vec<SigningKey>,
    session: Vec<SessionKey>,
    jwks: String,
    pub(super) read_at: Timestamp,
}

impl Keyring {
    /// The key that signs new tokens of this algorithm.
    pub fn signing_key(&self, algorithm: Algorithm, now: Timestamp) -> Result<&SigningKey, KeyringError> {
        let keys = || self.signing.iter().filter(|key| key.algorithm == algorithm);
        // Only a clock that runs behind the one of whoever made the first key finds none that is active.
        let key = keys().find(|key| key.active_from <= now).or_else(|| keys().next_back());
        key.ok_or_else(|| {
            Purpose::of(algorithm).map_or(KeyringError::Damaged("no such algorithm"), KeyringError::Missing)
        })
    }

    /// Makes the key ready that signs new tokens of this algorithm.
    pub(crate) fn prepare_to_sign(&self, algorithm: Algorithm, now: Timestamp) {
        if let Ok(key) = self.signing_key(algorithm, now) {
            key.signer.prepare();
        }
    }

    /// The key with this id.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.kid == kid)
    }

    /// The key of sessions that begin or go on now.
    #[must_use]
    pub fn session_key(&self, now: Timestamp) -> &SessionKey {
        let active = self.session.iter().find(|key| key.active_from <= now);
        // Never empty: `parse` sees to it.
        active.unwrap_or_else(|| &self.session[self.session.len() - 1])
    }

    /// The session key with this id.
    #[must_use]
    pub fn find_session_key(&self, kid: &str) -> Option<&SessionKey> {
        self.session.iter().find(|key| key.kid == kid)
    }

    /// The keys that session tokens may have been made with, newest first.
    pub fn session_keys(&self) -> impl Iterator<Item = &hmac::Key> {
        self.session.iter().map(|key| &key.hmac)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    pub(super) fn parse(stored: &StoredKeyring, read_at: Timestamp) -> Result<Self, KeyringError> {
        let mut keyring = Self { signing: Vec::new(), session: Vec::new(), jwks: String::new(), read_at };
        let mut published = Vec::new();
        // Whatever is to be retired is, even before the next rotation takes it out of the item.
        for key in stored.keys.iter().filter(|key| !key.is_retired(read_at)) {
            if key.purpose == Purpose::Session {
                let hmac = hmac::Key::new(hmac::HMAC_SHA256, &key.material()?);
                let key = SessionKey { kid: key.kid.clone(), hmac, active_from: key.active_from };
                keyring.session.push(key);
                continue;
            }
            let (key, public) = parse_signing_key(key)?;
            published.extend(public);
            keyring.signing.push(key);
        }
        if keyring.session.is_empty() {
            return Err(KeyringError::Missing(Purpose::Session));
        }
        keyring.jwks = json!({ "keys": published }).to_string();
        Ok(keyring)
    }
}

/// A key that signs, and what is published of it.
fn parse_signing_key(stored: &StoredKey) -> Result<(SigningKey, Option<Value>), KeyringError> {
    let (material, kid) = (stored.material()?, stored.kid.as_str());
    let (algorithm, signer, decoding, public) = match stored.purpose {
        Purpose::RS256 => rsa(material, kid)?,
        Purpose::ES256 => p256(&material, kid)?,
        Purpose::EdDSA => ed25519(&material, kid)?,
        Purpose::HS384 => hmac_sha384(&material),
        Purpose::Session => return Err(KeyringError::Damaged("a session key signs nothing")),
    };
    let key =
        SigningKey { kid: kid.to_owned(), algorithm, signer, decoding, active_from: stored.active_from };
    Ok((key, public))
}

/// What a key of one algorithm is made of; the last is its JWK (RFC 7517), if anyone else may verify with it.
type Parts = (Algorithm, Signer, DecodingKey, Option<Value>);

fn rsa(material: Zeroizing<Vec<u8>>, kid: &str) -> Result<Parts, KeyringError> {
    let private = pkcs1::RsaPrivateKey::try_from(material.as_slice())
        .map_err(|_| KeyringError::Damaged("not an RSA key"))?;
    let (modulus, exponent) = (private.modulus.as_bytes(), private.public_exponent.as_bytes());
    let public = json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
        "n": encoded(modulus), "e": encoded(exponent),
    });
    let decoding = DecodingKey::from_rsa_raw_components(modulus, exponent);
    Ok((Algorithm::RS256, Signer::Rsa(Box::new(RsaSigner::new(material))), decoding, Some(public)))
}

fn p256(material: &[u8], kid: &str) -> Result<Parts, KeyringError> {
    const DAMAGED: KeyringError = KeyringError::Damaged("not a P-256 key");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, material).map_err(|_| DAMAGED)?;
    // SEC 1 section 2.3.3: the byte 4, and 32 bytes for each coordinate.
    let point = pair.public_key().as_ref();
    let (x, y) = point.get(1..).and_then(|xy| xy.split_at_checked(32)).ok_or(DAMAGED)?;
    let (x, y) = (encoded(x), encoded(y));
    let decoding = DecodingKey::from_ec_components(&x, &y).map_err(|_| DAMAGED)?;
    let public =
        json!({ "kty": "EC", "use": "sig", "alg": "ES256", "kid": kid, "crv": "P-256", "x": x, "y": y });
    Ok((Algorithm::ES256, Signer::Ecdsa(pair), decoding, Some(public)))
}

fn ed25519(material: &[u8], kid: &str) -> Result<Parts, KeyringError> {
    const DAMAGED: KeyringError = KeyringError::Damaged("not an Ed25519 key");
    let pair = Ed25519KeyPair::from_pkcs8(material).map_err(|_| DAMAGED)?;
    let x = encoded(pair.public_key().as_ref());
    let decoding = DecodingKey::from_ed_components(&x).map_err(|_| DAMAGED)?;
    let public = json!({ "kty": "OKP", "use": "sig", "alg": "EdDSA", "kid": kid, "crv": "Ed25519", "x": x });
    Ok((Algorithm::EdDSA, Signer::Ed25519(pair), decoding, Some(public)))
}

fn hmac_sha384(material: &[u8]) -> Parts {
    let signer = Signer::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA384, material)));
    (Algorithm::HS384, signer, DecodingKey::from_secret(material), None)
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
