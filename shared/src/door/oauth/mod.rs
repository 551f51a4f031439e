//! The OAuth 2.0 endpoints: forms in; JSON, or `{"error": …, "error_description": …}`, out.

pub mod client;
mod credentials;

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::http::body::{self, BodyError, Fields};
use crate::http::fault::Details;
use crate::http::response::{self, RequestId};
use crate::http::{Fault, HeaderValue, Request, Response, StatusCode, header};

pub use credentials::{Credentials, PUBLIC_METHOD, SECRET_METHODS};

/// The client of the sessions that people begin with a password. It has no secret.
pub const PUBLIC_CLIENT: &str = "latchkey";

/// What the token endpoint gives tokens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// A client's own credentials (RFC 6749 section 4.4).
    ClientCredentials,
    /// A refresh token (RFC 6749 section 6).
    RefreshToken,
}

impl Grant {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::ClientCredentials, Self::RefreshToken];

    /// Its `grant_type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// Why a request was refused (RFC 6749 section 5.2, RFC 8707 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It lacks a parameter, repeats one, or cannot be read.
    InvalidRequest,
    /// The client is not who it says it is.
    InvalidClient,
    /// The token that was shown is not good, or another client's.
    InvalidGrant,
    /// The client is known, and this is not for it.
    UnauthorizedClient,
    /// There is no such grant.
    UnsupportedGrantType,
    /// More was asked for than the client has.
    InvalidScope,
    /// The tokens are not for what was named.
    InvalidTarget,
}

/// RFC 9110 section 15.5.2 wants a challenge with every 401, also for a client that authenticated in the body.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"latchkey\"");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

impl Refusal {
    const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
        }
    }

    /// The answer: 401 with a challenge to a client that is not known, otherwise 400.
    pub fn because(self, description: impl Into<Cow<'static, str>>) -> Fault {
        let fault = match self {
            Self::InvalidClient => Fault::new(StatusCode::UNAUTHORIZED, description)
                .with_header(header::WWW_AUTHENTICATE, CHALLENGE),
            _ => Fault::bad_request(description),
        };
        fault.with_details(Details::Text(self.code().into()))
    }
}

/// `{"error": …, "error_description": …}`
#[must_use]
pub fn shape(fault: &Fault) -> Value {
    let code = match (fault.status, &fault.details) {
        (StatusCode::SERVICE_UNAVAILABLE, _) => "temporarily_unavailable",
        (status, _) if status.is_server_error() => "server_error",
        (_, Some(Details::Text(code))) => code,
        _ => Refusal::InvalidRequest.code(),
    };
    json!({ "error": code, "error_description": description(&fault.message) })
}

/// A text in the characters that RFC 6749 section 5.2 leaves for it: no quotes, no backslash, ASCII.
fn description(text: &str) -> String {
    let allowed = |letter: char| match letter {
        '"' => '\'',
        ' '..='~' if letter != '\\' => letter,
        _ => '?',
    };
    text.chars().map(allowed).collect()
}

/// Finishes a request: no cache of any age keeps the answer (RFC 6749 section 5.1).
pub fn finish(id: &RequestId, result: Result<Response, Fault>) -> Response {
    let mut response = response::finish(id, shape, result);
    response.headers_mut().insert(header::PRAGMA, NO_CACHE);
    response
}

/// The parameters of a request. One without a value counts as left out (RFC 6749 section 3.2).
#[derive(Debug)]
pub struct Parameters(Fields);

impl Parameters {
    /// Reads the form. A parameter that comes twice refuses it; one that nobody knows does not.
    pub async fn of(request: &Request) -> Result<Self, Fault> {
        body::fields(request, body::FORM).await.map(Self).map_err(|error| match error {
            BodyError::TooLarge => error.into_fault(),
            error => Refusal::InvalidRequest.because(body::sentence(&error.to_string())),
        })
    }

    /// A parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Fault> {
        let missing = || Refusal::InvalidRequest.because(format!("The parameter {name} is missing."));
        self.get(name).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_no_character_that_the_standard_forbids() {
        assert_eq!(description("the field \"caf\u{e9}\\\n\" is repeated"), "the field 'caf???' is repeated");
        let every: String = (0..=255_u8).map(char::from).collect();
        assert!(
            description(&every).bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        );
    }
}
