//! How the services of AWS are reached: by what Lambda's environment says and nothing else.

use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};

use crate::roots::{self, CaBundle};

/// Where a service is instead of AWS, by the names that all SDKs have for it: `variable` is the service's own.
#[must_use]
pub fn endpoint(variable: &str) -> Option<String> {
    set(variable).or_else(|| set("AWS_ENDPOINT_URL"))
}

/// The region of the function.
#[must_use]
pub fn region() -> String {
    set("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned())
}

fn set(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// What an endpoint is spoken to by; `bundle` is that of the configuration.
#[must_use]
pub fn client_for(endpoint: Option<&str>, bundle: Option<&CaBundle>) -> SharedHttpClient {
    let plain = endpoint.is_some_and(|url| url.starts_with("http://"));
    if plain { plain_client() } else { aws_client(bundle) }
}

/// HTTP without TLS, for a service on the same machine.
#[must_use]
pub fn plain_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// TLS by aws-lc, trusting Amazon's own roots alone: loading a system's whole set doubles a cold start. Where
/// `AWS_CA_BUNDLE` names a file, its certificates are trusted in their place, as with any SDK of AWS.
fn aws_client(bundle: Option<&CaBundle>) -> SharedHttpClient {
    let roots = TrustStore::empty().with_pem_certificate(roots::trusted(bundle));
    let context = TlsContext::builder().with_trust_store(roots).build();
    let client =
        aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc));
    match context {
        Ok(context) => client.tls_context(context).build_https(),
        // Nothing that is asked for here can fail. Without a context the client would trust the system's roots; this one
        // refuses every https address.
        Err(_) => plain_client(),
    }
}

/// For storage: at most four tries within the time that API Gateway waits for an answer (30 s), each cut off long before.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(50))
}

/// How long one call to storage may take.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(6))
        .build()
}
