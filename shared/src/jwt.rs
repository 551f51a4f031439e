//! The JSON Web Tokens that the service issues, and how it reads them back (RFC 7519, RFC 8725).
//!
//! A token is read in this order: its form, its header against an allow-list, the key that the header's `kid` names and
//! that key's one algorithm, the signature, and only then a claim. Kinds are told apart by algorithm and `typ`, so
//! that no kind passes for another.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::app::NoPublicUrl;
use crate::clock::Timestamp;
use crate::id::{self, ObjectId};
use crate::keyring::{KeyringError, SigningKey};
use crate::random::RandomUnavailable;

/// How long account tokens and scoped tokens are valid.
pub const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long the tokens of access keys are valid.
pub const HOUR: Duration = Duration::from_secs(3600);
/// How far ahead the clock of the instance that issued a token may be. Expiry has no leeway.
const LEEWAY: Duration = Duration::from_secs(60);

/// The claims of an account token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountClaims {
    /// The issuer.
    pub iss: String,
    /// The account.
    pub sub: ObjectId,
    /// The user for whom the account asked, if it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<ObjectId>,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Expires at, in seconds.
    pub exp: i64,
    /// The token's id.
    pub jti: Uuid,
}

/// The claims of a scoped token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScopedClaims {
    /// The user.
    pub sub: ObjectId,
    /// What the user is.
    pub sub_type: String,
    /// The issuer.
    pub iss: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// What the token allows, separated by spaces.
    pub scope: String,
    /// Expires at, in seconds.
    pub exp: i64,
    /// The token's id.
    pub jti: Uuid,
}

/// The claims of an access key's token, in the order of its document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessKeyClaims {
    /// The user that the key belongs to.
    pub uid: String,
    /// The roles of the key.
    pub ar: Vec<String>,
    /// The key's id.
    pub ak: Uuid,
    /// The key's realm.
    pub realm: String,
    /// As the key's owner set it.
    pub ca: String,
    /// As the key's owner set it.
    pub cid: String,
    /// As the key's owner set it.
    pub domain: String,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Expires at, in seconds.
    pub exp: i64,
}

/// A token that was read and found authentic and in its time.
#[derive(Debug, Clone)]
pub enum Claims {
    /// Of an account.
    Account(AccountClaims),
    /// Of a user, with scopes.
    Scoped(ScopedClaims),
    /// Of an access key.
    AccessKey(AccessKeyClaims),
}

/// Claims that the service issues: with which algorithm, and as what type of token.
pub trait Token: Serialize {
    /// The one algorithm of this kind.
    const ALGORITHM: Algorithm;
    /// The header's `typ` (RFC 8725 section 3.11).
    const TYPE: &'static str;
}

impl Token for AccountClaims {
    const ALGORITHM: Algorithm = Algorithm::RS256;
    const TYPE: &'static str = "account+jwt";
}

impl Token for ScopedClaims {
    const ALGORITHM: Algorithm = Algorithm::RS256;
    const TYPE: &'static str = "JWT";
}

impl Token for AccessKeyClaims {
    const ALGORITHM: Algorithm = Algorithm::HS384;
    const TYPE: &'static str = "JWT";
}

/// Why a token was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// No key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The key did not sign.
    #[error("a token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
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

/// Issue, expiry and id of a token that is made now.
pub struct Validity {
    /// `iat`
    pub issued: i64,
    /// `exp`
    pub expires: i64,
    /// `jti`
    pub id: Uuid,
}

impl Validity {
    /// Of a token that is valid from now for this long.
    pub fn from_now(app: &App, lifetime: Duration) -> Result<Self, RandomUnavailable> {
        Self::since(app.now(), lifetime)
    }

    /// Of a token that counts from this moment on, which may lie before the one at which it is signed: what ends all
    /// tokens after it ends this one too.
    pub fn since(since: Timestamp, lifetime: Duration) -> Result<Self, RandomUnavailable> {
        Ok(Self { issued: since.seconds(), expires: (since + lifetime).seconds(), id: id::token_id(since)? })
    }
}

/// Signs claims.
pub async fn sign<T: Token>(app: &App, claims: &T) -> Result<String, IssueError> {
    let keyring = app.keyring().await?;
    let key = keyring.signing_key(T::ALGORITHM, app.now())?;
    let header =
        Header { typ: Some(T::TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(T::ALGORITHM) };
    jsonwebtoken::encode(&header, claims, &key.encoding).map_err(IssueError::Sign)
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
        (AccountClaims::ALGORITHM, AccountClaims::TYPE) => {
            let claims: AccountClaims = decode(token, key)?;
            accept(claims.iat, claims.exp, now, claims.iss == issuer)?;
            Ok(Claims::Account(claims))
        }
        (ScopedClaims::ALGORITHM, ScopedClaims::TYPE) => {
            let claims: ScopedClaims = decode(token, key)?;
            accept(claims.iat, claims.exp, now, claims.iss == issuer)?;
            Ok(Claims::Scoped(claims))
        }
        (AccessKeyClaims::ALGORITHM, AccessKeyClaims::TYPE) => {
            let claims: AccessKeyClaims = decode(token, key)?;
            // Its document shows no issuer; the key, which no other system has, stands for it.
            accept(claims.iat, claims.exp, now, true)?;
            Ok(Claims::AccessKey(claims))
        }
        _ => Err(TokenError::Invalid),
    }
}

fn read_header(token: &str) -> Option<AllowedHeader> {
    let mut parts = token.split('.');
    let (header, _claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

/// Checks the signature and reads the claims. Times are compared by [`accept`], with the service's own clock.
fn decode<T: DeserializeOwned>(token: &str, key: &SigningKey) -> Result<T, TokenError> {
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let data = jsonwebtoken::decode(token, &key.decoding, &validation).map_err(|_| TokenError::Invalid)?;
    Ok(data.claims)
}

fn accept(issued: i64, expires: i64, now: Timestamp, right_issuer: bool) -> Result<(), TokenError> {
    let in_time = now.seconds() < expires && issued <= (now + LEEWAY).seconds();
    if in_time && right_issuer { Ok(()) } else { Err(TokenError::Invalid) }
}

const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::HS384 => "HS384",
        // No key has another one.
        _ => "",
    }
}

/// The name under which one token of an access key is refused before it expires; the other kinds have their `jti`.
#[must_use]
pub fn fingerprint(token: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, token.as_bytes()))
}
