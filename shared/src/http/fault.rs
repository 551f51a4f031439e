//! Why a request was not served, before any door has given it its own shape.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{HeaderValue, StatusCode, header};
use crate::app::NoPublicUrl;
use crate::attempt::AttemptError;
use crate::http::header::HeaderName;
use crate::jwt::IssueError;
use crate::keyring::KeyringError;
use crate::log;
use crate::password::HashError;
use crate::random::RandomUnavailable;
use crate::store::StoreError;

/// A refusal or a failure: what the caller is told, and what only the log says.
#[derive(Debug)]
pub struct Fault {
    /// The status of the answer.
    pub status: StatusCode,
    /// What the caller reads.
    pub message: Cow<'static, str>,
    /// More of it, for the doors whose shape has a place for it.
    pub details: Option<Details>,
    /// Headers that belong to the answer, such as `Retry-After`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a fault says besides its message. In JSON it is as it stands.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Details {
    /// Everything that is wrong.
    Reasons(Vec<Reason>),
    /// A sentence, or the code of OAuth's errors.
    Text(Cow<'static, str>),
    /// What one door's document alone shows.
    Json(Value),
}

/// One thing that is wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Reason {
    /// The field that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why: as in `is required`, which goes on from the field's name, or a sentence.
    pub reason: String,
}

/// Turns a fault into the body that one door's document shows.
pub type Shape = fn(&Fault) -> Value;

/// How long to wait after a 503.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(2);

impl Fault {
    /// A fault with this status and message.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), details: None, headers: Vec::new(), source: None }
    }

    /// 400.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401 with the challenge of RFC 6750 section 3; `token_given` tells a bad token from a missing one.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>, token_given: bool) -> Self {
        let challenge = if token_given { "Bearer error=\"invalid_token\"" } else { "Bearer" };
        Self::new(StatusCode::UNAUTHORIZED, message)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// 429 with `Retry-After`.
    #[must_use]
    pub fn too_many_attempts(wait: Duration) -> Self {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        let message = format!("Too many failed attempts. Try again in {seconds} s.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, message)
            .with_header(header::RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)))
    }

    /// 503 with `Retry-After`: storage is throttled or out of reach.
    pub fn unavailable(source: impl Error + Send + Sync + 'static) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The service is busy. Try again in a moment.")
            .with_header(header::RETRY_AFTER, HeaderValue::from(RETRY_UNAVAILABLE.as_secs()))
            .caused_by(source)
    }

    /// 500: something that should not happen did.
    pub fn internal(source: impl Error + Send + Sync + 'static) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.").caused_by(source)
    }

    /// The same fault with another message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// The same fault with details.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = Some(details);
        self
    }

    /// The same fault with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Writes the fault to the log if it has a cause that its owner must know.
    pub(super) fn log(&self, request_id: Option<&str>) {
        if let Some(source) = &self.source {
            log::write(&log::Record {
                level: if self.status == StatusCode::SERVICE_UNAVAILABLE { "WARN" } else { "ERROR" },
                message: &self.message,
                request_id,
                status: Some(self.status.as_u16()),
                causes: log::causes(source.as_ref()),
            });
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() { Self::unavailable(error) } else { Self::internal(error) }
    }
}

impl From<KeyringError> for Fault {
    fn from(error: KeyringError) -> Self {
        if error.is_unavailable() { Self::unavailable(error) } else { Self::internal(error) }
    }
}

impl From<AttemptError> for Fault {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::TooMany(wait) => Self::too_many_attempts(wait),
            AttemptError::Store(error) => error.into(),
        }
    }
}

impl From<IssueError> for Fault {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Keyring(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

/// Errors that the caller can do nothing about.
macro_rules! internal {
    ($($error:ty),*) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::internal(error)
            }
        }
    )*};
}

internal!(RandomUnavailable, HashError, NoPublicUrl);
