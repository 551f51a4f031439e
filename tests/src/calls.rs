//! Counts the calls that the SDK makes and how many of them wait for one another, and keeps what they need to be allowed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

/// The calls since the last reset.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Made>>);

#[derive(Debug, Default)]
struct Made {
    steps: Vec<Vec<Call>>,
    under_way: usize,
    needed: BTreeSet<Permission>,
}

/// A call as it was sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// As in `GetItem`.
    pub operation: String,
    /// In JSON.
    pub body: String,
}

/// What whoever makes a call must be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// As in `dynamodb:GetItem`.
    pub action: String,
    /// The name of the table.
    pub table: String,
    /// Whether it is part of a transaction.
    pub in_transaction: bool,
}

impl Calls {
    /// Starts counting at zero.
    pub fn reset(&self) {
        *self.lock() = Made::default();
    }

    /// How many calls there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.lock().steps.iter().map(Vec::len).sum()
    }

    /// How many calls one after the other: those that run at the same time are one step.
    #[must_use]
    pub fn in_sequence(&self) -> usize {
        self.lock().steps.len()
    }

    /// The calls, in such steps.
    #[must_use]
    pub fn steps(&self) -> Vec<Vec<Call>> {
        self.lock().steps.clone()
    }

    /// What these calls must have been allowed.
    #[must_use]
    pub fn needed(&self) -> BTreeSet<Permission> {
        self.lock().needed.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Made> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = Call::of(context.request());
        let mut made = self.lock();
        made.needed.extend(needed(&call));
        let together = made.under_way > 0;
        made.under_way += 1;
        match made.steps.last_mut().filter(|_| together) {
            Some(step) => step.push(call),
            None => made.steps.push(vec![call]),
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut made = self.lock();
        made.under_way = made.under_way.saturating_sub(1);
        Ok(())
    }
}

impl Call {
    fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        Self {
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        }
    }
}

/// A transaction needs the permissions of its parts, a batch its own for each table.
fn needed(Call { operation, body }: &Call) -> Vec<Permission> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let permission = |action: &str, table: &str, in_transaction| Permission {
        action: format!("dynamodb:{action}"),
        table: table.to_owned(),
        in_transaction,
    };
    if operation == "TransactWriteItems" {
        let parts = body["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object);
        return parts
            .flatten()
            .map(|(part, of)| {
                permission(&format!("{part}Item"), of["TableName"].as_str().unwrap_or_default(), true)
            })
            .collect();
    }
    match body["RequestItems"].as_object() {
        Some(tables) => tables.keys().map(|table| permission(operation, table, false)).collect(),
        None => vec![permission(operation, body["TableName"].as_str().unwrap_or_default(), false)],
    }
}
