//! The binaries that are deployed, as Lambda runs them: every event of `events/`, and what a broken deployment shows.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::account::{Account, AccountStatus};
use shared::clock::{Clock, SystemClock};
use shared::one_time::{OneTime, Purpose};
use shared::outbox::{Content, Message};
use shared::password::Password;
use shared::session;
use shared::user::{Profile, User, UserStatus};
use tempfile::TempDir;
use tests::events::{self, Case, MAILER, Outcome, StoreState};
use tests::runtime_api::{Function, Report};
use tests::{Answer, PASSWORD, Service};

/// The stage variable of the events: what the tokens are issued by.
const PUBLIC_URL: &str = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
const ACCOUNT: &str = "5723073937d63a18396a1bae";
const ACCOUNT_SECRET: &str = "hubble";
const USERNAME: &str = "johnson.ajayi";
const EMAIL: &str = "hng.user01@gmail.com";
/// What `{{confirm_email_token}}` changes it to.
const NEW_EMAIL: &str = "johnson@example.com";
/// The functions for which the user's address is not verified yet.
const UNVERIFIED_FOR: [&str; 2] = ["verify-email", "verify-email-resend"];

/// The data that events/README.md describes.
struct Seeded(Service);

impl Seeded {
    async fn new() -> Self {
        Self(Service::at_present(&[("PUBLIC_URL", PUBLIC_URL)]).await)
    }

    /// The environment of a function over this data.
    fn environment(&self, store: StoreState) -> Vec<(&'static str, String)> {
        let tables = &self.0.app.store.tables;
        let mut environment = self.0.store_env();
        if let StoreState::Unreachable = store {
            // Port 1 refuses every connection.
            environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL_DYNAMODB");
            environment.push(("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1".to_owned()));
        }
        environment.extend([
            ("ACCOUNTS_TABLE", tables.accounts.clone()),
            ("TOKENS_TABLE", tables.tokens.clone()),
            ("KEYS_TABLE", tables.keys.clone()),
            ("ARGON2_MEMORY_KIB", "7168".to_owned()),
            ("ARGON2_ITERATIONS", "1".to_owned()),
        ]);
        environment
    }

    /// Puts the data in place of what the last case has left of it; a value for each placeholder.
    async fn values(&self, function: &str) -> Vec<(&'static str, String)> {
        self.clear().await;
        // The functions go by the machine's clock: a session from before they ended all of a user's is none.
        let Service { app, clock, .. } = &self.0;
        clock.advance(SystemClock.now().since(app.now()));
        let user = self.user(function).await;
        let account = self.account().await;
        let (key, access_key_secret) = self.0.access_key(user.id, |_| {}).await;
        let access_key = serde_json::to_value(&key.access_key).unwrap();
        let mut values = vec![
            ("account_token", account),
            ("access_key", access_key.as_str().unwrap().to_owned()),
            ("access_key_secret", access_key_secret),
            ("outbox_id", self.message(&user).await),
        ];
        values.extend(self.session(&user).await);
        values.extend(self.links(&user).await);
        values
    }

    /// Leaves nothing but the keyring, which the functions have read.
    async fn clear(&self) {
        let Service { app, .. } = &self.0;
        for table in [&app.store.tables.accounts, &app.store.tables.tokens] {
            for mut item in self.0.items(table).await {
                item.retain(|name, _| name == "pk" || name == "sk");
                app.store.client.delete_item().table_name(table).set_key(Some(item)).send().await.unwrap();
            }
        }
    }

    async fn user(&self, function: &str) -> User {
        let change = |user: &mut User| {
            user.email = EMAIL.parse().unwrap();
            if UNVERIFIED_FOR.contains(&function) {
                user.status = UserStatus::Unverified;
            }
            user.profile = Profile {
                first_name: "Johnson".to_owned(),
                last_name: "Ajayi".to_owned(),
                display_name: "samsoft".to_owned(),
                phone: "09067324567".to_owned(),
                time_zone: "Africa/Lagos".to_owned(),
            };
        };
        self.0.user_with(USERNAME, change).await
    }

    /// The account, and its token.
    async fn account(&self) -> String {
        let Service { app, .. } = &self.0;
        let account = Account {
            id: ACCOUNT.parse().unwrap(),
            name: "hubble".to_owned(),
            secret_hash: app.passwords.hash(&Password::new(ACCOUNT_SECRET)).await.unwrap(),
            status: AccountStatus::Active,
            created_at: app.now(),
        };
        self.0.put(&app.store.tables.accounts, Account::key(account.id), &account).await;
        let credentials = json!({ "account": ACCOUNT, "secret": ACCOUNT_SECRET });
        let (_, answer) = self.0.post_json("/public-api/auth/", &credentials).await;
        text(&answer["token"])
    }

    /// The one session of the user.
    async fn session(&self, user: &User) -> [(&'static str, String); 4] {
        let form = [("username", USERNAME), ("password", PASSWORD)];
        let login = Answer::to(self.0.post("/auth/login").form(&form)).await;
        let cookie = login.cookie("JSESSIONID");
        let sessions = session::list(self.0.app, user.id).await.unwrap();
        assert_eq!(sessions.len(), 1);
        [
            ("access_token", login.token("access_token")),
            ("refresh_token", login.token("refresh_token")),
            ("session_cookie", cookie.split_once('=').unwrap().1.to_owned()),
            ("session_id", sessions[0].id.to_string()),
        ]
    }

    /// What the links of mails carry.
    async fn links(&self, user: &User) -> [(&'static str, String); 3] {
        let app = self.0.app;
        let link = async |purpose, email: &str| {
            let nonce = shared::random::bytes().unwrap();
            OneTime::issue(app, purpose, user.id, email.parse().unwrap(), app.now(), nonce).await.unwrap()
        };
        [
            ("verify_email_token", link(Purpose::VerifyEmail, EMAIL).await),
            ("reset_password_token", link(Purpose::ResetPassword, EMAIL).await),
            ("confirm_email_token", link(Purpose::ConfirmEmail, NEW_EMAIL).await),
        ]
    }

    /// A message of the outbox that nobody has sent; its id.
    async fn message(&self, user: &User) -> String {
        let Service { app, .. } = &self.0;
        let message = Message::new(Content::ResetPassword { email: user.email.clone() }, app.now()).unwrap();
        self.0.put(&app.store.tables.tokens, Message::key(message.id), &message).await;
        message.id.to_string()
    }
}

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

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_its_events_and_logs_no_secret() {
    let seeded = Seeded::new().await;
    for function in events::routed() {
        let cases = events::cases::<events::Answer>(&function);
        for store in [StoreState::Seeded, StoreState::Unreachable] {
            let mut process = Function::start(&function, &seeded.environment(store)).await;
            let mut secrets = BTreeSet::new();
            for case in cases.iter().filter(|case| case.expected.store == store) {
                let values = seeded.values(&function).await;
                let event = events::fill(&case.event, &values);
                let Report::Response(_, answer) = process.invoke(&event).await else {
                    panic!("{function}/{} fails", case.name)
                };
                check(case, &event, &answer);
                secrets.extend(values.into_iter().map(|(_, value)| value));
                secrets.extend(secrets_of(&event, &answer));
            }
            stop(&function, process, store, secrets).await;
        }
    }
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

/// Ends a process, whose log must tell that the store was away, if it was, and none of these.
async fn stop(function: &str, process: Function, store: StoreState, secrets: BTreeSet<String>) {
    let exit = process.stop().await;
    if store == StoreState::Unreachable {
        assert!(exit.output.contains("storage is unavailable"), "{function} logs: {}", exit.output);
    }
    for secret in secrets {
        assert!(!exit.output.contains(&secret), "{function} logs {secret:?}: {}", exit.output);
    }
}

fn check(case: &Case, event: &Value, answer: &Value) {
    let name = format!("{}/{}", case.function, case.name);
    let expected = &case.expected;
    assert_eq!(answer["statusCode"], expected.status, "{name}: {answer}");
    for (header, pattern) in &expected.headers {
        let value = answer["headers"][header].as_str().unwrap_or_default();
        assert!(events::fits_text(pattern, value), "{name}: {header} is {value:?}");
    }
    // The answers of API Gateway itself carry none of these.
    if expected.status != 404 {
        assert_eq!(answer["headers"]["x-request-id"], event["requestContext"]["requestId"], "{name}");
        assert_eq!(answer["headers"]["x-content-type-options"], "nosniff", "{name}");
        assert!(answer["headers"]["strict-transport-security"].is_string(), "{name}");
    }
    let cookies: Vec<&str> =
        answer["cookies"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(cookies.len(), expected.cookies.len(), "{name}: {cookies:?}");
    for (pattern, cookie) in expected.cookies.iter().zip(cookies) {
        assert!(events::fits_text(pattern, cookie), "{name}: {cookie}");
    }
    let body = body_of(answer);
    assert!(events::fits(&expected.body, &body), "{name}: {body}");
}

/// The body as JSON, or as a text where it is none.
fn body_of(answer: &Value) -> Value {
    let body = answer["body"].as_str().unwrap_or_default().to_owned();
    let body = if answer["isBase64Encoded"] == true {
        String::from_utf8(STANDARD.decode(body).unwrap()).unwrap()
    } else {
        body
    };
    serde_json::from_str(&body).unwrap_or(Value::String(body))
}

/// What must not be in a log: the passwords and secrets of an event, its body, and the tokens of the answer.
fn secrets_of(event: &Value, answer: &Value) -> Vec<String> {
    let mut secrets = vec![PASSWORD.to_owned(), "incorrect horse".to_owned()];
    // A body of two characters is in every log.
    secrets.extend(event["body"].as_str().filter(|body| body.len() > 2).map(str::to_owned));
    secrets.extend(event["headers"]["authorization"].as_str().map(str::to_owned));
    let body = body_of(answer);
    let tokens = [
        &body,
        &body["token"],
        &body["access_token"],
        &body["tokens"]["access_token"],
        &body["tokens"]["refresh_token"],
    ];
    secrets.extend(tokens.into_iter().filter_map(Value::as_str).map(str::to_owned));
    let cookies = answer["cookies"].as_array().into_iter().flatten().filter_map(Value::as_str);
    secrets.extend(
        cookies
            .filter_map(|cookie| cookie.split([';', '=']).nth(1))
            .filter(|value| !value.is_empty())
            .map(str::to_owned),
    );
    secrets
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_cannot_be_used_is_named_and_nothing_is_served() {
    for function in events::functions() {
        for (name, value) in [("REFRESH_GRACE_SECONDS", "ten"), ("PUBLIC_URL", "http://auth.example.com")] {
            let exit = Function::start(&function, &[(name, value.to_owned())]).await.exited().await;
            assert!(!exit.status.success(), "{function} with {name}={value}");
            assert!(exit.output.contains(name) && exit.output.contains(value), "{function}: {}", exit.output);
            let line: Value = serde_json::from_str(exit.output.lines().next().unwrap()).unwrap();
            assert_eq!(
                (&line["level"], &line["message"]),
                (&json!("ERROR"), &json!("the function cannot start"))
            );
        }
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

/// What no function takes for an event.
fn garbage() -> Vec<Value> {
    vec![json!(null), json!("x"), json!({ "Records": [{ "eventSource": "aws:sqs" }] })]
}

/// What the mailer takes for a stream without a change, and the others for no event.
fn without_records() -> Vec<Value> {
    vec![json!([]), json!({}), json!({ "version": "2.0" })]
}

async fn assert_error(function: &str, process: &mut Function, event: &Value) {
    let Report::Error(_, error) = process.invoke(event).await else { panic!("{function} takes {event}") };
    assert!(error["errorType"].is_string() && error["errorMessage"].is_string(), "{function}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_none_is_an_error_and_the_function_goes_on() {
    let seeded = Seeded::new().await;
    for function in events::routed() {
        let mut process = Function::start(&function, &seeded.environment(StoreState::Seeded)).await;
        for event in [garbage(), without_records()].concat() {
            assert_error(&function, &mut process, &event).await;
        }
        let cases = events::cases::<events::Answer>(&function);
        let case = cases.iter().find(|case| case.name == "success").expect("a success");
        let event = events::fill(&case.event, &seeded.values(&function).await);
        let Report::Response(_, answer) = process.invoke(&event).await else {
            panic!("{function} is broken")
        };
        check(case, &event, &answer);
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_no_stream_is_an_error_and_the_mailer_goes_on() {
    let (seeded, post) = (Seeded::new().await, Post::new());
    let environment = [seeded.environment(StoreState::Seeded), post.environment().to_vec()].concat();
    let mut process = Function::start(MAILER, &environment).await;
    for event in garbage() {
        assert_error(MAILER, &mut process, &event).await;
    }
    let cases = events::cases::<Outcome>(MAILER);
    let case = cases.iter().find(|case| case.name == "success").expect("a success");
    let event = events::fill(&case.event, &seeded.values(MAILER).await);
    for event in without_records().into_iter().chain([event]) {
        assert_eq!(post.take(), [""; 0]);
        let Report::Response(_, outcome) = process.invoke(&event).await else {
            panic!("{MAILER} is broken by {event}")
        };
        assert!(events::fits(&case.expected.body, &outcome), "{event}: {outcome}");
    }
    assert_eq!(post.take().len(), 1);
    process.stop().await;
}
