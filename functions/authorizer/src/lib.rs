//! Authorizer: API Gateway asks it, before it calls the functions of another API, whether a request's token is good.
//!
//! It serves HTTP APIs (both payload formats), REST APIs (`TOKEN` and `REQUEST`) and the `$connect` of WebSocket APIs.
//! What cannot be checked fails, and is neither allowed nor kept by API Gateway as a refusal.

mod answer;
mod event;

use guard::{Denial, Guard, Identity, Refusal};
use lambda_http::lambda_runtime::Diagnostic;
use serde_json::Value;
use shared::log;

use event::{Api, Event};

pub use event::NotAnEvent;

/// Why the function fails. API Gateway reads the text of the first.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No token, or none that is good: REST and WebSocket APIs answer 401 to exactly this text.
    #[error("Unauthorized")]
    Unauthorized,
    /// Nobody knows whether the token is good: the API answers 500.
    #[error("The token could not be checked.")]
    Unavailable,
    /// Not what API Gateway sends to an authorizer: the API answers 500.
    #[error(transparent)]
    Event(#[from] NotAnEvent),
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::Unauthorized => "Unauthorized",
            Failure::Unavailable => "Unavailable",
            Failure::Event(_) => "NotAnEvent",
        };
        Self { error_type: error_type.to_owned(), error_message: failure.to_string() }
    }
}

/// Answers one request of API Gateway.
pub async fn handle(guard: &Guard, event: Value) -> Result<Value, Failure> {
    let Event { api, headers } = Event::read(event).inspect_err(|error| report(error))?;
    match guard.admit(&headers).await {
        Ok(identity) => Ok(allow(&api, &identity)),
        Err(denial @ Denial::Refused(Refusal::Unavailable(_))) => {
            report(&denial);
            Err(Failure::Unavailable)
        }
        Err(_) => refuse(&api),
    }
}

fn allow(api: &Api, identity: &Identity) -> Value {
    match api {
        Api::HttpSimple => answer::simple(identity),
        Api::HttpPolicy(stage) | Api::RestOrWebSocket(stage) => answer::allow(identity, stage),
    }
}

fn refuse(api: &Api) -> Result<Value, Failure> {
    match api {
        Api::HttpSimple => Ok(answer::simple_refusal()),
        Api::HttpPolicy(stage) => Ok(answer::deny(stage)),
        Api::RestOrWebSocket(_) => Err(Failure::Unauthorized),
    }
}

fn report(cause: &(dyn std::error::Error + 'static)) {
    log::warn("a request could not be checked", cause);
}
