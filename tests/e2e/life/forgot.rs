//! Asking for a new password.

use serde_json::json;
use shared::user::UserStatus;
use tests::{Service, at_once, with_status};

use super::{ask, post};

const FORGOT: &str = "/auth/password/forgot";
const RESET: &str = "/auth/password/reset";
const NEW: &str = "another good phrase";

#[tokio::test]
async fn forgot_is_alike_for_every_address() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("active").await;
    service.user_with("unverified", |user| user.status = UserStatus::Unverified).await;
    service.user_with("suspended", |user| user.status = UserStatus::Suspended).await;
    let mut answers = Vec::new();
    for name in ["active", "unverified", "suspended", "nobody"] {
        service.calls.reset();
        let answer = ask(&service, FORGOT, &format!("{name}@example.com")).await;
        assert_eq!(service.calls.total(), 1, "{name}");
        assert_eq!(answer.status, 200);
        answers.push(answer.without_request());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    let mut readers: Vec<String> = mails.deliver().await.into_iter().map(|mail| mail.to).collect();
    readers.sort();
    assert_eq!(readers, ["active@example.com", "unverified@example.com"], "a suspended user gets no mail");
    assert!(mails.waiting().await.is_empty());
}

#[tokio::test]
async fn forgot_link_lives_a_quarter_of_an_hour() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    for name in ["early", "late"] {
        service.user(name).await;
        ask(&service, FORGOT, &format!("{name}@example.com")).await;
    }
    let mut found = mails.deliver().await;
    found.sort_by(|one, other| one.to.cmp(&other.to));
    assert!(found[0].text.contains("within 15 minutes"));
    service.wait(15 * 60 - 1);
    let reset = |token: &str| json!({ "token": token, "password": NEW });
    assert_eq!(post(&service, RESET, reset(found[0].token())).await.status, 200);
    service.wait(1);
    assert_eq!(post(&service, RESET, reset(found[1].token())).await.status, 400);
}

#[tokio::test]
async fn forgot_twice_within_five_minutes_is_one_mail_and_later_a_new_link() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let requests = (0..8).map(|_| service.post(FORGOT).json(&json!({ "email": "alice@example.com" })));
    assert_eq!(with_status(&at_once(requests).await, 200), 8);
    ask(&service, FORGOT, "ALICE@example.com").await;
    let first = mails.deliver_one().await;
    ask(&service, FORGOT, "alice@example.com").await;
    assert_eq!(mails.deliver().await, [], "not even after the first has left");
    service.wait(299);
    ask(&service, FORGOT, "alice@example.com").await;
    assert_eq!(mails.deliver().await, [], "who reads the first has time to use it");
    service.wait(1);
    ask(&service, FORGOT, "alice@example.com").await;
    let second = mails.deliver_one().await;
    let body = |token: &str| json!({ "token": token, "password": NEW });
    assert_eq!(post(&service, RESET, body(first.token())).await.status, 400, "the new link ends the old one");
    assert_eq!(post(&service, RESET, body(second.token())).await.status, 200);
}

#[tokio::test]
async fn mails_show_a_name_to_its_owner_alone() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let body = json!({ "username": "claim.evil.example", "password": "a long enough one", "email": "ada@example.com" });
    assert_eq!(service.post_json("/auth/signup", &body).await.0, 200);
    let welcome = mails.deliver_one().await;
    ask(&service, FORGOT, "ada@example.com").await;
    let reset = mails.deliver_one().await;
    for mail in [&welcome, &reset] {
        assert!(mail.text.starts_with("Hello,") && !mail.text.contains("claim"), "{}", mail.text);
    }
    assert_eq!(post(&service, RESET, json!({ "token": reset.token(), "password": NEW })).await.status, 200);
    let notice = mails.deliver_one().await;
    assert!(notice.text.starts_with("Hello claim.evil.example,"), "verified by the link: {}", notice.text);
}

#[tokio::test]
async fn forgot_takes_one_plain_address() {
    let service = Service::start().await;
    let mails = service.post_office();
    let long = format!("a@{}.com", "b".repeat(60).repeat(5));
    for email in ["", "alice", "a@b.co,c@d.co", "a@b.co\r\nBcc: c@d.co", "Alice <a@b.co>", &long] {
        assert_eq!(ask(&service, FORGOT, email).await.status, 400, "{email:?}");
    }
    assert_eq!(post(&service, FORGOT, json!({ "email": ["a@b.co", "c@d.co"] })).await.status, 400);
    assert!(mails.waiting().await.is_empty());
}
