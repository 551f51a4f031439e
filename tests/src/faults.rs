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
use tokio::sync::oneshot;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// DynamoDB throttles the call.
    Throttled,
    /// Nobody answers.
    Unreachable,
    /// The call is carried out and its answer is lost.
    AnswerLost,
    /// DynamoDB refuses the call for good.
    Refused,
}

/// Faults that are to happen. Without any, calls pass.
#[derive(Debug, Clone)]
pub struct Faults {
    plan: Arc<Mutex<Option<Plan>>>,
    hold: Arc<Mutex<Option<Hold>>>,
    // One a service: a connection ends with the runtime of the test that opened it.
    client: SharedHttpClient,
}

impl Default for Faults {
    fn default() -> Self {
        Self { plan: Arc::default(), hold: Arc::default(), client: shared::store::plain_client() }
    }
}

#[derive(Debug)]
struct Plan {
    fault: Fault,
    /// To calls of this operation alone, as in `GetItem`.
    operation: Option<&'static str>,
    /// On this table alone.
    table: Option<String>,
    left: usize,
}

/// A call that waits on its way to the store, before it is carried out.
#[derive(Debug)]
pub struct Held {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Hold {
    operation: &'static str,
    reached: oneshot::Sender<()>,
    release: oneshot::Receiver<()>,
}

impl Held {
    /// Does something else meanwhile, and lets the call go on.
    pub async fn while_waiting<T>(self, other: impl Future<Output = T>) -> T {
        self.reached.await.expect("the call");
        let outcome = other.await;
        // A call that waited for too long is not waiting any more.
        let _ = self.release.send(());
        outcome
    }
}

impl Faults {
    /// Holds the next call of an operation up.
    #[must_use]
    pub fn hold(&self, operation: &'static str) -> Held {
        let ((reached, is_reached), (release, is_released)) = (oneshot::channel(), oneshot::channel());
        let hold = Hold { operation, reached, release: is_released };
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(hold);
        Held { reached: is_reached, release }
    }

    fn held(&self, request: &HttpRequest) -> Option<Hold> {
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        hold.take_if(|hold| is_call_of(request, hold.operation))
    }

    /// Lets every call fail from now on.
    pub fn all(&self, fault: Fault) {
        self.set(Plan { fault, operation: None, table: None, left: usize::MAX });
    }

    /// Lets the next `count` calls of an operation fail.
    pub fn next(&self, count: usize, operation: &'static str, fault: Fault) {
        self.set(Plan { fault, operation: Some(operation), table: None, left: count });
    }

    /// Lets the calls of an operation on a table fail from now on.
    pub fn on(&self, operation: &'static str, table: &str, fault: Fault) {
        self.set(Plan { fault, operation: Some(operation), table: Some(table.to_owned()), left: usize::MAX });
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
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let hit = plan.operation.is_none_or(|operation| is_call_of(request, operation))
            && plan.table.as_ref().is_none_or(|table| body.contains(table.as_str()))
            && plan.left > 0;
        if !hit {
            return None;
        }
        plan.left = plan.left.saturating_sub(1);
        Some(plan.fault)
    }
}

fn is_call_of(request: &HttpRequest, operation: &str) -> bool {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit_once('.').is_some_and(|(_, name)| name == operation)
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

#[derive(Debug)]
struct Disturbed {
    faults: Faults,
    inner: SharedHttpConnector,
}

impl HttpConnector for Disturbed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some(hold) = self.faults.held(&request) {
            let inner = self.inner.clone();
            return HttpConnectorFuture::new(async move {
                let _ = hold.reached.send(());
                let _ = hold.release.await;
                inner.call(request).await
            });
        }
        match self.faults.due(&request) {
            None => self.inner.call(request),
            Some(Fault::Unreachable) => {
                HttpConnectorFuture::ready(Err(ConnectorError::io("no route to the store".into())))
            }
            Some(Fault::Throttled) => {
                HttpConnectorFuture::ready(Ok(error("ProvisionedThroughputExceededException")))
            }
            Some(Fault::Refused) => HttpConnectorFuture::ready(Ok(error("ValidationException"))),
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

fn error(name: &str) -> HttpResponse {
    let body = format!("{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{name}\",\"message\":\"injected\"}}");
    let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).unwrap_or_else(|_| unreachable!());
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
