//! Discovery: what this authorization server can do and where (RFC 8414, `OpenID` Connect Discovery 1.0).

use lambda_http::RequestExt;
use serde_json::{Value, json};
use shared::app::Facts;
use shared::config::SigningAlgorithm;
use shared::door::oauth::{self, Grant, PUBLIC_METHOD, SECRET_METHODS};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, HeaderValue, Request, Response, StatusCode, header};

const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `GET /.well-known/oauth-authorization-server` and `GET /.well-known/openid-configuration`
#[expect(clippy::unused_async, reason = "every handler is a function of this kind")]
pub async fn handle(facts: &Facts, request: Request) -> Response {
    let id = RequestId::of(&request);
    let for_openid = request.raw_http_path().ends_with("/openid-configuration");
    let result = publish(facts, for_openid);
    response::finish(&id, oauth::shape, result)
}

fn publish(facts: &Facts, for_openid: bool) -> Result<Response, Fault> {
    let mut body = metadata(facts.issuer()?);
    if for_openid {
        body["subject_types_supported"] = json!(["public"]);
        body["id_token_signing_alg_values_supported"] = algorithms(facts.config.signing_algorithm).into();
    }
    let mut response = response::json(StatusCode::OK, &body);
    response.headers_mut().insert(header::CACHE_CONTROL, CACHED);
    Ok(response)
}

/// The facts that both documents tell alike.
fn metadata(issuer: &str) -> Value {
    let with_or_without: Vec<&str> = SECRET_METHODS.into_iter().chain([PUBLIC_METHOD]).collect();
    json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth/token"),
        "token_endpoint_auth_methods_supported": with_or_without,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        // There is no authorization endpoint; the member must be there, and must not be empty.
        "response_types_supported": ["none"],
        "grant_types_supported": Grant::ALL.map(Grant::name),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": SECRET_METHODS,
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "revocation_endpoint_auth_methods_supported": SECRET_METHODS,
        "code_challenge_methods_supported": ["S256"],
    })
}

/// `OpenID` Connect wants RS256 to be among them.
fn algorithms(configured: SigningAlgorithm) -> Vec<&'static str> {
    let mut names = vec![SigningAlgorithm::RS256.name()];
    if configured != SigningAlgorithm::RS256 {
        names.push(configured.name());
    }
    names
}
