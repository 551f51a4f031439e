//! Records what a function does for a request, so that the stack can do the same without it.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use benches::{Call, Script, TOKEN};
use serde_json::Value;
use shared::App;
use shared::clock::SystemClock;
use shared::lambda::WarmUp;
use tests::Calls;
use tests::events::AUTHORIZER;

use crate::fixture::{Data, Fixture, Success};

/// How many hashes a request of each function takes.
const HASHES: [(&str, usize); 8] = [
    ("account-token", 1),
    ("delete-user", 1),
    ("email-change", 1),
    ("login", 1),
    ("password-change", 2),
    ("password-reset", 1),
    ("scoped-token", 1),
    ("signup", 1),
];
/// The functions that sign with RSA.
const SIGNS: [&str; 3] = ["account-token", "oauth-token", "scoped-token"];
/// The functions that need no keys: they open the connection alone before the first request.
const WITHOUT_KEYS: [&str; 3] = ["password-forgot", "signup", "verify-email-resend"];

/// How many hashes a request of this function takes; they are part of its first answer.
pub(crate) fn hashes(function: &str) -> usize {
    HASHES.iter().find(|(name, _)| *name == function).map_or(0, |(_, count)| *count)
}

/// Handles requests in this process, with an eye on the calls to storage.
pub(crate) struct Recorder<'f> {
    pub(crate) fixture: &'f Fixture,
    rsa: String,
}

impl<'f> Recorder<'f> {
    pub(crate) fn new(fixture: &'f Fixture) -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let key = key.as_der().expect("a key");
        Self { fixture, rsa: STANDARD.encode(key.as_ref()) }
    }

    /// What a function does for its success event with these values, whose data is left as it was; nothing of a function that has
    /// no route, and of one that asks no storage.
    pub(crate) fn script(&self, function: &str, values: &[(&'static str, String)]) -> Option<Script> {
        // The authorizer makes the calls of this one.
        let function = if function == AUTHORIZER { "verify-token" } else { function };
        let handler = latchkey::functions::handler(function)?;
        let success = Success::of(function);
        let before = self.fixture.data();

        // A process of its own, which has read no keys yet.
        let App { store, .. } = self.fixture.seeded.0.app;
        let config = self.fixture.seeded.0.app.config.clone();
        let app: &'static App = Box::leak(Box::new(App::new(config, store.clone(), SystemClock)));
        let calls = &self.fixture.seeded.0.calls;
        calls.reset();
        let without_keys = WITHOUT_KEYS.contains(&function);
        let warm_up = if without_keys { WarmUp::CONNECTION } else { WarmUp::KEYRING };
        self.fixture.wait(warm_up.run(app)).expect("nothing is hashed");
        let init = steps(calls);
        calls.reset();
        let request = lambda_http::request::from_reader(success.filled(values).as_slice()).expect("an event");
        let response = self.fixture.wait(handler(app, request));
        assert!(response.status().is_success(), "{function}: {}", response.status());
        // It is never dropped, and would keep the memory of a hash with it.
        app.passwords.release_memory();
        let mut request = steps(calls);

        self.fixture.put_back(&before);
        for call in request.iter_mut().flatten() {
            self.make_repeatable(call, &before);
        }
        let hashes = hashes(function);
        let signs_with = SIGNS.contains(&function).then(|| self.rsa.clone());
        (!request.is_empty() || function == "jwks").then_some(Script { init, request, hashes, signs_with })
    }

    /// Lets a call succeed however often it is made, and whatever the function itself does in between: what it wants to hold may
    /// also not hold, and what it updates is a copy.
    fn make_repeatable(&self, call: &mut Call, before: &Data) {
        let mut body: Value = serde_json::from_str(&call.body).expect("JSON");
        if let Some(token) = body.get_mut("ClientRequestToken") {
            // Storage would know the transaction again, and do nothing.
            *token = TOKEN.into();
        }
        always(&mut body);
        let parts = body["TransactItems"].as_array_mut().into_iter().flatten();
        parts.filter_map(Value::as_object_mut).flatten().for_each(|(_, part)| always(part));
        if call.operation == "UpdateItem" {
            self.update_copy(&mut body, before);
        }
        call.body = body.to_string();
    }

    /// Leads an update to a copy of its item.
    fn update_copy(&self, body: &mut Value, before: &Data) {
        let table = body["TableName"].as_str().unwrap_or_default().to_owned();
        let part = |name: &str| body["Key"][name]["S"].as_str().unwrap_or_default();
        let key = [("pk", part("pk")), ("sk", part("sk"))]
            .map(|(name, text)| (name, AttributeValue::S(text.to_owned())));
        let copy = format!("{}#COPY", part("sk"));
        let mut items = before.iter().filter(|(name, _)| *name == table).flat_map(|(_, items)| items);
        let original = items.find(|item| key.iter().all(|(name, value)| item.get(*name) == Some(value)));
        if let Some(mut item) = original.cloned() {
            item.insert("sk".to_owned(), AttributeValue::S(copy.clone()));
            self.fixture.put(&table, item);
        }
        body["Key"]["sk"]["S"] = copy.into();
    }
}

fn steps(calls: &Calls) -> Vec<Vec<Call>> {
    let call = |tests::Call { operation, body }| Call { operation, body };
    calls.steps().into_iter().map(|step| step.into_iter().map(call).collect()).collect()
}

/// Lets the condition of a call, or of a part of one, hold in any case; it is evaluated all the same.
fn always(part: &mut Value) {
    if let Some(condition) = part.get("ConditionExpression").and_then(Value::as_str) {
        let condition = format!("({condition}) OR attribute_exists(pk) OR attribute_not_exists(pk)");
        part["ConditionExpression"] = condition.into();
    }
}
