//! The errors of the door's document, word for word.

use serde_json::{Value, json};
use shared::http::{Fault, StatusCode};

/// `{"error": "Validation" | "Error", "error_description": …}`: "Validation" for what the caller can mend.
pub(crate) fn shape(fault: &Fault) -> Value {
    let error = if fault.status.is_server_error() { "Error" } else { "Validation" };
    json!({ "error": error, "error_description": fault.message })
}

/// What is wrong with a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "The request is missing an \"accountid\" so the server can’t proceed with the request. This may also be returned if the request includes an unsupported parameter or repeats a parameter"
    )]
    MissingAccount,
    #[error(
        "The request is missing a \"secret\" so the server can’t proceed with the request. This may also be returned if the request includes an unsupported parameter or repeats a parameter."
    )]
    MissingSecret,
    #[error("The request includes an unsupported parameter: {0:?}")]
    Unsupported(String),
    #[error("The request repeats a parameter: {0:?}")]
    Repeated(String),
    #[error("The account must be object id.")]
    AccountNotObjectId,
    #[error("The secret must be str")]
    SecretNotText,
    #[error("The account not found!")]
    NoSuchAccount,
    #[error("The user not found!")]
    NoSuchUser,
    #[error(
        "User authentication failed, such as if the request contains an invalid account or secret. Send an HTTP 401 response in this case."
    )]
    Unauthenticated,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated => Self::new(StatusCode::UNAUTHORIZED, refusal.to_string()),
            refusal => Self::bad_request(refusal.to_string()),
        }
    }
}

/// Where something failed on our side; the document has a text for each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Validating,
    Preparing,
    Encoding,
    Storing,
    Generating,
}

/// Says at which step a fault of ours happened. What the caller did wrong keeps its own words.
pub(crate) fn at<E: Into<Fault>>(step: Step) -> impl FnOnce(E) -> Fault {
    move |error| {
        let fault: Fault = error.into();
        if !fault.status.is_server_error() {
            return fault;
        }
        fault.with_message(match step {
            Step::Validating => "Error in validating account while generating token!",
            Step::Preparing => "Error in preparing token payload!",
            Step::Encoding => "Error in encoding token!",
            Step::Storing => "Error in storing secret!",
            Step::Generating => "Error in generating auth token!",
        })
    }
}
