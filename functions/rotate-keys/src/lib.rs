//! Rotate keys: makes the keys that are missing and a successor for each that is old enough. A schedule calls it every
//! day, and CloudFormation when the stack is made, so that there are keys before the first request, and when its settings change.

mod deployment;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::App;
use shared::keyring::rotation::{self, KeyInfo};
use shared::keyring::{KeyringError, Purpose};
use shared::log;

pub use deployment::{AnswerError, Request};

/// What calls the function.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub enum Event {
    /// CloudFormation, for the custom resource of the template. It waits for an answer.
    Deployment(Request),
    /// The schedule, or an operator by hand; what the event says is of no matter.
    Schedule,
}

impl TryFrom<Value> for Event {
    type Error = serde_json::Error;

    fn try_from(event: Value) -> Result<Self, serde_json::Error> {
        if event.get("RequestType").is_none() {
            return Ok(Self::Schedule);
        }
        serde_json::from_value(event).map(Self::Deployment)
    }
}

/// The keys that were made.
#[derive(Debug, Serialize)]
pub struct Made {
    made: Vec<MadeKey>,
}

#[derive(Debug, Serialize)]
struct MadeKey {
    kid: String,
    purpose: Purpose,
    signs_from: String,
}

/// Why the keys were not rotated. Lambda tries again.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The keyring.
    #[error("the keys were not rotated")]
    Keyring(#[from] KeyringError),
    /// CloudFormation waits.
    #[error("CloudFormation was not told the outcome")]
    Answer(#[from] AnswerError),
}

/// Rotates what is due.
pub async fn handle(app: &App, event: Event) -> Result<Made, RotateError> {
    let result = match &event {
        // The keyring outlives the stack, as its table does.
        Event::Deployment(request) if request.is_removal() => Ok(Vec::new()),
        // Boxed: the futures of both branches are more than the compiler lays out in one.
        _ => Box::pin(rotation::rotate_due(app)).await,
    };
    if let Err(error) = &result {
        log::error("the keys were not rotated", error);
    }
    if let Event::Deployment(request) = &event {
        // A stack that fails to deploy is told why; the failure itself needs no second try.
        Box::pin(request.answer(app.config.ca_bundle.as_ref(), result.as_ref().err())).await?;
        return Ok(Made { made: result.map(described).unwrap_or_default() });
    }
    Ok(Made { made: described(result?) })
}

fn described(keys: Vec<KeyInfo>) -> Vec<MadeKey> {
    let described = |key: KeyInfo| MadeKey {
        kid: key.kid,
        purpose: key.purpose,
        signs_from: key.active_from.to_rfc3339(),
    };
    keys.into_iter().map(described).collect()
}
