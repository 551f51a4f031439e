//! A message that comes again, or late, brings no link back to life.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use shared::outbox::MessageId;
use tests::{Answer, Fault, Letter, PASSWORD, Post, Service};

use super::{ask, post};

const FORGOT: &str = "/auth/password/forgot";
const RESET: &str = "/auth/password/reset";
const NEW: &str = "another good phrase";
/// A way out that leads nowhere.
const DOWN: &str = "smtp://127.0.0.1:1";
const DAY: u64 = 24 * 3600;

async fn reset(service: &Service, letter: &Letter) -> Answer {
    post(service, RESET, json!({ "token": letter.token(), "password": NEW })).await
}

/// Asks for a link to choose a new password; the message that waits for it.
async fn forgot(service: &Service, mails: &Post) -> MessageId {
    let before = mails.waiting().await;
    assert_eq!(ask(service, FORGOT, "alice@example.com").await.status, 200);
    let after = mails.waiting().await;
    let new: Vec<_> = after.into_iter().filter(|id| !before.contains(id)).collect();
    assert_eq!(new.len(), 1);
    new[0]
}

/// Sends a message, and fails to note that it was sent.
async fn send_unmarked(service: &Service, mails: &mut Post, id: MessageId) -> Letter {
    service.faults.on("PutItem", "sent_at", Fault::Unreachable);
    assert_eq!(mails.stream(&[id]).await, ["0"], "the stream delivers it again");
    service.faults.none();
    let letters = mails.new_letters();
    assert_eq!(letters.len(), 1);
    letters[0].clone()
}

#[tokio::test]
async fn mail_that_left_unmarked_brings_no_spent_link_back() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let id = forgot(&service, &mails).await;
    let letter = send_unmarked(&service, &mut mails, id).await;
    assert_eq!(reset(&service, &letter).await.status, 200);
    for seconds in [60, DAY, 5 * DAY] {
        service.wait(seconds);
        service.sweep().await;
        assert_eq!(mails.stream(&[id]).await, [""; 0], "there is nothing to say any more");
        assert_eq!(mails.new_letters(), []);
        assert_eq!(reset(&service, &letter).await.status, 400);
    }
}

#[tokio::test]
async fn mail_that_left_unmarked_comes_again_with_the_same_link_while_it_is_not_spent() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let id = forgot(&service, &mails).await;
    let first = send_unmarked(&service, &mut mails, id).await;
    service.wait(60);
    assert_eq!(mails.stream(&[id]).await, [""; 0]);
    let again = mails.new_letters();
    assert!(again.iter().all(|letter| letter.token() == first.token()));
    assert_eq!(reset(&service, &first).await.status, 200);
    assert_eq!(reset(&service, &first).await.status, 400);
}

#[tokio::test]
async fn mail_that_is_late_replaces_no_newer_link() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let late = forgot(&service, &mails).await;
    assert_eq!(mails.stream_over(DOWN, &[late]).await, ["0"]);
    service.wait(300);
    let newer = forgot(&service, &mails).await;
    assert_eq!(mails.stream(&[newer]).await, [""; 0]);
    let letter = mails.new_letters().remove(0);
    for seconds in [0, 60] {
        service.wait(seconds);
        assert_eq!(mails.stream(&[late]).await, [""; 0]);
        assert_eq!(mails.new_letters(), [], "its reader has a newer one");
    }
    assert!(mails.waiting().await.is_empty());
    assert_eq!(reset(&service, &letter).await.status, 200, "which still works");
}

#[tokio::test]
async fn mail_that_is_late_replaces_no_newer_link_that_was_spent_or_has_ended() {
    for spent in [true, false] {
        let service = Service::start().await;
        let mut mails = service.post_office();
        service.user("alice").await;
        let late = forgot(&service, &mails).await;
        service.wait(300);
        let newer = forgot(&service, &mails).await;
        assert_eq!(mails.stream(&[newer]).await, [""; 0]);
        let letter = mails.new_letters().remove(0);
        if spent {
            assert_eq!(reset(&service, &letter).await.status, 200);
        }
        service.wait(2 * DAY);
        service.sweep().await;
        assert_eq!(mails.stream(&[late]).await, [""; 0]);
        assert_eq!(mails.new_letters(), []);
        assert_eq!(reset(&service, &letter).await.status, 400);
    }
}

#[tokio::test]
async fn mail_that_is_a_week_old_is_not_sent_though_its_item_is_still_there() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let id = forgot(&service, &mails).await;
    service.wait(7 * DAY - 1);
    assert_eq!(mails.stream_over(DOWN, &[id]).await, ["0"], "until then it is tried");
    service.wait(1);
    assert_eq!(mails.stream(&[id]).await, [""; 0]);
    assert_eq!(mails.new_letters(), []);
}

#[tokio::test]
async fn link_that_is_made_while_its_user_is_deleted_leaves_nothing_behind() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let user = service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let id = forgot(&service, &mails).await;
    let held = service.faults.hold(&["ONCE#reset-password", "nonce"]);
    let delete = async {
        held.arrived().await;
        let delete = service.request(Method::DELETE, "/auth/me").bearer_auth(&access);
        let deleted = Answer::to(delete.json(&json!({ "password": PASSWORD }))).await;
        held.release();
        deleted.status
    };
    let ids = [id];
    let (failed, deleted) = tokio::join!(mails.stream(&ids), delete);
    assert_eq!((failed, deleted.as_u16()), (Vec::new(), 200));
    assert_eq!(mails.new_letters(), []);
    let left = service.stored().await.concat();
    assert!(!left.contains("alice") && !left.contains(&user.id.to_string()), "{left}");
}

#[tokio::test]
async fn forgot_counts_five_minutes_from_the_last_request_whatever_the_clock_shows() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    // Wherever the minutes of the clock begin, some of these lie on both sides.
    for _ in 0..6 {
        forgot(&service, &mails).await;
        mails.deliver_one().await;
        for millis in [1, 59_999, 90_000, 90_000, 59_999] {
            service.clock.advance(Duration::from_millis(millis));
            assert_eq!(ask(&service, FORGOT, "alice@example.com").await.status, 200);
            assert_eq!(mails.deliver().await, []);
        }
        service.clock.advance(Duration::from_millis(1));
        service.wait(7);
    }
}
