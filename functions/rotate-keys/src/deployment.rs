//! The custom resource of a CloudFormation stack: a request with an address, to which the outcome is to be PUT.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::http::uri::InvalidUri;
use hyper::{StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};
use shared::keyring::KeyringError;
use shared::roots::{self, CaBundle};

/// The resource is the keyring, of which there is one, whatever happens to the stack.
const PHYSICAL_ID: &str = "keyring";
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait before each try.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_secs(1)];

type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// What CloudFormation asks for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    #[serde(rename = "RequestType")]
    kind: RequestType,
    /// Signed for this one answer: a secret.
    #[serde(rename = "ResponseURL")]
    response_url: shared::secret::Secret<String>,
    stack_id: String,
    #[serde(rename = "RequestId")]
    id: String,
    logical_resource_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum RequestType {
    Create,
    Update,
    Delete,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    status: &'static str,
    reason: &'a str,
    physical_resource_id: &'static str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

/// Why CloudFormation was not told.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The address of the request.
    #[error("the address for the answer is none")]
    Address(#[source] InvalidUri),
    /// The answer.
    #[error("the answer cannot be written")]
    Write(#[from] serde_json::Error),
    /// The request that carries it.
    #[error("the answer cannot be sent")]
    Build(#[from] hyper::http::Error),
    /// TLS.
    #[error("no TLS")]
    Tls(#[from] rustls::Error),
    /// What is trusted.
    #[error("a root certificate cannot be read")]
    Roots(#[from] rustls::pki_types::pem::Error),
    /// The connection.
    #[error("nobody took the answer")]
    Send(#[from] hyper_util::client::legacy::Error),
    /// Too late.
    #[error("nobody took the answer in {} s", TIMEOUT.as_secs())]
    Timeout,
    /// Refused.
    #[error("the answer was refused with {0}")]
    Refused(StatusCode),
}

impl Request {
    /// Whether the stack is being removed.
    pub(crate) fn is_removal(&self) -> bool {
        self.kind == RequestType::Delete
    }

    /// Tells the outcome. Until it is told, or an hour has passed, the stack waits.
    pub(crate) async fn answer(
        &self,
        bundle: Option<&CaBundle>,
        error: Option<&KeyringError>,
    ) -> Result<(), AnswerError> {
        let answer = Answer {
            status: if error.is_some() { "FAILED" } else { "SUCCESS" },
            reason: if error.is_some() { "The keys were not made: see the function's log." } else { "" },
            physical_resource_id: PHYSICAL_ID,
            stack_id: &self.stack_id,
            request_id: &self.id,
            logical_resource_id: &self.logical_resource_id,
        };
        let body = Bytes::from(serde_json::to_vec(&answer)?);
        let address: Uri = self.response_url.expose().parse().map_err(AnswerError::Address)?;
        let client = client(bundle)?;
        let mut told = Ok(());
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            told = put(&client, &address, body.clone()).await;
            if told.is_ok() {
                break;
            }
        }
        told
    }
}

async fn put(client: &HttpsClient, address: &Uri, body: Bytes) -> Result<(), AnswerError> {
    // No content type: S3 has signed for none.
    let request = hyper::Request::put(address).body(Full::new(body))?;
    let answered = tokio::time::timeout(TIMEOUT, client.request(request)).await;
    let status = answered.map_err(|_| AnswerError::Timeout)??.status();
    if status.is_success() { Ok(()) } else { Err(AnswerError::Refused(status)) }
}

fn client(bundle: Option<&CaBundle>) -> Result<HttpsClient, AnswerError> {
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls(bundle)?).https_or_http();
    Ok(Client::builder(TokioExecutor::new()).build(connector.enable_http1().build()))
}

/// S3, which takes the answer, is reached by the same certificates as DynamoDB.
fn tls(bundle: Option<&CaBundle>) -> Result<ClientConfig, AnswerError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(roots::trusted(bundle)) {
        store.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}
