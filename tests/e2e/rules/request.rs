//! Methods, headers and the query.

use reqwest::Method;
use serde_json::json;
use tests::{PASSWORD, Service};

use super::NOT_FOUND;
use crate::support::door::DOORS;
use crate::support::jwt::claims;
use crate::support::{scoped_token, send, sign_in};

#[tokio::test]
async fn an_unknown_route_or_method_is_not_found() {
    let service = Service::start().await;
    for path in
        ["/", "/index.html", "/auth", "/auth/log-in", "/v1", "/.well-known/", "/favicon.ico", "/admin"]
    {
        for method in [Method::GET, Method::POST] {
            send(service.request(method, path)).await.is(404, NOT_FOUND);
        }
    }
    for door in &DOORS {
        for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post"] {
            if door.path == "/auth/verify-token" && method == "GET" {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = send(service.request(method.clone(), door.path).header("x-secret", "echo?")).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text.as_str()),
                (404, NOT_FOUND),
                "{method} {}",
                door.path
            );
        }
        let head = send(service.request(Method::HEAD, door.path)).await;
        head.is(404, "");
    }
}

#[tokio::test]
async fn a_method_in_a_header_or_in_the_query_is_ignored() {
    let service = Service::start().await;
    service.user("alice").await;
    let body = json!({ "username": "alice", "password": PASSWORD });
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let answer = send(service.post("/v1/auth").header(name, "DELETE").json(&body)).await;
        assert_eq!(answer.status, 200);
        let answer = send(service.get("/v1/auth").header(name, "POST").json(&body)).await;
        answer.is(404, NOT_FOUND);
    }
    send(service.get("/v1/auth?_method=POST").json(&body)).await.is(404, NOT_FOUND);
}

#[tokio::test]
async fn a_token_in_the_query_is_ignored() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = sign_in(&service, "alice").await.access;
    for path in ["/auth/me", "/auth/verify-token"] {
        for name in ["access_token", "token", "authorization", "JSESSIONID", "refresh_token"] {
            let answer = send(service.get(&format!("{path}?{name}={access}"))).await;
            assert_eq!(answer.status, 401, "{path} {name}");
        }
    }
    send(service.post(&format!("/auth/logout?token={access}&all=true"))).await;
    assert_eq!(service.verify(&access).await.0, 200);
}

#[tokio::test]
async fn a_cookie_that_is_no_text_does_not_hide_the_one_beside_it() {
    let service = Service::start().await;
    service.user("alice").await;
    let session = sign_in(&service, "alice").await;
    for foreign in ["name=Zo\u{eb}".as_bytes(), b"name=Zo\xeb"] {
        let cookies = [foreign, b"; JSESSIONID=", session.cookie("JSESSIONID").as_bytes()].concat();
        let answer = send(service.get("/auth/me").header("cookie", cookies)).await;
        assert_eq!(answer.status, 200, "{foreign:?}");
    }
}

#[tokio::test]
async fn where_a_request_says_it_was_sent_changes_no_token() {
    let service = Service::start().await;
    service.user("alice").await;
    let body = json!({ "username": "alice", "password": PASSWORD });
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-host", "evil.example, other.example"),
        ("x-forwarded-host", "http://[::"),
        ("x-forwarded-proto", "javascript"),
        ("x-forwarded-proto", "http://[::"),
        ("x-forwarded-port", "x"),
        ("x-forwarded-for", "not an address"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=1.2.3.4;host=evil.example;proto=gopher"),
        ("x-original-url", "/auth/me"),
        ("x-rewrite-url", "/auth/me"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example"),
        ("x-amzn-request-context", "{}"),
        ("x-amzn-lambda-context", "{}"),
    ] {
        let answer = send(service.post("/v1/auth").header(name, value).json(&body)).await;
        assert_eq!(answer.status, 200, "{name}: {value}: {}", answer.text);
        let body = answer.json();
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(claims(token)["iss"], json!(service.url), "{name}: {value}");
        assert_eq!(service.verify(token).await.0, 200);
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn no_origin_is_allowed_to_read_answers() {
    let service = Service::start().await;
    for origin in ["https://evil.example", "null", &format!("{}.evil.example", service.url)] {
        for door in &DOORS {
            let answer = send(service.post(door.path).header("origin", origin)).await;
            let preflight = service.request(Method::OPTIONS, door.path).header("origin", origin);
            let preflight = send(preflight.header("access-control-request-method", "POST")).await;
            assert_eq!(preflight.status, 404);
            for answer in [answer, preflight] {
                let allows = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
                assert!(!allows, "{} {:?}", door.path, answer.headers);
            }
        }
    }
}

#[tokio::test]
async fn every_answer_with_a_token_or_a_user_has_the_common_headers() {
    let service = Service::start().await;
    service.user("alice").await;
    let session = sign_in(&service, "alice").await;
    let form = [("username", "alice"), ("password", PASSWORD)];
    let token = scoped_token(&service, "alice").await;
    for request in [
        service.post("/auth/login").form(&form),
        service.post("/auth/refresh").json(&json!({ "refresh_token": session.refresh })),
        service.get("/auth/me").bearer_auth(&token),
        service.get("/auth/verify-token").bearer_auth(&token),
        service.post("/auth/logout").bearer_auth(&session.access),
    ] {
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn request_ids_are_the_service_s_own() {
    let service = Service::start().await;
    let ask = || send(service.get("/auth/me").header("x-request-id", "mine"));
    let (one, other) = (ask().await, ask().await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    assert_ne!(one.header("x-request-id"), "mine");
}
