//! Tokens that name a key that nobody has. Anyone can make them, so they must not cost a call to storage each.

use shared::jwt;
use tests::{Answer, Fault, Service, at_once, with_status};

use crate::support::jwt::unsigned;
use crate::support::scoped_token;

const FLOOD: usize = 20;
/// What one try costs at most: the SDK repeats a call that fails.
const ATTEMPTS: usize = 4;

/// Hands in tokens at the same time, each of another unknown key.
async fn flood(service: &Service) -> Vec<Answer> {
    let forged = |at: usize| {
        let header = format!(r#"{{"alg":"RS256","typ":"JWT","kid":"unknown-{at}"}}"#);
        format!("{}.AAAA", unsigned(&header, "{}"))
    };
    at_once((0..FLOOD).map(|at| service.get("/auth/verify-token").bearer_auth(forged(at)))).await
}

#[tokio::test]
async fn a_flood_of_them_reads_the_keyring_twice_a_minute_at_most() {
    let service = Service::start().await;
    service.user("alice").await;
    let good = scoped_token(&service, "alice").await;
    // The service has just read it.
    for (seconds, calls) in [(0, 0), (29, 0), (1, 1), (0, 0), (29, 0), (1, 1), (300, 1)] {
        service.wait(seconds);
        service.calls.reset();
        assert_eq!(with_status(&flood(&service).await, 401), FLOOD, "{seconds} s later");
        assert_eq!(service.calls.total(), calls, "{seconds} s later");
        assert!(service.accepts(&good).await, "{seconds} s later");
    }
}

/// A try that fails takes seconds, and a key that is not known here may be a new one.
#[tokio::test]
async fn without_storage_a_flood_of_them_tries_twice_a_minute_at_most_and_none_is_called_invalid() {
    let service = Service::start().await;
    service.user("alice").await;
    let good = scoped_token(&service, "alice").await;
    service.faults.all(Fault::Unreachable);
    service.wait(30);
    // In the end the keyring is so old that every token has it read.
    for (seconds, tries) in
        [(0, true), (0, false), (29, false), (1, true), (29, false), (1, true), (600, true)]
    {
        service.wait(seconds);
        service.calls.reset();
        assert_eq!(with_status(&flood(&service).await, 503), FLOOD, "{seconds} s later");
        let calls = service.calls.total();
        assert_eq!(calls > 0, tries, "{seconds} s later");
        assert!(calls <= ATTEMPTS, "{calls} calls {seconds} s later");
        assert!(jwt::read(service.app, &good).await.is_ok(), "a known key verifies {seconds} s later");
        assert_eq!(service.calls.total(), calls, "without a call");
    }
    service.faults.none();
    service.wait(30);
    service.calls.reset();
    assert_eq!(with_status(&flood(&service).await, 401), FLOOD);
    assert_eq!(service.calls.total(), 1);
    assert!(service.accepts(&good).await);
}
