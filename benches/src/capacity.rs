//! Which calls to storage a request makes, and what DynamoDB charges for them: the embedded engine reports it by
//! DynamoDB's rules (4 KB a read unit, 1 KB a write unit, twice that in a transaction).

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use shared::App;
use shared::clock::SystemClock;
use shared::store::Store;
use tests::events;

use crate::fixture::{Fixture, Success};
use crate::progress;
use crate::report::{Capacity, CapacityRow, Setting};

pub(crate) fn measure(fixture: &Fixture, functions: &[String]) -> Capacity {
    progress("storage calls and capacity units");
    let meter = Meter::default();
    let service = &fixture.seeded.0;
    let config = service.app.store.client.config().to_builder().interceptor(meter.clone()).build();
    let store =
        Store { client: Client::from_conf(config), engine: None, tables: service.app.store.tables.clone() };
    let app: &'static App = Box::leak(Box::new(App::new(service.app.config.clone(), store, SystemClock)));
    let routed = events::routed().into_iter().filter(|name| functions.contains(name));
    let rows = routed.map(|function| row(fixture, app, &meter, function)).collect();
    Capacity { setting: Setting::here(), rows }
}

fn row(fixture: &Fixture, app: &'static App, meter: &Meter, function: String) -> CapacityRow {
    let success = Success::of(&function);
    let event = success.filled(&fixture.values(&function));
    let handler = latchkey::functions::handler(&function).expect("a handler");
    // The first request of a process reads the keyring too; this is about the others.
    fixture.wait(app.keyring()).expect("a keyring");
    meter.lock().clear();
    let calls = &fixture.seeded.0.calls;
    calls.reset();
    let request = lambda_http::request::from_reader(event.as_slice()).expect("an event");
    let response = fixture.wait(handler(app, request));
    assert!(response.status().is_success(), "{function}: {}", response.status());
    let metered = std::mem::take(&mut *meter.lock());
    let units =
        |is_read| metered.iter().filter(|call| call.is_read() == is_read).map(|call| call.units).sum();
    CapacityRow {
        calls: metered.iter().map(|call| call.operation.clone()).collect(),
        in_sequence: calls.in_sequence(),
        read_units: units(true),
        write_units: units(false),
        function,
    }
}

/// Asks the store what each call costs.
#[derive(Debug, Clone, Default)]
struct Meter(Arc<Mutex<Vec<Call>>>);

#[derive(Debug)]
struct Call {
    operation: String,
    units: f64,
}

impl Call {
    fn is_read(&self) -> bool {
        matches!(self.operation.as_str(), "GetItem" | "BatchGetItem" | "Query" | "TransactGetItems")
    }
}

impl Meter {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default())?;
        body["ReturnConsumedCapacity"] = "TOTAL".into();
        let body = body.to_string();
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The request itself is gone by then.
        let operation = config.load::<Metadata>().ok_or("a call without a name")?.name().to_owned();
        let response = context.response().ok_or("a call was not answered")?;
        let body: Value = serde_json::from_slice(response.body().bytes().unwrap_or_default())?;
        let units = match &body["ConsumedCapacity"] {
            Value::Array(tables) => tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum(),
            table => table["CapacityUnits"].as_f64().ok_or("the store does not say what a call costs")?,
        };
        self.lock().push(Call { operation, units });
        Ok(())
    }
}
