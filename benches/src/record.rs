//! Records what a function does for a request, so that the stack can do the same without it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use benches::{Call, Script};
use serde_json::Value;
use shared::App;
use shared::clock::SystemClock;
use shared::lambda::WarmUp;
use shared::store::Store;
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

/// Whether a request of this function takes a hash: one is part of its first answer.
pub(crate) fn hashes(function: &str) -> bool {
    HASHES.iter().any(|(name, _)| *name == function)
}

/// Handles requests in this process, with an eye on the calls to storage.
pub(crate) struct Recorder<'f> {
    pub(crate) fixture: &'f Fixture,
    store: Store,
    tape: Tape,
    rsa: String,
}

impl<'f> Recorder<'f> {
    pub(crate) fn new(fixture: &'f Fixture) -> Self {
        let tape = Tape::default();
        let Store { client, tables } = &fixture.seeded.0.app.store;
        let config = client.config().to_builder().interceptor(tape.clone()).build();
        let store = Store { client: Client::from_conf(config), tables: tables.clone() };
        let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let key = key.as_der().expect("a key");
        Self { fixture, store, tape, rsa: STANDARD.encode(key.as_ref()) }
    }

    /// What a function does for its success event with these values, whose data is left as it was; nothing of a function that has
    /// no route, and of one that asks no storage.
    pub(crate) fn script(&self, function: &str, values: &[(&'static str, String)]) -> Option<Script> {
        // The authorizer makes the calls of this one.
        let function = if function == AUTHORIZER { "verify-token" } else { function };
        let handler = latchkey::functions::handler(function)?;
        let success = Success::of(function);
        let before = self.fixture.data();

        let config = self.fixture.seeded.0.app.config.clone();
        let app: &'static App = Box::leak(Box::new(App::new(config, self.store.clone(), SystemClock)));
        self.tape.take();
        let without_keys = WITHOUT_KEYS.contains(&function);
        let warm_up = if without_keys { WarmUp::CONNECTION } else { WarmUp::KEYRING };
        self.fixture.wait(warm_up.run(app)).expect("nothing is hashed");
        let init = self.tape.take();
        let request = lambda_http::request::from_reader(success.filled(values).as_slice()).expect("an event");
        let response = self.fixture.wait(handler(app, request));
        assert!(response.status().is_success(), "{function}: {}", response.status());
        let mut request = self.tape.take();

        self.fixture.put_back(&before);
        for call in request.iter_mut().flatten() {
            self.make_repeatable(call, &before);
        }
        let hashes = HASHES.iter().find(|(name, _)| *name == function).map_or(0, |(_, count)| *count);
        let signs_with = SIGNS.contains(&function).then(|| self.rsa.clone());
        (!request.is_empty() || function == "jwks").then_some(Script { init, request, hashes, signs_with })
    }

    /// Lets a call succeed however often it is made, and whatever the function itself does in between: what it wants to hold may
    /// also not hold, and what it updates is a copy.
    fn make_repeatable(&self, call: &mut Call, before: &Data) {
        let mut body: Value = serde_json::from_str(&call.body).expect("JSON");
        // Storage would know the transaction again, and do nothing.
        body.as_object_mut().expect("an object").remove("ClientRequestToken");
        always(&mut body);
        let parts = body["TransactItems"].as_array_mut().into_iter().flatten();
        parts.filter_map(Value::as_object_mut).flatten().for_each(|(_, part)| always(part));
        if call.operation == "UpdateItem" {
            let table = body["TableName"].as_str().unwrap_or_default().to_owned();
            let key =
                |body: &Value, name: &str| body["Key"][name]["S"].as_str().unwrap_or_default().to_owned();
            let (pk, sk) = (key(&body, "pk"), key(&body, "sk"));
            let copy = format!("{sk}#COPY");
            let items = before.iter().filter(|(name, _)| *name == table).flat_map(|(_, items)| items);
            let text = |value: &str| AttributeValue::S(value.to_owned());
            let original = items
                .into_iter()
                .find(|item| item.get("pk") == Some(&text(&pk)) && item.get("sk") == Some(&text(&sk)));
            if let Some(mut item) = original.cloned() {
                item.insert("sk".to_owned(), text(&copy));
                self.fixture.put(&table, item);
            }
            body["Key"]["sk"]["S"] = copy.into();
        }
        call.body = body.to_string();
    }
}

/// Lets the condition of a call, or of a part of one, hold in any case; it is evaluated all the same.
fn always(part: &mut Value) {
    if let Some(condition) = part.get("ConditionExpression").and_then(Value::as_str) {
        let condition = format!("({condition}) OR attribute_exists(pk) OR attribute_not_exists(pk)");
        part["ConditionExpression"] = condition.into();
    }
}

/// The calls to storage since it was taken, in steps.
#[derive(Debug, Clone, Default)]
struct Tape(Arc<Mutex<Recorded>>);

#[derive(Debug, Default)]
struct Recorded {
    steps: Vec<Vec<Call>>,
    under_way: usize,
}

impl Tape {
    fn take(&self) -> Vec<Vec<Call>> {
        std::mem::take(&mut self.lock().steps)
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Tape {
    fn name(&self) -> &'static str {
        "Tape"
    }

    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let call = Call {
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        };
        let mut recorded = self.lock();
        if recorded.under_way == 0 {
            recorded.steps.push(Vec::new());
        }
        recorded.under_way += 1;
        recorded.steps.last_mut().ok_or("a step was taken away")?.push(call);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut recorded = self.lock();
        recorded.under_way = recorded.under_way.saturating_sub(1);
        Ok(())
    }
}
