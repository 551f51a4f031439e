//! A user deletes their account.

use reqwest::Method;
use serde_json::{Value, json};
use tests::smtp::Smtp;
use tests::{Answer, Fault, PASSWORD, Post, Service};

use super::{ask, nothing_is_left_of, post};
use crate::support::{access_key_token, account_token, linked_access_key, scoped_token, sign_in};

async fn delete(service: &Service, token: &str, body: Value) -> Answer {
    Answer::to(service.request(Method::DELETE, "/auth/me").bearer_auth(token).json(&body)).await
}

#[tokio::test]
async fn delete_needs_the_password() {
    let service = Service::start().await;
    service.user("alice").await;
    let token = sign_in(&service, "alice").await.access;
    let before = service.items(&service.app.store.tables.accounts).await;
    assert_eq!(delete(&service, &token, json!({ "password": "not the password" })).await.status, 406);
    for body in [json!({}), json!({ "password": "" }), json!({ "password": null })] {
        assert_eq!(delete(&service, &token, body).await.status, 400);
    }
    assert_eq!(delete(&service, "a.0", json!({ "password": PASSWORD })).await.status, 401);
    assert_eq!(service.items(&service.app.store.tables.accounts).await, before);
    assert!(service.accepts(&token).await);
}

#[tokio::test]
async fn delete_leaves_nothing_of_the_user() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let account = service.account("hubble").await;
    let user = service.user_with("alice", |user| user.account = account.id).await;
    let bob = service.user("bob").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let id = serde_json::to_value(&key.access_key).unwrap().as_str().unwrap().to_owned();
    for item in key.items(&service.app.store).unwrap() {
        let _ = service.app.store.transact(vec![item]).await.unwrap();
    }
    let (here, there) = (sign_in(&service, "alice").await, sign_in(&service, "alice").await);
    let tokens = [
        here.access.clone(),
        here.cookie("JSESSIONID").to_owned(),
        there.access,
        account_token(&service, &account.id.to_string(), "hubble", Some(&user)).await,
        access_key_token(&service, &id, &secret).await,
        scoped_token(&service, "alice").await,
    ];
    post(&service, "/auth/password/forgot", json!({ "email": "alice@example.com" })).await;
    let change = json!({ "email": "new@example.com", "password": PASSWORD });
    let change = service.post("/auth/email/change").bearer_auth(&here.access).json(&change);
    assert_eq!(Answer::to(change).await.status, 200);
    let links = mails.deliver().await;
    service.try_log_in("alice", "not the password").await;

    let answer = delete(&service, &here.access, json!({ "password": PASSWORD })).await;
    let message = json!({ "message": "Your account is deleted." });
    assert_eq!((answer.status.as_u16(), &answer.body), (200, &message));
    assert!(answer.set_cookie("JSESSIONID").unwrap().starts_with("JSESSIONID=; Max-Age=0"));
    for token in &tokens {
        assert!(!service.accepts(token).await);
    }
    for refresh in [&here.refresh, &there.refresh] {
        assert_eq!(service.refresh(refresh).await.status, 406);
    }
    let stored = service.stored().await;
    for item in &stored {
        for name in
            [user.id.to_string().as_str(), "alice", "new@example.com", &id, &key.access_key.ak().to_string()]
        {
            assert!(!item.to_lowercase().contains(name), "{name}: {item}");
        }
    }
    assert!(stored.iter().any(|item| item.contains(&bob.id.to_string())));
    let key = json!({ "accessKey": id, "secret": secret });
    assert_eq!(post(&service, "/login", key).await.status, 401);
    for link in &links {
        let path = link.link().strip_prefix(&service.url).unwrap().split('?').next().unwrap();
        let body = json!({ "token": link.token(), "password": "another good phrase" });
        assert_eq!(post(&service, path, body).await.status, 400);
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 406);
    assert_eq!(service.sign_up("alice").await.status, 200, "name and address are free");
    for token in &tokens {
        assert!(!service.accepts(token).await, "the next user of the name is another one");
    }
}

/// Alice has changed her address and wants to change it again, and mails to all three addresses wait; her token.
async fn alice_with_mails(service: &Service, mails: &mut Post) -> String {
    service.user("alice").await;
    let token = sign_in(service, "alice").await.access;
    let change = async |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = Answer::to(service.post("/auth/email/change").bearer_auth(&token).json(&body)).await;
        assert_eq!(answer.status, 200, "{email}");
    };
    change("second@example.com").await;
    let confirm = json!({ "token": mails.deliver_one().await.token() });
    assert_eq!(post(service, "/auth/email/confirm", confirm).await.status, 200);
    // A link that is not younger than the last one says nothing new.
    service.wait(1);
    change("third@example.com").await;
    ask(service, "/auth/password/forgot", "second@example.com").await;
    token
}

/// No item of any table names Alice or an address of hers.
async fn nothing_names_alice(service: &Service) {
    for item in service.stored().await {
        for name in ["alice", "second@example.com", "third@example.com"] {
            assert!(!item.to_lowercase().contains(name), "{name}: {item}");
        }
    }
}

#[tokio::test]
async fn delete_leaves_nothing_in_mails_that_were_refused_for_good() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = alice_with_mails(&service, &mut mails).await;
    let smtp = Smtp::start().await;
    smtp.answer("RCPT", "550 5.1.1 User unknown");
    let waiting = mails.waiting().await;
    assert_eq!(waiting.len(), 3);
    assert_eq!(mails.stream_over(&smtp.url, &waiting).await, [""; 0]);
    assert_eq!(delete(&service, &token, json!({ "password": PASSWORD })).await.status, 200);
    let stored = service.stored().await;
    assert_eq!(stored.iter().filter(|item| item.contains("refused_at")).count(), 3, "{stored:?}");
    nothing_names_alice(&service).await;
}

#[tokio::test]
async fn delete_leaves_nothing_in_mails_that_wait_once_the_mailer_has_looked_at_them() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let token = alice_with_mails(&service, &mut mails).await;
    let waiting = mails.waiting().await;
    assert_eq!(mails.stream_over("smtp://127.0.0.1:1", &waiting).await.len(), 3, "the provider is down");
    assert_eq!(delete(&service, &token, json!({ "password": PASSWORD })).await.status, 200);
    // It is still down: the mailer finds that nobody is to be told.
    assert_eq!(mails.stream_over("smtp://127.0.0.1:1", &waiting).await, [""; 0]);
    nothing_names_alice(&service).await;
    assert_eq!(mails.stream(&waiting).await, [""; 0]);
    assert_eq!(mails.new_letters(), []);
}

#[tokio::test]
async fn delete_that_storage_fails_takes_nothing_away_and_can_be_made_again() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    let (key, secret) = linked_access_key(&service, &user).await;
    let token = sign_in(&service, "alice").await.access;
    let accounts = &service.app.store.tables.accounts;
    let before = service.items(accounts).await;
    service.faults.on("TransactWriteItems", "password_hash", Fault::Unreachable);
    assert_eq!(delete(&service, &token, json!({ "password": PASSWORD })).await.status, 503);
    service.faults.none();
    assert_eq!(service.items(accounts).await, before);
    access_key_token(&service, &key, &secret).await;
    assert_eq!(delete(&service, &token, json!({ "password": PASSWORD })).await.status, 200);
    nothing_is_left_of(&service, &user).await;
}

#[tokio::test]
async fn delete_leaves_nothing_of_a_user_who_has_more_than_one_transaction_takes() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    for _ in 0..50 {
        linked_access_key(&service, &user).await;
    }
    let token = sign_in(&service, "alice").await.access;
    assert_eq!(delete(&service, &token, json!({ "password": PASSWORD })).await.status, 200);
    nothing_is_left_of(&service, &user).await;
}
