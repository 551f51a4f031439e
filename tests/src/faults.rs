//! What can go wrong between the SDK and the store.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::held::{Gate, Held};

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB throttles the call.
    Throttled,
    /// Nobody answers.
    Unreachable,
    /// The store takes the call and says nothing.
    Silent,
    /// The call is carried out and its answer is lost.
    AnswerLost,
    /// DynamoDB refuses the call for good.
    Refused,
    /// A transaction holds one of the items.
    Conflict,
}

/// The texts by which a call is known that is to be held back, and what holds it.
type HeldCall = (Vec<String>, Gate);

/// Faults that are to happen. Without any, calls pass.
#[derive(Debug, Clone)]
pub struct Faults {
    plan: Arc<Mutex<Option<Plan>>>,
    held: Arc<Mutex<Option<HeldCall>>>,
    // One a service: a connection ends with the runtime of the test that opened it.
    client: SharedHttpClient,
}

impl Default for Faults {
    fn default() -> Self {
        Self { plan: Arc::default(), held: Arc::default(), client: shared::aws::plain_client() }
    }
}

#[derive(Debug)]
struct Plan {
    fault: Fault,
    /// To calls of this operation alone, as in `GetItem`.
    operation: Option<&'static str>,
    /// With this text in its body alone, such as the name of a table.
    text: Option<String>,
    /// How many calls pass first.
    pass: usize,
    left: usize,
}

impl Faults {
    /// Lets every call fail from now on.
    pub fn all(&self, fault: Fault) {
        self.set(Plan { fault, operation: None, text: None, pass: 0, left: usize::MAX });
    }

    /// Lets the next `count` calls of an operation fail.
    pub fn next(&self, count: usize, operation: &'static str, fault: Fault) {
        self.set(Plan { fault, operation: Some(operation), text: None, pass: 0, left: count });
    }

    /// Lets the calls of an operation fail from now on whose body has a text: the name of a table, or of what is set.
    pub fn on(&self, operation: &'static str, text: &str, fault: Fault) {
        self.set(Plan {
            fault,
            operation: Some(operation),
            text: Some(text.to_owned()),
            pass: 0,
            left: usize::MAX,
        });
    }

    /// The same, but that one call passes first.
    pub fn after_one(&self, operation: &'static str, text: &str, fault: Fault) {
        let text = Some(text.to_owned());
        self.set(Plan { fault, operation: Some(operation), text, pass: 1, left: usize::MAX });
    }

    /// Holds the next call back that has these texts in its operation or its body. After two seconds the SDK gives it up
    /// and tries again, which nothing holds.
    #[must_use]
    pub fn hold(&self, texts: &[&str]) -> Held {
        let (held, gate) = Held::new();
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some((texts, gate));
        held
    }

    /// Lets calls pass again.
    pub fn none(&self) {
        *self.lock() = None;
    }

    fn set(&self, plan: Plan) {
        *self.lock() = Some(plan);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Plan>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self, request: &HttpRequest) -> Option<Fault> {
        let mut plan = self.lock();
        let plan = plan.as_mut()?;
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let hit = plan.operation.is_none_or(|operation| target.ends_with(&format!(".{operation}")))
            && plan.text.as_ref().is_none_or(|text| body.contains(text.as_str()))
            && plan.left > 0;
        if !hit {
            return None;
        }
        if plan.pass > 0 {
            plan.pass -= 1;
            return None;
        }
        plan.left = plan.left.saturating_sub(1);
        Some(plan.fault)
    }

    fn gate(&self, request: &HttpRequest) -> Option<Gate> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let hit = |text: &String| target.contains(text.as_str()) || body.contains(text.as_str());
        held.take_if(|(texts, _)| texts.iter().all(hit)).map(|(_, gate)| gate)
    }
}

impl HttpClient for Faults {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.client.http_connector(settings, components);
        SharedHttpConnector::new(Disturbed { faults: self.clone(), inner })
    }
}

#[derive(Debug, Clone)]
struct Disturbed {
    faults: Faults,
    inner: SharedHttpConnector,
}

impl HttpConnector for Disturbed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let gate = self.faults.gate(&request);
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            if let Some(gate) = gate {
                gate.pass().await;
            }
            // On a busy machine an answer can be there at once. Whatever is to start together with this call has started now, and
            // is counted as that.
            tokio::task::yield_now().await;
            this.go(request).await
        })
    }
}

impl Disturbed {
    fn go(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.faults.due(&request) {
            None => self.inner.call(request),
            Some(Fault::Unreachable) => {
                HttpConnectorFuture::ready(Err(ConnectorError::io("no route to the store".into())))
            }
            Some(Fault::Silent) => HttpConnectorFuture::new(std::future::pending()),
            Some(Fault::Throttled) => {
                HttpConnectorFuture::ready(Ok(error("ProvisionedThroughputExceededException")))
            }
            Some(Fault::Refused) => HttpConnectorFuture::ready(Ok(error("ValidationException"))),
            Some(Fault::Conflict) => HttpConnectorFuture::ready(Ok(conflict(&request))),
            Some(Fault::AnswerLost) => {
                let call = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    call.await?;
                    Err(ConnectorError::io("the connection was cut".into()))
                })
            }
        }
    }
}

/// What a transaction that meets another one is told, and what a single write is told.
fn conflict(request: &HttpRequest) -> HttpResponse {
    if request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".TransactWriteItems")) {
        return error_with(
            "TransactionCanceledException",
            ",\"CancellationReasons\":[{\"Code\":\"None\"},{\"Code\":\"TransactionConflict\"}]",
        );
    }
    error("TransactionConflictException")
}

fn error(name: &str) -> HttpResponse {
    error_with(name, "")
}

fn error_with(name: &str, members: &str) -> HttpResponse {
    let body = format!(
        "{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{name}\",\"message\":\"injected\"{members}}}"
    );
    let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).unwrap_or_else(|_| unreachable!());
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
