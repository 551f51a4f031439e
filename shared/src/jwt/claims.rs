//! What each kind of JWT says.

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fingerprint;
use crate::access_key::AccessKeyId;
use crate::config::Config;
use crate::id::ObjectId;

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

/// The claims of an OAuth access token (RFC 9068 section 2.2), and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// Expires at, in seconds.
    pub exp: i64,
    /// Whom it is for.
    pub aud: Audiences,
    /// The client: it acts for itself.
    pub sub: AccessKeyId,
    /// The client.
    pub client_id: AccessKeyId,
    /// Issued at, in seconds.
    pub iat: i64,
    /// The token's id.
    pub jti: Uuid,
    /// What the token allows, separated by spaces.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The account of the client's user.
    pub account: ObjectId,
    /// The user that the client belongs to.
    pub uid: ObjectId,
}

/// One audience or several (RFC 7519 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audiences {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audiences {
    /// Whether this one is among them, to the letter.
    #[must_use]
    pub fn contain(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
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
    /// Of an access key, by OAuth.
    Access(AccessClaims),
}

impl Claims {
    /// When the token expires, in seconds.
    #[must_use]
    pub const fn expires(&self) -> i64 {
        match self {
            Self::Account(claims) => claims.exp,
            Self::Scoped(claims) => claims.exp,
            Self::AccessKey(claims) => claims.exp,
            Self::Access(claims) => claims.exp,
        }
    }

    /// What `token`, which has these claims, is denied by: its `jti`, or its fingerprint if its document has none.
    #[must_use]
    pub fn denied_by(&self, token: &str) -> String {
        match self {
            Self::Account(claims) => claims.jti.to_string(),
            Self::Scoped(claims) => claims.jti.to_string(),
            Self::Access(claims) => claims.jti.to_string(),
            Self::AccessKey(_) => fingerprint(token),
        }
    }
}

/// Claims that the service issues: with which algorithm, and as what type of token.
pub trait Token: Serialize {
    /// The header's `typ` (RFC 8725 section 3.11).
    const TYPE: &'static str;

    /// The algorithm that this kind is signed with.
    fn algorithm(config: &Config) -> Algorithm;
}

impl Token for AccountClaims {
    const TYPE: &'static str = "account+jwt";

    fn algorithm(_: &Config) -> Algorithm {
        Algorithm::RS256
    }
}

impl Token for ScopedClaims {
    const TYPE: &'static str = "JWT";

    fn algorithm(_: &Config) -> Algorithm {
        Algorithm::RS256
    }
}

impl Token for AccessKeyClaims {
    const TYPE: &'static str = "JWT";

    fn algorithm(_: &Config) -> Algorithm {
        Algorithm::HS384
    }
}

impl Token for AccessClaims {
    const TYPE: &'static str = "at+jwt";

    fn algorithm(config: &Config) -> Algorithm {
        config.signing_algorithm.algorithm()
    }
}
