//! The other doors with a secret that someone may have chosen are limited too.

use serde_json::{Value, json};
use tests::{Answer, PASSWORD, Service, at_once, with_status};

use super::{WRONG, guess_wrong};

async fn post(service: &Service, path: &str, body: &Value) -> Answer {
    Answer::to(service.post(path).json(body)).await
}

#[tokio::test]
async fn scoped_token_guesses_are_limited_in_its_own_shape() {
    let service = Service::start().await;
    service.user("alice").await;
    for name in ["alice", "nobody"] {
        let wrong = json!({ "username": name, "password": WRONG });
        for _ in 0..5 {
            assert_eq!(post(&service, "/v1/auth", &wrong).await.status, 401);
        }
        let refused = post(&service, "/v1/auth", &wrong).await;
        assert_eq!((refused.status.as_u16(), refused.retry_after()), (429, Some(1)));
        let description = "Too many failed attempts. Try again in 1 s.";
        let shape = json!({ "code": 429, "message": "Too Many Requests", "description": description });
        assert_eq!(refused.body, shape);
    }
    let right = json!({ "username": "alice", "password": PASSWORD });
    assert_eq!(post(&service, "/v1/auth", &right).await.status, 429);
    service.wait(1);
    assert_eq!(post(&service, "/v1/auth", &right).await.status, 200);
    assert_eq!(service.try_log_in("alice", WRONG).await.status, 406, "and the count is cleared");
}

#[tokio::test]
async fn scoped_token_and_login_share_one_count() {
    let service = Service::start().await;
    service.user("alice").await;
    guess_wrong(&service, "alice", 3).await;
    let wrong = json!({ "username": "alice@example.com", "password": WRONG });
    for status in [401, 401, 429] {
        assert_eq!(post(&service, "/v1/auth", &wrong).await.status, status);
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn account_secret_guesses_are_limited_in_its_own_shape() {
    let service = Service::start().await;
    let account = service.account("an account secret").await;
    let other = service.account("another secret").await;
    let wrong = json!({ "account": account.id, "secret": WRONG });
    let answers = at_once((0..40).map(|_| service.post("/public-api/auth").json(&wrong))).await;
    assert_eq!((with_status(&answers, 401), with_status(&answers, 429)), (5, 35));

    let right = json!({ "account": account.id, "secret": "an account secret" });
    let refused = post(&service, "/public-api/auth", &right).await;
    assert_eq!((refused.status.as_u16(), refused.retry_after()), (429, Some(1)));
    let description = "Too many failed attempts. Try again in 1 s.";
    assert_eq!(refused.body, json!({ "error": "Validation", "error_description": description }));
    let body = json!({ "account": other.id, "secret": "another secret" });
    assert_eq!(post(&service, "/public-api/auth", &body).await.status, 200, "another account goes on");
    service.wait(1);
    assert_eq!(post(&service, "/public-api/auth", &right).await.status, 200);
}
