//! A device that has signed in before is not locked out by strangers.

use tests::{PASSWORD, Service};

use super::{WRONG, guess_wrong};

/// The device cookie that a sign-in sets, as a browser sends it back.
async fn device_of(service: &Service, username: &str) -> String {
    service.try_log_in(username, PASSWORD).await.cookie("LATCHKEY_DEVICE")
}

#[tokio::test]
async fn known_device_signs_in_while_strangers_are_locked_out() {
    let service = Service::start().await;
    service.user("alice").await;
    let device = device_of(&service, "alice").await;
    guess_wrong(&service, "alice", 8).await;
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429);
    for name in ["alice", "ALICE", "alice@example.com"] {
        assert_eq!(service.try_log_in_with(name, PASSWORD, &device).await.status, 200, "{name}");
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429, "strangers still wait");
}

#[tokio::test]
async fn known_device_outlives_its_session() {
    let service = Service::start().await;
    service.user("alice").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let logout = service.post("/auth/logout").bearer_auth(login.token("access_token"));
    assert_eq!(logout.send().await.unwrap().status(), 200);
    guess_wrong(&service, "alice", 8).await;
    let device = login.cookie("LATCHKEY_DEVICE");
    assert_eq!(service.try_log_in_with("alice", PASSWORD, &device).await.status, 200);
}

#[tokio::test]
async fn known_device_is_limited_too() {
    let service = Service::start().await;
    service.user("alice").await;
    let device = device_of(&service, "alice").await;
    for _ in 0..5 {
        assert_eq!(service.try_log_in_with("alice", WRONG, &device).await.status, 406);
    }
    assert_eq!(service.try_log_in_with("alice", PASSWORD, &device).await.retry_after(), Some(1));
    assert_eq!(service.try_log_in("alice", WRONG).await.status, 406, "on a count of its own");
}

#[tokio::test]
async fn many_devices_of_one_user_have_few_guesses_together() {
    let service = Service::start().await;
    service.user("alice").await;
    let mut devices = Vec::new();
    for _ in 0..30 {
        devices.push(device_of(&service, "alice").await);
    }
    let mut compared = 0;
    for device in &devices {
        for _ in 0..5 {
            let answer = service.try_log_in_with("alice", WRONG, device).await;
            compared += usize::from(answer.status == 406);
        }
    }
    assert!(compared <= 8 * 5, "{compared} of 150 guesses were compared");
}

#[tokio::test]
async fn device_of_one_user_is_no_advantage_for_another() {
    let service = Service::start().await;
    service.user("alice").await;
    service.user("mallory").await;
    let mallory = device_of(&service, "mallory").await;
    for _ in 0..5 {
        assert_eq!(service.try_log_in_with("alice", WRONG, &mallory).await.status, 406);
    }
    for _ in 0..3 {
        let again = device_of(&service, "mallory").await;
        assert_eq!(service.try_log_in_with("alice", PASSWORD, &again).await.status, 429);
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429, "on the count of strangers");
}

#[tokio::test]
async fn device_of_one_user_does_not_hinder_another() {
    let service = Service::start().await;
    service.user("alice").await;
    service.user("bob").await;
    let alice = device_of(&service, "alice").await;
    for _ in 0..6 {
        service.try_log_in_with("alice", WRONG, &alice).await;
    }
    assert_eq!(service.try_log_in_with("bob", PASSWORD, &alice).await.status, 200);
}

#[tokio::test]
async fn device_that_is_forged_or_no_device_is_a_stranger() {
    let service = Service::start().await;
    service.user("alice").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let device = login.cookie("LATCHKEY_DEVICE");
    let last = if device.ends_with('0') { "1" } else { "0" };
    let session = login.cookie("JSESSIONID").replace("JSESSIONID=s.", "");
    guess_wrong(&service, "alice", 8).await;
    for cookie in [
        format!("{}{last}", &device[..device.len() - 1]),
        format!("LATCHKEY_DEVICE=s.{session}"),
        format!("LATCHKEY_DEVICE=v.{session}"),
        "LATCHKEY_DEVICE=".to_owned(),
        "LATCHKEY_DEVICE=x".to_owned(),
    ] {
        assert_eq!(service.try_log_in_with("alice", PASSWORD, &cookie).await.status, 429, "{cookie}");
    }
}
