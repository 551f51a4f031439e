//! JWKS: the public keys that this service's JWTs are verified with (RFC 7517).

use shared::App;
use shared::http::response::{self, RequestId};
use shared::http::{Body, Fault, HeaderValue, Request, Response, StatusCode, header};

/// How long a verifier may keep the keys. A new key is published for longer than this before it signs.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// RFC 7517 also registers `application/jwk-set+json`, which some verifiers do not take.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `GET /.well-known/jwks.json`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = publish(app).await;
    response::finish(&id, |fault| serde_json::json!({ "error": fault.message }), result)
}

async fn publish(app: &App) -> Result<Response, Fault> {
    let keyring = app.keyring().await?;
    let mut response = response::with_body(StatusCode::OK, JSON, Body::Text(keyring.jwks().to_owned()));
    response.headers_mut().insert(header::CACHE_CONTROL, CACHED);
    Ok(response)
}
