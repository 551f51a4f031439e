//! The user-session door: signup, login, logout, the user record. Its refresh is in `rotation`.

mod current_user;
mod login;
mod logout;
mod signup;
mod signup_refusals;

use serde_json::json;
use tests::{Answer, PASSWORD, Service};

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
async fn every_answer_carries_the_common_headers() {
    let service = Service::start().await;
    let signup = service.sign_up("alice").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let refresh = service.refresh(&login.token("refresh_token")).await;
    let access = refresh.token("access_token");
    let me = Answer::to(service.get("/auth/me").bearer_auth(&access)).await;
    let change = Answer::to(service.request(reqwest::Method::PATCH, "/auth/me").bearer_auth(&access)).await;
    let logout = Answer::to(service.post("/auth/logout").bearer_auth(&access)).await;
    let again = service.sign_up("alice").await;
    let wrong = service.try_log_in("alice", "not the password").await;
    let forged = service.refresh("r.00").await;
    let nobody = Answer::to(service.get("/auth/me")).await;

    let answers = [signup, login, refresh, me, change, logout, again, wrong, forged, nobody];
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 400, 200, 409, 406, 406, 401]);
    let mut ids = std::collections::HashSet::new();
    for answer in &answers {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("strict-transport-security").unwrap().starts_with("max-age="));
        assert!(ids.insert(answer.header("x-request-id").unwrap().to_owned()), "an id of its own");
        assert_eq!((answer.header("server"), answer.header("x-powered-by")), (None, None));
    }
}
