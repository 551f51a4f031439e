//! JWTs made by hand, with the service's own keys or without.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde::Deserialize;
use serde_json::Value;
use tests::Service;

/// The keys that the service signs with, as only it should know them.
pub(crate) struct Keys {
    pub(crate) rsa: Key,
    pub(crate) hmac: Key,
    /// The public modulus, as the JWKS shows it.
    pub(crate) modulus: String,
}

pub(crate) struct Key {
    pub(crate) kid: String,
    encoding: EncodingKey,
    algorithm: Algorithm,
}

#[derive(Deserialize)]
struct Stored {
    keys: Vec<StoredKey>,
}

#[derive(Deserialize)]
struct StoredKey {
    kid: String,
    purpose: String,
    material: String,
}

impl Keys {
    pub(crate) async fn of(service: &Service) -> Self {
        let item = service.items(&service.app.store.tables.keys).await.remove(0);
        let stored: Stored = serde_dynamo::from_item(item).unwrap();
        let find = |purpose: &str| {
            let key = stored.keys.iter().find(|key| key.purpose == purpose).unwrap();
            (key.kid.clone(), URL_SAFE_NO_PAD.decode(&key.material).unwrap())
        };
        let (rsa_id, rsa) = find("RS256");
        let (hmac_id, hmac) = find("HS384");
        let jwks: Value = serde_json::from_str(service.app.keyring().await.unwrap().jwks()).unwrap();
        Self {
            rsa: Key { kid: rsa_id, encoding: EncodingKey::from_rsa_der(&rsa), algorithm: Algorithm::RS256 },
            hmac: Key {
                kid: hmac_id,
                encoding: EncodingKey::from_secret(&hmac),
                algorithm: Algorithm::HS384,
            },
            modulus: jwks["keys"][0]["n"].as_str().unwrap().to_owned(),
        }
    }
}

impl Key {
    /// A token of this header and these claims, to the letter, signed with this key.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        self.sign_by(self.algorithm, header, claims)
    }

    /// The same by another algorithm that takes such a key.
    pub(crate) fn sign_by(&self, algorithm: Algorithm, header: &str, claims: &str) -> String {
        sign(header, claims, &self.encoding, algorithm)
    }
}

/// A token of this header and these claims, to the letter.
pub(crate) fn sign(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = unsigned(header, claims);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// What a signature stands behind.
pub(crate) fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// A token with each of these in place of its signature.
pub(crate) fn with_signatures(
    token: &str,
    made: Vec<(&'static str, Vec<u8>)>,
) -> Vec<(&'static str, String)> {
    let signed = token.rsplit_once('.').unwrap().0;
    let put =
        |(why, signature): (_, Vec<u8>)| (why, format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)));
    made.into_iter().map(put).collect()
}

/// The header and the claims of a token as text, without checking anything.
pub(crate) fn parts(token: &str) -> (String, String) {
    let mut parts =
        token.split('.').map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap_or_default()));
    (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap())
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    serde_json::from_str(&parts(token).1).unwrap()
}

/// The header of a token.
pub(crate) fn header(token: &str) -> Value {
    serde_json::from_str(&parts(token).0).unwrap()
}

/// The names of an object's members, in their order.
pub(crate) fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A key as a file (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
