//! What the old password has begun comes to nothing once a reset has overtaken it.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tests::{Answer, PASSWORD, Post, Service};

use super::ask;
use crate::support::{access_key_token, linked_access_key, scoped_token};

const NEW: &str = "another good phrase";

/// Lets the owner choose a new password, and sign in with it, after the old one of a request was compared and before it
/// goes on: the answer to the request, and to the owner.
async fn overtaken(service: &Service, mails: &mut Post, request: RequestBuilder) -> (Answer, Answer) {
    ask(service, "/auth/password/forgot", "alice@example.com").await;
    let body = json!({ "token": mails.deliver_one().await.token(), "password": NEW });
    // The attempt is taken back then.
    let held = service.faults.hold(&["DeleteItem"]);
    let reset = async {
        held.arrived().await;
        service.wait(1);
        let reset = Answer::to(service.post("/auth/password/reset").json(&body)).await;
        let owner = service.try_log_in("alice", NEW).await;
        held.release();
        (reset, owner)
    };
    let (answer, (reset, owner)) = tokio::join!(Answer::to(request), reset);
    assert_eq!((reset.status.as_u16(), owner.status.as_u16()), (200, 200), "{} {}", reset.body, owner.body);
    (answer, owner)
}

#[tokio::test]
async fn password_change_overtaken_by_a_reset_changes_nothing() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let thief = scoped_token(&service, "alice").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "a phrase of the thief" });
    let change = service.post("/auth/password/change").bearer_auth(&thief).json(&body);
    let (answer, _) = overtaken(&service, &mut mails, change).await;
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
    let user = service.user("alice").await;
    let (key, secret) = linked_access_key(&service, &user).await;
    let accounts = &service.app.store.tables.accounts;
    let before = service.items(accounts).await.len();
    let thief = scoped_token(&service, "alice").await;
    let delete = service.request(Method::DELETE, "/auth/me").bearer_auth(&thief);
    let delete = delete.json(&json!({ "password": PASSWORD }));
    let (answer, owner) = overtaken(&service, &mut mails, delete).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert_eq!(service.try_log_in("alice", NEW).await.status, 200);

    assert!(service.accepts(&owner.token("access_token")).await, "nor ends a session");
    assert_eq!(service.refresh(&owner.token("refresh_token")).await.status, 200);
    access_key_token(&service, &key, &secret).await;
    assert_eq!(service.items(accounts).await.len(), before, "nor takes what leads to an access key");
}
