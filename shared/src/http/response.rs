//! Answers, with the headers that every one of them carries.

use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use serde::Serialize;

use super::{Body, Fault, HeaderValue, Request, Response, Shape, StatusCode, header};

const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => with_body(status, JSON, Body::Text(text)),
        // Only a map with keys that are no strings fails here, and no answer is one.
        Err(_) => with_body(StatusCode::INTERNAL_SERVER_ERROR, JSON, Body::Empty),
    }
}

/// A plain text answer.
#[must_use]
pub fn text(status: StatusCode, body: String) -> Response {
    with_body(status, HeaderValue::from_static("text/plain; charset=utf-8"), Body::Text(body))
}

/// An answer with this content type.
#[must_use]
pub fn with_body(status: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// 404 in the words of API Gateway, for a path that has no route.
#[must_use]
pub fn not_found() -> Response {
    json(StatusCode::NOT_FOUND, &serde_json::json!({ "message": "Not Found" }))
}

/// Finishes a request: a fault gets the shape of the door and goes to the log, and the common headers are set.
/// Answers are not stored by caches unless the handler said otherwise.
pub fn finish(request: &RequestId, shape: Shape, result: Result<Response, Fault>) -> Response {
    let mut response = result.unwrap_or_else(|fault| {
        fault.log(request.as_str());
        let mut response = json(fault.status, &shape(&fault));
        response.headers_mut().extend(fault.headers.into_iter().map(|(name, value)| (Some(name), value)));
        response
    });
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    if let Some(id) = request.as_str().and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert("x-request-id", id);
    }
    response
}

/// The id that API Gateway gave a request.
#[derive(Debug, Clone)]
pub struct RequestId(Option<String>);

impl RequestId {
    /// Reads it from the event's context.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => Self(context.request_id.clone()),
            _ => Self(None),
        }
    }

    fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}
