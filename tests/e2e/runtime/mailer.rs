//! The mailer, which a stream calls and no request.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::events::{self, MAILER, Outcome, StoreState};
use tests::runtime_api::{Function, Report};
use tests::seeded::{PUBLIC_URL, Seeded};

use super::{no_events, stop};

/// Where the mailer of one test leaves its mails.
struct Post(TempDir);

impl Post {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// What the mailer alone is told.
    fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("PUBLIC_URL", PUBLIC_URL.to_owned()),
            ("MAIL_FROM", "Latchkey <no-reply@example.com>".to_owned()),
            ("MAIL_TRANSPORT", format!("folder:{}", self.0.path().display())),
        ]
    }

    /// The mails that were sent since the last call.
    fn take(&self) -> Vec<String> {
        let files = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        let take = |path: PathBuf| {
            let mail = fs::read_to_string(&path).unwrap();
            fs::remove_file(path).unwrap();
            // Quoted-printable: lines that were folded, and the sign that folds them.
            mail.replace("=\r\n", "").replace("=3D", "=")
        };
        files.map(take).collect()
    }
}

/// The token of the link in a mail.
fn link_token(mail: &str) -> String {
    let token = mail.split_once("?token=").expect("a link").1;
    token
        .split(|character: char| character != '.' && !character.is_ascii_alphanumeric())
        .next()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailer_sends_each_message_once_and_logs_no_secret() {
    let (seeded, post) = (Seeded::new().await, Post::new());
    let cases = events::cases::<Outcome>(MAILER);
    for store in [StoreState::Seeded, StoreState::Unreachable] {
        let environment = [seeded.environment(store), post.environment().to_vec()].concat();
        let mut process = Function::start(MAILER, &environment).await;
        let mut secrets = BTreeSet::new();
        for case in cases.iter().filter(|case| case.expected.store == store) {
            let values = seeded.values(MAILER).await;
            let event = events::fill(&case.event, &values);
            let mut mails = Vec::new();
            for _ in 0..2 {
                let Report::Response(_, outcome) = process.invoke(&event).await else {
                    panic!("{MAILER}/{} fails", case.name)
                };
                assert!(events::fits(&case.expected.body, &outcome), "{MAILER}/{}: {outcome}", case.name);
                mails.extend(post.take());
            }
            assert_eq!(
                mails.len(),
                usize::from(store == StoreState::Seeded),
                "{MAILER}/{}: {mails:?}",
                case.name
            );
            for mail in mails {
                assert!(mail.contains(&format!("{PUBLIC_URL}/auth/password/reset?token=p.")), "{mail}");
                secrets.extend([link_token(&mail), mail]);
            }
            secrets.extend(values.into_iter().map(|(_, value)| value));
        }
        stop(MAILER, process, store, secrets).await;
    }
}

/// The SMTP URL may hold a password, and is not shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_setting_that_cannot_be_used_is_named_and_nothing_is_sent() {
    let post = Post::new();
    for (name, value) in [
        ("MAIL_FROM", "nobody in particular"),
        ("MAIL_TRANSPORT", "a-pigeon"),
        ("MAIL_TRANSPORT", "smtp://user:a-password@[mail"),
        ("MAIL_TRANSPORT", "smtp://user:a-password@mail.example.com:587"),
        ("MAIL_TRANSPORT", "smtp://user:a-password@mail.example.com?tls=opportunistic"),
        ("MAIL_TRANSPORT", "smtp://user:a-password@127.0.0.1.example.com"),
    ] {
        let mut environment = post.environment().to_vec();
        environment.retain(|(set, _)| *set != name);
        environment.push((name, value.to_owned()));
        let exit = Function::start(MAILER, &environment).await.exited().await;
        assert!(!exit.status.success(), "{name}={value}");
        assert!(exit.output.contains(name) && !exit.output.contains(value), "{}", exit.output);
        assert!(!exit.output.contains("a-password"), "{}", exit.output);
        let line: Value = serde_json::from_str(exit.output.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&line["level"], &line["message"]),
            (&json!("ERROR"), &json!("the function cannot start"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_servers_authorities_that_cannot_be_read_are_named() {
    let post = Post::new();
    let mut environment = post.environment().to_vec();
    environment.retain(|(set, _)| *set != "MAIL_TRANSPORT");
    environment.push(("MAIL_TRANSPORT", "smtps://user:a-password@mail.example.com".to_owned()));
    for path in ["/nowhere/roots.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let environment = [environment.clone(), vec![("SSL_CERT_FILE", path.to_owned())]].concat();
        let exit = Function::start(MAILER, &environment).await.exited().await;
        assert!(!exit.status.success(), "{path}");
        assert!(exit.output.contains("SSL_CERT_FILE") && exit.output.contains(path), "{}", exit.output);
        assert!(!exit.output.contains("a-password"), "{}", exit.output);
    }
}

/// An event without its changes would be a mail that nobody misses.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_no_stream_is_an_error_and_the_mailer_goes_on() {
    let (seeded, post) = (Seeded::new().await, Post::new());
    let environment = [seeded.environment(StoreState::Seeded), post.environment().to_vec()].concat();
    let mut process = Function::start(MAILER, &environment).await;
    let events = no_events();
    for event in &events {
        let Report::Error(_, error) = process.invoke(event).await else { panic!("{MAILER} takes {event}") };
        let message = error["errorMessage"].as_str().unwrap();
        assert!(message.contains(r#"{"Records":[{"dynamodb":{"Keys":{"pk":{"S":"#), "{event}: {message}");
    }
    let cases = events::cases::<Outcome>(MAILER);
    let case = cases.iter().find(|case| case.name == "success").expect("a success");
    let event = events::fill(&case.event, &seeded.values(MAILER).await);
    for event in [json!({ "Records": [] }), event] {
        assert_eq!(post.take(), [""; 0]);
        let Report::Response(_, outcome) = process.invoke(&event).await else {
            panic!("{MAILER} is broken by {event}")
        };
        assert!(events::fits(&case.expected.body, &outcome), "{event}: {outcome}");
    }
    assert_eq!(post.take().len(), 1);
    let log = process.stop().await.output;
    let lines = log.lines().filter(|line| line.contains("an event that is none of the table's stream"));
    assert_eq!(lines.count(), events.len(), "{log}");
}
