//! A call that storage carried out and whose answer was lost: the SDK sends it again.

use std::time::Duration;

use serde_json::json;
use tests::{Answer, Fault, PASSWORD, Service};

#[tokio::test]
async fn signup_whose_answer_is_lost_succeeds_and_makes_one_user() {
    for times in [1, 3] {
        let service = Service::start().await;
        service.faults.next(times, "TransactWriteItems", Fault::AnswerLost);
        let answer = service.sign_up("alice").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let tables = &service.app.store.tables;
        for sort_key in ["USER", "LOGIN", "EMAIL"] {
            assert_eq!(service.count(&tables.accounts, sort_key).await, 1, "{sort_key}");
        }
        assert_eq!(service.count(&tables.tokens, "OUTBOX").await, 1, "one mail");
        service.log_in("alice").await;
    }
}

#[tokio::test]
async fn signup_that_never_hears_from_storage_makes_at_most_one_user() {
    let service = Service::start().await;
    service.faults.all(Fault::AnswerLost);
    let answer = service.sign_up("alice").await;
    assert_eq!((answer.status.as_u16(), answer.retry_after().is_some()), (503, true));
    service.faults.none();
    assert_eq!(service.sign_up("alice").await.status, 409, "the user is there");
    assert_eq!(service.count(&service.app.store.tables.accounts, "USER").await, 1);
    service.log_in("alice").await;
}

#[tokio::test]
async fn refresh_whose_answer_is_lost_gives_the_successor() {
    for times in [1, 3] {
        let service = Service::start().await;
        service.user("alice").await;
        let first = service.try_log_in("alice", PASSWORD).await.token("refresh_token");
        service.faults.next(times, "UpdateItem", Fault::AnswerLost);
        let answer = service.refresh(&first).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(service.accepts(&answer.token("access_token")).await);
        assert_eq!(service.refresh(&first).await.body, answer.body, "one chain");
        assert_eq!(service.refresh(&answer.token("refresh_token")).await.status, 200);
        assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 1);
    }
}

#[tokio::test]
async fn refresh_that_never_hears_from_storage_can_be_repeated() {
    let service = Service::start().await;
    service.user("alice").await;
    let first = service.try_log_in("alice", PASSWORD).await.token("refresh_token");
    service.faults.all(Fault::AnswerLost);
    assert_eq!(service.refresh(&first).await.status, 503);
    service.faults.none();
    service.wait(2);
    let answer = service.refresh(&first).await;
    assert_eq!(answer.status, 200, "it is not taken for theft");
    assert_eq!(service.refresh(&answer.token("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn login_whose_answers_are_lost_succeeds_with_one_session() {
    for operation in ["UpdateItem", "BatchGetItem", "TransactWriteItems", "Query", "DeleteItem"] {
        let service = Service::start().await;
        service.user("alice").await;
        service.faults.next(1, operation, Fault::AnswerLost);
        let answer = service.try_log_in("alice", PASSWORD).await;
        assert_eq!(answer.status, 200, "{operation} {}", answer.body);
        assert!(service.accepts(&answer.token("access_token")).await);
        assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 1, "{operation}");
    }
}

#[tokio::test]
async fn guess_whose_reservation_loses_its_answer_counts_once() {
    let service = Service::start().await;
    service.user("alice").await;
    for _ in 0..5 {
        assert_eq!(service.try_log_in("alice", "not the password").await.status, 406);
    }
    service.wait(1);
    service.faults.next(1, "UpdateItem", Fault::AnswerLost);
    let answer = service.try_log_in("alice", PASSWORD).await;
    assert_eq!(answer.status, 200, "the second try meets the first one's write: {}", answer.body);
}

#[tokio::test]
async fn guess_whose_reservation_is_never_answered_does_not_count() {
    let service = Service::start().await;
    service.user("alice").await;
    for _ in 0..2 {
        service.faults.next(4, "UpdateItem", Fault::AnswerLost);
        assert_eq!(service.try_log_in("alice", "not the password").await.status, 503);
    }
    service.faults.none();
    for _ in 0..5 {
        assert_eq!(service.try_log_in("alice", "not the password").await.status, 406);
    }
    assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 429);
}

/// Lambda ends a function after ten seconds, and API Gateway then answers in words of its own.
#[tokio::test]
async fn guess_whose_store_says_nothing_is_answered_while_the_function_may_run() {
    let service = Service::start().await;
    service.user("alice").await;
    service.faults.on("UpdateItem", "ATTEMPT#", Fault::Silent);
    let answer = tokio::time::timeout(Duration::from_secs(10), service.try_log_in("alice", PASSWORD)).await;
    assert_eq!(answer.unwrap().status, 503);
}

#[tokio::test]
async fn login_that_cannot_clear_the_count_is_one_all_the_same() {
    let service = Service::start().await;
    service.user("alice").await;
    service.faults.on("DeleteItem", "ATTEMPT#", Fault::Unreachable);
    let answer = service.try_log_in("alice", PASSWORD).await;
    service.faults.none();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(service.accepts(&answer.token("access_token")).await);
    assert_eq!(service.count(&service.app.store.tables.tokens, "SESSION#").await, 1);
}

#[tokio::test]
async fn logout_everywhere_that_deletes_nothing_has_ended_everything() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    service.wait(1);
    service.faults.on("BatchWriteItem", "SESSION#", Fault::Unreachable);
    let everywhere = service.post("/auth/logout").bearer_auth(&access).json(&json!({ "all": true }));
    assert_eq!(Answer::to(everywhere).await.status, 200);
    service.faults.none();
    assert!(!service.accepts(&access).await);
}

#[tokio::test]
async fn logout_and_a_change_of_the_record_survive_a_lost_answer() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    service.faults.next(1, "UpdateItem", Fault::AnswerLost);
    let change = service.request(reqwest::Method::PATCH, "/auth/me").bearer_auth(&access);
    let answer = Answer::to(change.json(&json!({ "phone": "1" }))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["phone"]), (200, &json!("1")));
    for operation in ["UpdateItem", "BatchWriteItem"] {
        let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
        service.wait(1);
        service.faults.next(1, operation, Fault::AnswerLost);
        let everywhere = service.post("/auth/logout").bearer_auth(&access).json(&json!({ "all": true }));
        assert_eq!(Answer::to(everywhere).await.status, 200, "{operation}");
        assert!(!service.accepts(&access).await);
    }
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    service.faults.next(1, "DeleteItem", Fault::AnswerLost);
    assert_eq!(Answer::to(service.post("/auth/logout").bearer_auth(&access)).await.status, 200);
    assert!(!service.accepts(&access).await);
}
