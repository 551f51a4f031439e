//! What a request is told that is not let in (RFC 6750 section 3).

use shared::http::{HeaderValue, StatusCode};
use shared::log;
use shared::scope::is_scope;

use crate::{Refusal, Unreadable};

/// Why a request is not let in. Its text may be told to the caller.
#[derive(Debug, thiserror::Error)]
pub enum Denial {
    /// It brings no token.
    #[error("a token is needed")]
    NoToken,
    /// It brings none that could be told.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Its token opens nothing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its token does not have this scope.
    #[error("the token does not have the scope {0}")]
    MissingScope(String),
}

impl Denial {
    /// The status of the answer (RFC 6750 section 3.1); 503 if the token could not be checked.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::Refused(Refusal::Invalid) => StatusCode::UNAUTHORIZED,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::MissingScope(_) => StatusCode::FORBIDDEN,
            Self::Refused(Refusal::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The header `WWW-Authenticate` of the answer. A request without a token is told no error (section 3.1), and one whose
    /// token could not be checked has nothing to put right.
    #[must_use]
    pub fn challenge(&self) -> Option<HeaderValue> {
        let known = match self {
            Self::NoToken => "Bearer",
            Self::Unreadable(_) => r#"Bearer error="invalid_request""#,
            Self::Refused(Refusal::Invalid) => r#"Bearer error="invalid_token""#,
            Self::Refused(Refusal::Unavailable(_)) => return None,
            Self::MissingScope(scope) => return Some(missing(scope)),
        };
        Some(HeaderValue::from_static(known))
    }

    /// Why, and what caused that, outermost first: for the log. There is never a token in it.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        log::causes(self)
    }
}

/// Names the scope, if it is one: it cannot end the quoted string.
fn missing(scope: &str) -> HeaderValue {
    const ERROR: &str = r#"Bearer error="insufficient_scope""#;
    let named = is_scope(scope).then(|| format!(r#"{ERROR}, scope="{scope}""#));
    let named = named.and_then(|challenge| HeaderValue::from_str(&challenge).ok());
    named.unwrap_or(HeaderValue::from_static(ERROR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_denial_has_the_status_and_the_challenge_of_rfc_6750() {
        let unavailable = Refusal::Unavailable("no route to storage".into());
        let table = [
            (Denial::NoToken, 401, Some("Bearer")),
            (Unreadable::Two.into(), 400, Some(r#"Bearer error="invalid_request""#)),
            (Refusal::Invalid.into(), 401, Some(r#"Bearer error="invalid_token""#)),
            (
                Denial::MissingScope("orders:read".to_owned()),
                403,
                Some(r#"Bearer error="insufficient_scope", scope="orders:read""#),
            ),
            (
                Denial::MissingScope("a\" realm=\"b".to_owned()),
                403,
                Some(r#"Bearer error="insufficient_scope""#),
            ),
            (unavailable.into(), 503, None),
        ];
        for (denial, status, challenge) in table {
            assert_eq!(denial.status(), status, "{denial}");
            let header = denial.challenge();
            assert_eq!(header.as_ref().map(|value| value.to_str().unwrap()), challenge, "{denial}");
        }
    }
}
