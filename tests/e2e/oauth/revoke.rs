//! Revocation (RFC 7009).

use serde_json::json;
use shared::account::Account;
use shared::user::User;
use tests::Fault;

use super::{Client, REVOKE, World, has_oauth_headers, post, refuses};
use crate::support::jwt::claims;
use crate::support::{Answer, access_key_token, account_token, scoped_token, sign_in};

const SECRET: &str = "hubble";

/// The token is revoked, or was none.
#[track_caller]
fn is_done(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    has_oauth_headers(answer);
}

/// The world's user in an account with a secret.
async fn in_account(world: &mut World) -> Account {
    let account = world.service.account(SECRET).await;
    world.user.account = account.id;
    let accounts = &world.service.app.store.tables.accounts;
    world.service.put(accounts, User::key(world.user.id), &world.user).await;
    account
}

/// A JWT of every kind of the world's user, whose account this is.
async fn jwts(world: &World, account: &Account) -> [(&'static str, String); 5] {
    let (service, id) = (&world.service, account.id.to_string());
    [
        ("account", account_token(service, &id, SECRET, None).await),
        ("account, user", account_token(service, &id, SECRET, Some(&world.user)).await),
        ("scoped", scoped_token(service, "partner").await),
        ("access key", access_key_token(service, &world.client.id(), &world.client.secret).await),
        ("access", world.issue().await),
    ]
}

#[tokio::test]
async fn a_revoked_jwt_is_refused_at_once_and_no_other_is() {
    let mut world = World::new().await;
    let account = in_account(&mut world).await;
    for (kind, token) in jwts(&world, &account).await {
        // The tokens of access keys have no id of their own: two of one second are the same token.
        world.service.wait(1);
        let other = jwts(&world, &account).await.into_iter().find(|(other, _)| *other == kind).unwrap().1;
        assert!(world.holds(&token).await, "{kind}");
        is_done(&world.revoke(&token).await);
        assert!(!world.holds(&token).await, "{kind}");
        assert!(world.holds(&other).await, "{kind}");
        is_done(&world.revoke(&token).await);
    }
}

#[tokio::test]
async fn a_denial_lasts_as_long_as_the_token_would_have() {
    let world = World::new().await;
    let token = world.issue().await;
    is_done(&world.revoke(&token).await);
    let denial = world.service.only(&world.service.app.store.tables.tokens, "DENY").await;
    let claims = claims(&token);
    assert_eq!(denial["pk"], format!("DENY#{}", claims["jti"].as_str().unwrap()));
    assert_eq!(denial["expires"], claims["exp"]);
    assert_eq!(denial.as_object().unwrap().len(), 3, "{denial}");
}

#[tokio::test]
async fn any_token_of_a_session_ends_all_of_it_and_no_other_session() {
    let world = World::new().await;
    for (at, kind) in ["access", "cookie", "refresh", "next access", "next refresh"].into_iter().enumerate() {
        let (session, other) =
            (sign_in(&world.service, "partner").await, sign_in(&world.service, "partner").await);
        let next = world.service.refresh(&session.refresh).await;
        let (next_access, next_refresh) = (next.token("access_token"), next.token("refresh_token"));
        let cookie = session.cookie("JSESSIONID");
        let token = [&session.access, cookie, &session.refresh, &next_access, &next_refresh][at];
        is_done(&world.revoke(token).await);
        for ended in [&session.access, cookie, &next_access] {
            assert!(!world.holds(ended).await, "{kind}");
        }
        assert_eq!(world.service.refresh(&next_refresh).await.status, 406, "{kind}");
        assert!(world.holds(&other.access).await, "{kind}");
        is_done(&world.revoke(token).await);
    }
}

#[tokio::test]
async fn what_is_no_token_is_as_good_as_revoked_and_writes_nothing() {
    let mut world = World::new().await;
    let account = in_account(&mut world).await;
    let session = sign_in(&world.service, "partner").await;
    let expired = jwts(&world, &account).await;
    world.service.wait(86_400);
    let forged = session.access.replace("a.", "s.");
    let mut tokens = vec![
        "unknown",
        "a.00",
        "a.b.c",
        &forged,
        session.cookie("LATCHKEY_DEVICE"),
        "\u{0}",
        &world.client.secret,
    ];
    tokens.extend(expired.iter().map(|(_, token)| token.as_str()));
    let before = world.service.stored().await;
    for token in tokens {
        is_done(&world.revoke(token).await);
    }
    assert_eq!(world.service.stored().await, before);
}

#[tokio::test]
async fn a_wrong_hint_changes_nothing() {
    let world = World::new().await;
    for hint in ["refresh_token", "access_token", "whatever", ""] {
        for token in [world.issue().await, sign_in(&world.service, "partner").await.refresh] {
            let form = [("token", token.as_str()), ("token_type_hint", hint)];
            is_done(&world.client.post(&world.service, REVOKE, &form).await);
            assert_eq!(world.introspect(&token).await, json!({ "active": false }), "{hint}");
        }
    }
}

#[tokio::test]
async fn a_token_of_another_client_is_refused_and_goes_on() {
    let mut world = World::new().await;
    let account = in_account(&mut world).await;
    let stranger = world.service.user("stranger").await;
    let stranger = Client::of(&world.service, &stranger).await;
    let session = sign_in(&world.service, "partner").await;
    let cookie = session.cookie("JSESSIONID").to_owned();
    let mut tokens: Vec<String> = jwts(&world, &account).await.into_iter().map(|(_, token)| token).collect();
    tokens.extend([session.access, cookie]);
    for token in &tokens {
        refuses(&stranger.post(&world.service, REVOKE, &[("token", token)]).await, 400, "invalid_grant");
        assert!(world.holds(token).await);
    }
    let refresh = [("token", session.refresh.as_str())];
    refuses(&stranger.post(&world.service, REVOKE, &refresh).await, 400, "invalid_grant");
    assert_eq!(world.service.refresh(&session.refresh).await.status, 200);
}

#[tokio::test]
async fn the_tokens_of_an_access_key_are_its_own_alone() {
    let world = World::new().await;
    let sibling = Client::of(&world.service, &world.user).await;
    let of_key = access_key_token(&world.service, &world.client.id(), &world.client.secret).await;
    for token in [of_key, world.issue().await] {
        let form = [("token", token.as_str())];
        refuses(&sibling.post(&world.service, REVOKE, &form).await, 400, "invalid_grant");
        assert!(world.holds(&token).await);
        is_done(&world.revoke(&token).await);
        assert!(!world.holds(&token).await);
    }
}

#[tokio::test]
async fn any_key_of_a_user_ends_what_is_the_user_s_and_their_account_s() {
    let mut world = World::new().await;
    let account = in_account(&mut world).await;
    let sibling = Client::of(&world.service, &world.user).await;
    let neighbour = world.service.user_with("neighbour", |user| user.account = account.id).await;
    let neighbour = Client::of(&world.service, &neighbour).await;
    let (of_session, scoped) =
        (sign_in(&world.service, "partner").await.access, scoped_token(&world.service, "partner").await);
    for token in [&of_session, &scoped] {
        let form = [("token", token.as_str())];
        refuses(&neighbour.post(&world.service, REVOKE, &form).await, 400, "invalid_grant");
        is_done(&sibling.post(&world.service, REVOKE, &form).await);
        assert!(!world.holds(token).await);
    }
    let id = account.id.to_string();
    for user in [None, Some(&world.user)] {
        let token = account_token(&world.service, &id, SECRET, user).await;
        is_done(&neighbour.post(&world.service, REVOKE, &[("token", &token)]).await);
        assert!(!world.holds(&token).await);
    }
}

#[tokio::test]
async fn who_revokes_must_be_a_client_and_name_a_token() {
    let world = World::new().await;
    let token = world.issue().await;
    refuses(&post(world.service.post(REVOKE), &[("token", &token)]).await, 401, "invalid_client");
    let public = [("token", token.as_str()), ("client_id", "latchkey")];
    refuses(&post(world.service.post(REVOKE), &public).await, 401, "invalid_client");
    for form in [&[][..], &[("token", "")]] {
        refuses(&world.client.post(&world.service, REVOKE, form).await, 400, "invalid_request");
    }
    assert!(world.holds(&token).await);
}

#[tokio::test]
async fn a_token_that_could_not_be_revoked_is_still_good_and_that_is_said() {
    let world = World::new().await;
    let tokens = &world.service.app.store.tables.tokens;
    let session = sign_in(&world.service, "partner").await;
    for (operation, token) in [("PutItem", world.issue().await), ("DeleteItem", session.access)] {
        world.service.faults.on(operation, tokens, Fault::Unreachable);
        let answer = world.revoke(&token).await;
        refuses(&answer, 503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "2");
        world.service.faults.none();
        assert!(world.holds(&token).await, "{operation}");
        is_done(&world.revoke(&token).await);
        assert!(!world.holds(&token).await, "{operation}");
    }
}

#[tokio::test]
async fn a_revocation_whose_answer_is_lost_is_done() {
    let world = World::new().await;
    let session = sign_in(&world.service, "partner").await;
    for (operation, token) in [("PutItem", world.issue().await), ("DeleteItem", session.access)] {
        world.service.faults.next(1, operation, Fault::AnswerLost);
        is_done(&world.revoke(&token).await);
        assert!(!world.holds(&token).await, "{operation}");
    }
}
