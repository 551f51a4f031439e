//! `latchkey keys …`

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::keyring::Purpose;
use shared::keyring::rotation::{self, KeyInfo, KeyState, Start};

use super::target::Operator;
use super::{OperatorError, output};
use crate::cli::{KeyPurpose, Target};

const COLUMNS: [&str; 6] = ["kid", "purpose", "state", "created", "signs_from", "refused_from"];

impl From<KeyPurpose> for Purpose {
    fn from(purpose: KeyPurpose) -> Self {
        match purpose {
            KeyPurpose::Rs256 => Self::RS256,
            KeyPurpose::Es256 => Self::ES256,
            KeyPurpose::EdDsa => Self::EdDSA,
            KeyPurpose::Hs384 => Self::HS384,
            KeyPurpose::Session => Self::Session,
        }
    }
}

pub(super) async fn list(target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let keys = rotation::list(&operator.app).await?;
    output::list(&COLUMNS, &rows(&keys), None, target.json);
    Ok(())
}

pub(super) async fn rotate(
    only: Option<KeyPurpose>,
    start: Start,
    target: &Target,
) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let keys = rotation::list(&operator.app).await?;
    let signing = keys.iter().filter(|key| key.state == KeyState::Signing).map(|key| key.purpose);
    let purposes: Vec<Purpose> = match only {
        Some(purpose) => signing.filter(|signing| *signing == Purpose::from(purpose)).collect(),
        None => signing.collect(),
    };
    if purposes.is_empty() {
        return Err(OperatorError::Argument(
            "no key of that purpose signs here; `latchkey keys list` shows what does".to_owned(),
        ));
    }
    let mut made = Vec::new();
    for purpose in purposes {
        match rotation::rotate(&operator.app, purpose, start).await? {
            Some(key) => made.push(key),
            None => eprintln!("The {purpose:?} key has a successor already that does not sign yet."),
        }
    }
    output::list(&COLUMNS, &rows(&made), None, target.json);
    Ok(())
}

pub(super) async fn retire(kid: &str, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let replacement = rotation::retire(&operator.app, kid).await?;
    let shown = json!({
        "retired": kid,
        "signs_now": replacement.map(|key| key.kid),
    });
    output::object(&shown, target.json);
    Ok(())
}

fn rows(keys: &[KeyInfo]) -> Vec<Value> {
    let row = |key: &KeyInfo| {
        json!({
            "kid": key.kid,
            "purpose": key.purpose,
            "state": key.state,
            "created": key.created.to_rfc3339(),
            "signs_from": key.active_from.to_rfc3339(),
            "refused_from": key.retires_at.map(Timestamp::to_rfc3339),
        })
    };
    keys.iter().map(row).collect()
}
