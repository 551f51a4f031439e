//! Serves the embedded engine in DynamoDB's protocol, to those alone who know its key id.
//!
//! The engine's own server answers every caller and every origin: any page in a browser of this machine could read the
//! store through it. docs/decisions/0002-the-local-store-has-a-key.md.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dynoxide::actions::transact_write_items::{TransactWriteItemsRequest, TransactWriteItemsResponse};
use dynoxide::{AttributeValue, Database, DynoxideError};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use shared::outbox::{self, MessageId};
use shared::secret::Secret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// DynamoDB takes requests of up to 16 MB.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// The engine, and who is told of new messages of the outbox.
#[derive(Clone)]
pub struct Engine {
    /// Where everything is.
    pub database: Database,
    outbox: UnboundedSender<MessageId>,
}

/// Answers those who know the key id, on connections that someone else accepts.
#[derive(Clone)]
pub struct Connections {
    engine: Engine,
    key_id: Arc<Secret<String>>,
}

/// Serves an engine on a loopback port that the system picks; the URL.
pub(crate) async fn serve(engine: Engine, key_id: String) -> io::Result<(String, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((url, tokio::spawn(accept(listener, Connections::new(engine, key_id)))))
}

async fn accept(listener: TcpListener, connections: Connections) {
    loop {
        // Accepting fails when the process is out of file descriptors; the next try may find one.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        tokio::spawn(connections.clone().serve(stream));
    }
}

impl Connections {
    pub(crate) fn new(engine: Engine, key_id: String) -> Self {
        Self { engine, key_id: Arc::new(Secret::new(key_id)) }
    }

    /// Answers the requests of one connection until it ends.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let service = service_fn(|request| async {
            Ok::<_, hyper::Error>(answer(&self.engine, &self.key_id, request).await)
        });
        // A client that goes away is its own business.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

async fn answer(
    engine: &Engine,
    key_id: &Secret<String>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    // Programs send no Origin; a browser sends it with every POST, and its preflight is no POST.
    let page = request.headers().contains_key(ORIGIN) || request.method() != Method::POST;
    if page || !credential(&request).is_some_and(|given| key_id.matches(given.as_bytes())) {
        let message =
            "The local store wants the access key id of its endpoint file; see `latchkey env --help`.";
        return refusal("UnrecognizedClientException", message).into_response();
    }
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let target = target.unwrap_or_default().to_owned();
    let Ok(body) = Limited::new(request.into_body(), BODY_LIMIT).collect().await else {
        return refusal("SerializationException", "").into_response();
    };
    engine.call(&target, &body.to_bytes()).into_response()
}

/// What the engine says to a request.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Engine {
    /// An engine on this database, and the new messages of its outbox.
    pub(crate) fn new(database: Database) -> (Self, UnboundedReceiver<MessageId>) {
        let (outbox, messages) = unbounded_channel();
        (Self { database, outbox }, messages)
    }

    /// Calls the engine; `target` names the operation, as in `DynamoDB_20120810.GetItem`.
    pub(crate) fn call(&self, target: &str, body: &[u8]) -> Answer {
        match dispatch(self, target.rsplit('.').next().unwrap_or_default(), body) {
            Some(Ok(answer)) => Answer { status: StatusCode::OK, body: answer },
            Some(Err(error)) => {
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
                Answer { status, body: error.to_json().into_bytes() }
            }
            None => refusal("UnknownOperationException", ""),
        }
    }

    /// Writes in one transaction, and tells of the messages in it: a message is always written together with what it
    /// tells of.
    pub(crate) fn transact(
        &self,
        request: TransactWriteItemsRequest,
    ) -> Result<TransactWriteItemsResponse, DynoxideError> {
        let messages = messages_in(&request);
        let answer = self.database.transact_write_items(request)?;
        for message in messages {
            // Nobody listens in a process that sends no mails.
            let _ = self.outbox.send(message);
        }
        Ok(answer)
    }
}

fn messages_in(transaction: &TransactWriteItemsRequest) -> Vec<MessageId> {
    let written = transaction.transact_items.iter().filter_map(|part| part.put.as_ref()?.item.get("pk"));
    let messages = written.filter_map(|pk| match pk {
        AttributeValue::S(pk) => outbox::message_id(pk),
        _ => None,
    });
    messages.collect()
}

/// The access key id of a request that is signed by AWS Signature Version 4: `Credential=<id>/<scope>`.
fn credential(request: &Request<Incoming>) -> Option<&str> {
    let text = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    Some(text.split_once("Credential=")?.1.split_once('/')?.0)
}

fn refusal(code: &str, message: &str) -> Answer {
    let body = json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": message });
    Answer { status: StatusCode::BAD_REQUEST, body: body.to_string().into_bytes() }
}

impl Answer {
    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
    }
}

/// Calls the engine; `None` for an operation that this store does not have.
fn dispatch(engine: &Engine, operation: &str, body: &[u8]) -> Option<Result<Vec<u8>, DynoxideError>> {
    macro_rules! operations {
        ($($name:literal => $call:ident,)*) => {
            match operation {
                "TransactWriteItems" => Some(read(body).and_then(|request| write(&engine.transact(request)?))),
                $($name => Some(read(body).and_then(|request| write(&engine.database.$call(request)?))),)*
                _ => None,
            }
        };
    }
    operations! {
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "GetItem" => get_item,
        "ListTables" => list_tables,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TransactGetItems" => transact_get_items,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

fn write(answer: &impl serde::Serialize) -> Result<Vec<u8>, DynoxideError> {
    serde_json::to_vec(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
