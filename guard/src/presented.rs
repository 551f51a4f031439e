//! The token of a request.

use shared::http::HeaderMap;
use shared::http::credentials::{MalformedAuthorization, SESSION_COOKIE, bearer_in, cookie_in};

/// The request's credentials cannot be told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The header names the Bearer scheme but carries no single token.
    #[error(transparent)]
    Malformed(#[from] MalformedAuthorization),
    /// The header and the cookie carry different tokens: whom the request is from would depend on who reads it.
    #[error("the request brings two different credentials")]
    Two,
}

/// The one token of a request: in `Authorization: Bearer`, or in the cookie `JSESSIONID`. Never in the query, which ends
/// up in logs and in the browser's history (RFC 6750 section 5.3).
pub fn presented(headers: &HeaderMap) -> Result<Option<&str>, Unreadable> {
    match (bearer_in(headers)?, cookie_in(headers, SESSION_COOKIE)) {
        (Some(bearer), Some(cookie)) if bearer != cookie => Err(Unreadable::Two),
        (bearer, cookie) => Ok(bearer.or(cookie)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HeaderValue;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(pair).collect()
    }

    #[test]
    fn a_token_is_in_the_header_or_in_the_cookie() {
        let header = ("authorization", "Bearer a.1");
        let cookie = ("cookie", "theme=dark; JSESSIONID=s.1");
        assert_eq!(presented(&headers(&[])), Ok(None));
        assert_eq!(presented(&headers(&[header])), Ok(Some("a.1")));
        assert_eq!(presented(&headers(&[cookie])), Ok(Some("s.1")));
        assert_eq!(presented(&headers(&[header, cookie])), Err(Unreadable::Two));
        assert_eq!(presented(&headers(&[header, ("cookie", "JSESSIONID=a.1")])), Ok(Some("a.1")));
    }

    #[test]
    fn a_malformed_header_is_not_made_up_for_by_a_cookie() {
        let cookie = ("cookie", "JSESSIONID=s.1");
        for value in ["Bearer", "Bearer a b", "Bearer a.1,Bearer a.2"] {
            let refused = Err(Unreadable::Malformed(MalformedAuthorization));
            assert_eq!(presented(&headers(&[("authorization", value), cookie])), refused, "{value}");
        }
    }
}
