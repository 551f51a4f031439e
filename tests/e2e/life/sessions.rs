//! Where a user is signed in.

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::session::MOST_SESSIONS;
use tests::{Answer, PASSWORD, Service};

const SESSIONS: &str = "/auth/sessions";

async fn log_in_from(service: &Service, name: &str, device: &str) -> Answer {
    Answer::to(service.login_request(name, PASSWORD).header("user-agent", device)).await
}

async fn list(service: &Service, token: &str) -> Vec<Value> {
    let answer = Answer::to(service.get(SESSIONS).bearer_auth(token)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["sessions"].as_array().unwrap().clone()
}

async fn end(service: &Service, token: &str, path: &str) -> Answer {
    Answer::to(service.request(reqwest::Method::DELETE, path).bearer_auth(token)).await
}

#[tokio::test]
async fn sessions_are_listed_with_what_tells_them_apart() {
    let service = Service::start().await;
    service.user("alice").await;
    let created = service.clock.now().to_rfc3339();
    let phone = log_in_from(&service, "alice", "Phone/1").await;
    service.wait(60);
    let laptop = log_in_from(&service, "alice", "Laptop/2").await.token("access_token");
    service.wait(60);
    let used = service.clock.now().to_rfc3339();
    let phone = service.refresh(&phone.token("refresh_token")).await.token("access_token");
    let shown = list(&service, &laptop).await;
    assert_eq!(shown.len(), 2);
    let expected = json!({
        "id": shown[0]["id"], "created_at": created, "last_used_at": used, "address": "127.0.0.1",
        "device": "Phone/1", "current": false,
    });
    assert_eq!(shown[0], expected, "the last used comes first");
    assert_eq!((&shown[1]["device"], &shown[1]["current"]), (&json!("Laptop/2"), &json!(true)));
    assert_eq!(list(&service, &phone).await[0]["current"], true);
    let text = format!("{shown:?}");
    for secret in [&phone, &laptop] {
        assert!(!text.contains(&secret[2..]));
    }
}

#[tokio::test]
async fn sessions_end_one_by_one_or_all_others() {
    let service = Service::start().await;
    service.user("alice").await;
    let mut tokens = Vec::new();
    for device in ["one", "two", "three", "four"] {
        tokens.push(log_in_from(&service, "alice", device).await);
        service.wait(1);
    }
    let here = tokens[0].token("access_token");
    let two = list(&service, &here).await.into_iter().find(|session| session["device"] == "two").unwrap();
    let path = format!("{SESSIONS}/{}", two["id"].as_str().unwrap());
    assert_eq!(end(&service, &here, &path).await.status, 200);
    assert!(!service.accepts(&tokens[1].token("access_token")).await);
    assert_eq!(service.refresh(&tokens[1].token("refresh_token")).await.status, 406);
    assert_eq!(end(&service, &here, &path).await.status, 404, "it is gone");
    assert_eq!(list(&service, &here).await.len(), 3);

    assert_eq!(end(&service, &here, SESSIONS).await.status, 200);
    for other in &tokens[1..] {
        assert!(!service.accepts(&other.token("access_token")).await);
    }
    let left = list(&service, &here).await;
    assert_eq!((left.len(), &left[0]["current"]), (1, &json!(true)));

    let path = format!("{SESSIONS}/{}", left[0]["id"].as_str().unwrap());
    assert_eq!(end(&service, &here, &path).await.status, 200, "one's own too");
    assert!(!service.accepts(&here).await);
}

#[tokio::test]
async fn sessions_of_others_do_not_exist() {
    let service = Service::start().await;
    service.user("alice").await;
    service.user("bob").await;
    let alice = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let bob = service.try_log_in("bob", PASSWORD).await.token("access_token");
    let id = list(&service, &bob).await[0]["id"].as_str().unwrap().to_owned();
    let foreign = end(&service, &alice, &format!("{SESSIONS}/{id}")).await;
    let unknown = end(&service, &alice, &format!("{SESSIONS}/00000000")).await;
    assert_eq!(foreign.status, 404);
    assert_eq!(foreign.without_request(), unknown.without_request());
    for odd in [id.to_uppercase() + "0", "x".to_owned(), "%2e%2e".to_owned(), "x".repeat(2000)] {
        assert_eq!(end(&service, &alice, &format!("{SESSIONS}/{odd}")).await.status, 404, "{odd:.20}");
    }
    assert!(service.accepts(&bob).await);
    end(&service, &alice, SESSIONS).await;
    assert!(service.accepts(&bob).await, "all others are one's own");
    for (method, path) in [(reqwest::Method::GET, SESSIONS), (reqwest::Method::DELETE, SESSIONS)] {
        assert_eq!(Answer::to(service.request(method, path)).await.status, 401);
    }
}

#[tokio::test]
async fn sessions_of_sign_ins_at_once_keep_the_limit() {
    let service = Service::start().await;
    service.user("alice").await;
    for _ in 1..MOST_SESSIONS {
        service.log_in("alice").await;
        service.wait(1);
    }
    // One has seen who else is there, and is not written yet, when the other comes.
    let held = service.faults.hold(&["authenticated", "SESSION#"]);
    let other = async {
        held.arrived().await;
        let other = service.log_in("alice").await;
        held.release();
        other
    };
    let (one, other) = tokio::join!(service.log_in("alice"), other);
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, MOST_SESSIONS);
    for tokens in [one, other] {
        assert!(service.accepts(tokens["access_token"].as_str().unwrap()).await, "the oldest went");
    }
}

#[tokio::test]
async fn sessions_that_have_expired_push_out_none_that_is_alive() {
    let service = Service::with(&[("SESSION_IDLE_SECONDS", "3600")]).await;
    service.user("alice").await;
    let oldest = service.try_log_in("alice", PASSWORD).await.token("refresh_token");
    for _ in 2..MOST_SESSIONS {
        service.wait(1);
        service.log_in("alice").await;
    }
    service.wait(3000);
    let alive = service.refresh(&oldest).await.token("access_token");
    service.wait(601);
    // All but the oldest have expired, and nothing has deleted them.
    for _ in 0..2 {
        service.log_in("alice").await;
    }
    assert!(service.accepts(&alive).await);
    assert_eq!(list(&service, &alive).await.len(), 3);
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, MOST_SESSIONS);
}

#[tokio::test]
async fn sessions_that_have_expired_are_not_shown() {
    let service = Service::with(&[("SESSION_IDLE_SECONDS", "3600")]).await;
    service.user("alice").await;
    let old = log_in_from(&service, "alice", "old").await.token("access_token");
    let id = list(&service, &old).await[0]["id"].as_str().unwrap().to_owned();
    service.wait(3600);
    let here = log_in_from(&service, "alice", "new").await.token("access_token");
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 2, "TTL deletes late");
    let shown = list(&service, &here).await;
    assert_eq!((shown.len(), &shown[0]["device"]), (1, &json!("new")));
    assert_eq!(end(&service, &here, &format!("{SESSIONS}/{id}")).await.status, 404);
}
