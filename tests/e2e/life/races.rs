//! What happens at the same moment as a reset or a deletion leaves no token behind.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use shared::user::{User, UserStatus};
use tests::{Answer, Fault, PASSWORD, Service, logged};

use super::{ask, nothing_is_left_of};

const NEW: &str = "another good phrase";
const RESET: &str = "/auth/password/reset";

#[tokio::test]
async fn refresh_at_the_moment_of_a_reset_gives_no_token_that_lasts() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    let mut password = PASSWORD.to_owned();
    let mut refreshed_in_time = 0;
    for round in 0..5 {
        service.wait(300);
        let mut tokens = Vec::new();
        for _ in 0..6 {
            tokens.push(service.try_log_in("alice", &password).await.token("refresh_token"));
        }
        ask(&service, "/auth/password/forgot", "alice@example.com").await;
        let letters = mails.deliver().await;
        let mail = letters.iter().find(|mail| mail.text.contains("http")).unwrap();
        service.wait(1);
        password = format!("{NEW} {round}");
        let reset = service.post(RESET).json(&json!({ "token": mail.token(), "password": password }));
        let others = async {
            let mut answers = Vec::new();
            for token in &tokens {
                answers.push(service.refresh(token).await);
            }
            answers
        };
        let (reset, refreshed) = tokio::join!(Answer::to(reset), others);
        assert_eq!(reset.status, 200, "{}", reset.body);
        for answer in refreshed.iter().filter(|answer| answer.status == 200) {
            assert!(!service.accepts(&answer.token("access_token")).await);
            assert_eq!(service.refresh(&answer.token("refresh_token")).await.status, 406);
            refreshed_in_time += 1;
        }
    }
    assert_ne!(refreshed_in_time, 0);
}

#[tokio::test]
async fn login_by_the_old_password_while_a_reset_is_written_gives_no_token_that_lasts() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    service.user("alice").await;
    ask(&service, "/auth/password/forgot", "alice@example.com").await;
    let mail = mails.deliver_one().await;
    // The write is refused at first and tried again; meanwhile the old password still counts.
    service.faults.next(2, "TransactWriteItems", Fault::Throttled);
    let reset = service.post(RESET).json(&json!({ "token": mail.token(), "password": NEW }));
    let clock = std::sync::Arc::clone(&service.clock);
    let ticking = tokio::spawn(async move {
        loop {
            clock.advance(Duration::from_millis(1));
            tokio::task::yield_now().await;
        }
    });
    let scoped = async {
        let body = json!({ "username": "alice", "password": PASSWORD });
        let mut tokens = Vec::new();
        loop {
            let answer = Answer::to(service.post("/v1/auth").json(&body)).await;
            if answer.status != 200 {
                return tokens;
            }
            tokens.push(answer.body["access_token"].as_str().unwrap().to_owned());
        }
    };
    let (reset, tokens) = tokio::join!(Answer::to(reset), scoped);
    ticking.abort();
    assert_eq!(reset.status, 200, "{}", reset.body);
    assert!(!tokens.is_empty());
    let mut alive = 0;
    for token in &tokens {
        alive += usize::from(service.accepts(token).await);
    }
    assert_eq!(alive, 0, "of {}", tokens.len());
}

#[tokio::test]
async fn scoped_token_signed_after_the_end_of_all_sessions_ends_with_the_password_it_came_from() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    // After the comparison, and before the signature, the attempt is taken back.
    let held = service.faults.hold(&["DeleteItem"]);
    let body = json!({ "username": "alice", "password": PASSWORD });
    let scoped = Answer::to(service.post("/v1/auth").json(&body));
    let end = async {
        held.arrived().await;
        service.wait(1);
        let all = service.post("/auth/logout").bearer_auth(&access).json(&json!({ "all": true }));
        let ended = Answer::to(all).await;
        held.release();
        ended
    };
    let (scoped, ended) = tokio::join!(scoped, end);
    assert_eq!((scoped.status.as_u16(), ended.status.as_u16()), (200, 200));
    assert!(!service.accepts(scoped.body["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn login_at_the_moment_of_a_deletion_leaves_nothing_behind() {
    let service = Service::start().await;
    let mut logged_in = 0;
    for round in 0..5 {
        let name = format!("alice{round}");
        let user = service.user(&name).await;
        let access = service.try_log_in(&name, PASSWORD).await.token("access_token");
        let delete = service.request(Method::DELETE, "/auth/me").bearer_auth(&access);
        let delete = delete.json(&json!({ "password": PASSWORD }));
        let logins = async {
            let mut answers = Vec::new();
            for _ in 0..4 {
                answers.push(service.try_log_in(&name, PASSWORD).await);
            }
            answers
        };
        let (deleted, answers) = tokio::join!(Answer::to(delete), logins);
        assert_eq!(deleted.status, 200, "{}", deleted.body);
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            assert!(!service.accepts(&answer.token("access_token")).await);
            assert_eq!(service.refresh(&answer.token("refresh_token")).await.status, 406);
            logged_in += 1;
        }
        nothing_is_left_of(&service, &user).await;
    }
    assert_ne!(logged_in, 0);
}

#[tokio::test]
async fn login_that_ends_after_a_deletion_leaves_nothing_behind() {
    for name in ["alice", "alice@example.com"] {
        let service = Service::start().await;
        let user = service.user("alice").await;
        let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
        // The session is written when nothing is left of its user.
        let held = service.faults.hold(&["authenticated", "SESSION#"]);
        let delete = async {
            held.arrived().await;
            let delete = service.request(Method::DELETE, "/auth/me").bearer_auth(&access);
            let deleted = Answer::to(delete.json(&json!({ "password": PASSWORD }))).await;
            held.release();
            deleted
        };
        let (login, deleted) = tokio::join!(service.try_log_in(name, PASSWORD), delete);
        assert_eq!(deleted.status, 200, "{}", deleted.body);
        assert_eq!(login.status, 503, "{}", login.body);
        assert_eq!(login.headers.get("set-cookie"), None);
        nothing_is_left_of(&service, &user).await;
        assert_eq!(service.try_log_in(name, PASSWORD).await.status, 406, "and then there is no such user");
    }
}

#[tokio::test]
async fn deletion_succeeds_once_it_is_written() {
    for (operation, text) in [("BatchWriteItem", "ATTEMPT#"), ("Query", "pk = :pk")] {
        let service = Service::start().await;
        let mut mails = service.post_office();
        let user = service.user("alice").await;
        ask(&service, "/auth/password/forgot", "alice@example.com").await;
        mails.deliver_one().await;
        let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
        let held = service.faults.hold(&["TransactWriteItems", "EMAIL#alice@example.com"]);
        let fail = async {
            held.arrived().await;
            service.faults.on(operation, text, Fault::Unreachable);
            held.release();
        };
        let delete = service.request(Method::DELETE, "/auth/me").bearer_auth(&access);
        let delete = Answer::to(delete.json(&json!({ "password": PASSWORD })));
        drop(logged());
        let (deleted, ()) = tokio::join!(delete, fail);
        assert_eq!(deleted.status, 200, "{operation} {text}: {}", deleted.body);
        service.faults.none();
        assert!(!service.accepts(&access).await);
        assert_eq!(service.try_log_in("alice", PASSWORD).await.status, 406);
        nothing_is_left_of(&service, &user).await;
    }
}

/// The user `alice` who has asked for the address `new@example.com`: the requests that confirm it and that delete her.
async fn confirmed_and_deleted(service: &Service) -> (RequestBuilder, RequestBuilder) {
    let mut mails = service.post_office();
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let change = json!({ "email": "new@example.com", "password": PASSWORD });
    let change = service.post("/auth/email/change").bearer_auth(&access).json(&change);
    assert_eq!(Answer::to(change).await.status, 200);
    let mail = mails.deliver().await.into_iter().find(|mail| mail.text.contains("http")).unwrap();
    let confirm = service.post("/auth/email/confirm").json(&json!({ "token": mail.token() }));
    let delete = service.request(Method::DELETE, "/auth/me").bearer_auth(&access);
    (confirm, delete.json(&json!({ "password": PASSWORD })))
}

/// Sends one request, holds its transaction, which has this text in it, until another is answered, and lets it go on.
async fn overtaking(
    service: &Service,
    first: RequestBuilder,
    text: &str,
    other: RequestBuilder,
) -> (Answer, Answer) {
    let held = service.faults.hold(&["TransactWriteItems", text]);
    let other = async {
        held.arrived().await;
        let answer = Answer::to(other).await;
        held.release();
        answer
    };
    tokio::join!(Answer::to(first), other)
}

/// How many items of the accounts table name `alice`.
async fn named_alice(service: &Service) -> usize {
    let accounts = service.items(&service.app.store.tables.accounts).await;
    accounts.iter().filter(|item| format!("{item:?}").contains("alice")).count()
}

#[tokio::test]
async fn deletion_overtaken_by_a_change_of_address_deletes_nothing() {
    let service = Service::start().await;
    let (confirm, delete) = confirmed_and_deleted(&service).await;
    let (deleted, confirmed) = overtaking(&service, delete, "EMAIL#alice@example.com", confirm).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    assert_eq!(deleted.status, 409, "{}", deleted.body);
    assert_eq!(named_alice(&service).await, 3);
}

#[tokio::test]
async fn change_of_address_overtaken_by_a_deletion_leaves_no_address_behind() {
    let service = Service::start().await;
    let (confirm, delete) = confirmed_and_deleted(&service).await;
    let (confirmed, deleted) = overtaking(&service, confirm, "EMAIL#new@example.com", delete).await;
    assert_eq!(deleted.status, 200, "{}", deleted.body);
    assert_eq!(confirmed.status, 400, "{}", confirmed.body);
    assert_eq!(named_alice(&service).await, 0);
}

#[tokio::test]
async fn suspension_at_the_moment_of_a_reset_lasts() {
    let service = Service::start().await;
    let mut mails = service.post_office();
    let mut user = service.user_with("alice", |user| user.status = UserStatus::Unverified).await;
    ask(&service, "/auth/password/forgot", "alice@example.com").await;
    let mail = mails.deliver_one().await;
    let reset = service.post(RESET).json(&json!({ "token": mail.token(), "password": NEW }));
    let held = service.faults.hold(&["TransactWriteItems", "LOGIN#alice"]);
    let suspend = async {
        held.arrived().await;
        user.status = UserStatus::Suspended;
        service.put(&service.app.store.tables.accounts, User::key(user.id), &user).await;
        held.release();
    };
    let (reset, ()) = tokio::join!(Answer::to(reset), suspend);
    assert_eq!(reset.status, 400, "{}", reset.body);
    let found: Option<User> =
        service.app.store.get(&service.app.store.tables.accounts, User::key(user.id)).await.unwrap();
    assert_eq!(found.unwrap().status, UserStatus::Suspended);
}
