//! The fields of a request body, whichever of the documented formats brings them.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use multer::Multipart;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::json::{self, JsonError};
use super::{Body, Fault, Request, StatusCode, header};

/// The largest body that is looked at, in bytes.
pub const BODY_LIMIT: usize = 16 * 1024;

/// The fields of a body by name. Those of a form are strings; those of JSON keep their type.
pub type Fields = Map<String, Value>;

/// A format that a door takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded`
    UrlEncoded,
    /// `multipart/form-data`
    Multipart,
}

/// The formats of the user-session door: its document says form data, and JSON is accepted too.
pub const FORM_OR_JSON: &[Format] = &[Format::UrlEncoded, Format::Multipart, Format::Json];

/// The one format of the OAuth endpoints (RFC 6749 appendix B).
pub const FORM: &[Format] = &[Format::UrlEncoded];

/// Why a body gave no fields.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Over [`BODY_LIMIT`].
    #[error("the body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    /// No `Content-Type`, or one that this door does not take.
    #[error("the Content-Type must be {0}")]
    ContentType(&'static str),
    /// JSON that cannot be read.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A form that cannot be read.
    #[error("the body is not a valid form")]
    Form,
    /// A form with the same field twice.
    #[error("the field {0:?} is repeated")]
    Repeated(String),
}

impl BodyError {
    /// The answer where the door has no words of its own: 413, or 400 with the reason.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        let status =
            if self == Self::TooLarge { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        Fault::new(status, sentence(&self.to_string()))
    }
}

/// The fields of a body in one of the formats that the door takes.
pub async fn fields(request: &Request, formats: &[Format]) -> Result<Fields, BodyError> {
    let bytes: &[u8] = request.body();
    if bytes.len() > BODY_LIMIT {
        return Err(BodyError::TooLarge);
    }
    let content_type = single_content_type(request).unwrap_or_default();
    match format_of(content_type).filter(|format| formats.contains(format)) {
        Some(Format::Json) => Ok(json::parse_object(bytes)?),
        Some(Format::UrlEncoded) => url_encoded(bytes),
        Some(Format::Multipart) => multipart(bytes, content_type).await,
        None if formats == [Format::Json] => Err(BodyError::ContentType("application/json")),
        None if formats == FORM => Err(BodyError::ContentType("application/x-www-form-urlencoded")),
        None => Err(BodyError::ContentType(
            "application/x-www-form-urlencoded, multipart/form-data or application/json",
        )),
    }
}

/// Whether the request has a body at all.
#[must_use]
pub fn is_empty(request: &Request) -> bool {
    match request.body() {
        Body::Text(text) => text.is_empty(),
        Body::Binary(bytes) => bytes.is_empty(),
        _ => true,
    }
}

fn single_content_type(request: &Request) -> Option<&str> {
    let mut values = request.headers().get_all(header::CONTENT_TYPE).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn format_of(content_type: &str) -> Option<Format> {
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let charset = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    if !matches!(charset.as_deref(), None | Some("utf-8" | "utf8" | "us-ascii")) {
        return None;
    }
    match essence.trim().to_ascii_lowercase().as_str() {
        "application/json" => Some(Format::Json),
        "application/x-www-form-urlencoded" => Some(Format::UrlEncoded),
        "multipart/form-data" => Some(Format::Multipart),
        _ => None,
    }
}

/// The `application/x-www-form-urlencoded` parser of the URL standard, except that a field twice or text that is not
/// UTF-8 is an error and not a guess.
fn url_encoded(bytes: &[u8]) -> Result<Fields, BodyError> {
    let decode = |bytes: &[u8]| form_decoded(bytes).ok_or(BodyError::Form);
    let mut fields = Fields::new();
    for pair in bytes.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        let split = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        let value = pair.get(split + 1..).unwrap_or_default();
        insert_once(&mut fields, decode(&pair[..split])?, decode(value)?)?;
    }
    Ok(fields)
}

/// The text behind a name or a value of a form; `None` if it is not UTF-8.
#[must_use]
pub fn form_decoded(bytes: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).decode_utf8().map(std::borrow::Cow::into_owned).ok()
}

async fn multipart(bytes: &[u8], content_type: &str) -> Result<Fields, BodyError> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| BodyError::Form)?;
    let whole = Bytes::copy_from_slice(bytes);
    let mut parts = Multipart::new(stream::once(async { Ok::<_, Infallible>(whole) }), boundary);
    let mut fields = Fields::new();
    while let Some(part) = parts.next_field().await.map_err(|_| BodyError::Form)? {
        let name = part.name().ok_or(BodyError::Form)?.to_owned();
        let value = part.bytes().await.map_err(|_| BodyError::Form)?;
        let value = String::from_utf8(value.into()).map_err(|_| BodyError::Form)?;
        insert_once(&mut fields, name, value)?;
    }
    Ok(fields)
}

fn insert_once(fields: &mut Fields, name: String, value: String) -> Result<(), BodyError> {
    if fields.contains_key(&name) {
        return Err(BodyError::Repeated(name));
    }
    fields.insert(name, Value::String(value));
    Ok(())
}

/// The text of an error as a sentence of its own.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(content_type: Option<&str>, body: impl Into<Body>) -> Request {
        let mut request = Request::new(body.into());
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        request
    }

    fn read(content_type: &str, body: impl Into<Body>) -> Result<Fields, BodyError> {
        let request = request(Some(content_type), body);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(fields(&request, FORM_OR_JSON))
    }

    const URL_ENCODED: &str = "application/x-www-form-urlencoded";
    const MULTIPART: &str = "multipart/form-data; boundary=b";

    #[test]
    fn the_three_formats_give_the_same_fields() {
        let expected: Fields = serde_json::from_str(r#"{"username":"al ice","password":"p+ä&="}"#).unwrap();
        let part = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let multipart = format!("{}{}--b--\r\n", part("username", "al ice"), part("password", "p+ä&="));
        assert_eq!(read(URL_ENCODED, "username=al+ice&password=p%2B%C3%A4%26%3D").unwrap(), expected);
        assert_eq!(read(MULTIPART, multipart).unwrap(), expected);
        assert_eq!(
            read("application/json; charset=UTF-8", r#"{"username":"al ice","password":"p+ä&="}"#).unwrap(),
            expected
        );
    }

    #[test]
    fn a_repeated_field_is_refused() {
        let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        assert_eq!(read(URL_ENCODED, "a=1&%61=2"), Err(BodyError::Repeated("a".into())));
        assert_eq!(read(MULTIPART, format!("{part}{part}--b--\r\n")), Err(BodyError::Repeated("a".into())));
        assert_eq!(read("application/json", r#"{"a":1,"a":2}"#), Err(JsonError::Repeated("a".into()).into()));
    }

    #[test]
    fn the_content_type_decides_and_must_be_there() {
        for content_type in ["text/plain", "application/json; charset=utf-16", "json", ""] {
            assert!(matches!(read(content_type, "{}"), Err(BodyError::ContentType(_))), "{content_type}");
        }
        assert_eq!(read("application/json", "a=1"), Err(JsonError::Invalid.into()));
        assert_eq!(read(URL_ENCODED, "a=%ff"), Err(BodyError::Form));
        assert_eq!(read("multipart/form-data", "x"), Err(BodyError::Form));
        assert_eq!(read(MULTIPART, "x"), Err(BodyError::Form));
    }

    #[test]
    fn a_body_over_the_limit_is_not_parsed() {
        assert_eq!(read("application/json", "x".repeat(BODY_LIMIT + 1)), Err(BodyError::TooLarge));
        assert_eq!(read("application/json", "x".repeat(BODY_LIMIT)), Err(JsonError::Invalid.into()));
    }

    proptest! {
        #[test]
        fn what_a_form_encoder_writes_is_read_back(pairs in prop::collection::btree_map(".{1,9}", ".*", 0..6)) {
            let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
            let form: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            let fields = read(URL_ENCODED, form.join("&")).unwrap();
            prop_assert_eq!(fields.len(), pairs.len());
            for (name, value) in pairs {
                prop_assert_eq!(fields[&name].as_str(), Some(value.as_str()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for content_type in [URL_ENCODED, MULTIPART, "application/json"] {
                let _ = read(content_type, bytes.clone());
            }
        }
    }
}
