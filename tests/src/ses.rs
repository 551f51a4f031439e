//! A stand-in for the HTTP endpoint of Amazon SES, version 2: it takes mails, or answers as it is told to.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Letter;

/// The server. It ends when it is dropped.
pub struct Ses {
    /// Where it listens.
    pub url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    reply: Reply,
    calls: usize,
    taken: Vec<Taken>,
}

/// What it answers.
#[derive(Debug, Clone, Default)]
pub enum Reply {
    /// It takes the mail.
    #[default]
    Taken,
    /// It refuses it: the status, the name of the error and its message.
    Refused(u16, &'static str, String),
    /// It cuts the connection.
    Cut,
    /// It never answers.
    Silent,
}

/// A mail that was taken, and how it was handed over.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The method and the path.
    pub target: String,
    /// The header that signs the request.
    pub authorization: String,
    /// The members of the body, but for the mail.
    pub body: Value,
    /// The mail.
    pub letter: Letter,
}

impl Ses {
    /// Starts one that takes every mail.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::<Mutex<State>>::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { url, state, server }
    }

    /// From now on it answers so.
    pub fn answer(&self, reply: Reply) {
        lock(&self.state).reply = reply;
    }

    /// The mails that it took since the last call.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        std::mem::take(&mut lock(&self.state).taken)
    }

    /// How often it was called since the last call of this.
    #[must_use]
    pub fn calls(&self) -> usize {
        std::mem::take(&mut lock(&self.state).calls)
    }
}

impl Drop for Ses {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(request, Arc::clone(&state)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let reply = {
        let mut state = lock(&state);
        state.calls += 1;
        state.reply.clone()
    };
    match reply {
        Reply::Taken => {
            let header = parts.headers.get("authorization").expect("a signature");
            let mut body: Value = serde_json::from_slice(&body).expect("JSON");
            let raw = body["Content"]["Raw"]["Data"].take();
            let raw = STANDARD.decode(raw.as_str().expect("a mail")).expect("base64");
            lock(&state).taken.push(Taken {
                target: format!("{} {}", parts.method, parts.uri),
                authorization: header.to_str().expect("a readable header").to_owned(),
                body,
                letter: Letter::of(&raw),
            });
            Ok(json_answer(200, None, &json!({ "MessageId": "0107019-0" })))
        }
        Reply::Refused(status, name, message) => {
            Ok(json_answer(status, Some(name), &json!({ "message": message })))
        }
        Reply::Cut => Err(std::io::ErrorKind::ConnectionReset.into()),
        Reply::Silent => std::future::pending().await,
    }
}

fn json_answer(status: u16, error: Option<&str>, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if let Some(error) = error {
        response = response.header("x-amzn-errortype", error);
    }
    response.body(Full::from(body.to_string())).expect("a response")
}
