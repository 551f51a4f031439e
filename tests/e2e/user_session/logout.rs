//! Logout: what ends, and for whom.

use serde_json::json;
use tests::{Answer, PASSWORD, Service};

#[tokio::test]
async fn logout_by_bearer_cookie_or_refresh_token_ends_the_session() {
    let service = Service::start().await;
    service.user("alice").await;
    for way in ["bearer", "cookie", "refresh_token as JSON", "refresh_token as a form"] {
        let login = service.try_log_in("alice", PASSWORD).await;
        let (access, refresh) = (login.token("access_token"), login.token("refresh_token"));
        let request = service.post("/auth/logout");
        let answer = Answer::to(match way {
            "bearer" => request.bearer_auth(&access),
            "cookie" => request.header("cookie", login.cookie("JSESSIONID")),
            "refresh_token as JSON" => request.json(&json!({ "refresh_token": refresh })),
            _ => request.form(&[("refresh_token", &refresh)]),
        })
        .await;
        assert_eq!(answer.status, 200, "{way}");
        assert_eq!(answer.body, json!({ "message": "Logout success" }), "{way}");
        assert!(!service.accepts(&access).await, "{way}");
        let cookie = service.get("/auth/me").header("cookie", login.cookie("JSESSIONID"));
        assert_eq!(Answer::to(cookie).await.status, 401, "{way}");
        assert_eq!(service.refresh(&refresh).await.status, 406, "{way}");
    }
}

#[tokio::test]
async fn logout_has_the_browser_forget_the_session_and_not_the_device() {
    let service = Service::start().await;
    service.user("alice").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let request = service.post("/auth/logout").header("cookie", login.cookie("JSESSIONID"));
    let answer = Answer::to(request).await;
    let cleared = "JSESSIONID=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
    assert_eq!(answer.set_cookie("JSESSIONID"), Some(cleared));
    assert_eq!(answer.set_cookie("LATCHKEY_DEVICE"), None);
}

#[tokio::test]
async fn logout_ends_one_session_only() {
    let service = Service::start().await;
    service.user("alice").await;
    let (one, other) = (service.log_in("alice").await, service.log_in("alice").await);
    let access = one["access_token"].as_str().unwrap();
    assert_eq!(Answer::to(service.post("/auth/logout").bearer_auth(access)).await.status, 200);
    assert!(service.accepts(other["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn logout_is_idempotent() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    for _ in 0..2 {
        assert_eq!(Answer::to(service.post("/auth/logout").bearer_auth(&access)).await.status, 200);
    }
}

#[tokio::test]
async fn logout_everywhere_ends_every_session_and_token_of_the_user_alone() {
    let service = Service::start().await;
    let alice = service.user("alice").await;
    service.user("bob").await;
    let (here, there) = (service.log_in("alice").await, service.log_in("alice").await);
    let bob = service.log_in("bob").await;
    let (key, secret) = service.access_key(alice.id, |_| {}).await;
    let body = json!({ "accessKey": key.access_key, "secret": secret });
    let by_key = service.post("/login").json(&body).send().await.unwrap().text().await.unwrap();
    let body = json!({ "username": "alice", "password": PASSWORD });
    let scoped = service.post_json("/v1/auth", &body).await.1["access_token"].as_str().unwrap().to_owned();
    let access = here["access_token"].as_str().unwrap();
    assert!(service.accepts(&by_key).await && service.accepts(&scoped).await);

    service.wait(1);
    let request = service.post("/auth/logout").bearer_auth(access).json(&json!({ "all": true }));
    assert_eq!(Answer::to(request).await.status, 200);
    for token in [access, there["access_token"].as_str().unwrap(), &by_key, &scoped] {
        assert!(!service.accepts(token).await);
    }
    for tokens in [&here, &there] {
        assert_eq!(service.refresh(tokens["refresh_token"].as_str().unwrap()).await.status, 406);
    }
    assert!(service.accepts(bob["access_token"].as_str().unwrap()).await);
    let anew = service.log_in("alice").await;
    assert!(service.accepts(anew["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn logout_everywhere_takes_a_session_that_is_still_good() {
    let service = Service::start().await;
    service.user("alice").await;
    let (ended, good) = (service.log_in("alice").await, service.log_in("alice").await);
    let ended = ended["access_token"].as_str().unwrap();
    assert_eq!(Answer::to(service.post("/auth/logout").bearer_auth(ended)).await.status, 200);
    let request = service.post("/auth/logout").bearer_auth(ended).form(&[("all", "true")]);
    assert_eq!(Answer::to(request).await.status, 401);
    assert!(service.accepts(good["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn logout_everywhere_takes_no_token_that_others_have_replaced() {
    let service = Service::start().await;
    service.user("alice").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let (access, spent) = (login.token("access_token"), login.token("refresh_token"));
    service.wait(2 * 3600 + 600);
    let renewed = service.refresh(&spent).await.token("access_token");
    service.wait(600);
    for old in
        [json!({ "all": true, "refresh_token": spent }), json!({ "all": true, "refresh_token": access })]
    {
        let answer = Answer::to(service.post("/auth/logout").json(&old)).await;
        assert_eq!(answer.status, 401, "{old}");
    }
    assert!(service.accepts(&renewed).await);
}

#[tokio::test]
async fn logout_without_a_good_token_is_challenged() {
    let service = Service::start().await;
    service.user("alice").await;
    let none = Answer::to(service.post("/auth/logout")).await;
    assert_eq!((none.status.as_u16(), none.header("www-authenticate")), (401, Some("Bearer")));
    let login = service.try_log_in("alice", PASSWORD).await;
    let access = login.token("access_token");
    let forged = format!("{}{}", &access[..73], if access.ends_with('0') { "1" } else { "0" });
    let device = login.cookie("LATCHKEY_DEVICE").replace("LATCHKEY_DEVICE=", "");
    service.calls.reset();
    for token in [forged.as_str(), "a.00", "x", &device] {
        let answer = Answer::to(service.post("/auth/logout").bearer_auth(token)).await;
        assert_eq!(answer.status, 401, "{token}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{token}");
    }
    assert_eq!(service.calls.total(), 0, "a forged token costs no call to storage");
    assert!(service.accepts(&access).await);
}

#[tokio::test]
async fn logout_bad_request_names_the_field() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    for (body, field) in [
        (json!({ "all": "yes" }), "all"),
        (json!({ "all": 1 }), "all"),
        (json!({ "refresh_token": 7 }), "refresh_token"),
    ] {
        let answer = Answer::to(service.post("/auth/logout").bearer_auth(&access).json(&body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.body["details"][0]["field"], field, "{body}");
    }
    let malformed = service.post("/auth/logout").header("authorization", "Bearer a b");
    let answer = Answer::to(malformed).await;
    assert_eq!((answer.status.as_u16(), &answer.body["error"]), (400, &json!("Bad request")));
    let reason = "the Authorization header must read: Bearer, one space, and one token";
    assert_eq!(answer.body["details"], json!([{ "reason": reason }]));
    assert!(service.accepts(&access).await);
}
