//! What API Gateway is told.

use guard::Identity;
use serde_json::{Map, Value, json};

use crate::event::Stage;

/// Whom a refusal by policy is about: the format wants a name.
const NOBODY: &str = "nobody";

/// The simple response of format 2.0.
pub(crate) fn simple(identity: &Identity) -> Value {
    json!({ "isAuthorized": true, "context": context(identity) })
}

/// The simple response of format 2.0: the API answers 403.
pub(crate) fn simple_refusal() -> Value {
    json!({ "isAuthorized": false })
}

/// A policy for the whole stage: API Gateway keeps it for the token, and asks no more about the stage's other routes.
pub(crate) fn allow(identity: &Identity, stage: &Stage) -> Value {
    let mut answer = policy(&identity.sub, "Allow", stage);
    answer["context"] = Value::Object(context(identity));
    answer
}

/// A policy by which an HTTP API answers 403.
pub(crate) fn deny(stage: &Stage) -> Value {
    policy(NOBODY, "Deny", stage)
}

fn policy(principal: &str, effect: &str, stage: &Stage) -> Value {
    json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": stage.all_routes() }],
        },
    })
}

/// What the API's own functions are told: texts and one number, because REST and WebSocket APIs take no lists and no null.
fn context(identity: &Identity) -> Map<String, Value> {
    let mut context = Map::from_iter([
        ("kind".to_owned(), json!(identity.kind)),
        ("sub".to_owned(), json!(identity.sub)),
        ("scope".to_owned(), json!(identity.scope)),
        ("expires".to_owned(), json!(identity.expires)),
    ]);
    if let Some(account) = identity.account {
        context.insert("account".to_owned(), json!(account));
    }
    if let Some(user) = identity.user {
        context.insert("user".to_owned(), json!(user));
    }
    // A role with a space in it would read as two.
    let roles = identity.roles.iter().filter(|role| !role.contains(char::is_whitespace));
    let roles: Vec<&str> = roles.map(String::as_str).collect();
    if !roles.is_empty() {
        context.insert("roles".to_owned(), json!(roles.join(" ")));
    }
    context
}

#[cfg(test)]
mod tests {
    use guard::Kind;

    use super::*;

    fn key() -> Identity {
        Identity {
            kind: Kind::AccessKey,
            sub: "5723073937d63a18396a1bae".to_owned(),
            scope: String::new(),
            roles: vec!["Partner".to_owned(), "Partner Admin".to_owned(), "Clerk".to_owned()],
            account: None,
            user: "5723073937d63a18396a1bae".parse().ok(),
            expires: 1_795_338_902,
        }
    }

    #[test]
    fn a_context_has_no_null_and_no_list() {
        let context = context(&key());
        assert!(context.values().all(|value| value.is_string() || value.is_number()), "{context:?}");
        assert!(!context.contains_key("account"));
    }

    #[test]
    fn a_role_with_a_space_does_not_become_two() {
        assert_eq!(context(&key())["roles"], "Partner Clerk");
    }
}
