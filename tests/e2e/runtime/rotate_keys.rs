//! The function that makes keys, which a schedule and CloudFormation call.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shared::keyring::Purpose;
use tests::Service;
use tests::events::{self, Outcome, ROTATE_KEYS, StoreState};
use tests::runtime_api::{Function, Report};
use tests::seeded::{PUBLIC_URL, Seeded};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::stop;

/// Where CloudFormation waits for an answer.
struct Bucket {
    url: String,
    answers: mpsc::UnboundedReceiver<Value>,
}

impl Bucket {
    /// One that refuses the first `refused` answers.
    async fn new(refused: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!(
            "http://{}/answer?X-Amz-Signature=signed-for-this-answer",
            listener.local_addr().unwrap()
        );
        let (sender, answers) = mpsc::unbounded_channel();
        let offered = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (sender, offered) = (sender.clone(), Arc::clone(&offered));
                let take = service_fn(move |request| {
                    let says_no = offered.fetch_add(1, Ordering::Relaxed) < refused;
                    let status = if says_no { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
                    take(request, status, sender.clone())
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), take),
                );
            }
        });
        Self { url, answers }
    }

    fn taken(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.answers.try_recv().ok()).collect()
    }
}

async fn take(
    request: Request<Incoming>,
    status: StatusCode,
    taken: mpsc::UnboundedSender<Value>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/answer"));
    // S3 says_no a content type that it has not signed for.
    assert_eq!(request.headers().get(header::CONTENT_TYPE), None);
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if status.is_success() {
        taken.send(serde_json::from_slice(&body).unwrap()).unwrap();
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_of_rotate_keys_gets_its_answer() {
    let seeded = Seeded::new().await;
    for case in events::cases::<Outcome>(ROTATE_KEYS) {
        let name = format!("{ROTATE_KEYS}/{}", case.name);
        let mut bucket = Bucket::new(1).await;
        let mut process = Function::start(ROTATE_KEYS, &seeded.environment(case.expected.store)).await;
        let values = [("response_url", bucket.url.clone())];
        let event = events::fill(&case.event, &values);
        let Report::Response(_, outcome) = process.invoke(&event).await else { panic!("{name} fails") };
        assert!(events::fits(&case.expected.body, &outcome), "{name}: {outcome}");
        let failed = case.expected.store == StoreState::Unreachable;
        let answers = bucket.taken();
        let told = if event.get("RequestType").is_some() {
            vec![json!({
                "Status": if failed { "FAILED" } else { "SUCCESS" },
                "Reason": if failed { "The keys were not made: see the function's log." } else { "" },
                "PhysicalResourceId": "keyring",
                "StackId": event["StackId"],
                "RequestId": event["RequestId"],
                "LogicalResourceId": "Keyring",
            })]
        } else {
            Vec::new()
        };
        assert_eq!(answers, told, "{name}");
        let secrets = ["signed-for-this-answer".to_owned()].into();
        stop(ROTATE_KEYS, process, case.expected.store, secrets).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deploy_makes_the_first_keys() {
    let service = Service::at_present(&[("PUBLIC_URL", PUBLIC_URL)]).await;
    let store = &service.app.store;
    let key = [("pk", "KEYRING"), ("sk", "KEYRING")];
    let delete = store.client.delete_item().table_name(&store.tables.keys);
    let key = key
        .map(|(name, value)| (name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())));
    delete.set_key(Some(key.into())).send().await.unwrap();

    let mut environment = service.store_env();
    environment.push(("KEYS_TABLE", store.tables.keys.clone()));
    let mut bucket = Bucket::new(0).await;
    let mut process = Function::start(ROTATE_KEYS, &environment).await;
    let case = events::cases::<Outcome>(ROTATE_KEYS).into_iter().find(|case| case.name == "create").unwrap();
    let event = events::fill(&case.event, &[("response_url", bucket.url.clone())]);
    let Report::Response(_, _) = process.invoke(&event).await else { panic!("no keys") };
    assert_eq!(bucket.taken()[0]["Status"], "SUCCESS");
    process.stop().await;
    let keys = shared::keyring::rotation::list(service.app).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.purpose).collect::<Vec<_>>(), Purpose::ALWAYS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_cannot_be_answered_is_a_failure() {
    let seeded = Seeded::new().await;
    let mut process = Function::start(ROTATE_KEYS, &seeded.environment(StoreState::Seeded)).await;
    let case = events::cases::<Outcome>(ROTATE_KEYS).into_iter().find(|case| case.name == "create").unwrap();
    let mut without_id = case.event.clone();
    without_id.as_object_mut().unwrap().remove("RequestId");
    let nobody = "http://127.0.0.1:1/answer".to_owned();
    for event in [events::fill(&case.event, &[("response_url", nobody.clone())]), {
        events::fill(&without_id, &[("response_url", nobody)])
    }] {
        let report = process.invoke(&event).await;
        assert!(matches!(report, Report::Error(..)), "{report:?}");
    }
    process.stop().await;
}
