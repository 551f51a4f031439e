//! A provider that says nothing holds the mailer up for a while only, and loses no mail.

use std::time::Duration;

use tests::smtp::Smtp;
use tests::{Service, logged};

/// Longer than a server on this machine needs.
const WITHIN: Duration = Duration::from_secs(1);
/// Longer than anything takes that comes to an end, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Shows the mails of two signups to a server that does not answer a command of the first, and then to one that does.
async fn leaves_once_after_silence(command: &str) {
    let service = Service::start().await;
    let mails = service.post_office();
    let smtp = Smtp::start().await;
    assert_eq!(service.sign_up("alice").await.status, 200);
    let silenced = mails.waiting().await;
    assert_eq!(service.sign_up("bob").await.status, 200);
    let other: Vec<_> = mails.waiting().await.into_iter().filter(|id| !silenced.contains(id)).collect();
    let both = [silenced, other].concat();
    assert_eq!(both.len(), 2);

    let held = smtp.hold(command);
    let batch = mails.stream_within(WITHIN, &smtp.url, &both);
    let failed = tokio::time::timeout(PATIENCE, batch).await.expect("an end");
    held.arrived().await;
    assert_eq!(failed, ["0"], "it is to come again");
    assert_eq!(smtp.taken(), ["bob@example.com"], "it holds up no other");
    let log = logged().concat();
    assert!(log.contains("will be tried again") && log.contains("was silent for too long"), "{log}");

    for _ in 0..2 {
        assert_eq!(mails.stream_over(&smtp.url, &both).await, [""; 0]);
        assert_eq!(smtp.taken(), ["bob@example.com", "alice@example.com"]);
    }
}

#[tokio::test]
async fn mail_leaves_once_though_the_server_takes_a_call_and_says_nothing() {
    leaves_once_after_silence("CONNECT").await;
}

#[tokio::test]
async fn mail_leaves_once_though_the_server_falls_silent_after_its_recipient() {
    leaves_once_after_silence("RCPT").await;
}
