//! What API Gateway does between a client and a function: the HTTP request becomes an event of payload format 2.0, which
//! `lambda_http` makes the function's request of, and the function's response is the client's.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, COOKIE, HOST, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayV2httpRequest, ApiGatewayV2httpRequestContext, ApiGatewayV2httpRequestContextHttpDescription,
};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, RequestExt};
use shared::App;
use url::Url;

use crate::routes::{Match, Routes};

/// API Gateway takes requests of up to 10 MB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// And request lines with headers of up to 10,240 bytes together.
const HEADER_LIMIT: usize = 10_240;

/// Answers one HTTP request, whose body must have come within this time.
pub async fn serve(
    app: &'static App,
    routes: &Routes,
    request: Request<Incoming>,
    peer: SocketAddr,
    body_within: Duration,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    if size_of_head(&parts) > HEADER_LIMIT {
        return message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request header fields too large");
    }
    let Some(found) = routes.find(parts.method.as_str(), parts.uri.path()) else {
        return message(StatusCode::NOT_FOUND, "Not Found");
    };
    let body = match whole(body, body_within).await {
        Ok(body) => body,
        Err(unread) => return unread.into_response(),
    };
    let Some(event) = event(&parts, &body, &found, peer) else {
        return message(StatusCode::BAD_REQUEST, "Bad Request");
    };
    match invoke(app, &found, event).await {
        Some(response) => response,
        None => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

/// Why a body was not read to its end.
enum Unread {
    TooLarge,
    TooSlow,
    /// Broken chunks, or the client is gone.
    Broken,
}

impl Unread {
    fn into_response(self) -> Response<Full<Bytes>> {
        match self {
            Self::TooLarge => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::Broken => message(StatusCode::BAD_REQUEST, "Bad Request"),
            Self::TooSlow => {
                let mut response = message(StatusCode::REQUEST_TIMEOUT, "Request Timeout");
                // RFC 9110 section 15.5.9: who is not waited for is told that the connection is over.
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                response
            }
        }
    }
}

async fn whole(body: Incoming, within: Duration) -> Result<Bytes, Unread> {
    match tokio::time::timeout(within, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) => Err(Unread::Broken),
        Err(_) => Err(Unread::TooSlow),
    }
}

/// What API Gateway answers when Lambda has no room for one more.
pub fn too_many_at_once() -> Response<Full<Bytes>> {
    let mut response = message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// An answer of API Gateway itself.
fn message(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "message": text }).to_string();
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

fn size_of_head(parts: &Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.path_and_query().map_or(0, |path| path.as_str().len());
    line + parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

/// The event of a request; `None` if its `Host` is no host.
fn event(parts: &Parts, body: &[u8], found: &Match, peer: SocketAddr) -> Option<ApiGatewayV2httpRequest> {
    let mut http = ApiGatewayV2httpRequestContextHttpDescription::default();
    http.method = parts.method.clone();
    http.path = Some(parts.uri.path().to_owned());
    http.protocol = Some(format!("{:?}", parts.version));
    http.source_ip = Some(peer.ip().to_string());
    http.user_agent = header_text(&parts.headers, "user-agent");

    let mut context = ApiGatewayV2httpRequestContext::default();
    context.route_key = Some(found.route_key.to_owned());
    context.stage = Some("$default".to_owned());
    context.request_id = shared::random::bytes::<12>().ok().map(hex::encode);
    context.http = http;

    let mut event = ApiGatewayV2httpRequest::default();
    event.version = Some("2.0".to_owned());
    event.route_key = Some(found.route_key.to_owned());
    event.raw_path = Some(parts.uri.path().to_owned());
    event.raw_query_string = Some(parts.uri.query().unwrap_or_default().to_owned());
    event.cookies = cookies(&parts.headers);
    event.headers = joined_headers(&parts.headers, peer)?;
    event.path_parameters.clone_from(&found.parameters);
    event.request_context = context;
    (event.body, event.is_base64_encoded) = match std::str::from_utf8(body) {
        Ok("") => (None, false),
        Ok(text) => (Some(text.to_owned()), false),
        Err(_) => (Some(STANDARD.encode(body)), true),
    };
    Some(event)
}

/// Each header once, repeated ones joined by commas, without the cookies, which have a place of their own. What
/// forwarded headers say of the connection is replaced by what is known of it.
fn joined_headers(headers: &HeaderMap, peer: SocketAddr) -> Option<HeaderMap> {
    let mut joined = HeaderMap::new();
    for name in headers.keys().filter(|name| *name != COOKIE) {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        joined.insert(name.clone(), HeaderValue::from_bytes(&values.join(b",".as_slice())).ok()?);
    }
    if let Some(host) = joined.get(HOST) {
        let host: hyper::http::uri::Authority = host.to_str().ok()?.parse().ok()?;
        // `lambda_http` makes a URL of it and panics where that fails; API Gateway lets only its own domains through.
        Url::parse(&format!("http://{host}")).ok()?;
    }
    joined.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    joined.insert("x-forwarded-for", HeaderValue::from_str(&peer.ip().to_string()).ok()?);
    Some(joined)
}

fn cookies(headers: &HeaderMap) -> Option<Vec<String>> {
    let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let cookies: Vec<String> = lines
        .flat_map(|line| line.split(|&byte| byte == b';'))
        .map(|cookie| String::from_utf8_lossy(cookie.trim_ascii()).into_owned())
        .collect();
    (!cookies.is_empty()).then_some(cookies)
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Calls the function with the request that `lambda_http` makes of the event. The runtime turns a panic into an answer,
/// so it is one here.
async fn invoke(
    app: &'static App,
    found: &Match<'_>,
    event: ApiGatewayV2httpRequest,
) -> Option<Response<Full<Bytes>>> {
    let handler = found.handler;
    let call = async move {
        let request = lambda_http::Request::from(LambdaRequest::ApiGatewayV2(event));
        handler(app, request.with_lambda_context(lambda_http::Context::default())).await
    };
    let response = AssertUnwindSafe(call).catch_unwind().await.ok()?;
    Some(response.map(|body| match body {
        Body::Text(text) => Full::from(text),
        Body::Binary(bytes) => Full::from(bytes),
        _ => Full::default(),
    }))
}
