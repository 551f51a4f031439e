//! Mail leaves once, whatever the provider and the stream do.

use serde_json::json;
use tests::{Fault, PASSWORD, Post, Service};

use super::{ask, post};

const FORGOT: &str = "/auth/password/forgot";

async fn one_waiting(mails: &Post) -> shared::outbox::MessageId {
    let waiting = mails.waiting().await;
    assert_eq!(waiting.len(), 1);
    waiting[0]
}

#[tokio::test]
async fn mail_that_the_provider_does_not_take_arrives_once_it_is_back() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let file = tempfile::NamedTempFile::new().unwrap();
    let answer = service.sign_up("alice").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = one_waiting(&mails).await;
    for down in ["smtp://127.0.0.1:1", &format!("folder:{}", file.path().display())] {
        for _ in 0..2 {
            assert_eq!(mails.stream_over(down, &[id]).await, ["0"], "{down}: reported as failed");
        }
    }
    assert_eq!(mails.waiting().await, [id], "nothing is lost");
    assert_eq!(mails.stream(&[id]).await, [""; 0]);
    let letters = mails.new_letters();
    assert_eq!(letters.len(), 1);
    let token = json!({ "token": letters[0].token() });
    assert_eq!(post(&service, "/auth/verify-email", token).await.status, 200);
}

#[tokio::test]
async fn mail_of_a_record_that_comes_again_leaves_once() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let id = one_waiting(&mails).await;
    assert_eq!(mails.stream(&[id, id, id]).await, [""; 0]);
    assert_eq!(mails.new_letters().len(), 1);
    let mut elsewhere = service.post_office();
    assert_eq!(elsewhere.stream(&[id]).await, [""; 0]);
    assert_eq!(elsewhere.new_letters(), []);
}

#[tokio::test]
async fn mail_that_several_send_at_once_leaves_once() {
    let service = Service::start().await;
    service.sign_up("alice").await;
    let offices: Vec<Post> = (0..4).map(|_| service.post_office()).collect();
    let ids = [one_waiting(&offices[0]).await];
    let [one, two, three, four] = &offices[..] else { unreachable!() };
    tokio::join!(one.stream(&ids), two.stream(&ids), three.stream(&ids), four.stream(&ids));
    let letters: usize = offices.into_iter().map(|mut mails| mails.new_letters().len()).sum();
    assert_eq!(letters, 1);
}

#[tokio::test]
async fn mail_of_a_mailer_that_died_is_sent_after_a_minute() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let id = one_waiting(&mails).await;
    assert!(matches!(shared::outbox::claim(service.app, id).await.unwrap(), shared::outbox::Claim::Yours(_)));
    service.clock.advance(std::time::Duration::from_millis(59_999));
    assert_eq!(mails.stream(&[id]).await, ["0"], "the stream delivers it again");
    assert_eq!(mails.new_letters(), []);
    service.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(mails.stream(&[id]).await, [""; 0]);
    assert_eq!(mails.new_letters().len(), 1);
}

#[tokio::test]
async fn mail_that_left_leaves_no_address_in_the_table() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    for email in ["somebody@example.com", "nobody@example.com"] {
        ask(&service, FORGOT, email).await;
        ask(&service, "/auth/verify-email/resend", email).await;
    }
    assert!(service.stored().await.iter().any(|item| item.contains("nobody@example.com")));
    mails.deliver().await;
    for item in service.stored().await {
        assert!(!item.contains("@example.com") && !item.contains("reset-password"), "{item}");
        assert!(item.contains("expires"), "it goes after a week: {item}");
    }
}

#[tokio::test]
async fn mail_to_a_user_who_is_gone_is_settled() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    ask(&service, FORGOT, "alice@example.com").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let delete = service.request(reqwest::Method::DELETE, "/auth/me").bearer_auth(access);
    let deleted = tests::Answer::to(delete.json(&json!({ "password": PASSWORD }))).await;
    assert_eq!(deleted.status, 200);
    let waiting = mails.waiting().await;
    assert_eq!(waiting.len(), 2);
    assert_eq!(mails.stream(&waiting).await, [""; 0]);
    assert_eq!(mails.new_letters(), []);
    assert!(mails.waiting().await.is_empty());
    let left = service.stored().await.concat();
    assert!(!left.contains("alice") && !left.contains("USER#"), "{left}");
}

#[tokio::test]
async fn mail_links_lead_to_the_configured_address_whatever_a_request_claims() {
    let url = "https://auth.example.org";
    let service = Service::with(&[("PUBLIC_URL", url)]).await;
    let mut mails = service.post_office();
    for header in ["host", "x-forwarded-host", "x-forwarded-proto", "forwarded", "origin", "referer"] {
        let value = if header == "forwarded" { "host=evil.example;proto=http" } else { "evil.example" };
        let name = header.replace('-', "");
        let body = json!({ "username": name, "password": PASSWORD, "email": format!("{name}@example.com") });
        let answer = tests::Answer::to(service.post("/auth/signup").header(header, value).json(&body)).await;
        assert_eq!(answer.status, 200, "{header}: {}", answer.body);
        let forgot = service.post(FORGOT).header(header, value);
        let forgot = forgot.json(&json!({ "email": format!("{name}@example.com") }));
        assert_eq!(tests::Answer::to(forgot).await.status, 200, "{header}");
        let letters = mails.deliver().await;
        assert_eq!(letters.len(), 2, "{header}");
        for letter in letters {
            assert!(letter.link().starts_with(&format!("{url}/auth/")), "{header}: {}", letter.link());
            assert!(!letter.source.contains("evil"), "{header}");
        }
    }
}

#[tokio::test]
async fn mail_is_not_lost_while_the_store_is_away() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let id = one_waiting(&mails).await;
    service.faults.on("GetItem", &service.app.store.tables.accounts, Fault::Refused);
    assert_eq!(mails.stream(&[id]).await, ["0"]);
    service.faults.none();
    assert_eq!(mails.stream(&[id]).await, [""; 0]);
    assert_eq!(mails.new_letters().len(), 1);
}
