//! A signed-in user changes the address.

use serde_json::{Value, json};
use tests::{Answer, PASSWORD, Service, at_once, with_status};

use super::post;

const CONFIRM: &str = "/auth/email/confirm";

async fn change(service: &Service, token: &str, email: impl Into<Value>, password: &str) -> Answer {
    let body = json!({ "email": email.into(), "password": password });
    Answer::to(service.post("/auth/email/change").bearer_auth(token).json(&body)).await
}

async fn access(service: &Service, name: &str) -> String {
    service.user(name).await;
    service.try_log_in(name, PASSWORD).await.token("access_token")
}

async fn email(service: &Service, token: &str) -> Value {
    service.verify(token).await.1["data"]["user"]["email"].clone()
}

#[tokio::test]
async fn email_change_counts_once_it_is_confirmed() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = access(&service, "alice").await;
    assert_eq!(change(&service, &token, "new@example.com", PASSWORD).await.status, 200);
    let mail = mails.deliver_one().await;
    assert_eq!(mail.to, "new@example.com");
    assert_eq!(service.try_log_in("alice@example.com", PASSWORD).await.status, 200);
    assert_eq!(service.try_log_in("new@example.com", PASSWORD).await.status, 406);

    let before = service.stored().await;
    let page = service.http.get(mail.link()).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), page.headers()["referrer-policy"].to_str().unwrap()),
        (200, "no-referrer")
    );
    assert_eq!(service.stored().await, before, "the page spends nothing");

    let requests = (0..8).map(|_| service.post(CONFIRM).json(&json!({ "token": mail.token() })));
    let answers = at_once(requests).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 400)), (1, 7), "{answers:?}");
    assert_eq!(email(&service, &token).await, "new@example.com");
    let told = mails.deliver_one().await;
    assert_eq!(
        (told.to.as_str(), told.subject.as_str()),
        ("alice@example.com", "Your e-mail address for Latchkey was changed")
    );
    assert!(!told.source.contains("new@example.com"));
    assert_eq!(service.try_log_in("alice@example.com", PASSWORD).await.status, 406);
    assert_eq!(service.try_log_in("NEW@example.com", PASSWORD).await.status, 200);
    let form = [("username", "other"), ("password", PASSWORD), ("email", "alice@example.com")];
    assert_eq!(service.post_form("/auth/signup", &form).await.0, 200, "the old address is free");
}

#[tokio::test]
async fn email_change_needs_the_password() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = access(&service, "alice").await;
    assert_eq!(change(&service, &token, "new@example.com", "not the password").await.status, 406);
    assert_eq!(change(&service, &token, "new@example.com", "").await.status, 400);
    assert_eq!(change(&service, "a.0", "new@example.com", PASSWORD).await.status, 401);
    assert_eq!(mails.deliver().await, []);
    for _ in 0..4 {
        change(&service, &token, "new@example.com", "not the password").await;
    }
    assert_eq!(change(&service, &token, "new@example.com", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn email_change_bothers_nobody_who_has_the_address() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = access(&service, "alice").await;
    service.user("bob").await;
    let free = change(&service, &token, "free@example.com", PASSWORD).await.without_request();
    let occupied = change(&service, &token, "Bob@example.com", PASSWORD).await.without_request();
    assert_eq!(free, occupied, "nothing tells that it is taken");
    let readers: Vec<String> = mails.deliver().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(readers, ["free@example.com"]);
}

#[tokio::test]
async fn email_change_is_refused_if_the_address_was_taken_meanwhile() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = access(&service, "alice").await;
    change(&service, &token, "new@example.com", PASSWORD).await;
    let mail = mails.deliver_one().await;
    service.user("new").await;
    let answer = post(&service, CONFIRM, json!({ "token": mail.token() })).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body),
        (409, json!({ "error": "This e-mail address is taken." }))
    );
    assert_eq!(email(&service, &token).await, "alice@example.com");
    assert_eq!(mails.deliver().await, []);
    assert_eq!(service.try_log_in("alice@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn email_change_of_two_users_to_one_address_succeeds_once() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    for name in ["alice", "carol"] {
        let token = access(&service, name).await;
        change(&service, &token, "new@example.com", PASSWORD).await;
    }
    let found = mails.deliver().await;
    let answers =
        at_once(found.iter().map(|mail| service.post(CONFIRM).json(&json!({ "token": mail.token() })))).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 409)), (1, 1), "{answers:?}");
}

#[tokio::test]
async fn email_change_takes_one_plain_address() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = access(&service, "alice").await;
    let domain = format!("{}.com", ["b".repeat(60), "b".repeat(60), "b".repeat(60)].join("."));
    let long = format!("{}@{domain}", "a".repeat(255 - 1 - domain.len()));
    assert_eq!(long.len(), 255);
    for address in [
        "new@example.com\r\nBcc: all@example.com",
        "new@example.com\n",
        "new@example.com,other@example.com",
        "new@example.com;other@example.com",
        "new@example.com other@example.com",
        "New <new@example.com>",
        "new@localhost",
        "new",
        "alice@example.com",
        "",
        &long,
    ] {
        assert_eq!(change(&service, &token, address, PASSWORD).await.status, 400, "{address:?}");
    }
    let several = json!(["new@example.com", "other@example.com"]);
    assert_eq!(change(&service, &token, several, PASSWORD).await.status, 400);
    assert_eq!(mails.deliver().await, []);
}

#[tokio::test]
async fn email_change_of_its_case_alone_is_one() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = access(&service, "alice").await;
    assert_eq!(change(&service, &token, "Alice@Example.com", PASSWORD).await.status, 200);
    let mail = mails.deliver_one().await;
    assert_eq!(post(&service, CONFIRM, json!({ "token": mail.token() })).await.status, 200);
    assert_eq!(email(&service, &token).await, "Alice@Example.com");
    assert_eq!(service.try_log_in("alice@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn email_change_verifies_a_user_and_ends_links_to_the_old_address() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let verify = mails.deliver_one().await;
    let token = service.try_log_in("alice", PASSWORD).await.token("access_token");
    post(&service, "/auth/password/forgot", json!({ "email": "alice@example.com" })).await;
    let reset = mails.deliver_one().await;
    change(&service, &token, "new@example.com", PASSWORD).await;
    let mail = mails.deliver_one().await;
    assert_eq!(post(&service, CONFIRM, json!({ "token": mail.token() })).await.status, 200);
    assert_eq!(post(&service, "/auth/verify-email", json!({ "token": verify.token() })).await.status, 400);
    let body = json!({ "token": reset.token(), "password": "another good phrase" });
    assert_eq!(post(&service, "/auth/password/reset", body).await.status, 400);
    assert_eq!(super::status(&service, &token).await, 0, "the new address was shown to be theirs");
}
