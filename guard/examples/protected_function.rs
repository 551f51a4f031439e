//! Somebody's function behind an API of their own: it answers those whose token has the scope `sleep:read`.
//!
//! Its settings and what its role needs are in the documentation of the crate. Build it with
//! `cargo lambda build --release --package guard --example protected_function`.

use guard::{Denial, Guard, Refusal};
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::{Body, Error, Request, Response, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Error> {
    // Once a process: the settings, the connection, the keys.
    let guard = Guard::from_env()?;
    guard.warm_up().await;
    let guard = &guard;
    run(service_fn(move |request: Request| async move {
        match nights(guard, &request).await {
            Ok(body) => answer(Response::builder(), &body),
            Err(denial) => denied(&denial),
        }
    }))
    .await
}

/// What the function is about. The caller is known before anything else of the request is read.
async fn nights(guard: &Guard, request: &Request) -> Result<Value, Denial> {
    let caller = guard.admit(request.headers()).await?;
    caller.require("sleep:read")?;
    Ok(json!({ "sleeper": caller.sub, "hours": [7.5, 8.0, 6.5] }))
}

/// 401, 403, 400 or 503, as RFC 6750 section 3 has it.
fn denied(denial: &Denial) -> Result<Response<Body>, Error> {
    let mut response = Response::builder().status(denial.status());
    if let Some(challenge) = denial.challenge() {
        response = response.header(WWW_AUTHENTICATE, challenge);
    }
    if let Denial::Refused(Refusal::Unavailable(_)) = denial {
        eprintln!("{}", denial.causes().join(": "));
        response = response.header(RETRY_AFTER, 2);
    }
    answer(response, &json!({ "message": denial.to_string() }))
}

fn answer(response: lambda_http::http::response::Builder, body: &Value) -> Result<Response<Body>, Error> {
    let response = response.header(CONTENT_TYPE, "application/json").header(CACHE_CONTROL, "no-store");
    Ok(response.body(Body::Text(body.to_string()))?)
}
