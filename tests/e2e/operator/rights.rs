//! What a user's tokens and keys may do, after the user was made.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::user::{ChangeError, User};
use tests::Service;

use super::{check, done, mallory, post, run, store, text};

const PASSWORD: &str = "sixteen tons of it";

/// A scoped token of Mallory.
async fn token(url: &str) -> String {
    let body = json!({ "username": "mallory", "password": PASSWORD });
    let (status, answer) = post(url, "/v1/auth", &body).await;
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    text(&answer, "access_token").to_owned()
}

/// A claim of a token.
fn claim(token: &str, name: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()[name].clone()
}

#[tokio::test]
async fn a_user_is_given_scopes_and_they_are_taken_away() {
    let (folder, program) = store(true).await;
    let (at, program) = (folder.path(), program.unwrap());
    let url = &program.url;
    mallory(at, PASSWORD).await;
    let before = token(url).await;
    assert_eq!((claim(&before, "scope"), claim(&before, "sub_type")), (json!(""), json!("user")));

    let update = ["user", "update", "mallory", "--scope", "a:read", "--scope", "a:write", "--json"];
    let shown = run(at, &update).await.json();
    assert_eq!((&shown["scopes"], &shown["sub_type"]), (&json!(["a:read", "a:write"]), &json!("user")));
    let more = token(url).await;
    assert_eq!(claim(&more, "scope"), "a:read a:write");
    assert_eq!(check(url, &before).await, 200, "nothing was taken away");

    // Tokens say in seconds when they were issued.
    tokio::time::sleep(Duration::from_secs(1)).await;
    done(&run(at, &["user", "update", "m@example.com", "--scope", "a:read"]).await);
    assert_eq!(check(url, &more).await, 401, "it says more than is true");
    let less = token(url).await;
    assert_eq!((claim(&less, "scope"), check(url, &less).await), (json!("a:read"), 200));

    done(&run(at, &["user", "update", "mallory", "--sub-type", "admin", "--no-scopes"]).await);
    let none = token(url).await;
    assert_eq!((claim(&none, "scope"), claim(&none, "sub_type")), (json!(""), json!("admin")));
    let shown = run(at, &["user", "show", "mallory", "--json"]).await.json();
    assert_eq!((&shown["scopes"], &shown["sub_type"]), (&json!([]), &json!("admin")));
}

#[tokio::test]
async fn rights_that_someone_else_has_changed_meanwhile_are_not_overwritten() {
    let service = Service::start().await;
    let mut first = service.user("alice").await;
    let mut second = first.clone();
    let sub_type = first.sub_type.clone();
    first.set_rights(service.app, sub_type.clone(), vec!["admin".to_owned()]).await.unwrap();
    let late = second.set_rights(service.app, sub_type, vec!["read".to_owned()]).await;
    assert!(
        matches!(late, Err(ChangeError::Overtaken)),
        "it would take admin away and end no token: {late:?}"
    );
    let stored = User::by_id(service.app, first.id).await.unwrap().unwrap();
    assert_eq!(stored.scopes, ["admin"]);
}

#[tokio::test]
async fn an_update_that_says_nothing_or_no_scope_changes_nothing() {
    let (folder, _) = store(false).await;
    let at = folder.path();
    mallory(at, PASSWORD).await;
    let nothing = run(at, &["user", "update", "mallory"]).await;
    assert!(nothing.failed().contains("--sub-type, --scope or --no-scopes"), "{}", nothing.stderr);
    let two = run(at, &["user", "update", "mallory", "--scope", "a b"]).await;
    assert!(two.failed().contains("\"a b\" is no scope"), "{}", two.stderr);
    let nobody = run(at, &["user", "update", "nobody", "--no-scopes"]).await;
    assert!(nobody.failed().contains("there is no user \"nobody\""), "{}", nobody.stderr);
}

#[tokio::test]
async fn a_pending_key_is_used_once_it_is_activated() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    let program = program.unwrap();
    let create = ["access-key", "create", "--user", "admin", "--state", "pending", "--json"];
    let key = run(at, &create).await.json();
    let body = json!({ "accessKey": key["accessKey"], "secret": key["secret"] });
    assert_eq!((text(&key, "state"), post(&program.url, "/login", &body).await.0), ("pending", 401));
    let activated = run(at, &["access-key", "activate", text(&key, "accessKey"), "--json"]).await.json();
    assert_eq!((text(&activated, "state"), &activated["ak"]), ("active", &key["ak"]));
    assert_eq!(post(&program.url, "/login", &body).await.0, 201);

    let ak = text(&key, "ak");
    let again = run(at, &["access-key", "activate", ak]).await;
    assert!(again.failed().contains("is active: only a pending one"), "{}", again.stderr);
    done(&run(at, &["access-key", "revoke", ak]).await);
    let revoked = run(at, &["access-key", "activate", ak]).await;
    assert!(revoked.failed().contains("is revoked: only a pending one"), "{}", revoked.stderr);
    assert_eq!(post(&program.url, "/login", &body).await.0, 401);
}
