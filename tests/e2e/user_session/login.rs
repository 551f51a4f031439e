//! Login: names, passwords, tokens, cookies.

use std::sync::Arc;

use serde_json::json;
use shared::App;
use shared::user::UserStatus;
use tests::{Answer, PASSWORD, Service};

/// Whether this is `prefix.` and the hexadecimal digits of 36 bytes.
fn is_session_token(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')).is_some_and(|digits| {
        digits.len() == 72 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[tokio::test]
async fn login_answers_the_tokens_of_the_document() {
    let service = Service::start().await;
    service.user("alice").await;
    let answer = service.try_log_in("alice", PASSWORD).await;
    assert_eq!(answer.status, 200);
    let (access, refresh) = (answer.token("access_token"), answer.token("refresh_token"));
    assert!(is_session_token(&access, "a") && is_session_token(&refresh, "r"));
    let tokens = json!({
        "access_token": access, "valid_for": 7200, "refresh_token": refresh,
        "reference_token": "auth_grant", "type": "api",
    });
    assert_eq!(answer.body, json!({ "message": "Login success", "tokens": tokens }));
    assert!(service.accepts(&access).await);
}

#[tokio::test]
async fn login_takes_the_username_in_any_case_and_the_address() {
    let service = Service::start().await;
    let user = service.user("Alice.W").await;
    for name in ["Alice.W", "alice.w", "ALICE.W", "alice.w@example.com", "Alice.W@EXAMPLE.com"] {
        let answer = service.try_log_in(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{name}");
        let (_, body) = service.verify(&answer.token("access_token")).await;
        assert_eq!(body["data"]["user"]["id"], user.id.to_string(), "{name}");
    }
}

#[tokio::test]
async fn login_takes_a_form_multipart_and_json() {
    let service = Service::start().await;
    service.user("alice").await;
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
    let parts = reqwest::multipart::Form::new().text("username", "alice").text("password", PASSWORD);
    assert_eq!(Answer::to(service.post("/auth/login").multipart(parts)).await.status, 200);
    let body = json!({ "username": "alice", "password": PASSWORD });
    assert_eq!(service.post_json("/auth/login", &body).await.0, 200);
}

#[tokio::test]
async fn login_wrong_password_is_rejected() {
    let service = Service::start().await;
    service.user("alice").await;
    let upper = PASSWORD.to_uppercase();
    for password in ["not the password", &upper, &PASSWORD[1..], &format!("{PASSWORD} ")] {
        let answer = service.try_log_in("alice", password).await;
        assert_eq!(answer.status, 406, "{password}");
        assert_eq!(answer.body, json!({ "error": "Wrong username or password." }));
        assert_eq!(answer.set_cookie("JSESSIONID"), None);
    }
}

#[tokio::test]
async fn login_unknown_name_is_answered_like_a_wrong_password() {
    let service = Service::start().await;
    service.user("alice").await;
    let wrong = service.try_log_in("alice", "not the password").await.without_request();
    let by_address = service.try_log_in("alice@example.com", "not the password").await.without_request();
    assert_eq!(wrong, by_address);
    let long = "ñ".repeat(2_000);
    for name in ["nobody", "nobody@example.com", "no name at all", "LOGIN#alice", "al\u{0}ice", "a", &long] {
        let unknown = service.try_log_in(name, PASSWORD).await.without_request();
        assert_eq!(unknown, wrong, "{name:.20}");
    }
}

#[tokio::test]
async fn login_suspended_user_is_rejected_and_told_so() {
    let service = Service::start().await;
    service.user_with("alice", |user| user.status = UserStatus::Suspended).await;
    let right = service.try_log_in("alice", PASSWORD).await;
    assert_eq!((right.status.as_u16(), right.body), (406, json!({ "error": "This user is suspended." })));
    assert_eq!(right.headers.get("set-cookie"), None);
    let wrong = service.try_log_in("alice", "not the password").await;
    assert_eq!(wrong.body, json!({ "error": "Wrong username or password." }), "only its owner is told");
}

#[tokio::test]
async fn login_bad_request_names_the_fields() {
    let service = Service::start().await;
    let required = |name: &str| json!({ "field": name, "reason": "is required" });
    for (body, details) in [
        (json!({}), json!([required("username"), required("password")])),
        (json!({ "username": "alice" }), json!([required("password")])),
        (json!({ "username": "", "password": "x" }), json!([required("username")])),
        (
            json!({ "username": "alice", "password": 5 }),
            json!([{ "field": "password", "reason": "must be text" }]),
        ),
    ] {
        let (status, answer) = service.post_json("/auth/login", &body).await;
        let expected = json!({ "error": "Bad request", "details": details });
        assert_eq!((status.as_u16(), answer), (400, expected), "{body}");
    }
    let (status, _) = service.post_form("/auth/login", &[("username", "a"), ("username", "b")]).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn login_over_loopback_sets_cookies_without_secure() {
    let service = Service::start().await;
    service.user("alice").await;
    let answer = service.try_log_in("alice", PASSWORD).await;
    let session = answer.cookie("JSESSIONID");
    assert!(is_session_token(session.strip_prefix("JSESSIONID=").unwrap(), "s"));
    let attributes = "Path=/; HttpOnly; SameSite=Lax";
    assert_eq!(
        answer.set_cookie("JSESSIONID"),
        Some(format!("{session}; Max-Age=86400; {attributes}").as_str())
    );
    let device = answer.cookie("LATCHKEY_DEVICE");
    assert!(is_session_token(device.strip_prefix("LATCHKEY_DEVICE=").unwrap(), "v"));
    assert_eq!(
        answer.set_cookie("LATCHKEY_DEVICE"),
        Some(format!("{device}; Max-Age=31536000; {attributes}").as_str())
    );
}

#[tokio::test]
async fn login_over_https_sets_secure_cookies() {
    let service = Service::with(&[("PUBLIC_URL", "https://auth.example.com")]).await;
    service.user("alice").await;
    let answer = service.try_log_in("alice", PASSWORD).await;
    for name in ["JSESSIONID", "LATCHKEY_DEVICE"] {
        let line = answer.set_cookie(name).unwrap();
        assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{line}");
    }
}

#[tokio::test]
async fn login_from_a_page_of_another_site_leaves_no_cookie_in_the_browser() {
    let service = Service::start().await;
    service.user("mallory").await;
    let form = [("username", "mallory"), ("password", PASSWORD)];
    for (site, sets) in [("cross-site", false), ("same-site", true), ("same-origin", true), ("none", true)] {
        let request = service.post("/auth/login").header("sec-fetch-site", site).form(&form);
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 200, "{site}");
        assert!(service.accepts(&answer.token("access_token")).await, "{site}");
        for cookie in ["JSESSIONID", "LATCHKEY_DEVICE"] {
            assert_eq!(answer.set_cookie(cookie).is_some(), sets, "{site} {cookie}");
        }
    }
}

#[tokio::test]
async fn login_cookie_opens_what_the_access_token_opens_for_a_day() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    let cookie = service.try_log_in("alice", PASSWORD).await.cookie("JSESSIONID");
    let me = async || Answer::to(service.get("/auth/me").header("cookie", &cookie)).await;
    assert_eq!(me().await.body["id"], user.id.to_string());
    service.wait(86_399);
    assert_eq!(me().await.status, 200);
    service.wait(1);
    assert_eq!(me().await.status, 401);
}

#[tokio::test]
async fn login_again_in_a_browser_ends_its_old_session() {
    let service = Service::start().await;
    service.user("alice").await;
    let other = service.try_log_in("alice", PASSWORD).await;
    let first = service.try_log_in("alice", PASSWORD).await;
    let second = service.try_log_in_with("alice", PASSWORD, &first.cookie("JSESSIONID")).await;
    assert_eq!(second.status, 200);
    assert!(!service.accepts(&first.token("access_token")).await);
    assert_eq!(service.refresh(&first.token("refresh_token")).await.status, 406);
    assert!(service.accepts(&second.token("access_token")).await);
    assert!(service.accepts(&other.token("access_token")).await, "another browser stays signed in");
}

#[tokio::test]
async fn login_that_fails_ends_no_session() {
    let service = Service::start().await;
    service.user("alice").await;
    let first = service.try_log_in("alice", PASSWORD).await;
    let cookie = first.cookie("JSESSIONID");
    assert_eq!(service.try_log_in_with("alice", "not the password", &cookie).await.status, 406);
    assert!(service.accepts(&first.token("access_token")).await);
}

#[tokio::test]
async fn login_password_composed_or_decomposed_is_the_same() {
    let service = Service::start().await;
    let form = [("username", "alice"), ("password", "caf\u{e9} au lait"), ("email", "alice@example.com")];
    assert_eq!(service.post_form("/auth/signup", &form).await.0, 200);
    assert_eq!(service.try_log_in("alice", "cafe\u{301} au lait").await.status, 200);
    assert_eq!(service.try_log_in("alice", "cafe au lait").await.status, 406);
}

#[tokio::test]
async fn login_password_is_never_truncated() {
    let service = Service::start().await;
    for (n, head) in
        ["x1".repeat(36), "x1".repeat(127), "before the NUL\0".to_owned()].into_iter().enumerate()
    {
        let (username, email) = (format!("user{n}"), format!("reader{n}@example.com"));
        let (right, wrong) = (format!("{head}a"), format!("{head}b"));
        let form = [("username", username.as_str()), ("password", &right), ("email", &email)];
        assert_eq!(service.post_form("/auth/signup", &form).await.0, 200);
        assert_eq!(service.try_log_in(&username, &wrong).await.status, 406);
        assert_eq!(service.try_log_in(&username, &head).await.status, 406);
        assert_eq!(service.try_log_in(&username, &right).await.status, 200);
    }
}

#[tokio::test]
async fn login_for_the_51st_time_pushes_out_the_oldest_session() {
    let service = Service::start().await;
    service.user("alice").await;
    let mut tokens = Vec::new();
    for _ in 0..51 {
        tokens.push(service.try_log_in("alice", PASSWORD).await.token("access_token"));
        service.wait(1);
    }
    assert!(!service.accepts(&tokens[0]).await);
    for token in &tokens[1..] {
        assert!(service.accepts(token).await);
    }
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 50);
}

#[tokio::test]
async fn login_replaces_a_weak_hash() {
    let service = Service::with(&[("ARGON2_MEMORY_KIB", "9216"), ("ARGON2_ITERATIONS", "4")]).await;
    service.user("alice").await;
    // Made by hand with less memory, as an owner's earlier setting would have.
    let weak = shared::password::HashParameters { memory_kib: 7168, iterations: 1, parallelism: 1 };
    let hash = shared::password::Hasher::new(weak).hash(&shared::password::Password::new(PASSWORD)).await;
    let tables = &service.app.store.tables;
    let credential = shared::user::Credential::key("alice");
    let mut item: shared::user::Credential =
        service.app.store.get(&tables.accounts, credential.clone()).await.unwrap().unwrap();
    item.password_hash = hash.unwrap();
    service.put(&tables.accounts, credential, &item).await;

    service.log_in("alice").await;
    assert!(service.stored().await.concat().contains("$argon2id$v=19$m=9216,t=4,p=1$"));
    assert!(!service.stored().await.concat().contains("m=7168"));
    service.log_in("alice").await;
}

#[tokio::test]
async fn login_keeps_a_weak_hash_that_cannot_be_replaced() {
    let service = Service::start().await;
    service.user("alice").await;
    // Argon2 makes no hash without a lane, and compares with one by the parameters that the hash names.
    let mut config = service.app.config.clone();
    config.argon2.memory_kib = 8192;
    config.argon2.parallelism = 0;
    let app = App::new(config, service.app.store.clone(), Arc::clone(&service.clock));
    let service = service.behind(|site| site.app = Box::leak(Box::new(app))).await;
    let before = service.only(&service.app.store.tables.accounts, "LOGIN").await;
    for attempt in 1..=6 {
        let answer = service.try_log_in("alice", PASSWORD).await;
        assert_eq!(answer.status, 200, "{attempt}: {}", answer.body);
    }
    assert_eq!(service.only(&service.app.store.tables.accounts, "LOGIN").await, before);
    assert_eq!(service.count(&service.app.store.tables.tokens, "ATTEMPT").await, 0, "none is counted");
}
