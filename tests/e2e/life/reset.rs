//! Choosing a new password by the link of a mail.

use serde_json::{Value, json};
use shared::user::UserStatus;
use tests::{Answer, Letter, PASSWORD, Post, Service, at_once, with_status};

use super::{ask, form, post, status};
use crate::support::{access_key_token, account_token, scoped_token, sign_in};

const RESET: &str = "/auth/password/reset";
const NEW: &str = "another good phrase";

/// The mail with the link for a user.
async fn forgot(service: &Service, mails: &mut Post, name: &str) -> Letter {
    ask(service, "/auth/password/forgot", &format!("{name}@example.com")).await;
    mails.deliver_one().await
}

fn body(token: &str, password: &str) -> Value {
    json!({ "token": token, "password": password })
}

#[tokio::test]
async fn reset_by_many_at_once_succeeds_once() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let mail = forgot(&service, &mut mails, "alice").await;
    let passwords: Vec<String> = (0..16).map(|at| format!("good phrase number {at}")).collect();
    let requests = passwords.iter().map(|password| service.post(RESET).json(&body(mail.token(), password)));
    let answers = at_once(requests).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 400)), (1, 15), "{answers:?}");
    let mut working = 0;
    for password in &passwords {
        // A minute lets the next guess through.
        service.wait(3600);
        working += usize::from(service.try_log_in("alice", password).await.status == 200);
    }
    assert_eq!(working, 1);
    service.wait(3600);
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 406);
    assert_eq!(mails.deliver().await.len(), 1, "one notice");
}

#[tokio::test]
async fn reset_lets_in_from_where_the_old_password_was_guessed() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let mut browsers = vec![String::new()];
    for _ in 0..20 {
        browsers.push(service.try_log_in("alice", PASSWORD).await.cookie("LATCHKEY_DEVICE"));
    }
    for browser in &browsers {
        for _ in 0..6 {
            service.try_log_in_with("alice", "what was it again", browser).await;
        }
        assert_eq!(service.try_log_in_with("alice", PASSWORD, browser).await.status, 429);
    }
    let mail = forgot(&service, &mut mails, "alice").await;
    assert_eq!(post(&service, RESET, body(mail.token(), NEW)).await.status, 200);
    for browser in &browsers {
        assert_eq!(service.try_log_in_with("alice", NEW, browser).await.status, 200, "{browser}");
    }
}

#[tokio::test]
async fn reset_ends_every_token_and_does_not_sign_in() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let account = service.account("hubble").await;
    let user = service.user_with("alice", |user| user.account = account.id).await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let key = serde_json::to_value(&key.access_key).unwrap();
    let browser = sign_in(&service, "alice").await;
    let refreshed = service.refresh(&sign_in(&service, "alice").await.refresh).await;
    let account = account_token(&service, &account.id.to_string(), "hubble", Some(&user)).await;
    let mut tokens = vec![
        ("access", browser.access.clone()),
        ("cookie", browser.cookie("JSESSIONID").to_owned()),
        ("refreshed", refreshed.token("access_token")),
        ("account", account),
        ("access key", access_key_token(&service, key.as_str().unwrap(), &secret).await),
        ("scoped", scoped_token(&service, "alice").await),
    ];
    service.user("bob").await;
    let bystander = sign_in(&service, "bob").await.access;
    for (kind, token) in &tokens {
        assert!(service.accepts(token).await, "{kind}");
    }
    let mail = forgot(&service, &mut mails, "alice").await;
    service.wait(1);
    let answer = post(&service, RESET, body(mail.token(), NEW)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers.get("set-cookie"), None);
    assert_eq!(answer.body.as_object().unwrap().len(), 1, "a message and no tokens");
    tokens.push(("link", mail.token().to_owned()));
    for (kind, token) in &tokens {
        assert!(!service.accepts(token).await, "{kind}");
    }
    for refresh in [browser.refresh, refreshed.token("refresh_token")] {
        assert_eq!(service.refresh(&refresh).await.status, 406);
    }
    assert!(service.accepts(&bystander).await);

    let notice = mails.deliver_one().await;
    assert_eq!(notice.to, "alice@example.com");
    assert_eq!(notice.subject, "Your password for Latchkey was changed");
    assert!(!notice.source.contains(NEW) && !notice.text.contains("http"), "no secret and no link");
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 406);
    let fresh = service.try_log_in("alice", NEW).await.token("access_token");
    assert!(service.accepts(&fresh).await);
}

#[tokio::test]
async fn reset_verifies_the_address() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let verify = mails.deliver_one().await;
    let mail = forgot(&service, &mut mails, "alice").await;
    assert_eq!(post(&service, RESET, body(mail.token(), NEW)).await.status, 200);
    let access = service.try_log_in("alice", NEW).await.token("access_token");
    assert_eq!(status(&service, &access).await, 0);
    let late = post(&service, "/auth/verify-email", json!({ "token": verify.token() })).await;
    assert_eq!(late.status, 200, "{}", late.body);
    assert_eq!(status(&service, &access).await, 0);
}

#[tokio::test]
async fn reset_leaves_a_suspended_user_suspended() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let mut user = service.user("alice").await;
    let mail = forgot(&service, &mut mails, "alice").await;
    user.status = UserStatus::Suspended;
    service.put(&service.app.store.tables.accounts, shared::user::User::key(user.id), &user).await;
    assert_eq!(post(&service, RESET, body(mail.token(), NEW)).await.status, 200);
    assert_eq!(service.only(&service.app.store.tables.accounts, "USER").await["status"], 2);
    // Only the record says so; what signs in knows nothing of it, and what comes of that opens nothing.
    let access = service.try_log_in("alice", NEW).await;
    assert_eq!(access.status, 200, "{}", access.body);
    assert!(!service.accepts(&access.token("access_token")).await);
}

#[tokio::test]
async fn reset_clears_a_lock_out() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    for _ in 0..5 {
        assert_eq!(service.try_log_in("alice", "not the password").await.status, 406);
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429);
    let mail = forgot(&service, &mut mails, "alice").await;
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429, "asking alone clears nothing");
    assert_eq!(post(&service, RESET, body(mail.token(), NEW)).await.status, 200);
    assert_eq!(service.try_log_in("alice", NEW).await.status, 200);
}

#[tokio::test]
async fn reset_page_says_what_is_missing_in_a_whole_sentence() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let mail = forgot(&service, &mut mails, "alice").await;
    let page = form(&service, RESET, &[("token", mail.token()), ("password", "")]).send().await.unwrap();
    assert_eq!(page.status(), 400);
    let page = page.text().await.unwrap();
    assert!(page.contains("The password is required."), "{page}");
    assert!(page.contains("name=\"password\""), "and it can be chosen at once");
}

#[tokio::test]
async fn reset_refused_password_has_a_reason_and_spends_nothing() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user_with("alice", |user| user.email = "wonder@example.com".parse().unwrap()).await;
    let mail = forgot(&service, &mut mails, "wonder").await;
    let name = "a password does not contain the username or the e-mail address";
    for (password, reason) in [
        ("xkcd", "a password has at least 9 characters"),
        ("password123", "this password is on the list of the most common ones"),
        ("hello ALICE hello", name),
        ("wonderful phrase", name),
        ("my LATCHKEY phrase", "a password does not contain the name of this service"),
        (&*"x".repeat(257), "a password has at most 256 characters"),
    ] {
        let answer = post(&service, RESET, body(mail.token(), password)).await;
        let details = json!([{ "field": "password", "reason": reason }]);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.body, json!({ "error": "Bad request", "details": details }));

        let fields = [("token", mail.token()), ("password", password)];
        let page = form(&service, RESET, &fields).send().await.unwrap();
        assert_eq!(page.status(), 400);
        let html = page.text().await.unwrap();
        let sentence = reason.replacen(&reason[..1], &reason[..1].to_uppercase(), 1);
        assert!(html.contains(&sentence), "{html}");
        assert!(html.contains(&format!("value=\"{}\"", mail.token())), "it can be tried again at once");
        assert!(!html.contains(password), "{html}");
    }
    for fields in [json!({ "token": mail.token() }), json!({ "password": NEW }), json!({})] {
        assert_eq!(post(&service, RESET, fields).await.status, 400);
    }
    assert_eq!(post(&service, RESET, body(mail.token(), NEW)).await.status, 200);
}

#[tokio::test]
async fn reset_answers_browsers_with_pages() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let mail = forgot(&service, &mut mails, "alice").await;
    let before = service.stored().await;
    let page = service.http.get(mail.link()).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("action=\"reset\"") && page.contains("autocomplete=\"new-password\""));
    assert_eq!(service.stored().await, before);
    let hostile = "\"><img src=x onerror=alert(1)>";
    for request in [
        service.get(RESET).query(&[("token", hostile)]),
        form(&service, RESET, &[("token", hostile), ("password", "xkcd")]),
        form(&service, RESET, &[("token", hostile), ("password", NEW)]),
    ] {
        let html = request.send().await.unwrap().text().await.unwrap();
        assert!(!html.contains("<img"), "{html}");
    }
    let answer = form(&service, RESET, &[("token", mail.token()), ("password", NEW)]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert!(answer.text().await.unwrap().contains("Your password is changed"));
    assert_eq!(Answer::to(service.login_request("alice", NEW)).await.status, 200);
}
