//! The JSON Web Tokens that the service issues, and how it reads them back (RFC 7519, RFC 8725).
//!
//! A token is read in this order: its form, its header against an allow-list, the key that the header's `kid` names and
//! that key's one algorithm, the signature, and only then a claim. Kinds are told apart by algorithm and `typ`, so
//! that no kind passes for another.

mod claims;

use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::app::App;
use crate::app::NoPublicUrl;
use crate::clock::Timestamp;
use crate::http::json;
use crate::id;
use crate::keyring::{KeyringError, SigningKey};
use crate::random::RandomUnavailable;

pub use claims::{AccessClaims, AccessKeyClaims, AccountClaims, Audiences, Claims, ScopedClaims, Token};

/// How long account tokens and scoped tokens are valid.
pub const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long the tokens of access keys and OAuth access tokens are valid.
pub const HOUR: Duration = Duration::from_secs(3600);
/// How far ahead the clock of the instance that issued a token may be. Expiry has no leeway.
const LEEWAY: Duration = Duration::from_secs(60);

/// Why a token was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// No key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The key did not sign.
    #[error("a token could not be signed")]
    Sign(#[from] Unspecified),
    /// The claims have no form in JSON.
    #[error("the claims of a token cannot be written")]
    Claims(#[from] serde_json::Error),
    /// No id.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// No issuer.
    #[error(transparent)]
    Issuer(#[from] NoPublicUrl),
}

/// Why a token was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Forged, damaged, expired, or not one of this service's. Which of these is nobody's business.
    #[error("the token is not valid")]
    Invalid,
    /// The key could not be looked up.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Nobody has said who the issuer is.
    #[error(transparent)]
    Issuer(#[from] NoPublicUrl),
}

/// Issue, expiry and id of a token.
pub struct Validity {
    /// `iat`
    pub issued: i64,
    /// `exp`
    pub expires: i64,
    /// `jti`
    pub id: Uuid,
}

impl Validity {
    /// Of a token that is valid for this long. `since` is when it was looked at what allows it: what ends the user's tokens
    /// after that ends this one, whenever it is signed.
    pub fn since(since: Timestamp, lifetime: Duration) -> Result<Self, RandomUnavailable> {
        Ok(Self { issued: since.seconds(), expires: (since + lifetime).seconds(), id: id::token_id(since)? })
    }
}

/// Whom OAuth access tokens are for: the setting, or this service itself.
pub fn audience(app: &App) -> Result<&str, NoPublicUrl> {
    app.config.audience.as_ref().map_or_else(|| app.issuer(), |audience| Ok(audience.as_str()))
}

/// Signs claims.
pub async fn sign<T: Token>(app: &App, claims: &T) -> Result<String, IssueError> {
    let algorithm = T::algorithm(&app.config);
    let keyring = app.keyring().await?;
    let key = keyring.signing_key(algorithm, app.now())?;
    let header =
        Header { typ: Some(T::TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(algorithm) };
    let parts = [serde_json::to_vec(&header)?, serde_json::to_vec(claims)?];
    let mut token = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = key.signer.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// What a header may hold. A name beyond these (`jwk`, `jku`, `x5u`, `x5c`, `crit` …) refuses the token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// Reads any of the service's JWTs.
pub async fn read(app: &App, token: &str) -> Result<Claims, TokenError> {
    let header = read_header(token).ok_or(TokenError::Invalid)?;
    let mut keyring = app.keyring().await?;
    if keyring.find(&header.kid).is_none() {
        keyring = app.keyring_for_unknown_key().await?;
    }
    let key = keyring.find(&header.kid).ok_or(TokenError::Invalid)?;
    if header.alg != name(key.algorithm) {
        return Err(TokenError::Invalid);
    }
    let now = app.now();
    let issuer = app.issuer()?;
    match (key.algorithm, header.typ.as_str()) {
        (Algorithm::RS256, AccountClaims::TYPE) => {
            let claims: AccountClaims = decode(token, key, now)?;
            accept(claims.iat, claims.exp, now, claims.iss == issuer)?;
            Ok(Claims::Account(claims))
        }
        (Algorithm::RS256, ScopedClaims::TYPE) => {
            let claims: ScopedClaims = decode(token, key, now)?;
            accept(claims.iat, claims.exp, now, claims.iss == issuer)?;
            Ok(Claims::Scoped(claims))
        }
        (Algorithm::HS384, AccessKeyClaims::TYPE) => {
            let claims: AccessKeyClaims = decode(token, key, now)?;
            // Its document shows no issuer; the key, which no other system has, stands for it.
            accept(claims.iat, claims.exp, now, true)?;
            Ok(Claims::AccessKey(claims))
        }
        (Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA, typ) if is_access_token(typ) => {
            let claims: AccessClaims = decode(token, key, now)?;
            let ours =
                claims.iss == issuer && claims.aud.contain(audience(app)?) && claims.sub == claims.client_id;
            accept(claims.iat, claims.exp, now, ours)?;
            Ok(Claims::Access(claims))
        }
        _ => Err(TokenError::Invalid),
    }
}

/// RFC 9068 section 4; a media type is the same in any case, and `application/` may be left out (RFC 7515 section 4.1.9).
fn is_access_token(typ: &str) -> bool {
    [AccessClaims::TYPE, "application/at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))
}

fn read_header(token: &str) -> Option<AllowedHeader> {
    let mut parts = token.split('.');
    let (header, _claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    read_part(header)
}

/// Checks the signature and reads the claims. The times that every kind has are compared by [`accept`], with the service's
/// own clock.
fn decode<T: DeserializeOwned>(token: &str, key: &SigningKey, now: Timestamp) -> Result<T, TokenError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
    let verified = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.decoding, key.algorithm);
    if !verified.is_ok_and(|authentic| authentic) {
        return Err(TokenError::Invalid);
    }
    let (_header, claims) = signed.split_once('.').ok_or(TokenError::Invalid)?;
    let claims = read_object(claims).filter(|claims| has_begun(claims, now)).ok_or(TokenError::Invalid)?;
    serde_json::from_value(Value::Object(claims)).map_err(|_| TokenError::Invalid)
}

/// No kind of ours has `nbf`. A token that has one is not good before it (RFC 7519 section 4.1.5).
fn has_begun(claims: &Map<String, Value>, now: Timestamp) -> bool {
    let latest = (now + LEEWAY).seconds();
    claims.get("nbf").is_none_or(|from| from.as_i64().is_some_and(|from| from <= latest))
}

fn read_part<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_value(Value::Object(read_object(part)?)).ok()
}

/// One object in base64url, with no name twice (RFC 7515 section 4, RFC 7519 section 4), not even one that nobody reads.
fn read_object(part: &str) -> Option<Map<String, Value>> {
    json::parse_object(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn accept(issued: i64, expires: i64, now: Timestamp, ours: bool) -> Result<(), TokenError> {
    let in_time = now.seconds() < expires && issued <= (now + LEEWAY).seconds();
    if in_time && ours { Ok(()) } else { Err(TokenError::Invalid) }
}

const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::HS384 => "HS384",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        // No key has another one.
        _ => "",
    }
}

/// The name under which one token of an access key is refused before it expires; the other kinds have their `jti`.
#[must_use]
pub fn fingerprint(token: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, token.as_bytes()))
}
