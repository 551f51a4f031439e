//! A provider that refuses a mail for good is not asked again, and one that could take it later is.

use tests::smtp::Smtp;
use tests::{Service, logged};

const FORGOT: &str = "/auth/password/forgot";

/// Signs up, and shows the mail to a server that answers a command so; whether the mail is to be tried again.
async fn tried_again(service: &Service, name: &str, command: &str, reply: &str) -> bool {
    let mails = service.post_office();
    let smtp = Smtp::start().await;
    smtp.answer(command, reply);
    assert_eq!(service.sign_up(name).await.status, 200);
    let waiting = mails.waiting().await;
    assert_eq!(waiting.len(), 1);
    let failed = mails.stream_over(&smtp.url, &waiting).await;
    assert_eq!(failed.len(), mails.waiting().await.len(), "{reply}");
    if failed.is_empty() {
        let log = logged().concat();
        assert!(
            log.contains("a mail was refused for good") && log.contains(&waiting[0].to_string()),
            "{log}"
        );
    } else {
        smtp.take_all();
        assert_eq!(mails.stream_over(&smtp.url, &waiting).await, [""; 0], "{reply}");
        assert_eq!(smtp.taken(), [format!("{name}@example.com")]);
    }
    !failed.is_empty()
}

#[tokio::test]
async fn mail_that_its_reader_cannot_be_sent_is_refused_for_good() {
    let service = Service::start().await;
    for (at, (command, reply)) in [
        ("RCPT", "550 5.1.1 <reader@example.com>: Recipient address rejected: User unknown"),
        ("RCPT", "550 No such user here"),
        ("RCPT", "551 User not local"),
        ("RCPT", "553 5.1.3 Bad destination mailbox address syntax"),
        ("RCPT", "550 5.2.1 The mailbox is disabled"),
        (".", "552 5.3.4 Message too big"),
        (".", "550 5.6.0 The content is not accepted"),
        (".", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: {}@example.com"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("reader{at}");
        let reply = reply.replace("{}", &name);
        assert!(!tried_again(&service, &name, command, &reply).await, "{reply}");
    }
}

#[tokio::test]
async fn mail_that_the_provider_may_take_later_is_tried_again() {
    let service = Service::start().await;
    for (at, (command, reply)) in [
        ("RCPT", "450 4.2.1 The mailbox is busy"),
        (".", "451 4.3.0 Try again"),
        (".", "452 4.2.2 The mailbox is full"),
        ("EHLO", "554 No SMTP service here"),
        ("MAIL", "530 5.7.0 Authentication required"),
        ("MAIL", "535 5.7.8 Authentication credentials invalid"),
        ("MAIL", "553 5.1.8 <no-reply@example.com>: Sender address rejected: Domain not found"),
        ("MAIL", "501 5.1.7 Bad sender address syntax"),
        ("RCPT", "550 5.7.1 Relaying denied"),
        ("RCPT", "554 5.7.1 Client host blocked"),
        (".", "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: no-reply@example.com"),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(tried_again(&service, &format!("reader{at}"), command, reply).await, "{reply}");
    }
}

#[tokio::test]
async fn mail_that_is_refused_holds_up_no_other_and_is_not_tried_again() {
    let service = Service::start().await;
    let mails = service.post_office();
    let smtp = Smtp::start().await;
    service.sign_up("nobody").await;
    let refused = mails.waiting().await;
    smtp.answer("RCPT", "550 5.1.1 User unknown");
    assert_eq!(mails.stream_over(&smtp.url, &refused).await, [""; 0]);
    smtp.take_all();
    service.sign_up("alice").await;
    let connections = smtp.connections();
    let both = [refused, mails.waiting().await].concat();
    assert_eq!(both.len(), 2);
    assert_eq!(mails.stream_over(&smtp.url, &both).await, [""; 0]);
    assert_eq!((smtp.taken(), smtp.connections()), (vec!["alice@example.com".to_owned()], connections + 1));
    let left = service.stored().await.concat();
    assert!(left.contains("refused_at"), "whoever looks for it finds it: {left}");
}

#[tokio::test]
async fn mail_that_was_refused_can_be_asked_for_again() {
    let service = Service::start().await;
    let mails = service.post_office();
    let smtp = Smtp::start().await;
    service.user("alice").await;
    super::ask(&service, FORGOT, "alice@example.com").await;
    smtp.answer("RCPT", "550 5.2.1 The mailbox is disabled");
    assert_eq!(mails.stream_over(&smtp.url, &mails.waiting().await).await, [""; 0]);
    smtp.take_all();
    service.wait(300);
    super::ask(&service, FORGOT, "alice@example.com").await;
    assert_eq!(mails.stream_over(&smtp.url, &mails.waiting().await).await, [""; 0]);
    assert_eq!(smtp.taken(), ["alice@example.com"]);
}
