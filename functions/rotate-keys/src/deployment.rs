//! The custom resource of a CloudFormation stack: a request with an address, to which the outcome is to be PUT.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::http::uri::InvalidUri;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};
use shared::keyring::KeyringError;

/// The resource is the keyring, of which there is one, whatever happens to the stack.
const PHYSICAL_ID: &str = "keyring";
const TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: usize = 3;

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
    /// A pinned root.
    #[error("a pinned root certificate cannot be read")]
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
    pub(crate) async fn answer(&self, error: Option<&KeyringError>) -> Result<(), AnswerError> {
        let answer = Answer {
            status: if error.is_some() { "FAILED" } else { "SUCCESS" },
            reason: if error.is_some() { "The keys were not made: see the function's log." } else { "" },
            physical_resource_id: PHYSICAL_ID,
            stack_id: &self.stack_id,
            request_id: &self.id,
            logical_resource_id: &self.logical_resource_id,
        };
        let body = Bytes::from(serde_json::to_vec(&answer)?);
        for _ in 1..TRIES {
            if self.put(body.clone()).await.is_ok() {
                return Ok(());
            }
        }
        self.put(body).await
    }

    async fn put(&self, body: Bytes) -> Result<(), AnswerError> {
        let address: hyper::Uri = self.response_url.expose().parse().map_err(AnswerError::Address)?;
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls()?).https_or_http().enable_http1().build();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
        // No content type: S3 has signed for none.
        let request = hyper::Request::put(address).body(Full::new(body))?;
        let answered = tokio::time::timeout(TIMEOUT, client.request(request)).await;
        let status = answered.map_err(|_| AnswerError::Timeout)??.status();
        if status.is_success() { Ok(()) } else { Err(AnswerError::Refused(status)) }
    }
}

/// S3, which takes the answer, has certificates of the same roots as DynamoDB.
fn tls() -> Result<ClientConfig, AnswerError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(shared::roots::AMAZON_ROOTS) {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
