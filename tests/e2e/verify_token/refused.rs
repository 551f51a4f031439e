//! What is refused, and how.

use serde_json::json;
use shared::access_key::{AccessKey, AccessKeyState};
use shared::account::{Account, AccountStatus};
use shared::user::UserStatus;
use tests::{Fault, Service};

use super::{INVALID, PATH, World, by_bearer, by_body, by_cookie, error};
use crate::support::{post_text, send};

#[tokio::test]
async fn without_a_token_the_challenge_names_no_error() {
    let service = Service::start().await;
    let none = error(401, "No valid token provided");
    for request in [
        service.get(PATH),
        service.post(PATH),
        service.get(PATH).header("authorization", "Basic eDp5"),
        service.get(PATH).header("cookie", "JSESSIONID=; SESSIONID=s.1"),
        // A token has no place in a URL (RFC 6750 section 5.3).
        service.get("/auth/verify-token?access_token=a.1&token=a.1"),
    ] {
        let answer = send(request).await;
        answer.is(401, &none);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_told_as_one_in_every_place() {
    let service = Service::start().await;
    for token in ["a.3f8f961077b54e0e76251dafd678qw34af00adf7d4418b2524bc2334fb1938f1", "x", "a.b.c"] {
        for answer in [
            by_bearer(&service, token).await,
            by_cookie(&service, token).await,
            by_body(&service, token).await,
        ] {
            answer.is(401, INVALID);
            assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
            answer.has_common_headers();
        }
    }
}

#[tokio::test]
async fn a_malformed_request_is_told_what_is_wrong() {
    let service = Service::start().await;
    let header = error(400, "The Authorization header must read: Bearer, one space, and one token.");
    for value in ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \u{e9}"] {
        send(service.get(PATH).header("authorization", value)).await.is(400, &header);
    }
    let twice = service.get(PATH).header("authorization", "Bearer a").header("authorization", "Bearer b");
    send(twice).await.is(400, &header);

    let body = error(400, r#"The body must be {"token": "…"}."#);
    for text in ["{}", r#"{"token":7}"#, r#"{"token":null}"#, r#"{"token":""}"#, r#"{"Token":"a"}"#] {
        post_text(&service, PATH, text).await.is(400, &body);
    }
    post_text(&service, PATH, "{").await.is(400, &error(400, "The body is not valid JSON."));
    let repeated = error(400, r#"The key "token" is repeated."#);
    post_text(&service, PATH, r#"{"token":"a","token":"a"}"#).await.is(400, &repeated);
}

#[tokio::test]
async fn two_different_credentials_are_understood_and_refused() {
    let world = World::new().await;
    let (service, one, other) = (&world.service, &world.session.access, &world.scoped);
    let expected = error(422, "The request brings two different credentials; send one of them.");
    let cookie = format!("JSESSIONID={other}");
    let body = json!({ "token": other });
    for request in [
        service.get(PATH).bearer_auth(one).header("cookie", &cookie),
        service.post(PATH).bearer_auth(one).json(&body),
        service.post(PATH).header("cookie", &cookie).json(&json!({ "token": one })),
    ] {
        send(request).await.is(422, &expected);
    }
}

#[tokio::test]
async fn forged_session_tokens_cost_no_storage_call() {
    let world = World::new().await;
    let access = &world.session.access;
    let flipped = |at: usize| {
        let mut token = access.clone();
        let other = if token[at..].starts_with('0') { "1" } else { "0" };
        token.replace_range(at..=at, other);
        token
    };
    let digits = access.split_once('.').unwrap().1;
    let mut forged = vec![
        format!("s.{digits}"),
        format!("r.{digits}"),
        format!("A.{digits}"),
        format!("a.{}", digits.to_uppercase()),
        format!("a.{digits}00"),
        format!("a.{}", &digits[..70]),
        format!("a.{}", "0".repeat(72)),
        "a.".to_owned(),
        ".".to_owned(),
        format!(" {access}"),
    ];
    forged.extend([2, 25, 30, 40, 45, 73].map(flipped));
    world.service.calls.reset();
    for token in &forged {
        by_body(&world.service, token).await.is(401, INVALID);
    }
    assert_eq!(world.service.calls.total(), 0);
    assert_eq!(world.status(access).await, 200);
}

#[tokio::test]
async fn refresh_and_device_tokens_open_nothing() {
    let world = World::new().await;
    let body = json!({ "refresh_token": world.session.refresh });
    let (_, next) = world.service.post_json("/auth/refresh", &body).await;
    let tokens = [
        world.session.refresh.as_str(),
        next["tokens"]["refresh_token"].as_str().unwrap(),
        world.session.cookie("LATCHKEY_DEVICE"),
    ];
    for token in tokens {
        for answer in [by_bearer(&world.service, token).await, by_cookie(&world.service, token).await] {
            answer.is(401, INVALID);
        }
    }
}

#[tokio::test]
async fn after_logout_the_session_is_over_and_the_rest_is_not() {
    let world = World::new().await;
    let request = world.service.post("/auth/logout").bearer_auth(&world.session.access);
    assert_eq!(send(request).await.status, 200);
    assert_eq!(world.status(&world.session.access).await, 401);
    assert_eq!(world.status(world.session.cookie("JSESSIONID")).await, 401);
    assert_eq!(world.status(&world.scoped).await, 200);
}

#[tokio::test]
async fn after_logout_everywhere_every_token_of_the_user_is_refused() {
    let world = World::new().await;
    world.service.wait(1);
    let request = world.service.post("/auth/logout").bearer_auth(&world.session.access);
    assert_eq!(send(request.json(&json!({ "all": true }))).await.status, 200);
    for (kind, token) in world.of_user() {
        assert_eq!(world.status(token).await, 401, "{kind}");
    }
    assert_eq!(world.status(&world.for_account).await, 200, "it stands for no user");
}

#[tokio::test]
async fn tokens_from_before_a_moment_that_the_record_names_are_refused() {
    let world = World::new().await;
    let now = world.service.app.now();
    world.change_user(|user| user.tokens_valid_after = now).await;
    for (kind, token) in world.of_user() {
        assert_eq!(world.status(token).await, 200, "{kind}, of that very moment");
    }
    let later = now + std::time::Duration::from_secs(1);
    world.change_user(|user| user.tokens_valid_after = later).await;
    for (kind, token) in world.of_user() {
        assert_eq!(world.status(token).await, 401, "{kind}");
    }
}

#[tokio::test]
async fn a_suspended_or_deleted_user_has_no_token() {
    let world = World::new().await;
    world.change_user(|user| user.status = UserStatus::Suspended).await;
    for (kind, token) in world.of_user() {
        assert_eq!(world.status(token).await, 401, "{kind}");
    }
    world.change_user(|_| {}).await;
    assert_eq!(world.status(&world.scoped).await, 200);
    let tables = &world.service.app.store.tables;
    let delete = world.service.app.store.client.delete_item().table_name(&tables.accounts);
    let key = shared::user::User::key(world.user.id).into_item();
    delete.set_key(Some(key)).send().await.unwrap();
    for (kind, token) in world.of_user() {
        assert_eq!(world.status(token).await, 401, "{kind}");
    }
}

#[tokio::test]
async fn a_disabled_account_has_no_token() {
    let world = World::new().await;
    let account = Account { status: AccountStatus::Disabled, ..world.account.clone() };
    let accounts = &world.service.app.store.tables.accounts;
    world.service.put(accounts, Account::key(account.id), &account).await;
    assert_eq!(world.status(&world.for_account).await, 401);
    assert_eq!(world.status(&world.for_user).await, 401);
}

#[tokio::test]
async fn a_key_that_is_revoked_pending_or_expired_has_no_token() {
    let world = World::new().await;
    let accounts = &world.service.app.store.tables.accounts;
    let now = world.service.app.now();
    let changes = [
        (AccessKeyState::Revoked, None, 401),
        (AccessKeyState::Pending, None, 401),
        (AccessKeyState::Active, Some(now), 401),
        (AccessKeyState::Active, None, 200),
    ];
    for (state, valid_until, status) in changes {
        let key = AccessKey { state, valid_until, ..world.key.clone() };
        world.service.put(accounts, AccessKey::key(key.access_key.ak()), &key).await;
        for token in [&world.of_key, &world.of_client] {
            assert_eq!(world.status(token).await, status, "{state:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_has_another_user_now_has_no_token_from_before() {
    let world = World::new().await;
    let accounts = &world.service.app.store.tables.accounts;
    let other = world.service.user("other").await;
    let key = AccessKey { user: other.id, ..world.key.clone() };
    world.service.put(accounts, AccessKey::key(key.access_key.ak()), &key).await;
    for token in [&world.of_key, &world.of_client] {
        assert_eq!(world.status(token).await, 401);
    }
}

#[tokio::test]
async fn a_token_that_was_denied_by_its_id_is_refused() {
    let world = World::new().await;
    let tokens = &world.service.app.store.tables.tokens;
    for token in [&world.for_account, &world.for_user, &world.scoped, &world.of_client] {
        let jti = crate::support::jwt::claims(token)["jti"].as_str().unwrap().to_owned();
        let key = shared::store::Key::new(format!("DENY#{jti}"), "DENY");
        world.service.put(tokens, key, &json!({ "expires": 1 })).await;
        assert_eq!(world.status(token).await, 401);
    }
    let fingerprint = shared::jwt::fingerprint(&world.of_key);
    let key = shared::store::Key::new(format!("DENY#{fingerprint}"), "DENY");
    world.service.put(tokens, key, &json!({ "expires": 1 })).await;
    assert_eq!(world.status(&world.of_key).await, 401);
}

#[tokio::test]
async fn every_kind_expires_to_the_second() {
    let world = World::new().await;
    let after_issue = [
        (3600, &world.of_key),
        (3600, &world.of_client),
        (24 * 3600, &world.scoped),
        (24 * 3600, &world.for_user),
        (24 * 3600, &world.for_account),
    ];
    let mut passed = 0;
    for (life, token) in after_issue {
        if life > passed {
            world.service.wait(life - 1 - passed);
            passed = life;
            assert_eq!(world.status(token).await, 200);
            world.service.wait(1);
        }
        assert_eq!(world.status(token).await, 401);
    }
    assert_eq!(world.status(&world.session.access).await, 401);
    assert_eq!(world.status(world.session.cookie("JSESSIONID")).await, 401);
}

#[tokio::test]
async fn while_storage_is_out_of_reach_nothing_is_accepted() {
    let world = World::new().await;
    for (kind, token) in world.of_user() {
        world.service.faults.all(Fault::Unreachable);
        let answer = by_bearer(&world.service, token).await;
        assert_eq!(answer.status, 503, "{kind}");
        answer.is(503, &error(503, "The service is busy. Try again in a moment."));
        assert_eq!(answer.header("retry-after"), "2");
        world.service.faults.all(Fault::Refused);
        by_bearer(&world.service, token).await.is(500, &error(500, "Something went wrong on our side."));
        world.service.faults.none();
    }
}
