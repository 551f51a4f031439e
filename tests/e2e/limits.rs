//! How often someone may guess, and how often a request may ask storage.

mod address;
mod budgets;
mod device;
mod doors;

use serde_json::json;
use shared::password::Password;
use shared::user::{Credential, UserStatus};
use tests::{Fault, PASSWORD, Service, at_once, with_status};

const WRONG: &str = "not the password";

/// Lets `count` wrong guesses be looked at, waiting as long as is asked for.
async fn guess_wrong(service: &Service, name: &str, count: usize) {
    for _ in 0..count {
        let mut answer = service.try_log_in(name, WRONG).await;
        if let Some(seconds) = answer.retry_after() {
            service.wait(seconds);
            answer = service.try_log_in(name, WRONG).await;
        }
        assert_eq!(answer.status, 406, "{}", answer.body);
    }
}

#[tokio::test]
async fn five_wrong_guesses_are_free_and_then_the_wait_grows() {
    let service = Service::start().await;
    service.user("alice").await;
    for _ in 0..5 {
        assert_eq!(service.try_log_in("alice", WRONG).await.status, 406);
    }
    let mut last = 0;
    for _ in 0..12 {
        let refused = service.try_log_in("alice", WRONG).await;
        assert_eq!(refused.status, 429);
        let wait = refused.retry_after().unwrap();
        assert_eq!(
            refused.body,
            json!({ "error": format!("Too many failed attempts. Try again in {wait} s.") })
        );
        assert!(wait >= last, "{wait} s after {last} s");
        last = wait;
        service.wait(wait - 1);
        assert_eq!(service.try_log_in("alice", WRONG).await.retry_after(), Some(1));
        service.wait(1);
        assert_eq!(service.try_log_in("alice", WRONG).await.status, 406, "as promised, after {wait} s");
    }
    assert!(last >= 60);
}

#[tokio::test]
async fn attempt_that_nobody_could_check_restarts_no_wait() {
    let service = Service::start().await;
    let mut user = service.user("alice").await;
    guess_wrong(&service, "alice", 12).await;
    service.wait(60);
    let accounts = service.app.store.tables.accounts.clone();
    for _ in 0..3 {
        service.faults.on("BatchGetItem", &accounts, Fault::Unreachable);
        assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 503);
        service.faults.none();
    }
    // Nor does a right one of someone who may not sign in.
    user.status = UserStatus::Suspended;
    let suspended = Credential {
        user: user.id,
        password_hash: service.app.passwords.hash(&Password::new(PASSWORD)).await.unwrap(),
        sub_type: user.sub_type.clone(),
        scopes: user.scopes.clone(),
        status: user.status,
    };
    service.put(&accounts, Credential::key("alice"), &suspended).await;
    for _ in 0..3 {
        assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 406);
    }
    assert_eq!(service.try_log_in("alice", WRONG).await.status, 406, "a wrong one does");
    let refused = service.try_log_in("alice", PASSWORD).await;
    assert_eq!((refused.status.as_u16(), refused.retry_after()), (429, Some(60)));
}

#[tokio::test]
async fn attempt_that_nobody_could_check_shortens_no_wait() {
    let service = Service::start().await;
    service.user("alice").await;
    let accounts = service.app.store.tables.accounts.clone();
    guess_wrong(&service, "alice", 12).await;
    for seconds in [60, 60] {
        service.wait(seconds);
        service.faults.on("BatchGetItem", &accounts, Fault::Unreachable);
        assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 503);
        service.faults.none();
        assert_eq!(service.try_log_in("alice", WRONG).await.status, 406);
        assert_eq!(service.try_log_in("alice", WRONG).await.retry_after(), Some(60));
        service.wait(59);
        assert_eq!(service.try_log_in("alice", WRONG).await.retry_after(), Some(1));
        service.wait(1);
    }
}

#[tokio::test]
async fn many_wrong_guesses_at_once_are_looked_at_five_times() {
    for (name, rotate) in [("alice", false), ("alice", true), ("nobody", true)] {
        let service = Service::start().await;
        service.user("alice").await;
        let requests = (0..200).map(|n| {
            let request = service.login_request(name, &format!("{WRONG} {n}"));
            if rotate { request.header("x-forwarded-for", format!("192.0.2.{n}")) } else { request }
        });
        let answers = at_once(requests).await;
        // A machine that is busy with other things may take a guess for too long: 503, and not looked at.
        let (looked_at, refused, given_up) =
            (with_status(&answers, 406), with_status(&answers, 429), with_status(&answers, 503));
        let least = usize::from(given_up == 0);
        assert!((least..=5).contains(&looked_at), "{name} {rotate}: {looked_at}, {given_up} given up");
        assert_eq!(looked_at + refused + given_up, 200, "{name} {rotate}");
        assert!(answers.iter().all(|answer| (answer.status == 406) == (answer.retry_after().is_none())));
    }
}

#[tokio::test]
async fn many_right_guesses_at_once_are_let_through() {
    let service = Service::start().await;
    service.user("alice").await;
    let answers = at_once((0..8).map(|_| service.login_request("alice", PASSWORD))).await;
    assert_eq!(with_status(&answers, 200), 8);
}

#[tokio::test]
async fn success_clears_the_count() {
    let service = Service::start().await;
    service.user("alice").await;
    for _ in 0..3 {
        guess_wrong(&service, "alice", 4).await;
        assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
    }
    for _ in 0..5 {
        assert_eq!(service.try_log_in("alice", WRONG).await.status, 406);
    }
    assert_eq!(service.try_log_in("alice", WRONG).await.status, 429);
}

#[tokio::test]
async fn unknown_names_are_limited_exactly_like_known_ones() {
    let service = Service::start().await;
    service.user("alice").await;
    for pair in [("alice", "nobody"), ("alice@example.com", "nobody@example.com"), ("alice", "no name")] {
        service.wait(31 * 86_400);
        for _ in 0..20 {
            let known = service.try_log_in(pair.0, WRONG).await.without_request();
            let unknown = service.try_log_in(pair.1, WRONG).await.without_request();
            assert_eq!(known, unknown, "{pair:?}");
            service.wait(known.retry_after().unwrap_or(0));
        }
    }
}

#[tokio::test]
async fn guesses_by_username_in_any_case_and_by_address_share_one_count() {
    let service = Service::start().await;
    service.user("alice").await;
    for name in ["alice", "ALICE", "alice@example.com", "Alice@Example.COM", "Alice"] {
        assert_eq!(service.try_log_in(name, WRONG).await.status, 406);
    }
    for name in ["alice", "ALICE", "alice@example.com"] {
        assert_eq!(service.try_log_in(name, WRONG).await.status, 429, "{name}");
    }
    service.user("bob").await;
    assert_eq!(service.try_log_in("bob", WRONG).await.status, 406, "bob has a count of his own");
}

#[tokio::test]
async fn right_password_is_refused_while_the_name_is_locked() {
    let service = Service::start().await;
    service.user("alice").await;
    guess_wrong(&service, "alice", 6).await;
    let right = service.try_log_in("alice", PASSWORD).await.without_request();
    assert_eq!(right, service.try_log_in("alice", WRONG).await.without_request());
    assert_eq!(right.status, 429);
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 0);
    service.wait(right.retry_after().unwrap());
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn refused_guesses_do_not_lengthen_the_wait() {
    let service = Service::start().await;
    service.user("alice").await;
    guess_wrong(&service, "alice", 9).await;
    for left in (1..=16).rev() {
        assert_eq!(service.try_log_in("alice", WRONG).await.retry_after(), Some(left));
        service.wait(1);
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_hundred_wrong_guesses_in_a_row_are_the_end_for_thirty_days() {
    const DAY: u64 = 86_400;
    let service = Service::start().await;
    service.user("alice").await;
    let first = service.try_log_in("alice", PASSWORD).await;
    guess_wrong(&service, "alice", 100).await;
    service.wait(DAY);
    for password in [WRONG, PASSWORD] {
        assert_eq!(service.try_log_in("alice", password).await.retry_after(), Some(29 * DAY));
    }
    let known = service.try_log_in_with("alice", PASSWORD, &first.cookie("LATCHKEY_DEVICE")).await;
    assert_eq!(known.status, 200, "but not for its owner");

    guess_wrong(&service, "bob", 100).await;
    service.wait(30 * DAY - 1);
    assert_eq!(service.try_log_in("bob", WRONG).await.retry_after(), Some(1));
    service.wait(1);
    guess_wrong(&service, "bob", 5).await;
    assert_eq!(service.try_log_in("bob", WRONG).await.retry_after(), Some(1), "the count began again");
}

#[tokio::test]
async fn guesses_at_once_after_a_count_has_expired_are_limited_and_never_fail() {
    let service = Service::start().await;
    service.user("alice").await;
    guess_wrong(&service, "alice", 1).await;
    service.wait(30 * 86_400);
    let answers = at_once((0..16).map(|_| service.login_request("alice", WRONG))).await;
    assert_eq!((with_status(&answers, 406), with_status(&answers, 429)), (5, 11));
}
