//! A mailer that lost its claim to another one takes nothing from it.

use mailer::DeliverError;
use shared::outbox::{self, Claim, MessageId};
use tests::smtp::Smtp;
use tests::{Fault, Post, Service, logged};

/// A user has signed up: the message that waits.
async fn signed_up(service: &Service, mails: &Post) -> MessageId {
    assert_eq!(service.sign_up("alice").await.status, 200);
    mails.waiting().await[0]
}

async fn claimed(service: &Service, id: MessageId) -> bool {
    matches!(outbox::claim(service.app, id).await.unwrap(), Claim::Yours(_))
}

#[tokio::test]
async fn claim_is_not_given_back_by_a_mailer_that_had_lost_it() {
    let service = Service::start().await;
    let mails = service.post_office();
    let id = signed_up(&service, &mails).await;
    let ids = [id];
    let smtp = Smtp::start().await;
    smtp.answer("RCPT", "451 later");
    let held = smtp.hold("RCPT");
    let other = async {
        held.arrived().await;
        service.wait(60);
        assert!(claimed(&service, id).await, "its minute is over");
        held.release();
    };
    let (failed, ()) = tokio::join!(mails.stream_over(&smtp.url, &ids), other);
    assert_eq!(failed, ["0"]);
    assert!(!claimed(&service, id).await, "the other one is still sending");
}

#[tokio::test]
async fn mail_that_left_after_its_minute_was_over_is_not_sent_again() {
    let service = Service::start().await;
    let mails = service.post_office();
    let id = signed_up(&service, &mails).await;
    let ids = [id];
    let (slow, down) = (Smtp::start().await, Smtp::start().await);
    down.answer("RCPT", "451 later");
    let (held, other_held) = (slow.hold("DATA"), down.hold("RCPT"));
    let other = async {
        held.arrived().await;
        service.wait(60);
        let first_leaves = async {
            other_held.arrived().await;
            held.release();
            while slow.taken().is_empty() || !mails.waiting().await.is_empty() {
                tokio::task::yield_now().await;
            }
            other_held.release();
        };
        tokio::join!(mails.stream_over(&down.url, &ids), first_leaves).0
    };
    let (failed, _) = tokio::join!(mails.stream_over(&slow.url, &ids), other);
    assert_eq!(failed, [""; 0]);
    assert!(mails.waiting().await.is_empty());
    assert_eq!(mails.stream_over(&slow.url, &ids).await, [""; 0]);
    assert_eq!(slow.taken(), ["alice@example.com"]);
}

#[tokio::test]
async fn mail_whose_item_was_deleted_while_it_left_leaves_none() {
    let service = Service::start().await;
    let mails = service.post_office();
    let id = signed_up(&service, &mails).await;
    let ids = [id];
    let smtp = Smtp::start().await;
    let held = smtp.hold("DATA");
    let tokens = &service.app.store.tables.tokens;
    let delete = async {
        held.arrived().await;
        let delete = service.app.store.client.delete_item().table_name(tokens);
        delete.set_key(Some(outbox::Message::key(id).into_item())).send().await.unwrap();
        held.release();
    };
    let (failed, ()) = tokio::join!(mails.stream_over(&smtp.url, &ids), delete);
    assert_eq!(failed, [""; 0]);
    assert_eq!(service.count(tokens, "OUTBOX").await, 0);
}

#[tokio::test]
async fn mail_that_cannot_be_given_back_still_tells_why_it_did_not_leave() {
    let service = Service::start().await;
    let mails = service.post_office();
    let id = signed_up(&service, &mails).await;
    let ids = [id];
    let smtp = Smtp::start().await;
    smtp.answer("RCPT", "451 come back later");
    let mailer = mailer::Mailer::new(&smtp.url, "Latchkey <no-reply@example.com>").unwrap();
    service.faults.on("UpdateItem", "REMOVE", Fault::Refused);
    let error = mailer::deliver(service.app, &mailer, id).await.unwrap_err();
    assert!(matches!(error, DeliverError::Send(_)), "{error:?}");
    let log = logged().concat();
    assert!(log.contains("a message could not be given back"), "{log}");
    assert_eq!(mails.stream_over(&smtp.url, &ids).await, ["0"]);
    let log = logged().concat();
    assert!(log.contains(&format!("the message {id} waits")), "operators are to delete its item: {log}");
    service.faults.none();
    smtp.take_all();
    service.wait(60);
    assert_eq!(mails.stream_over(&smtp.url, &ids).await, [""; 0]);
    assert_eq!(smtp.taken().len(), 1);
}
