//! Refresh: one live chain of tokens, whatever a client sends again.

mod model;

use serde_json::json;
use tests::{Answer, PASSWORD, Service, at_once, text};

/// A service, and the first tokens of a session.
async fn signed_in() -> (Service, String, String) {
    let service = Service::start().await;
    service.user("alice").await;
    let tokens = service.log_in("alice").await;
    (service, text(&tokens["access_token"]), text(&tokens["refresh_token"]))
}

/// SHA-256 in hexadecimal: the service stores the secret of an access key as it.
fn sha256(text: &str) -> String {
    shared::access_key::AccessKey::hash_secret(text)
}

#[tokio::test]
async fn refresh_answers_the_tokens_of_the_document() {
    let (service, _, first) = signed_in().await;
    let mut spent = first;
    for _ in 0..3 {
        let answer = service.refresh(&spent).await;
        assert_eq!(answer.status, 200);
        let (access, refresh) = (answer.token("access_token"), answer.token("refresh_token"));
        assert!(access.starts_with("a.") && refresh.starts_with("d."));
        let tokens = json!({
            "access_token": access, "valid_for": 7200, "refresh_token": refresh,
            "reference_token": format!("r.{}", sha256(&spent)), "type": "api",
        });
        assert_eq!(answer.body, json!({ "message": "Refresh Success", "tokens": tokens }));
        assert!(service.accepts(&access).await);
        spent = refresh;
    }
}

#[tokio::test]
async fn refresh_takes_a_form_multipart_and_json() {
    let (service, _, first) = signed_in().await;
    let form = service.post("/auth/refresh").form(&[("refresh_token", &first)]);
    let second = Answer::to(form).await.token("refresh_token");
    let parts = reqwest::multipart::Form::new().text("refresh_token", second);
    let third = Answer::to(service.post("/auth/refresh").multipart(parts)).await.token("refresh_token");
    assert_eq!(service.refresh(&third).await.status, 200);
}

#[tokio::test]
async fn refresh_repeated_within_the_grace_time_gives_the_same_answer() {
    let (service, _, first) = signed_in().await;
    let answer = service.refresh(&first).await;
    for seconds in [0, 5, 5] {
        service.wait(seconds);
        let repeated = service.refresh(&first).await;
        assert_eq!((repeated.status, repeated.body), (answer.status, answer.body.clone()));
    }
    let next = service.refresh(&answer.token("refresh_token")).await;
    assert_eq!(next.status, 200, "the chain goes on");
    assert!(service.accepts(&next.token("access_token")).await);
}

#[tokio::test]
async fn refresh_by_many_at_once_keeps_one_chain() {
    let (service, _, first) = signed_in().await;
    let requests = (0..16).map(|_| service.post("/auth/refresh").json(&json!({ "refresh_token": first })));
    let answers = at_once(requests).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &answers[0].body));
    }
    let tokens = &service.app.store.tables.tokens;
    assert_eq!(service.count(tokens, "SESSION#").await, 1);
    let session = service.items(tokens).await.into_iter().find(|item| item.contains_key("generation"));
    assert_eq!(session.unwrap()["generation"].as_n().unwrap(), "1");
    assert_eq!(service.refresh(&answers[0].token("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn refresh_token_reused_after_the_grace_time_ends_the_session() {
    let (service, _, first) = signed_in().await;
    let owner = service.refresh(&first).await;
    service.wait(11);
    let thief = service.refresh(&first).await;
    assert_eq!(thief.status, 406);
    let refused = json!({ "error": "The refresh token is not valid. Sign in again." });
    assert_eq!(thief.body, refused);
    assert!(!service.accepts(&owner.token("access_token")).await, "the access token ends too");
    let after = service.refresh(&owner.token("refresh_token")).await;
    assert_eq!((after.status.as_u16(), after.body), (406, refused));
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 0);
}

#[tokio::test]
async fn refresh_token_two_generations_old_ends_the_session_at_once() {
    let (service, _, first) = signed_in().await;
    let second = service.refresh(&first).await.token("refresh_token");
    let third = service.refresh(&second).await;
    assert_eq!(service.refresh(&first).await.status, 406);
    assert!(!service.accepts(&third.token("access_token")).await);
    assert_eq!(service.refresh(&third.token("refresh_token")).await.status, 406);
}

#[tokio::test]
async fn refresh_theft_ends_no_other_session() {
    let (service, _, first) = signed_in().await;
    let other = service.log_in("alice").await;
    service.refresh(&first).await;
    service.wait(11);
    service.refresh(&first).await;
    assert!(service.accepts(&text(&other["access_token"])).await);
    assert_eq!(service.refresh(&text(&other["refresh_token"])).await.status, 200);
}

#[tokio::test]
async fn previous_access_token_ends_with_the_grace_time() {
    let (service, access, first) = signed_in().await;
    let next = service.refresh(&first).await.token("access_token");
    service.wait(9);
    assert!(service.accepts(&access).await);
    service.wait(1);
    assert!(!service.accepts(&access).await);
    assert!(service.accepts(&next).await);
}

#[tokio::test]
async fn access_token_of_a_repeated_refresh_is_valid_as_long_as_it_says() {
    let (service, _, first) = signed_in().await;
    service.refresh(&first).await;
    service.wait(10);
    let late = service.refresh(&first).await;
    assert_eq!(late.body["tokens"]["valid_for"], 7200);
    service.wait(7199);
    assert!(service.accepts(&late.token("access_token")).await);
}

#[tokio::test]
async fn refresh_grace_time_is_a_setting() {
    let service = Service::with(&[("REFRESH_GRACE_SECONDS", "0")]).await;
    service.user("alice").await;
    let first = text(&service.log_in("alice").await["refresh_token"]);
    service.refresh(&first).await;
    service.wait(1);
    assert_eq!(service.refresh(&first).await.status, 406);
}

#[tokio::test]
async fn session_ends_after_idle_days_while_its_item_is_still_there() {
    const DAY: u64 = 86_400;
    let (service, _, first) = signed_in().await;
    service.wait(14 * DAY - 1);
    let second = service.refresh(&first).await;
    assert_eq!(second.status, 200);
    service.wait(14 * DAY);
    let before = service.stored().await;
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 1);
    assert_eq!(service.refresh(&second.token("refresh_token")).await.status, 406);
    assert_eq!(service.stored().await, before, "an expired session is not revived");
}

#[tokio::test]
async fn session_ends_after_thirty_days_however_it_is_used() {
    const DAY: u64 = 86_400;
    let (service, _, mut refresh) = signed_in().await;
    for _ in 0..2 {
        service.wait(13 * DAY);
        refresh = service.refresh(&refresh).await.token("refresh_token");
    }
    service.wait(4 * DAY - 1);
    let last = service.refresh(&refresh).await;
    assert_eq!(last.status, 200);
    assert!(service.accepts(&last.token("access_token")).await);
    service.wait(1);
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 1);
    assert!(!service.accepts(&last.token("access_token")).await, "nor does its access token go on");
    assert_eq!(service.refresh(&last.token("refresh_token")).await.status, 406);
    assert_eq!(service.refresh(&refresh).await.status, 406, "nor a repetition within the grace time");
}

#[tokio::test]
async fn refresh_racing_logout_leaves_nothing_alive() {
    let (service, access, first) = signed_in().await;
    let mut requests = vec![service.post("/auth/logout").bearer_auth(&access)];
    requests.extend((0..8).map(|_| service.post("/auth/refresh").json(&json!({ "refresh_token": first }))));
    let answers = at_once(requests).await;
    for answer in answers.iter().filter(|answer| answer.body["tokens"].is_object()) {
        assert!(!service.accepts(&answer.token("access_token")).await);
        assert_eq!(service.refresh(&answer.token("refresh_token")).await.status, 406);
    }
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 0);
}

#[tokio::test]
async fn refresh_takes_live_refresh_tokens_only() {
    let (service, access, first) = signed_in().await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let value = |name: &str| login.cookie(name).split_once('=').unwrap().1.to_owned();
    let scoped = json!({ "username": "alice", "password": PASSWORD });
    let scoped = text(&service.post_json("/v1/auth", &scoped).await.1["access_token"]);
    let last = if first.ends_with('0') { "1" } else { "0" };
    let swapped = first.replacen("r.", "d.", 1);
    service.calls.reset();
    for (token, why) in [
        (access.clone(), "an access token"),
        (access.replacen("a.", "r.", 1), "an access token that says it is a refresh token"),
        (value("JSESSIONID"), "a session cookie"),
        (value("LATCHKEY_DEVICE"), "a device cookie"),
        (scoped, "a JWT"),
        (swapped, "the other kind of refresh token"),
        (format!("{}{last}", &first[..73]), "a forgery"),
        (first.to_uppercase(), "another spelling"),
        (format!(" {first}"), "a space before it"),
        (first[..73].to_owned(), "one digit less"),
        (format!("{first}0"), "one digit more"),
        ("d.cf03600e7e505af7c4e90120838a05a3".to_owned(), "the document's example"),
        ("x".repeat(10_000), "a long text"),
    ] {
        let answer = service.refresh(&token).await;
        assert_eq!(answer.status, 406, "{why}");
        assert_eq!(
            answer.body,
            json!({ "error": "The refresh token is not valid. Sign in again." }),
            "{why}"
        );
    }
    assert_eq!(service.calls.total(), 0, "a forged token costs no call to storage");
    assert_eq!(service.refresh(&first).await.status, 200, "and none of them did any harm");
}

#[tokio::test]
async fn refresh_of_a_session_that_was_ended_is_refused() {
    let (service, access, first) = signed_in().await;
    Answer::to(service.post("/auth/logout").bearer_auth(&access)).await;
    assert_eq!(service.refresh(&first).await.status, 406);
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 0, "it does not come back");
}

#[tokio::test]
async fn refresh_bad_request_names_the_field() {
    let service = Service::start().await;
    for (body, reason) in [
        (json!({}), "is required"),
        (json!({ "refresh_token": "" }), "is required"),
        (json!({ "refresh_token": null }), "is required"),
        (json!({ "refresh_token": 1 }), "must be text"),
        (json!({ "refresh_token": ["x"] }), "must be text"),
    ] {
        let answer = Answer::to(service.post("/auth/refresh").json(&body)).await;
        let details = json!([{ "field": "refresh_token", "reason": reason }]);
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.body, json!({ "error": "Bad request", "details": details }), "{body}");
    }
    assert_eq!(Answer::to(service.post("/auth/refresh")).await.status, 400);
    let large = service.refresh(&"x".repeat(17_000)).await;
    assert_eq!((large.status.as_u16(), large.body["error"].is_string()), (413, true));
}
