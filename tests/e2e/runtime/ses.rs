//! The mailer that is deployed, with Amazon SES on the other side.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use serde_json::{Value, json};
use tests::events::{self, MAILER, Outcome, StoreState};
use tests::runtime_api::{Function, Report};
use tests::seeded::{PUBLIC_URL, Seeded};
use tests::ses::{Reply, Ses};

const SENDER: &str = "no-reply@example.com";
const READER: &str = "hng.user01@gmail.com";

/// A mailer that sends by SES.
struct Sender {
    seeded: Seeded,
    ses: Ses,
    process: Function,
}

impl Sender {
    /// `endpoint` is the variable that tells where SES is.
    async fn start(endpoint: &'static str) -> Self {
        let (seeded, ses) = (Seeded::new().await, Ses::start().await);
        let mut environment = seeded.environment(StoreState::Seeded);
        environment.extend([
            ("PUBLIC_URL", PUBLIC_URL.to_owned()),
            ("MAIL_FROM", format!("Latchkey <{SENDER}>")),
            ("MAIL_TRANSPORT", "ses".to_owned()),
            (endpoint, ses.url.clone()),
        ]);
        let process = Function::start(MAILER, &environment).await;
        Self { seeded, ses, process }
    }

    /// The event of a new message: someone has forgotten the password.
    async fn message(&self) -> Value {
        let cases = events::cases::<Outcome>(MAILER);
        let case = cases.iter().find(|case| case.name == "success").expect("a success");
        events::fill(&case.event, &self.seeded.values(MAILER).await)
    }

    /// Whether the message is to be delivered again.
    async fn fails(&mut self, event: &Value) -> bool {
        let Report::Response(_, outcome) = self.process.invoke(event).await else { panic!("{event}") };
        !outcome["batchItemFailures"].as_array().unwrap().is_empty()
    }
}

fn refused(status: u16, name: &'static str, message: &str) -> Reply {
    Reply::Refused(status, name, message.to_owned())
}

fn unverified(identity: &str) -> String {
    format!(
        "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: {identity}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn ses_is_given_the_whole_mail_for_its_one_reader_once() {
    for endpoint in ["AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL"] {
        let mut sender = Sender::start(endpoint).await;
        let event = sender.message().await;
        for _ in 0..2 {
            assert!(!sender.fails(&event).await);
        }
        let taken = sender.ses.taken();
        assert_eq!((taken.len(), sender.ses.calls()), (1, 1), "{endpoint}");
        let mail = &taken[0];
        assert_eq!(mail.target, "POST /v2/email/outbound-emails");
        assert_eq!(mail.body["Destination"], json!({ "ToAddresses": [READER] }));
        assert!(mail.authorization.contains("/ses/aws4_request"), "{}", mail.authorization);
        assert_eq!(mail.letter.to, READER);
        assert!(mail.letter.source.contains(&format!("From: Latchkey <{SENDER}>")), "{}", mail.letter.source);
        assert!(mail.letter.link().starts_with(&format!("{PUBLIC_URL}/auth/password/reset?token=p.")));
        sender.process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ses_that_does_not_take_a_mail_is_asked_again_and_takes_it_once() {
    let mut sender = Sender::start("AWS_ENDPOINT_URL_SESV2").await;
    for reply in [
        refused(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
        refused(400, "SendingPausedException", "Sending is paused."),
        refused(400, "AccountSuspendedException", "The account is suspended."),
        refused(400, "MailFromDomainNotVerifiedException", "The domain is not verified."),
        refused(400, "LimitExceededException", "Daily message quota exceeded."),
        refused(404, "NotFoundException", "Configuration set <x> does not exist."),
        refused(403, "AccessDeniedException", "Not authorized to perform ses:SendEmail."),
        refused(400, "MessageRejected", &unverified(SENDER)),
        refused(400, "MessageRejected", &unverified(&format!("Latchkey <{SENDER}>, {READER}"))),
        refused(500, "InternalServiceErrorException", "Something went wrong."),
        refused(503, "ServiceUnavailable", "Busy."),
        Reply::Cut,
        Reply::Silent,
    ] {
        let event = sender.message().await;
        sender.ses.answer(reply.clone());
        assert!(sender.fails(&event).await, "{reply:?}");
        assert!(sender.ses.calls() > 0, "{reply:?}");
        sender.ses.answer(Reply::Taken);
        for _ in 0..2 {
            assert!(!sender.fails(&event).await, "{reply:?}");
        }
        assert_eq!((sender.ses.taken().len(), sender.ses.calls()), (1, 1), "{reply:?}");
    }
    let log = sender.process.stop().await.output;
    for cause in
        ["Maximum sending rate exceeded", "Daily message quota exceeded", "identities failed the check"]
    {
        assert!(log.contains(cause), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ses_that_refuses_a_mail_for_good_is_not_asked_again() {
    let mut sender = Sender::start("AWS_ENDPOINT_URL_SESV2").await;
    for reply in [
        refused(400, "MessageRejected", "The message contains a virus."),
        refused(400, "MessageRejected", &unverified(READER)),
        refused(400, "BadRequestException", "Domain contains illegal character."),
    ] {
        let event = sender.message().await;
        sender.ses.answer(reply.clone());
        assert!(!sender.fails(&event).await, "{reply:?}");
        sender.ses.answer(Reply::Taken);
        let _ = sender.ses.calls();
        assert!(!sender.fails(&event).await, "{reply:?}");
        assert_eq!((sender.ses.taken().len(), sender.ses.calls()), (0, 0), "{reply:?}");
    }
    let log = sender.process.stop().await.output;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{log}");
    for line in lines {
        assert_eq!(
            (&line["level"], &line["message"]),
            (&json!("WARN"), &json!("a mail was refused for good and will not be tried again"))
        );
    }
}
