//! Whom a token stands for, as the author of an API needs it.

use std::time::Duration;

use serde::Serialize;
use shared::id::ObjectId;
use shared::jwt::{AccessClaims, AccessKeyClaims, AccountClaims, Claims, ScopedClaims};
use shared::principal::{Bearer, Principal};
use shared::session::{Session, SessionToken};
use shared::user::User;

use crate::Denial;

/// The kinds of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `session`: a user who signed in, by access token or cookie.
    Session,
    /// `scoped`: a user, for the scopes of the token.
    Scoped,
    /// `account`: an account, for itself or for one of its users.
    Account,
    /// `access_key`: a program with an access key.
    AccessKey,
    /// `access`: the same, with a token of `/oauth/token`.
    Access,
}

/// Whom a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What kind of token it is.
    pub kind: Kind,
    /// The user of a session, a scoped token or an access key; the account of an account token; the client of an OAuth token.
    pub sub: String,
    /// What the token allows, separated by spaces: the scopes of a scoped token when it was issued, those of the user for a
    /// session. Account tokens and the tokens of access keys have none.
    pub scope: String,
    /// The roles of an access key, which are no scopes: whoever names them decides what they mean.
    pub roles: Vec<String>,
    /// The account that the token is of, or its user's. A stateless guard knows it of account tokens and OAuth tokens
    /// alone.
    pub account: Option<ObjectId>,
    /// The user that the token stands for. **An account token that names a user is for that user, not for the account.**
    pub user: Option<ObjectId>,
    /// From this second since 1970 on the token is refused, whatever happens before.
    pub expires: i64,
}

impl Identity {
    /// Whether the token has a scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        !scope.is_empty() && self.scope.split(' ').any(|own| own == scope)
    }

    /// Refuses a token that does not have a scope.
    pub fn require(&self, scope: &str) -> Result<(), Denial> {
        if self.has_scope(scope) { Ok(()) } else { Err(Denial::MissingScope(scope.to_owned())) }
    }

    /// All that a JWT says by itself.
    pub(crate) fn of_claims(claims: &Claims) -> Self {
        match claims {
            Claims::Scoped(claims) => claims.into(),
            Claims::Account(claims) => claims.into(),
            Claims::AccessKey(claims) => claims.into(),
            Claims::Access(claims) => claims.into(),
        }
    }

    /// The same with what storage knows. `None` cannot be: a session without its user is refused before.
    pub(crate) fn of_principal(principal: &Principal, grace: Duration) -> Option<Self> {
        let identity = match &principal.bearer {
            Bearer::Session(token) => {
                Self::of_session(token, principal.session.as_ref()?, principal.user.as_ref()?, grace)
            }
            Bearer::Scoped(claims) => claims.into(),
            Bearer::Account(claims, _) => claims.into(),
            Bearer::AccessKey(claims, _) => claims.as_ref().into(),
            Bearer::Access(claims) => claims.as_ref().into(),
        };
        Some(Self { account: principal.account(), ..identity })
    }

    fn of_session(token: &SessionToken, session: &Session, user: &User, grace: Duration) -> Self {
        Self {
            kind: Kind::Session,
            sub: user.id.to_string(),
            scope: user.scopes.join(" "),
            roles: Vec::new(),
            account: Some(user.account),
            user: Some(user.id),
            expires: session.lifetime(token, grace).expires,
        }
    }
}

impl From<&ScopedClaims> for Identity {
    fn from(claims: &ScopedClaims) -> Self {
        Self {
            kind: Kind::Scoped,
            sub: claims.sub.to_string(),
            scope: claims.scope.clone(),
            roles: Vec::new(),
            account: None,
            user: Some(claims.sub),
            expires: claims.exp,
        }
    }
}

impl From<&AccountClaims> for Identity {
    fn from(claims: &AccountClaims) -> Self {
        Self {
            kind: Kind::Account,
            sub: claims.sub.to_string(),
            scope: String::new(),
            roles: Vec::new(),
            account: Some(claims.sub),
            user: claims.user_id,
            expires: claims.exp,
        }
    }
}

impl From<&AccessKeyClaims> for Identity {
    fn from(claims: &AccessKeyClaims) -> Self {
        Self {
            kind: Kind::AccessKey,
            sub: claims.uid.clone(),
            scope: String::new(),
            roles: claims.ar.clone(),
            account: None,
            user: claims.uid.parse().ok(),
            expires: claims.exp,
        }
    }
}

impl From<&AccessClaims> for Identity {
    fn from(claims: &AccessClaims) -> Self {
        Self {
            kind: Kind::Access,
            sub: claims.sub.to_string(),
            scope: claims.scope.clone(),
            roles: Vec::new(),
            account: Some(claims.account),
            user: Some(claims.uid),
            expires: claims.exp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_whole_word() {
        let claims = ScopedClaims {
            sub: ObjectId::from_bytes([1; 12]),
            sub_type: "user".to_owned(),
            iss: "https://auth.example.com".to_owned(),
            iat: 1,
            scope: "sleep:read sleep:write".to_owned(),
            exp: 2,
            jti: "0197a3c5-6b1e-7c44-9d2f-3b8a5e7f9012".parse().unwrap(),
        };
        let identity = Identity::from(&claims);
        assert!(identity.has_scope("sleep:read") && identity.has_scope("sleep:write"));
        for scope in ["", " ", "sleep", "sleep:rea", "SLEEP:READ", "sleep:read sleep:write"] {
            assert!(!identity.has_scope(scope), "{scope:?}");
            assert!(matches!(identity.require(scope), Err(Denial::MissingScope(_))), "{scope:?}");
        }
    }
}
