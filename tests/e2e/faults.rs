//! Storage that is throttled, out of reach, or loses an answer: nobody is told that they are wrong, and nothing is half
//! done.

mod doors;
mod lost;

use reqwest::Method;
use serde_json::json;
use tests::{Answer, Fault, PASSWORD, Service};

#[tokio::test]
async fn storage_throttled_once_or_twice_is_not_noticed() {
    let service = Service::start().await;
    for times in [1, 2] {
        let name = format!("alice{times}");
        service.faults.next(times, "TransactWriteItems", Fault::Throttled);
        assert_eq!(service.sign_up(&name).await.status, 200);
        for operation in ["UpdateItem", "BatchGetItem", "TransactWriteItems", "Query", "DeleteItem"] {
            service.faults.next(times, operation, Fault::Throttled);
            assert_eq!(service.try_log_in(&name, PASSWORD).await.status, 200, "{operation}");
        }
        service.faults.next(times, "GetItem", Fault::Throttled);
        let by_address = format!("{name}@example.com");
        let login = service.try_log_in(&by_address, PASSWORD).await;
        assert_eq!(login.status, 200);
        service.faults.next(times, "BatchGetItem", Fault::Unreachable);
        assert!(service.accepts(&login.token("access_token")).await);
        service.faults.next(times, "UpdateItem", Fault::Throttled);
        assert_eq!(service.refresh(&login.token("refresh_token")).await.status, 200);
        service.faults.next(times, "DeleteItem", Fault::Throttled);
        let logout = service.post("/auth/logout").bearer_auth(login.token("access_token"));
        assert_eq!(Answer::to(logout).await.status, 200);
    }
}

#[tokio::test]
async fn writes_that_meet_a_transaction_once_or_twice_are_made_again() {
    let service = Service::start().await;
    service.user("alice").await;
    for times in [1, 2] {
        service.faults.next(times, "TransactWriteItems", Fault::Conflict);
        let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
        service.wait(1);
        let requests = [
            service.request(Method::PATCH, "/auth/me").bearer_auth(&access).json(&json!({ "phone": "1" })),
            service.post("/auth/logout").bearer_auth(&access).json(&json!({ "all": true })),
        ];
        for request in requests {
            service.faults.next(times, "UpdateItem", Fault::Conflict);
            assert_eq!(Answer::to(request).await.status, 200, "{times}");
        }
        assert!(!service.accepts(&access).await);
    }
}

#[tokio::test]
async fn login_counts_no_attempt_that_could_not_be_checked() {
    let service = Service::start().await;
    service.user("alice").await;
    let accounts = service.app.store.tables.accounts.clone();
    for password in [PASSWORD, "not the password"] {
        for _ in 0..8 {
            service.faults.on("BatchGetItem", &accounts, Fault::Throttled);
            let answer = service.try_log_in("alice", password).await;
            assert_eq!(answer.status, 503);
            service.faults.none();
        }
    }
    for _ in 0..5 {
        assert_eq!(service.try_log_in("alice", "not the password").await.status, 406);
    }
    assert_eq!(service.try_log_in("alice", "not the password").await.status, 429);
}

#[tokio::test]
async fn login_checks_nothing_when_the_attempt_cannot_be_counted() {
    let service = Service::start().await;
    service.user("alice").await;
    let tokens = service.app.store.tables.tokens.clone();
    service.faults.on("UpdateItem", &tokens, Fault::Throttled);
    let requests = ["a wrong password", "another wrong one", PASSWORD];
    let answers = tests::at_once(requests.map(|password| service.login_request("alice", password))).await;
    for answer in answers {
        assert_eq!((answer.status.as_u16(), answer.retry_after().is_some()), (503, true));
    }
}

#[tokio::test]
async fn login_that_cannot_begin_a_session_gives_no_token() {
    let service = Service::start().await;
    service.user("alice").await;
    let tokens = service.app.store.tables.tokens.clone();
    service.faults.on("TransactWriteItems", &tokens, Fault::Unreachable);
    let answer = service.try_log_in("alice", PASSWORD).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers.get("set-cookie"), None);
    service.faults.none();
    assert_eq!(service.count(&tokens, "SESSION#").await, 0);
    service.log_in("alice").await;
}

#[tokio::test]
async fn verify_fails_closed_while_storage_is_down() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let scoped = json!({ "username": "alice", "password": PASSWORD });
    let scoped = tests::text(&service.post_json("/v1/auth", &scoped).await.1["access_token"]);
    for token in [&access, &scoped] {
        assert!(service.accepts(token).await);
        for fault in [Fault::Unreachable, Fault::Throttled] {
            service.faults.all(fault);
            let answer = Answer::to(service.get("/auth/verify-token").bearer_auth(token)).await;
            assert_eq!((answer.status.as_u16(), answer.retry_after().is_some()), (503, true));
            assert_eq!(answer.header("www-authenticate"), None, "the token may be good");
            service.faults.none();
        }
    }
}

#[tokio::test]
async fn forged_tokens_are_refused_while_storage_is_down() {
    let service = Service::start().await;
    service.faults.all(Fault::Unreachable);
    assert_eq!(service.verify("a.00").await.0, 401);
    assert_eq!(service.refresh("r.00").await.status, 406);
    let request = service.request(Method::PATCH, "/auth/me").bearer_auth("a.00");
    assert_eq!(Answer::to(request).await.status, 401);
}

#[tokio::test]
async fn bad_requests_are_refused_while_storage_is_down() {
    let service = Service::start().await;
    service.faults.all(Fault::Unreachable);
    for path in ["/auth/signup", "/auth/login", "/auth/refresh", "/public-api/auth", "/login", "/v1/auth"] {
        assert_eq!(service.post_json(path, &json!({})).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn keys_are_published_while_storage_is_down() {
    let service = Service::start().await;
    let before = Answer::to(service.get("/.well-known/jwks.json")).await;
    service.faults.all(Fault::Unreachable);
    service.wait(3600);
    let answer = Answer::to(service.get("/.well-known/jwks.json")).await;
    assert_eq!((answer.status.as_u16(), &answer.body), (200, &before.body));
    assert!(answer.header("cache-control").unwrap().contains("max-age="));
}

#[tokio::test]
async fn metadata_is_published_while_storage_is_down() {
    let service = Service::start().await;
    service.faults.all(Fault::Unreachable);
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        assert_eq!(Answer::to(service.get(path)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn service_recovers_with_storage() {
    let service = Service::start().await;
    service.user("alice").await;
    let tokens = service.log_in("alice").await;
    let access = tokens["access_token"].as_str().unwrap();
    service.faults.all(Fault::Unreachable);
    assert_eq!(service.verify(access).await.0, 503);
    assert_eq!(service.refresh(tokens["refresh_token"].as_str().unwrap()).await.status, 503);
    service.faults.none();
    assert!(service.accepts(access).await);
    assert_eq!(service.refresh(tokens["refresh_token"].as_str().unwrap()).await.status, 200);
}
