//! The real binary of a function, with a stand-in for the Lambda Runtime API on the other side.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::binaries;

/// More than a cold start of a debug binary on a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(60);
const INVOCATIONS: &str = "/2018-06-01/runtime/invocation/";

/// A function's process.
pub struct Function {
    name: String,
    child: Child,
    output: [JoinHandle<Vec<u8>>; 2],
    api: RuntimeApi,
    sent: usize,
}

/// What a function reports to the Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The answer to the invocation with this id.
    Response(String, Value),
    /// The invocation with this id failed.
    Error(String, Value),
    /// The process cannot start.
    InitError(Value),
}

/// How a process ended.
pub struct Exit {
    /// Its status.
    pub status: ExitStatus,
    /// All that it wrote to standard output and standard error.
    pub output: String,
    /// What it told the Runtime API and nobody has asked for.
    pub reports: Vec<Report>,
}

impl Function {
    /// Starts the binary with the variables that Lambda sets, these, and nothing of this machine's environment.
    pub async fn start(name: &str, environment: &[(&str, String)]) -> Self {
        Self::run(name, &binaries::path(name), environment).await
    }

    /// The same for an example.
    pub async fn start_example(name: &str, environment: &[(&str, String)]) -> Self {
        Self::run(name, &binaries::example(name), environment).await
    }

    async fn run(name: &str, binary: &Path, environment: &[(&str, String)]) -> Self {
        let api = RuntimeApi::start().await;
        let mut child = Command::new(binary)
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", api.address.to_string().as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", name),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "/latchkey/test"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "test"),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
            ])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let output = [read(child.stdout.take()), read(child.stderr.take())];
        Self { name: name.to_owned(), child, output, api, sent: 0 }
    }

    /// Sends an event and waits for what the function reports about it.
    pub async fn invoke(&mut self, event: &Value) -> Report {
        self.sent += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.sent);
        self.api.invocations.send((id.clone(), event.to_string())).expect("a running stub");
        let report = tokio::time::timeout(PATIENCE, self.api.reports.recv()).await;
        let report = report.unwrap_or_else(|_| panic!("{} does not answer", self.name)).expect("a report");
        match &report {
            Report::Response(of, _) | Report::Error(of, _) => assert_eq!(*of, id, "{}", self.name),
            Report::InitError(error) => panic!("{} does not start: {error}", self.name),
        }
        report
    }

    /// Ends the process.
    pub async fn stop(mut self) -> Exit {
        self.child.start_kill().expect("a running process");
        self.exited().await
    }

    /// Waits until the process ends by itself.
    pub async fn exited(mut self) -> Exit {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("{} does not end", self.name)).expect("a status");
        let mut output = Vec::new();
        for stream in self.output {
            output.extend(stream.await.expect("its output"));
        }
        let reports = std::iter::from_fn(|| self.api.reports.try_recv().ok()).collect();
        Exit { status, output: String::from_utf8_lossy(&output).into_owned(), reports }
    }
}

fn read(stream: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<Vec<u8>> {
    let mut stream = stream.expect("a pipe");
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        // A process that is killed may cut its output short.
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    })
}

type Invocations = Arc<Mutex<mpsc::UnboundedReceiver<(String, String)>>>;

struct RuntimeApi {
    address: SocketAddr,
    invocations: mpsc::UnboundedSender<(String, String)>,
    reports: mpsc::UnboundedReceiver<Report>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (invocations, waiting) = mpsc::unbounded_channel();
        let (reporter, reports) = mpsc::unbounded_channel();
        let server = tokio::spawn(serve(listener, Arc::new(Mutex::new(waiting)), reporter));
        Self { address, invocations, reports, server }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, waiting: Invocations, reporter: mpsc::UnboundedSender<Report>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (waiting, reporter) = (Arc::clone(&waiting), reporter.clone());
        let service = service_fn(move |request| {
            let (waiting, reporter) = (Arc::clone(&waiting), reporter.clone());
            async move { Ok::<_, Infallible>(answer(request, &waiting, &reporter).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// The four calls that a runtime makes.
async fn answer(
    request: Request<Incoming>,
    waiting: &Invocations,
    reporter: &mpsc::UnboundedSender<Report>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    if method == Method::GET && path == format!("{INVOCATIONS}next") {
        return next(waiting).await;
    }
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let report = match path.strip_prefix(INVOCATIONS).and_then(|rest| rest.split_once('/')) {
        Some((id, "response")) => Report::Response(id.to_owned(), body),
        Some((id, "error")) => Report::Error(id.to_owned(), body),
        _ if path == "/2018-06-01/runtime/init/error" => Report::InitError(body),
        _ => return status(StatusCode::NOT_FOUND),
    };
    // Nobody listens any more when the test is over.
    let _ = reporter.send(report);
    status(StatusCode::ACCEPTED)
}

/// Waits for an invocation, for as long as it takes.
async fn next(waiting: &Invocations) -> Response<Full<Bytes>> {
    let Some((id, event)) = waiting.lock().await.recv().await else { return std::future::pending().await };
    let deadline = SystemClock.now() + Duration::from_secs(10);
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", deadline.millis())
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:test",
        )
        .header("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
        .body(Full::from(event))
        .expect("a response")
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("{}"));
    *response.status_mut() = status;
    response
}
