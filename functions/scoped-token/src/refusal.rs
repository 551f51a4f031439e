//! The errors of the door's document.

use serde_json::{Value, json};
use shared::http::body::{BodyError, sentence};
use shared::http::fault::Details;
use shared::http::{Fault, HeaderValue, StatusCode, header};

/// `{"code": …, "message": …, "description": …}`
pub(crate) fn shape(fault: &Fault) -> Value {
    match &fault.details {
        Some(description) => {
            json!({ "code": fault.status.as_u16(), "message": fault.message, "description": description })
        }
        None => json!({
            "code": fault.status.as_u16(),
            "message": fault.status.canonical_reason().unwrap_or_default(),
            "description": fault.message,
        }),
    }
}

pub(crate) fn invalid_body(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge => error.into_fault(),
        error => Fault::bad_request("Invalid JSON format...")
            .with_details(Details::Text(sentence(&error.to_string()).into())),
    }
}

pub(crate) fn missing_fields(names: &[&str]) -> Fault {
    let description = format!("{} are required!", names.join(", "));
    Fault::bad_request("Required fields were not provided...").with_details(Details::Text(description.into()))
}

pub(crate) fn invalid_fields(names: &[&str], rule: &str) -> Fault {
    let description = format!("{} {rule}", names.join(", "));
    Fault::bad_request("One or more request fields are invalid...")
        .with_details(Details::Text(description.into()))
}

pub(crate) fn unauthorized(description: &'static str) -> Fault {
    Fault::new(StatusCode::UNAUTHORIZED, "Authentication failed...")
        .with_details(Details::Text(description.into()))
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
