//! The tokens that a request brings: `Authorization: Bearer` (RFC 6750) and the session cookie.

use super::{HeaderMap, Request, header};

/// The name of the session cookie.
pub const SESSION_COOKIE: &str = "JSESSIONID";
/// The name of the cookie that tells a device from which someone has signed in before.
pub const DEVICE_COOKIE: &str = "LATCHKEY_DEVICE";

/// The `Authorization` header names the Bearer scheme but carries no single token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization header must read: Bearer, one space, and one token")]
pub struct MalformedAuthorization;

/// The bearer token of the request; `None` without an `Authorization` header or with another scheme.
pub fn bearer(request: &Request) -> Result<Option<&str>, MalformedAuthorization> {
    bearer_in(request.headers())
}

/// The same for headers that came without a request.
pub fn bearer_in(headers: &HeaderMap) -> Result<Option<&str>, MalformedAuthorization> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(MalformedAuthorization);
    }
    let value = value.to_str().map_err(|_| MalformedAuthorization)?.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let token = token.trim_start();
    let is_token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(is_token68) {
        return Err(MalformedAuthorization);
    }
    Ok(Some(token))
}

/// The value of a cookie; the first one where a name is sent twice (RFC 6265 section 5.4 puts the closest path first).
#[must_use]
pub fn cookie<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    cookie_in(request.headers(), name)
}

/// The same for headers that came without a request.
#[must_use]
pub fn cookie_in<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.trim_matches('"'))
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;

    fn request(headers: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(Body::Empty);
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn a_bearer_token_is_one_word_after_the_scheme() {
        assert_eq!(bearer(&request(&[])), Ok(None));
        assert_eq!(bearer(&request(&[("authorization", "Bearer a.b")])), Ok(Some("a.b")));
        assert_eq!(bearer(&request(&[("authorization", "bearer a.b")])), Ok(Some("a.b")));
        assert_eq!(bearer(&request(&[("authorization", "Basic eDp5")])), Ok(None));
        for bad in ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \u{e9}"] {
            assert_eq!(bearer(&request(&[("authorization", bad)])), Err(MalformedAuthorization), "{bad}");
        }
        let twice = request(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        assert_eq!(bearer(&twice), Err(MalformedAuthorization));
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let request = request(&[("cookie", "XJSESSIONID=1; JSESSIONID=s.2; a=b")]);
        assert_eq!(cookie(&request, SESSION_COOKIE), Some("s.2"));
        assert_eq!(cookie(&request, "SESSIONID"), None);
    }
}
