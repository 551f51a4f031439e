//! The user-session door: form fields in; tokens, or `{"error": …}`, out.

use std::error::Error;

use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::clock::Timestamp;
use crate::http::body::{self, BodyError, FORM_OR_JSON, Fields};
use crate::http::credentials::{self, DEVICE_COOKIE, SESSION_COOKIE};
use crate::http::fault::{Details, Reason};
use crate::http::json::JsonError;
use crate::http::{Fault, HeaderValue, Request, Response, StatusCode, header};
use crate::id::ObjectId;
use crate::identifier::Email;
use crate::principal::{self, Bearer, Principal, PrincipalError};
use crate::session::{
    ACCESS_TOKEN_LIFETIME, COOKIE_LIFETIME, Cookies, DEVICE_LIFETIME, SessionError, Tokens,
};
use crate::user::{User, UserStatus};

/// `{"error": …}`, with `details` where there are any.
#[must_use]
pub fn shape(fault: &Fault) -> Value {
    match &fault.details {
        Some(details) => json!({ "error": fault.message, "details": details }),
        None => json!({ "error": fault.message }),
    }
}

/// 400 `{"error": "Bad request"}` with one entry a field that is wrong.
#[must_use]
pub fn bad_request(details: &[(&str, String)]) -> Fault {
    let reason = |(field, reason): &(&str, String)| Reason {
        field: Some((*field).to_owned()),
        reason: reason.clone(),
    };
    Fault::bad_request("Bad request").with_details(Details::Reasons(details.iter().map(reason).collect()))
}

/// 406, which this door's document has for "something is wrong".
#[must_use]
pub fn not_acceptable(message: &'static str) -> Fault {
    Fault::new(StatusCode::NOT_ACCEPTABLE, message)
}

/// The fields of a form, or of JSON with the same names.
pub async fn fields(request: &Request) -> Result<Fields, Fault> {
    body::fields(request, FORM_OR_JSON).await.map_err(|error| match error {
        BodyError::TooLarge => error.into_fault(),
        BodyError::Repeated(ref field) | BodyError::Json(JsonError::Repeated(ref field)) => {
            bad_request(&[(field, "is repeated".to_owned())])
        }
        error => unreadable(&error),
    })
}

/// 400 for what is wrong with no field in particular.
fn unreadable(error: &dyn Error) -> Fault {
    let reason = Reason { field: None, reason: error.to_string() };
    Fault::bad_request("Bad request").with_details(Details::Reasons(vec![reason]))
}

/// The fields with these names, in this order; a missing or empty one, or one that is no text, is a bad request.
pub fn required<'f, const N: usize>(
    fields: &'f Fields,
    names: [&'static str; N],
) -> Result<[&'f str; N], Fault> {
    let mut found = [""; N];
    let mut wrong = Vec::new();
    for (place, name) in found.iter_mut().zip(names) {
        match fields.get(name) {
            Some(Value::String(text)) if !text.is_empty() => *place = text,
            Some(Value::String(_) | Value::Null) | None => wrong.push((name, "is required".to_owned())),
            Some(_) => wrong.push((name, "must be text".to_owned())),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(bad_request(&wrong)) }
}

/// The `tokens` object of the document.
#[must_use]
pub fn tokens(tokens: &Tokens, reference: &str) -> Value {
    json!({
        "access_token": tokens.access,
        "valid_for": ACCESS_TOKEN_LIFETIME.as_secs(),
        "refresh_token": tokens.refresh,
        "reference_token": reference,
        "type": "api",
    })
}

/// The token of a request: the `Authorization` header, else the cookie, which a browser adds by itself.
pub fn credential(request: &Request) -> Result<Option<&str>, Fault> {
    let bearer = credentials::bearer(request).map_err(|error| unreadable(&error))?;
    Ok(bearer.or_else(|| credentials::cookie(request, SESSION_COOKIE)))
}

/// Whom the token of a request stands for; 401 if nobody.
pub async fn principal(app: &App, request: &Request) -> Result<Principal, Fault> {
    let token = credential(request)?.ok_or_else(|| Fault::unauthorized("Sign in first.", false))?;
    // Boxed: handlers go on from here, in futures that the compiler follows only so deep.
    let principal = Box::pin(principal::identify(app, token)).await?;
    match &principal.bearer {
        // Whoever takes such a token at another service must not be able to use it at this one (RFC 9068 section 5).
        Bearer::Access(claims) if !claims.aud.contain(app.issuer()?) => Err(PrincipalError::Invalid.into()),
        _ => Ok(principal),
    }
}

/// Whoever the token stands for, it is no user.
#[must_use]
pub fn no_user() -> Fault {
    Fault::new(StatusCode::FORBIDDEN, "This token belongs to no user.")
}

/// Sets the cookies of a session.
pub fn set_cookies(app: &App, response: &mut Response, cookies: &Cookies) {
    set_cookie(app, response, SESSION_COOKIE, &cookies.session, COOKIE_LIFETIME.as_secs());
    set_cookie(app, response, DEVICE_COOKIE, &cookies.device, DEVICE_LIFETIME.as_secs());
}

/// Has the browser forget the session cookie. It stays a known device.
pub fn clear_session_cookie(app: &App, response: &mut Response) {
    set_cookie(app, response, SESSION_COOKIE, "", 0);
}

fn set_cookie(app: &App, response: &mut Response, name: &str, value: &str, max_age_seconds: u64) {
    // A browser takes no Secure cookie over plain HTTP; loopback is the one place without TLS.
    let secure =
        if app.public_url().is_ok_and(crate::config::PublicUrl::is_loopback) { "" } else { "; Secure" };
    let cookie = format!("{name}={value}; Max-Age={max_age_seconds}; Path=/; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The user record as the documents show it.
#[derive(Debug, Serialize)]
pub struct Record<'u> {
    id: ObjectId,
    first_name: &'u str,
    last_name: &'u str,
    display_name: &'u str,
    email: &'u Email,
    phone: &'u str,
    status: UserStatus,
    time_zone: &'u str,
    created_at: String,
    update_at: String,
}

impl<'u> From<&'u User> for Record<'u> {
    fn from(user: &'u User) -> Self {
        let User { id, email, profile, status, created_at, updated_at, .. } = user;
        Self {
            id: *id,
            first_name: &profile.first_name,
            last_name: &profile.last_name,
            display_name: &profile.display_name,
            email,
            phone: &profile.phone,
            status: *status,
            time_zone: &profile.time_zone,
            created_at: created_at.to_rfc3339(),
            update_at: updated_at.map_or_else(|| NEVER.to_owned(), Timestamp::to_rfc3339),
        }
    }
}

/// When a record was changed that never was.
const NEVER: &str = "1901-01-01T00:00:00.000Z";

impl From<SessionError> for Fault {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Invalid => not_acceptable("The refresh token is not valid. Sign in again."),
            // Tried again, it gets the answer of what has overtaken it.
            SessionError::Overtaken => Self::unavailable(error),
            SessionError::Keyring(error) => error.into(),
            SessionError::Store(error) => error.into(),
            SessionError::Random(error) => error.into(),
        }
    }
}

impl From<PrincipalError> for Fault {
    fn from(error: PrincipalError) -> Self {
        match error {
            PrincipalError::Invalid => Self::unauthorized("The token is not valid.", true),
            PrincipalError::Keyring(error) => error.into(),
            PrincipalError::Store(error) => error.into(),
            PrincipalError::Issuer(error) => Self::internal(error),
        }
    }
}
