//! Storage is out of reach: nobody is let in who could not be checked, and nobody is told that their token is bad.

use authorizer::Failure;
use guard::{Denial, HeaderMap, Mode, Refusal};
use serde_json::json;
use tests::Fault;

use super::{World, allows, asked, guard, jwts, tokens, warm};

#[tokio::test]
async fn a_token_that_cannot_be_checked_is_neither_allowed_nor_refused() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Checked).await;
    for fault in [Fault::Unreachable, Fault::Throttled, Fault::Refused] {
        world.service.faults.all(fault);
        for (kind, token) in tokens(&world) {
            let failure = asked(&guard, token).await.expect_err(kind);
            assert!(matches!(failure, Failure::Unavailable), "{fault:?} {kind}: {failure}");
        }
    }
    world.service.faults.none();
    for (kind, token) in tokens(&world) {
        assert!(allows(&guard, token).await, "{kind}");
    }
}

#[tokio::test]
async fn every_kind_of_api_is_told_by_a_failure() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Checked).await;
    world.service.faults.all(Fault::Unreachable);
    let authorization = format!("Bearer {}", world.scoped);
    let arn = "arn:aws:execute-api:eu-central-1:123456789012:z9y8x7w6v5/prod/GET/orders";
    let headers = json!({ "Authorization": authorization });
    for event in [
        json!({ "version": "2.0", "type": "REQUEST", "headers": headers }),
        json!({ "version": "1.0", "type": "REQUEST", "methodArn": arn, "headers": headers }),
        json!({ "type": "REQUEST", "methodArn": arn, "headers": headers }),
        json!({ "type": "TOKEN", "methodArn": arn, "authorizationToken": authorization }),
    ] {
        let failure = authorizer::handle(&guard, event.clone()).await.expect_err("a failure");
        assert_eq!(failure.to_string(), "The token could not be checked.", "{event}");
    }
}

#[tokio::test]
async fn a_stateless_guard_goes_on_with_the_keys_that_it_has() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Stateless).await;
    world.service.faults.all(Fault::Unreachable);
    // It tries to read them again, and cannot.
    for seconds in [0, 600] {
        world.service.wait(seconds);
        for (kind, token) in jwts(&world) {
            assert!(allows(&guard, token).await, "{kind} after {seconds} s");
        }
    }
}

/// A try that fails takes seconds: not every request is to wait for one.
#[tokio::test]
async fn a_stateless_guard_tries_twice_a_minute_at_most_to_read_the_keys_that_it_cannot_read() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Stateless).await;
    world.service.faults.all(Fault::Unreachable);
    world.service.wait(600);
    for (seconds, tries) in [(0, true), (0, false), (29, false), (1, true), (10, false)] {
        world.service.wait(seconds);
        world.service.calls.reset();
        assert!(allows(&guard, &world.scoped).await);
        assert_eq!(world.service.calls.total() > 0, tries, "{seconds} s later");
    }
    world.service.faults.none();
    world.service.wait(20);
    world.service.calls.reset();
    for calls in [1, 1] {
        assert!(allows(&guard, &world.scoped).await);
        assert_eq!(world.service.calls.total(), calls, "read once, and kept");
    }
}

#[tokio::test]
async fn without_any_key_nothing_can_be_checked() {
    let world = World::new().await;
    for mode in [Mode::Checked, Mode::Stateless] {
        let guard = guard(&world.service, mode);
        world.service.faults.all(Fault::Unreachable);
        guard.warm_up().await;
        let failure = asked(&guard, &world.scoped).await.expect_err("a failure");
        assert!(matches!(failure, Failure::Unavailable), "{mode:?}: {failure}");
        world.service.faults.none();
        assert!(allows(&guard, &world.scoped).await, "{mode:?}: the next token finds the keys");
    }
}

#[tokio::test]
async fn a_function_that_links_the_guard_is_told_why() {
    let world = World::new().await;
    let guard = warm(&world.service, Mode::Checked).await;
    world.service.faults.all(Fault::Unreachable);
    let bearer = format!("Bearer {}", world.scoped).parse().unwrap();
    let headers = HeaderMap::from_iter([(shared::http::header::AUTHORIZATION, bearer)]);
    let denial = guard.admit(&headers).await.expect_err("a denial");
    assert_eq!(denial.status(), 503);
    let Denial::Refused(Refusal::Unavailable(cause)) = denial else { panic!("{denial}") };
    assert_eq!(cause.to_string(), "storage is unavailable");
}
