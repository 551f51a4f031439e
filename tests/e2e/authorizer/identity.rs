//! What an API is told of each kind of token.

use std::sync::Arc;

use guard::{Guard, Mode};
use serde_json::{Value, json};
use shared::App;
use shared::clock::Timestamp;
use shared::store::Store;

use super::{World, allows, asked, asked_by_cookie, context, guard, jwts, tokens, warm};
use crate::support::jwt::claims;

/// `exp` of a JWT.
fn exp(token: &str) -> Value {
    claims(token)["exp"].clone()
}

#[tokio::test]
async fn every_kind_of_token_is_told_with_all_that_storage_knows() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Checked).await;
    let (user, account) = (world.user.id, world.account.id);
    let signed_in = tests::START.seconds() + 1;
    let session = |expires: i64| {
        json!({
            "kind": "session", "sub": user, "scope": "sleep:read sleep:write", "expires": expires,
            "account": account, "user": user,
        })
    };
    // Two hours and the grace time; a day.
    let access = context(asked(&guard, &world.session.access).await);
    assert_eq!(access, session(signed_in + 7200 + 10));
    let cookie = context(asked_by_cookie(&guard, world.session.cookie("JSESSIONID")).await);
    assert_eq!(cookie, session(signed_in + 24 * 3600));

    let scoped = json!({
        "kind": "scoped", "sub": user, "scope": "sleep:read sleep:write", "expires": exp(&world.scoped),
        "account": account, "user": user,
    });
    assert_eq!(context(asked(&guard, &world.scoped).await), scoped);
    let for_account = json!({
        "kind": "account", "sub": account, "scope": "", "expires": exp(&world.for_account), "account": account,
    });
    assert_eq!(context(asked(&guard, &world.for_account).await), for_account);
    let for_user = json!({
        "kind": "account", "sub": account, "scope": "", "expires": exp(&world.for_user),
        "account": account, "user": user,
    });
    assert_eq!(context(asked(&guard, &world.for_user).await), for_user);
    let of_key = json!({
        "kind": "access_key", "sub": user, "scope": "", "expires": exp(&world.of_key),
        "account": account, "user": user, "roles": "Partner PartnerAdmin",
    });
    assert_eq!(context(asked(&guard, &world.of_key).await), of_key);
    let of_client = json!({
        "kind": "access", "sub": claims(&world.of_client)["client_id"], "scope": claims(&world.of_client)["scope"],
        "expires": exp(&world.of_client), "account": account, "user": user,
    });
    assert_eq!(context(asked(&guard, &world.of_client).await), of_client);
}

#[tokio::test]
async fn without_storage_an_api_is_told_what_the_token_itself_says() {
    let world = World::new().await;
    let (checked, stateless) = (guard(&world.service, Mode::Checked), guard(&world.service, Mode::Stateless));
    for (kind, token) in jwts(&world) {
        let mut known = context(asked(&checked, token).await);
        // The others do not say whose account it is.
        if known["kind"] != "account" && known["kind"] != "access" {
            known.as_object_mut().unwrap().remove("account");
        }
        assert_eq!(context(asked(&stateless, token).await), known, "{kind}");
    }
}

#[tokio::test]
async fn the_tokens_of_a_session_need_storage() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Stateless).await;
    for token in [&world.session.access, world.session.cookie("JSESSIONID")] {
        assert!(!allows(&guard, token).await, "{token}");
        assert_eq!(asked_by_cookie(&guard, token).await.unwrap(), json!({ "isAuthorized": false }));
    }
}

#[tokio::test]
async fn to_ask_is_one_storage_call_when_checked_and_none_when_stateless() {
    let world = World::new().await;
    for (mode, calls) in [(Mode::Checked, 1), (Mode::Stateless, 0)] {
        let guard = warm(&world.service, mode).await;
        for (kind, token) in jwts(&world) {
            world.service.calls.reset();
            assert!(allows(&guard, token).await, "{mode:?} {kind}");
            assert_eq!(world.service.calls.total(), calls, "{mode:?} {kind}");
        }
    }
    let guard = warm(&world.service, Mode::Checked).await;
    assert!(allows(&guard, &world.session.access).await);
    assert_eq!(world.service.calls.total(), 1);
}

#[tokio::test]
async fn the_keys_are_read_at_the_start_and_every_five_minutes() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Stateless).await;
    for (seconds, calls) in [(0, 0), (299, 0), (1, 1), (299, 0), (1, 1)] {
        world.service.wait(seconds);
        world.service.calls.reset();
        for _ in 0..3 {
            assert!(allows(&guard, &world.scoped).await);
        }
        assert_eq!(world.service.calls.total(), calls, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_forged_token_costs_no_storage_call() {
    let world = World::new().await;
    let (head, _) = world.scoped.rsplit_once('.').unwrap();
    let forged = [format!("a.{}", "0".repeat(72)), format!("{head}.AAAA"), "x".to_owned(), "..".to_owned()];
    for mode in [Mode::Checked, Mode::Stateless] {
        let guard = warm(&world.service, mode).await;
        for token in &forged {
            assert!(!allows(&guard, token).await, "{mode:?} {token}");
        }
        assert_eq!(world.service.calls.total(), 0, "{mode:?}");
    }
}

#[tokio::test]
async fn refresh_and_device_tokens_open_nothing() {
    let world = World::new().await;
    for mode in [Mode::Checked, Mode::Stateless] {
        let guard = guard(&world.service, mode);
        for token in [&world.session.refresh, world.session.cookie("LATCHKEY_DEVICE")] {
            assert!(!allows(&guard, token).await, "{mode:?} {token}");
        }
    }
}

/// What the API is told of the end of a token is when it ends.
#[tokio::test]
async fn every_token_is_good_until_the_second_that_is_told() {
    let world = World::new().await;
    let checked = guard(&world.service, Mode::Checked);
    let stateless = guard(&world.service, Mode::Stateless);
    let mut ends: Vec<(i64, &str, &str)> = Vec::new();
    for (kind, token) in tokens(&world) {
        let expires = context(asked(&checked, token).await)["expires"].as_i64().unwrap();
        ends.push((expires, kind, token));
    }
    ends.sort_unstable();
    for (expires, kind, token) in ends {
        let at = |second| world.service.clock.set(Timestamp::from_seconds(second));
        let is_jwt = token.matches('.').count() == 2;
        at(expires - 1);
        assert!(allows(&checked, token).await && allows(&stateless, token).await == is_jwt, "{kind}");
        at(expires);
        assert!(!allows(&checked, token).await && !allows(&stateless, token).await, "{kind}");
    }
}

#[tokio::test]
async fn the_tokens_of_another_issuer_are_refused() {
    let world = World::new().await;
    let (config, store) = (&world.service.app.config, &world.service.app.store);
    for mode in [Mode::Checked, Mode::Stateless] {
        let mut config = config.clone();
        config.public_url = Some("https://auth.example.com".parse().unwrap());
        let app = App::new(config, Store::clone(store), Arc::clone(&world.service.clock));
        let guard = Guard::new(app, mode);
        for token in [&world.scoped, &world.for_account, &world.for_user] {
            assert!(!allows(&guard, token).await, "{mode:?}");
        }
    }
}
