//! A signed-in user chooses a new password.

use serde_json::json;
use tests::{Answer, PASSWORD, Service};

use crate::support::{scoped_token, sign_in};

const NEW: &str = "another good phrase";

async fn change(service: &Service, token: &str, old: &str, new: &str) -> Answer {
    let body = json!({ "current_password": old, "new_password": new });
    Answer::to(service.post("/auth/password/change").bearer_auth(token).json(&body)).await
}

#[tokio::test]
async fn password_change_keeps_this_session_and_ends_the_others() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let (here, there) = (sign_in(&service, "alice").await, sign_in(&service, "alice").await);
    let scoped = scoped_token(&service, "alice").await;
    service.wait(1);
    let answer = change(&service, &here.access, PASSWORD, NEW).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(service.accepts(&here.access).await);
    assert!(service.accepts(here.cookie("JSESSIONID")).await);
    let next = service.refresh(&here.refresh).await;
    assert!(service.accepts(&next.token("access_token")).await);
    for token in [&there.access, there.cookie("JSESSIONID"), &scoped] {
        assert!(!service.accepts(token).await);
    }
    assert_eq!(service.refresh(&there.refresh).await.status, 406);
    let notice = mails.deliver_one().await;
    assert_eq!(notice.to, "alice@example.com");
    assert_eq!(notice.subject, "Your password for Latchkey was changed");
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 406);
    assert_eq!(service.try_log_in("alice", NEW).await.status, 200);
}

#[tokio::test]
async fn password_change_needs_the_current_password_and_counts_guesses() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let here = sign_in(&service, "alice").await;
    for _ in 0..5 {
        let answer = change(&service, &here.access, "not the password", NEW).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (406, json!({ "error": "The password is wrong." }))
        );
    }
    let answer = change(&service, &here.access, PASSWORD, NEW).await;
    assert_eq!(answer.status, 429);
    assert!(answer.retry_after().is_some_and(|seconds| seconds >= 1));
    assert_eq!(mails.deliver().await, []);
    service.wait(1);
    assert_eq!(change(&service, &here.access, PASSWORD, NEW).await.status, 200);
}

#[tokio::test]
async fn password_change_refuses_bad_passwords_and_strangers() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let here = sign_in(&service, "alice").await;
    for new in ["xkcd", "password123", "hello ALICE hello", &"x".repeat(257)] {
        let answer = change(&service, &here.access, PASSWORD, new).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["details"][0]["field"]),
            (400, &json!("new_password"))
        );
    }
    let path = "/auth/password/change";
    for (body, missing) in [
        (json!({}), vec!["current_password", "new_password"]),
        (json!({ "current_password": "not the password" }), vec!["new_password"]),
        (json!({ "new_password": NEW }), vec!["current_password"]),
    ] {
        let answer = Answer::to(service.post(path).bearer_auth(&here.access).json(&body)).await;
        assert_eq!(answer.status, 400, "{body}");
        let details = answer.body["details"].as_array().unwrap();
        assert_eq!(details.iter().map(|detail| &detail["field"]).collect::<Vec<_>>(), missing);
    }
    assert_eq!(change(&service, &here.refresh, PASSWORD, NEW).await.status, 401);
    let (status, _) =
        service.post_json(path, &json!({ "current_password": PASSWORD, "new_password": NEW })).await;
    assert_eq!(status, 401);
    let account = service.account("hubble").await;
    let token = crate::support::account_token(&service, &account.id.to_string(), "hubble", None).await;
    assert_eq!(change(&service, &token, PASSWORD, NEW).await.status, 403);
    assert_eq!(mails.deliver().await, []);
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn password_change_is_not_hindered_by_strangers_who_guess() {
    let service = Service::start().await;
    service.user("alice").await;
    let here = sign_in(&service, "alice").await;
    for _ in 0..6 {
        service.try_log_in("alice", "not the password").await;
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429);
    for _ in 0..4 {
        assert_eq!(change(&service, &here.access, "not the password", NEW).await.status, 406);
    }
    assert_eq!(change(&service, &here.access, PASSWORD, NEW).await.status, 200);
    for _ in 0..5 {
        assert_eq!(change(&service, &here.access, PASSWORD, NEW).await.status, 406);
    }
    assert_eq!(change(&service, &here.access, NEW, PASSWORD).await.status, 429, "on a count of its own");
}

#[tokio::test]
async fn password_change_ends_a_change_of_address_that_is_under_way() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let thief = sign_in(&service, "alice").await.access;
    let ask = async |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD });
        Answer::to(service.post("/auth/email/change").bearer_auth(&thief).json(&body)).await
    };
    assert_eq!(ask("mallory@example.com").await.status, 200);
    let link = mails.deliver_one().await;
    assert_eq!(ask("later@example.com").await.status, 200);
    service.wait(1);
    let owner = sign_in(&service, "alice").await.access;
    assert_eq!(change(&service, &owner, PASSWORD, NEW).await.status, 200);
    let readers: Vec<String> = mails.deliver().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(readers, ["alice@example.com"], "the notice alone");
    let body = json!({ "token": link.token() });
    assert_eq!(Answer::to(service.post("/auth/email/confirm").json(&body)).await.status, 400);
    assert_eq!(service.try_log_in("alice@example.com", NEW).await.status, 200);
}
