//! `grant_type=refresh_token`: the next tokens of a session that began with a password.

use serde_json::{Value, json};
use shared::session;
use tests::{PASSWORD, Service, at_once};

use super::{Client, TOKEN, World, has_oauth_headers, post, refuses};
use crate::support::Answer;
use crate::support::jwt::names;

/// A signed-in user.
async fn signed_in() -> (Service, Value) {
    let service = Service::start().await;
    service.user("alice").await;
    let tokens = service.log_in("alice").await;
    (service, tokens)
}

fn text<'v>(tokens: &'v Value, name: &str) -> &'v str {
    tokens[name].as_str().unwrap()
}

/// Exchanges a refresh token with these parameters besides.
async fn refresh(service: &Service, token: &str, more: &[(&str, &str)]) -> Answer {
    let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)], more].concat();
    post(service.post(TOKEN), &form).await
}

/// Whether a refresh token has been used, by the session's own count.
async fn is_unspent(service: &Service, token: &str) -> bool {
    let tokens = service.items(&service.app.store.tables.tokens).await;
    let sessions = tokens.iter().filter(|item| item["sk"].as_s().unwrap().starts_with("SESSION#"));
    let generations: Vec<&str> = sessions.map(|item| item["generation"].as_n().unwrap().as_str()).collect();
    assert_eq!(generations.len(), 1, "the session of {token}");
    generations == ["0"]
}

#[tokio::test]
async fn a_refresh_token_gives_the_next_tokens_of_its_session() {
    let (service, login) = signed_in().await;
    let answer = refresh(&service, text(&login, "refresh_token"), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    has_oauth_headers(&answer);
    assert!(!answer.headers.contains_key("set-cookie"));
    let body = answer.json();
    assert_eq!(names(&body), ["access_token", "token_type", "expires_in", "refresh_token"]);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(7200)));
    assert!(text(&body, "access_token").starts_with("a.") && text(&body, "refresh_token").starts_with("d."));
    assert!(service.accepts(text(&body, "access_token")).await);
    let next = refresh(&service, text(&body, "refresh_token"), &[]).await;
    assert_eq!(next.status, 200, "{}", next.text);
}

#[tokio::test]
async fn it_is_the_same_chain_as_that_of_the_session_s_own_refresh() {
    let (service, login) = signed_in().await;
    let one = refresh(&service, text(&login, "refresh_token"), &[]).await.json();
    let other = service.refresh(text(&login, "refresh_token")).await;
    assert_eq!(other.body["tokens"]["access_token"], one["access_token"]);
    assert_eq!(other.body["tokens"]["refresh_token"], one["refresh_token"]);
    let next = service.refresh(text(&one, "refresh_token")).await;
    assert_eq!(next.status, 200);
    assert_eq!(refresh(&service, &next.token("refresh_token"), &[]).await.status, 200);
}

#[tokio::test]
async fn a_repeat_within_the_grace_time_gets_the_same_tokens_and_what_is_left_of_their_life() {
    let (service, login) = signed_in().await;
    let first = refresh(&service, text(&login, "refresh_token"), &[]).await.json();
    service.wait(10);
    let again = refresh(&service, text(&login, "refresh_token"), &[]).await.json();
    assert_eq!(
        (&again["access_token"], &again["refresh_token"]),
        (&first["access_token"], &first["refresh_token"])
    );
    assert_eq!((&first["expires_in"], &again["expires_in"]), (&json!(7200), &json!(7190)));
}

#[tokio::test]
async fn refreshes_at_once_make_one_chain() {
    let (service, login) = signed_in().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", text(&login, "refresh_token"))];
    let answers = at_once((0..12).map(|_| service.post(TOKEN).form(&form))).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &answers[0].body));
    }
    assert!(service.accepts(text(&answers[0].body, "access_token")).await);
}

#[tokio::test]
async fn a_spent_token_shown_again_ends_all_of_its_session() {
    let (service, login) = signed_in().await;
    let next = refresh(&service, text(&login, "refresh_token"), &[]).await.json();
    service.wait(11);
    refuses(&refresh(&service, text(&login, "refresh_token"), &[]).await, 400, "invalid_grant");
    refuses(&refresh(&service, text(&next, "refresh_token"), &[]).await, 400, "invalid_grant");
    assert!(!service.accepts(text(&next, "access_token")).await);
}

#[tokio::test]
async fn a_refresh_token_expires_by_itself_and_with_its_session() {
    const DAY: u64 = 86_400;
    let (service, login) = signed_in().await;
    let token = text(&login, "refresh_token").to_owned();
    service.wait(14 * DAY);
    refuses(&refresh(&service, &token, &[]).await, 400, "invalid_grant");

    let mut token = text(&service.log_in("alice").await, "refresh_token").to_owned();
    for _ in 0..3 {
        service.wait(9 * DAY);
        token = text(&refresh(&service, &token, &[]).await.json(), "refresh_token").to_owned();
    }
    service.wait(3 * DAY - 60);
    let last = refresh(&service, &token, &[]).await.json();
    assert_eq!(last["expires_in"], 60, "the session has no more than that");
    service.wait(60);
    refuses(&refresh(&service, text(&last, "refresh_token"), &[]).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_dies_with_a_logout_or_a_new_password() {
    let (service, login) = signed_in().await;
    let logout = json!({ "refresh_token": login["refresh_token"] });
    assert_eq!(service.post_json("/auth/logout", &logout).await.0, 200);
    refuses(&refresh(&service, text(&login, "refresh_token"), &[]).await, 400, "invalid_grant");

    let (one, other) = (service.log_in("alice").await, service.log_in("alice").await);
    service.wait(1);
    let change = json!({ "current_password": PASSWORD, "new_password": "a new horse and its stable" });
    let request = service.post("/auth/password/change").bearer_auth(text(&one, "access_token")).json(&change);
    assert_eq!(tests::answer(request).await.0, 200);
    refuses(&refresh(&service, text(&other, "refresh_token"), &[]).await, 400, "invalid_grant");
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let (service, login) = signed_in().await;
    let cookie = service.try_log_in("alice", PASSWORD).await.cookie("JSESSIONID");
    let world = World::new().await;
    let forged = text(&login, "refresh_token").replace("r.", "d.");
    for token in [
        text(&login, "access_token"),
        cookie.split_once('=').unwrap().1,
        &forged,
        "d.cf03600e7e505af7c4e90120838a05a3",
        "x",
        &world.issue().await,
    ] {
        refuses(&refresh(&service, token, &[]).await, 400, "invalid_grant");
    }
    for form in
        [&[("grant_type", "refresh_token")][..], &[("grant_type", "refresh_token"), ("refresh_token", "")]]
    {
        refuses(&post(service.post(TOKEN), form).await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn a_session_belongs_to_the_public_client() {
    let (service, login) = signed_in().await;
    let token = text(&login, "refresh_token");
    for other in ["Latchkey", "latchkey ", "someone", "986d8167a9b9a15e37db4ab4ad50877b01347a94"] {
        refuses(&refresh(&service, token, &[("client_id", other)]).await, 401, "invalid_client");
    }
    let with_secret = [("client_id", "latchkey"), ("client_secret", "x")];
    refuses(&refresh(&service, token, &with_secret).await, 401, "invalid_client");
    assert!(is_unspent(&service, token).await);
    assert_eq!(refresh(&service, token, &[("client_id", "latchkey")]).await.status, 200);
}

#[tokio::test]
async fn an_access_key_refreshes_the_sessions_of_its_own_user_alone() {
    let (service, login) = signed_in().await;
    let alice = session::list(service.app, alice_of(&service).await).await.unwrap()[0].user;
    let (bob, token) = (service.user("bob").await, text(&login, "refresh_token"));
    let own = {
        let (key, secret) = service.access_key(alice, |_| {}).await;
        Client { key, secret }
    };
    let foreign = Client::of(&service, &bob).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    refuses(&foreign.post(&service, TOKEN, &form).await, 400, "invalid_grant");
    let wrong = Client { key: own.key.clone(), secret: foreign.secret.clone() };
    refuses(&wrong.post(&service, TOKEN, &form).await, 401, "invalid_client");
    assert!(is_unspent(&service, token).await, "the client is looked at first");
    let forged = [("grant_type", "refresh_token"), ("refresh_token", "r.00")];
    refuses(&own.post(&service, TOKEN, &forged).await, 400, "invalid_grant");
    let answer = own.post(&service, TOKEN, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// The id of the one user who is there.
async fn alice_of(service: &Service) -> shared::id::ObjectId {
    let record = service.only(&service.app.store.tables.accounts, "USER").await;
    record["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_session_has_no_scopes_and_no_other_resource() {
    let (service, login) = signed_in().await;
    let token = text(&login, "refresh_token");
    refuses(&refresh(&service, token, &[("scope", "sleep:read")]).await, 400, "invalid_scope");
    let elsewhere = [("resource", "https://api.example.com")];
    refuses(&refresh(&service, token, &elsewhere).await, 400, "invalid_target");
    assert!(is_unspent(&service, token).await);
    let own = [("resource", service.url.as_str()), ("scope", "")];
    assert_eq!(refresh(&service, token, &own).await.status, 200);
}
