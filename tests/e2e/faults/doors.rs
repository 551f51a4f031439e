//! Every function, each in its door's own shape, while storage does not answer or refuses.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::{Answer, Fault, PASSWORD, Service, text};

const BUSY: &str = "The service is busy. Try again in a moment.";
const WRONG: &str = "Something went wrong on our side.";
const VALIDATING: &str = "Error in validating account while generating token!";

/// A request that would succeed, and the body of its failure.
struct Case {
    name: &'static str,
    request: RequestBuilder,
    shape: fn(status: u16) -> Value,
}

fn message(status: u16) -> &'static str {
    if status == 503 { BUSY } else { WRONG }
}

fn session_shape(status: u16) -> Value {
    json!({ "error": message(status) })
}

fn account_shape(_: u16) -> Value {
    json!({ "error": "Error", "error_description": VALIDATING })
}

fn access_key_shape(status: u16) -> Value {
    let name = if status == 503 { "ServiceUnavailableError" } else { "InternalError" };
    let error = json!({ "message": message(status), "name": name, "code": name, "details": [] });
    json!({ "statusCode": "Error", "error": error })
}

fn verify_shape(status: u16) -> Value {
    json!({ "code": status, "message": message(status) })
}

fn scoped_shape(status: u16) -> Value {
    let name = if status == 503 { "Service Unavailable" } else { "Internal Server Error" };
    json!({ "code": status, "message": name, "description": message(status) })
}

fn oauth_shape(status: u16) -> Value {
    let error = if status == 503 { "temporarily_unavailable" } else { "server_error" };
    json!({ "error": error, "error_description": message(status) })
}

async fn cases(service: &Service) -> Vec<Case> {
    let user = service.user("alice").await;
    let account = service.account("an account secret").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let login = service.log_in("alice").await;
    let (access, refresh) = (text(&login["access_token"]), text(&login["refresh_token"]));
    let case = |name, shape, request| Case { name, request, shape };
    let session = |name, request| case(name, session_shape, request);
    let json = |path, body: Value| service.post(path).json(&body);
    let bob = json!({ "username": "bob", "password": PASSWORD, "email": "bob@example.com" });
    let by_secret = json!({ "account": account.id, "secret": "an account secret" });
    let by_key = json!({ "accessKey": key.access_key, "secret": secret });
    let scoped = json!({ "username": "alice", "password": PASSWORD });
    let client = |path: &str| service.post(path).basic_auth(key.access_key.to_string(), Some(&secret));
    let oauth =
        |name, request: RequestBuilder, form: &[(&str, &str)]| case(name, oauth_shape, request.form(form));
    vec![
        session("signup", json("/auth/signup", bob)),
        session("login", service.login_request("alice", PASSWORD)),
        session("login by address", service.login_request("alice@example.com", PASSWORD)),
        session("login, wrong password", service.login_request("alice", "not the password")),
        session("refresh", json("/auth/refresh", json!({ "refresh_token": refresh }))),
        session("logout", service.post("/auth/logout").bearer_auth(&access)),
        session("logout everywhere", json("/auth/logout", json!({ "all": true })).bearer_auth(&access)),
        session("read the record", service.get("/auth/me").bearer_auth(&access)),
        session(
            "change the record",
            service.request(Method::PATCH, "/auth/me").bearer_auth(&access).json(&json!({ "phone": "1" })),
        ),
        case("account token", account_shape, json("/public-api/auth", by_secret)),
        case("access key", access_key_shape, json("/login", by_key)),
        case("verify", verify_shape, service.get("/auth/verify-token").bearer_auth(&access)),
        case("verify by body", verify_shape, json("/auth/verify-token", json!({ "token": access }))),
        case("scoped token", scoped_shape, json("/v1/auth", scoped)),
        oauth("OAuth, a client", client("/oauth/token"), &[("grant_type", "client_credentials")]),
        oauth(
            "OAuth, a session",
            service.post("/oauth/token"),
            &[("grant_type", "refresh_token"), ("refresh_token", &refresh)],
        ),
        oauth("introspection", client("/oauth/introspect"), &[("token", &access)]),
        oauth("revocation", client("/oauth/revoke"), &[("token", &access)]),
    ]
}

/// Sends every case while storage has this fault; then nothing must have been written.
async fn every_door_answers(fault: Fault, status: u16) {
    let service = Service::start().await;
    let cases = cases(&service).await;
    let before = service.stored().await;
    service.faults.all(fault);
    for case in cases {
        let answer = Answer::to(case.request).await;
        assert_eq!(answer.status, status, "{}", case.name);
        assert_eq!(answer.body, (case.shape)(status), "{}", case.name);
        assert_eq!(answer.retry_after(), (status == 503).then_some(2), "{}", case.name);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", case.name);
        assert_eq!(answer.headers.get("set-cookie"), None, "{}", case.name);
    }
    service.faults.none();
    assert_eq!(service.stored().await, before);
}

#[tokio::test]
async fn storage_throttled_throughout_is_503_in_every_door() {
    every_door_answers(Fault::Throttled, 503).await;
}

#[tokio::test]
async fn storage_out_of_reach_is_503_in_every_door() {
    every_door_answers(Fault::Unreachable, 503).await;
}

#[tokio::test]
async fn storage_that_refuses_is_500_in_every_door() {
    every_door_answers(Fault::Refused, 500).await;
}
