//! A new password counts from its transaction on, whatever becomes of what follows it.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tests::{Answer, Fault, PASSWORD, Service, logged};

use super::ask;
use crate::support::{SignedIn, scoped_token, sign_in};

const NEW: &str = "another good phrase";
const RESET: &str = "/auth/password/reset";

/// What is still to do after the transaction: ending sessions, letting new ones begin, clearing wrong guesses.
const AFTER: [(&str, &str); 5] = [
    ("Query", "SESSION#"),
    ("BatchWriteItem", "SESSION#"),
    ("UpdateItem", "tokens_valid_after"),
    ("UpdateItem", "authenticated"),
    ("BatchWriteItem", "ATTEMPT#"),
];

/// The request that chooses a new password by the link of a mail.
async fn by_link(service: &Service) -> RequestBuilder {
    let mut mails = service.post_office();
    ask(service, "/auth/password/forgot", "alice@example.com").await;
    let mail = mails.deliver_one().await;
    service.post(RESET).json(&json!({ "token": mail.token(), "password": NEW }))
}

/// The request that chooses one by the old one.
fn by_password(service: &Service, here: &SignedIn) -> RequestBuilder {
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    service.post("/auth/password/change").bearer_auth(&here.access).json(&body)
}

/// Signs in once the service allows it.
async fn sign_in_with(service: &Service, password: &str) -> Answer {
    let answer = service.try_log_in("alice", password).await;
    if answer.status != 503 {
        return answer;
    }
    assert!(answer.retry_after().is_some());
    service.wait(10);
    service.try_log_in("alice", password).await
}

/// Nothing takes a token of this session any more, whether or not its item is still there.
async fn is_dead(service: &Service, session: &SignedIn) {
    service.wait(1);
    let mut tokens = vec![session.access.clone(), session.cookie("JSESSIONID").to_owned()];
    let refreshed = service.refresh(&session.refresh).await;
    if refreshed.status == 200 {
        tokens.push(refreshed.token("access_token"));
    }
    for token in tokens {
        assert!(!service.accepts(&token).await);
        for (method, path) in [
            (Method::GET, "/auth/me"),
            (Method::GET, "/auth/sessions"),
            (Method::DELETE, "/auth/sessions"),
            (Method::DELETE, "/auth/me"),
            (Method::POST, "/auth/email/change"),
            (Method::POST, "/auth/password/change"),
        ] {
            let body = json!({ "password": NEW, "current_password": NEW, "new_password": "a third phrase", "email": "a@b.co" });
            let request = service.request(method.clone(), path).bearer_auth(&token).json(&body);
            assert_eq!(Answer::to(request).await.status, 401, "{method} {path}");
        }
        let everywhere = service.post("/auth/logout").bearer_auth(&token).json(&json!({ "all": true }));
        assert_eq!(Answer::to(everywhere).await.status, 401);
    }
}

#[tokio::test]
async fn reset_succeeds_once_it_is_written_and_no_older_token_works() {
    for (operation, text) in AFTER.into_iter().filter(|(_, text)| *text != "authenticated") {
        let service = Service::start().await;
        service.user("alice").await;
        let old = [sign_in(&service, "alice").await, sign_in(&service, "alice").await];
        let scoped = scoped_token(&service, "alice").await;
        let request = by_link(&service).await;
        service.try_log_in("alice", "not the password").await;
        service.wait(1);
        service.faults.on(operation, text, Fault::Unreachable);
        drop(logged());
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 200, "{operation} {text}: {}", answer.body);
        let log = logged().concat();
        assert!(log.contains("WARN") && log.contains("a new password is set"), "{operation} {text}: {log}");
        service.faults.none();
        assert_eq!(sign_in_with(&service, PASSWORD).await.status, 406);
        let new = sign_in_with(&service, NEW).await;
        assert_eq!(new.status, 200, "{operation} {text}: {}", new.body);
        for session in &old {
            is_dead(&service, session).await;
        }
        assert!(!service.accepts(&scoped).await);
        assert!(service.accepts(&new.token("access_token")).await, "{operation} {text}");
        let refreshed = service.refresh(&new.token("refresh_token")).await;
        assert!(service.accepts(&refreshed.token("access_token")).await);
    }
}

#[tokio::test]
async fn password_change_succeeds_once_it_is_written_and_keeps_its_session() {
    for (operation, text) in AFTER {
        let service = Service::start().await;
        service.user("alice").await;
        let (here, there) = (sign_in(&service, "alice").await, sign_in(&service, "alice").await);
        service.wait(1);
        // The right password clears the wrong guesses by the same call, so the first one passes.
        if operation == "DeleteItem" {
            service.faults.after_one(operation, text, Fault::Unreachable);
        } else {
            service.faults.on(operation, text, Fault::Unreachable);
        }
        let answer = Answer::to(by_password(&service, &here)).await;
        assert_eq!(answer.status, 200, "{operation} {text}: {}", answer.body);
        service.faults.none();
        is_dead(&service, &there).await;
        assert!(service.accepts(&here.access).await, "{operation} {text}");
        let next = service.refresh(&here.refresh).await;
        assert!(service.accepts(&next.token("access_token")).await);
        assert_eq!(sign_in_with(&service, NEW).await.status, 200);
        assert_eq!(sign_in_with(&service, PASSWORD).await.status, 406);
        assert!(service.accepts(&here.access).await || service.accepts(&next.token("access_token")).await);
    }
}

#[tokio::test]
async fn reset_whose_outcome_nobody_knows_is_503_and_lets_no_older_token_live() {
    let service = Service::start().await;
    service.user("alice").await;
    let old = sign_in(&service, "alice").await;
    let request = by_link(&service).await;
    service.wait(1);
    service.faults.on("TransactWriteItems", "password_hash", Fault::AnswerLost);
    let answer = Answer::to(request).await;
    assert_eq!((answer.status.as_u16(), answer.retry_after().is_some()), (503, true));
    service.faults.none();
    assert_eq!(sign_in_with(&service, PASSWORD).await.status, 406, "it was written");
    assert_eq!(sign_in_with(&service, NEW).await.status, 200);
    is_dead(&service, &old).await;
}

/// A sign-in that the old password won while the transaction was on its way is over with it, even if nothing can be
/// written afterwards.
#[tokio::test]
async fn login_by_the_old_password_dies_with_the_transaction() {
    for fails_after in [false, true] {
        let service = Service::start().await;
        service.user("alice").await;
        let request = by_link(&service).await;
        service.wait(1);
        let held = service.faults.hold(&["TransactWriteItems", "password_hash"]);
        let meanwhile = async {
            held.arrived().await;
            service.clock.advance(Duration::from_millis(5));
            let (session, scoped) = (sign_in(&service, "alice").await, scoped_token(&service, "alice").await);
            service.clock.advance(Duration::from_millis(5));
            if fails_after {
                service.faults.on("UpdateItem", "tokens_valid_after", Fault::Unreachable);
            }
            held.release();
            (session, scoped)
        };
        let (reset, (session, scoped)) = tokio::join!(Answer::to(request), meanwhile);
        assert_eq!(reset.status, 200, "{}", reset.body);
        service.faults.none();
        if fails_after {
            let early = service.post("/v1/auth").json(&json!({ "username": "alice", "password": NEW }));
            assert_eq!(Answer::to(early).await.status, 503, "nobody would take the token");
        }
        is_dead(&service, &session).await;
        assert!(!service.accepts(&scoped).await);
        service.wait(3600);
        assert!(!service.accepts(&scoped).await);
        assert_eq!(sign_in_with(&service, NEW).await.status, 200);
    }
}

/// The old password was right when it was looked at, and what follows from it comes after the reset.
#[tokio::test]
async fn login_by_the_old_password_that_ends_after_a_reset_gives_no_token_that_works() {
    for path in ["/v1/auth", "/auth/login"] {
        let service = Service::start().await;
        service.user("alice").await;
        let request = by_link(&service).await;
        let late =
            if path == "/v1/auth" { ["DeleteItem", "ATTEMPT#"] } else { ["authenticated", "SESSION#"] };
        let held = service.faults.hold(&late);
        let login = service.post(path).json(&json!({ "username": "alice", "password": PASSWORD }));
        let meanwhile = async {
            held.arrived().await;
            service.clock.advance(Duration::from_millis(5));
            let reset = Answer::to(request).await;
            service.clock.advance(Duration::from_millis(5));
            held.release();
            reset.status
        };
        let (login, reset) = tokio::join!(Answer::to(login), meanwhile);
        assert_eq!(reset, 200);
        for token in [&login.body["access_token"], &login.body["tokens"]["access_token"]] {
            if let Some(token) = token.as_str() {
                assert!(!service.accepts(token).await, "{path}");
            }
        }
        let tokens = &service.app.store.tables.tokens;
        assert_eq!(service.count(tokens, "SESSION#").await, 0, "{path}: none was begun");
        assert_eq!(sign_in_with(&service, NEW).await.status, 200);
    }
}
