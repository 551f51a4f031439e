//! What the old password has begun comes to nothing once a reset has overtaken it.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tests::{Answer, PASSWORD, Post, Service};

use super::ask;
use crate::support::scoped_token;

const NEW: &str = "another good phrase";

/// Lets the owner choose a new password after the old one of a request was compared, and before it goes on.
async fn overtaken(service: &Service, mails: &mut Post, request: RequestBuilder) -> Answer {
    ask(service, "/auth/password/forgot", "alice@example.com").await;
    let body = json!({ "token": mails.deliver_one().await.token(), "password": NEW });
    // The attempt is taken back then.
    let held = service.faults.hold(&["DeleteItem"]);
    let reset = async {
        held.arrived().await;
        service.wait(1);
        let answer = Answer::to(service.post("/auth/password/reset").json(&body)).await;
        held.release();
        answer
    };
    let (answer, reset) = tokio::join!(Answer::to(request), reset);
    assert_eq!(reset.status, 200, "{}", reset.body);
    answer
}

#[tokio::test]
async fn password_change_overtaken_by_a_reset_changes_nothing() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let thief = scoped_token(&service, "alice").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "a phrase of the thief" });
    let change = service.post("/auth/password/change").bearer_auth(&thief).json(&body);
    let answer = overtaken(&service, &mut mails, change).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert_eq!(service.try_log_in("alice", NEW).await.status, 200);
}

#[tokio::test]
async fn email_change_overtaken_by_a_reset_sends_no_link() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let thief = scoped_token(&service, "alice").await;
    let body = json!({ "email": "mallory@example.com", "password": PASSWORD });
    let change = service.post("/auth/email/change").bearer_auth(&thief).json(&body);
    overtaken(&service, &mut mails, change).await;
    let readers: Vec<String> = mails.deliver().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(readers, ["alice@example.com"], "the notice alone");
}

#[tokio::test]
async fn deletion_overtaken_by_a_reset_deletes_nobody() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let thief = scoped_token(&service, "alice").await;
    let delete = service.request(Method::DELETE, "/auth/me").bearer_auth(&thief);
    let answer = overtaken(&service, &mut mails, delete.json(&json!({ "password": PASSWORD }))).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert_eq!(service.try_log_in("alice", NEW).await.status, 200);
}
