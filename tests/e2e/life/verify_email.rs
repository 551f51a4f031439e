//! The link of the verification mail.

use serde_json::json;
use tests::{Answer, PASSWORD, Service, at_once, with_status};

use super::{BROWSER, ask, form, post, status};

const PATH: &str = "/auth/verify-email";
const RESEND: &str = "/auth/verify-email/resend";

#[tokio::test]
async fn verify_email_link_of_the_mail_verifies_once() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let mail = mails.deliver_one().await;
    assert_eq!(mail.to, "alice@example.com");
    assert_eq!(mail.link(), format!("{}{PATH}?token={}", service.url, mail.token()));
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    assert_eq!(status(&service, &access).await, 1);

    let token = json!({ "token": mail.token() });
    let answer = post(&service, PATH, token.clone()).await;
    let message = json!({ "message": "Your e-mail address is verified." });
    assert_eq!((answer.status.as_u16(), answer.body), (200, message));
    assert_eq!(answer.headers.get("set-cookie"), None, "it does not sign in");
    assert_eq!(status(&service, &access).await, 0);

    let again = post(&service, PATH, token).await;
    let details = json!([{ "field": "token", "reason": "is not valid any more: ask for a new mail" }]);
    assert_eq!(
        (again.status.as_u16(), again.body),
        (400, json!({ "error": "Bad request", "details": details }))
    );
    assert_eq!(status(&service, &access).await, 0);
}

#[tokio::test]
async fn verify_email_by_many_at_once_succeeds_once() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let token = json!({ "token": mails.deliver_one().await.token() });
    let answers = at_once((0..8).map(|_| service.post(PATH).json(&token))).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 400)), (1, 7), "{answers:?}");
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    assert_eq!(status(&service, &access).await, 0);
}

#[tokio::test]
async fn verify_email_page_spends_nothing_and_keeps_the_token_to_itself() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let mail = mails.deliver_one().await;
    let before = service.stored().await;
    service.calls.reset();
    for _ in 0..3 {
        let page = service.http.get(mail.link()).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        for rule in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("script"));
        let html = page.text().await.unwrap();
        assert!(html.contains(&format!("name=\"token\" value=\"{}\"", mail.token())));
        assert!(!html.contains("<script") && !html.contains("src="));
    }
    assert_eq!(service.calls.total(), 0, "the page asks nobody");
    assert_eq!(service.stored().await, before);
    let answer = form(&service, PATH, &[("token", mail.token())]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("Your e-mail address is verified."));
    let again = form(&service, PATH, &[("token", mail.token())]).send().await.unwrap();
    assert_eq!(again.status(), 400);
    assert!(again.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let again = again.text().await.unwrap();
    assert!(again.contains("This link is not valid any more."));
    assert!(again.contains("If you have used it already, nothing is left to do."), "{again}");
}

#[tokio::test]
async fn verify_email_page_shows_a_hostile_token_as_text() {
    let service = Service::start().await;
    let page = service.get(PATH).query(&[("token", "\"><script>alert(1)</script>")]);
    let html = page.header("accept", BROWSER).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("value=\"&quot;&gt;&lt;script&gt;"));
    assert!(!html.contains("<script"));
}

#[tokio::test]
async fn verify_email_link_ends_after_a_day_though_its_item_is_still_there() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("early").await;
    let early = mails.deliver_one().await;
    service.sign_up("late").await;
    let late = mails.deliver_one().await;
    service.wait(24 * 3600 - 1);
    assert_eq!(post(&service, PATH, json!({ "token": early.token() })).await.status, 200);
    service.wait(1);
    assert_eq!(service.count(&service.app.store.tables.tokens, "ONCE#verify-email").await, 2);
    assert_eq!(post(&service, PATH, json!({ "token": late.token() })).await.status, 400);
}

#[tokio::test]
async fn verify_email_takes_no_token_of_another_kind_or_user() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let verify = mails.deliver_one().await;
    ask(&service, "/auth/password/forgot", "alice@example.com").await;
    let reset = mails.deliver_one().await;
    let tokens = service.try_log_in("alice", PASSWORD).await;
    let renamed = verify.token().replacen("e.", "p.", 1);
    for token in
        [reset.token(), &tokens.token("access_token"), &tokens.token("refresh_token"), &renamed, "e."]
    {
        assert_eq!(post(&service, PATH, json!({ "token": token })).await.status, 400, "{token}");
    }
    for token in [json!({}), json!({ "token": "" }), json!({ "token": 5 }), json!({ "token": ["x"] })] {
        assert_eq!(post(&service, PATH, token).await.status, 400);
    }
    let body = json!({ "token": verify.token(), "password": "another good phrase" });
    assert_eq!(post(&service, "/auth/password/reset", body).await.status, 400);
    assert!(!service.accepts(verify.token()).await);
    assert_eq!(post(&service, PATH, json!({ "token": verify.token() })).await.status, 200);
}

#[tokio::test]
async fn resend_is_alike_for_every_address() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("unverified").await;
    service.user("verified").await;
    mails.deliver().await;
    service.wait(1);
    let mut answers = Vec::new();
    for name in ["unverified", "verified", "nobody"] {
        service.calls.reset();
        let answer = ask(&service, RESEND, &format!("{name}@example.com")).await;
        assert_eq!(service.calls.total(), 1, "{name}");
        assert_eq!(answer.status, 200);
        answers.push(answer.without_request());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert_eq!(mails.deliver_one().await.to, "unverified@example.com");
    assert!(mails.waiting().await.is_empty(), "what has no reader is settled too");
}

#[tokio::test]
async fn resend_ends_the_earlier_link() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let first = mails.deliver_one().await;
    service.wait(1);
    assert_eq!(ask(&service, RESEND, "Alice@Example.com").await.status, 200);
    let second = mails.deliver_one().await;
    assert_ne!(first.token(), second.token());
    assert_eq!(post(&service, PATH, json!({ "token": first.token() })).await.status, 400);
    assert_eq!(post(&service, PATH, json!({ "token": second.token() })).await.status, 200);
}

#[tokio::test]
async fn unverified_users_are_refused_where_the_deployment_asks_for_it() {
    let service = Service::with(&[("UNVERIFIED_SIGN_IN", "refuse")]).await;
    let mut mails = service.post_office();
    service.sign_up("alice").await;
    let refused = service.try_log_in("alice", PASSWORD).await;
    assert_eq!(refused.status, 406, "{}", refused.body);
    assert_eq!(refused.headers.get("set-cookie"), None);
    let wrong = service.try_log_in("alice", "not the password").await;
    assert_eq!(wrong.body, json!({ "error": "Wrong username or password." }), "only its owner is told");
    assert_ne!(refused.body, wrong.body);
    let scoped = json!({ "username": "alice", "password": PASSWORD });
    assert_eq!(post(&service, "/v1/auth", scoped.clone()).await.status, 401);
    let token = mails.deliver_one().await.token().to_owned();
    assert_eq!(Answer::to(form(&service, PATH, &[("token", &token)])).await.status, 200);
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
    assert_eq!(post(&service, "/v1/auth", scoped).await.status, 200);
}
