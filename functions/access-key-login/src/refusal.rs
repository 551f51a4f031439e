//! The error objects of the door's document.

use serde_json::{Value, json};
use shared::http::body::BodyError;
use shared::http::fault::Details;
use shared::http::json::JsonError;
use shared::http::{Fault, StatusCode};

/// One fault of a request body.
pub(crate) enum Fault400 {
    /// The body is no JSON object at all.
    Body(BodyError),
    /// A field is not there.
    Required(&'static str),
    /// A field is no string.
    Type(&'static str),
    /// A field is empty.
    MinLength(&'static str),
}

impl Fault400 {
    fn to_json(&self) -> Value {
        match self {
            Self::Required(name) => json!({
                "path": "", "code": "required", "message": format!("must have required property '{name}'"),
                "info": { "missingProperty": name },
            }),
            Self::Type(name) => json!({
                "path": format!("/{name}"), "code": "type", "message": "must be string", "info": { "type": "string" },
            }),
            Self::MinLength(name) => json!({
                "path": format!("/{name}"), "code": "minLength",
                "message": "must NOT have fewer than 1 characters", "info": { "limit": 1 },
            }),
            Self::Body(BodyError::Json(JsonError::NotAnObject)) => json!({
                "path": "", "code": "type", "message": "must be object", "info": { "type": "object" },
            }),
            Self::Body(error) => {
                json!({ "path": "", "code": "parse", "message": error.to_string(), "info": {} })
            }
        }
    }
}

/// 400 with one entry a fault.
pub(crate) fn invalid_request(faults: &[Fault400]) -> Fault {
    Fault::bad_request("The request body is invalid. See error object `details` property for more info")
        .with_details(Details::Json(faults.iter().map(Fault400::to_json).collect()))
}

/// 401: the key is unknown, its secret is another one, or it is pending, expired or revoked.
pub(crate) fn unauthorized() -> Fault {
    Fault::new(StatusCode::UNAUTHORIZED, SERVICE_UNABLE)
        .with_details(Details::Json(json!({ "reason": "AccessKeyUnauthorized" })))
}

const SERVICE_UNABLE: &str = "Service was unable to complete your request.";

/// `{"statusCode": "Error", "error": …}`
pub(crate) fn shape(fault: &Fault) -> Value {
    let name = match fault.status {
        StatusCode::UNAUTHORIZED => "AuthenticationError",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailableError",
        status if status.is_server_error() => "InternalError",
        _ => "InvalidRequestFormatError",
    };
    let details = fault.details.clone().unwrap_or_else(|| Details::Json(json!([])));
    let error = if name == "InvalidRequestFormatError" {
        json!({ "name": name, "message": fault.message, "details": details })
    } else {
        json!({ "message": fault.message, "name": name, "code": name, "details": details })
    };
    json!({ "statusCode": "Error", "error": error })
}
