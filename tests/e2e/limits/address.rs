//! The limit per network address.

use tests::{PASSWORD, Service};

use super::WRONG;

const LIMIT: usize = 10;

async fn service() -> Service {
    let service = Service::with(&[("ADDRESS_FAILURES", "10")]).await;
    service.user("alice").await;
    service
}

/// One wrong guess each at so many names.
async fn spray(service: &Service, count: usize) {
    for n in 0..count {
        assert_eq!(service.try_log_in(&format!("name{n}"), WRONG).await.status, 406, "{n}");
    }
}

#[tokio::test]
async fn address_is_limited_after_failures_at_many_names() {
    let service = service().await;
    spray(&service, LIMIT).await;
    let refused = service.try_log_in("another", WRONG).await;
    assert_eq!(refused.status, 429);
    let wait = refused.retry_after().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429);
    let forwarded = service.login_request("alice", PASSWORD).header("x-forwarded-for", "192.0.2.7");
    assert_eq!(forwarded.send().await.unwrap().status(), 429, "a header does not move it");
    service.wait(wait);
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn address_limit_does_not_count_success() {
    let service = service().await;
    for _ in 0..2 * LIMIT {
        assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
    }
    spray(&service, LIMIT - 1).await;
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn address_limit_spares_a_known_device() {
    let service = service().await;
    let device = service.try_log_in("alice", PASSWORD).await.cookie("LATCHKEY_DEVICE");
    spray(&service, LIMIT).await;
    assert_eq!(service.try_log_in_with("alice", PASSWORD, &device).await.status, 200);
}

#[tokio::test]
async fn address_limit_does_not_use_up_the_attempts_of_a_name() {
    let service = service().await;
    spray(&service, LIMIT).await;
    let wait = service.try_log_in("alice", WRONG).await.retry_after().unwrap();
    for _ in 0..20 {
        assert_eq!(service.try_log_in("alice", WRONG).await.status, 429);
    }
    service.wait(wait);
    for _ in 0..5 {
        assert_eq!(service.try_log_in("alice", WRONG).await.status, 406);
    }
}

#[tokio::test]
async fn address_limit_holds_for_every_door_with_a_password() {
    let service = service().await;
    let account = service.account("an account secret").await;
    spray(&service, LIMIT).await;
    let scoped = serde_json::json!({ "username": "alice", "password": PASSWORD });
    assert_eq!(service.post_json("/v1/auth", &scoped).await.0, 429);
    let body = serde_json::json!({ "account": account.id, "secret": "an account secret" });
    assert_eq!(service.post_json("/public-api/auth", &body).await.0, 429);
}
