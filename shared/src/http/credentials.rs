//! What a request shows of its sender: `Authorization: Bearer` (RFC 6750) or `Basic` (RFC 7617), and cookies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{HeaderMap, Request, header};
use crate::secret::Secret;

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

/// The request has an `Authorization` header that is not a single one of the Basic scheme.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization header must read: Basic, one space, and base64")]
pub struct NotBasic;

/// The two halves of Basic credentials, as bytes.
#[derive(Debug)]
pub struct Basic {
    /// What stands before the first colon.
    pub id: Vec<u8>,
    /// What stands behind it.
    pub secret: Secret<Vec<u8>>,
}

/// The Basic credentials of the request; `None` without an `Authorization` header.
pub fn basic(request: &Request) -> Result<Option<Basic>, NotBasic> {
    let mut values = request.headers().get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(NotBasic);
    }
    let (scheme, encoded) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(NotBasic)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(NotBasic);
    }
    let mut id = STANDARD.decode(encoded.trim()).map_err(|_| NotBasic)?;
    let colon = id.iter().position(|&byte| byte == b':').ok_or(NotBasic)?;
    let secret = Secret::new(id.split_off(colon + 1));
    id.truncate(colon);
    Ok(Some(Basic { id, secret }))
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
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b';'))
        // Another service of the same domain may have set one with any bytes, and the header brings them all.
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.trim_matches('"'))
        .filter(|value| !value.is_empty())
}

/// Whether a browser says that a page of another site has sent the request (Fetch Metadata, `Sec-Fetch-Site`). Programs and
/// old browsers say nothing.
#[must_use]
pub fn is_cross_site(request: &Request) -> bool {
    request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site")
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
    fn basic_credentials_are_split_at_the_first_colon() {
        let read = |value: &str| {
            let found = basic(&request(&[("authorization", value)]))?;
            Ok(found.map(|Basic { id, secret }| (id, secret.expose().clone())))
        };
        assert!(basic(&request(&[])).unwrap().is_none());
        let pair = |id: &str, secret: &str| Ok(Some((id.as_bytes().to_vec(), secret.as_bytes().to_vec())));
        assert_eq!(read("Basic eDp5"), pair("x", "y"));
        assert_eq!(read("basic eDp5Onox"), pair("x", "y:z1"));
        assert_eq!(read("Basic Ojo="), pair("", ":"));
        for bad in
            ["Basic", "Basic ", "Basic eA==", "Basic eDp5!", "Basic eDp5, Basic eDp5", "Bearer eDp5", ""]
        {
            assert_eq!(read(bad), Err(NotBasic), "{bad}");
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let request = request(&[("cookie", "XJSESSIONID=1; JSESSIONID=s.2; a=b")]);
        assert_eq!(cookie(&request, SESSION_COOKIE), Some("s.2"));
        assert_eq!(cookie(&request, "SESSIONID"), None);
    }

    #[test]
    fn a_cookie_is_found_beside_one_that_is_no_text() {
        let mut request = request(&[]);
        let header = b"name=Zo\xc3\xab; old=Zo\xeb; JSESSIONID=s.2".as_slice();
        request.headers_mut().insert("cookie", header.try_into().unwrap());
        assert_eq!(cookie(&request, SESSION_COOKIE), Some("s.2"));
        assert_eq!(cookie(&request, "name"), Some("Zo\u{eb}"));
    }
}
