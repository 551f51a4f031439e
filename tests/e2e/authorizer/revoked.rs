//! What was revoked before it expired: refused at once by a checked guard, good until it expires for a stateless one.

use guard::Mode;
use serde_json::json;
use shared::access_key::{AccessKey, AccessKeyState};
use shared::account::{Account, AccountStatus};
use shared::keyring::rotation;
use shared::store::Key;
use shared::user::{User, UserStatus};

use super::{World, allows, guard, jwts};
use crate::support::jwt::{claims, header};
use crate::support::{scoped_token, send};

/// Asks both guards about tokens of which the checked one is to take none any more.
async fn revoked(world: &World, tokens: &[(&'static str, &str)]) {
    let checked = guard(&world.service, Mode::Checked);
    let stateless = guard(&world.service, Mode::Stateless);
    for (kind, token) in tokens {
        assert!(!allows(&checked, token).await, "{kind}");
        let is_jwt = token.matches('.').count() == 2;
        assert_eq!(allows(&stateless, token).await, is_jwt, "{kind}");
    }
}

#[tokio::test]
async fn a_session_that_was_ended_is_refused_at_once() {
    let world = World::new().await;
    let checked = guard(&world.service, Mode::Checked);
    assert!(allows(&checked, &world.session.access).await);
    let logout = world.service.post("/auth/logout").bearer_auth(&world.session.access);
    assert_eq!(send(logout).await.status, 200);
    let of_session =
        [("access", world.session.access.as_str()), ("cookie", world.session.cookie("JSESSIONID"))];
    revoked(&world, &of_session).await;
    assert!(allows(&checked, &world.scoped).await, "it is of no session");
}

#[tokio::test]
async fn after_logout_everywhere_every_token_of_the_user_is_refused_at_once() {
    let world = World::new().await;
    world.service.wait(1);
    let logout = world.service.post("/auth/logout").bearer_auth(&world.session.access);
    assert_eq!(send(logout.json(&json!({ "all": true }))).await.status, 200);
    revoked(&world, &world.of_user()).await;
}

#[tokio::test]
async fn a_suspended_or_deleted_user_is_refused_at_once() {
    let world = World::new().await;
    world.change_user(|user| user.status = UserStatus::Suspended).await;
    revoked(&world, &world.of_user()).await;
    world.change_user(|_| {}).await;
    assert!(allows(&guard(&world.service, Mode::Checked), &world.scoped).await);
    let store = &world.service.app.store;
    let key = User::key(world.user.id).into_item();
    let delete = store.client.delete_item().table_name(&store.tables.accounts).set_key(Some(key));
    delete.send().await.unwrap();
    revoked(&world, &world.of_user()).await;
}

#[tokio::test]
async fn a_disabled_account_is_refused_at_once() {
    let world = World::new().await;
    let account = Account { status: AccountStatus::Disabled, ..world.account.clone() };
    let accounts = &world.service.app.store.tables.accounts;
    world.service.put(accounts, Account::key(account.id), &account).await;
    revoked(&world, &[("account", &world.for_account), ("account for a user", &world.for_user)]).await;
}

#[tokio::test]
async fn a_revoked_access_key_is_refused_at_once() {
    let world = World::new().await;
    let key = AccessKey { state: AccessKeyState::Revoked, ..world.key.clone() };
    let accounts = &world.service.app.store.tables.accounts;
    world.service.put(accounts, AccessKey::key(key.access_key.ak()), &key).await;
    revoked(&world, &[("access key", &world.of_key)]).await;
}

#[tokio::test]
async fn a_token_that_was_denied_is_refused_at_once() {
    let world = World::new().await;
    let tokens = &world.service.app.store.tables.tokens;
    for (kind, token) in jwts(&world) {
        let jti = claims(token)["jti"].as_str().map(str::to_owned);
        let denied = jti.unwrap_or_else(|| shared::jwt::fingerprint(token));
        world.service.put(tokens, Key::new(format!("DENY#{denied}"), "DENY"), &json!({ "expires": 1 })).await;
        revoked(&world, &[(kind, token)]).await;
    }
}

#[tokio::test]
async fn a_token_that_a_client_revoked_is_refused_at_the_next_call() {
    let world = World::new().await;
    let checked = guard(&world.service, Mode::Checked);
    for (kind, token) in jwts(&world) {
        assert!(allows(&checked, token).await, "{kind}");
        let client = world.service.post("/oauth/revoke");
        let client = client.basic_auth(world.key.access_key.to_string(), Some(&world.secret));
        assert_eq!(send(client.form(&[("token", token)])).await.status, 200, "{kind}");
        assert!(!allows(&checked, token).await, "{kind}");
        revoked(&world, &[(kind, token)]).await;
    }
}

#[tokio::test]
async fn what_a_retired_key_has_signed_is_refused_when_the_keys_are_read_again() {
    let world = World::new().await;
    let guards = [Mode::Checked, Mode::Stateless].map(|mode| guard(&world.service, mode));
    for guard in &guards {
        assert!(allows(guard, &world.scoped).await);
    }
    let header = header(&world.scoped);
    rotation::retire(world.service.app, header["kid"].as_str().unwrap()).await.unwrap();
    world.service.wait(300);
    let next = scoped_token(&world.service, "johnson").await;
    for guard in &guards {
        assert!(!allows(guard, &world.scoped).await);
        assert!(allows(guard, &next).await && allows(guard, &world.of_key).await, "those of other keys");
    }
}
