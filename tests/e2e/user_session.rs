//! The user-session door: signup, login, refresh, logout, the user record.

use serde_json::json;
use tests::{PASSWORD, Service};

#[tokio::test]
async fn signup_then_login_then_verify() {
    let service = Service::start().await;
    let form = [("username", "alice"), ("password", PASSWORD), ("email", "alice@example.com")];
    let (status, body) = service.post_form("/auth/signup", &form).await;
    assert_eq!((status.as_u16(), &body["message"]), (200, &json!("Signup success")));
    let tokens = service.log_in("alice").await;
    let (status, body) = service.verify(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(body["data"]["user"]["email"], "alice@example.com");
}

#[tokio::test]
async fn refresh_is_one_storage_call() {
    let service = Service::start().await;
    service.user("alice").await;
    let tokens = service.log_in("alice").await;
    service.calls.reset();
    let (status, body) =
        service.post_json("/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((service.calls.total(), service.calls.in_sequence()), (1, 1));
}
