//! The binaries that are deployed, as Lambda runs them: every event of `events/`, and what a broken deployment shows.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::account::{Account, AccountStatus};
use shared::clock::{Clock, SystemClock};
use shared::password::Password;
use shared::user::Profile;
use tests::events::{self, Case, StoreState};
use tests::runtime_api::{Function, Report};
use tests::{PASSWORD, Service};

/// The stage variable of the events: what the tokens are issued by.
const PUBLIC_URL: &str = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
const ACCOUNT: &str = "5723073937d63a18396a1bae";
const ACCOUNT_SECRET: &str = "hubble";
const USERNAME: &str = "johnson.ajayi";

/// The data that events/README.md describes.
struct Seeded {
    service: Service,
    access_key: String,
    access_key_secret: String,
}

impl Seeded {
    async fn new() -> Self {
        let service = Service::at_present(&[("PUBLIC_URL", PUBLIC_URL)]).await;
        let user = service
            .user_with(USERNAME, |user| {
                user.email = "hng.user01@gmail.com".parse().unwrap();
                user.profile = Profile {
                    first_name: "Johnson".to_owned(),
                    last_name: "Ajayi".to_owned(),
                    display_name: "samsoft".to_owned(),
                    phone: "09067324567".to_owned(),
                    time_zone: "Africa/Lagos".to_owned(),
                };
            })
            .await;
        let account = Account {
            id: ACCOUNT.parse().unwrap(),
            name: "hubble".to_owned(),
            secret_hash: service.app.passwords.hash(&Password::new(ACCOUNT_SECRET)).await.unwrap(),
            status: AccountStatus::Active,
            created_at: service.app.now(),
        };
        service.put(&service.app.store.tables.accounts, Account::key(account.id), &account).await;
        let (key, access_key_secret) = service.access_key(user.id, |_| {}).await;
        let access_key = serde_json::to_value(&key.access_key).unwrap().as_str().unwrap().to_owned();
        Self { service, access_key, access_key_secret }
    }

    /// The environment of a function over this data.
    fn environment(&self, store: StoreState) -> Vec<(&'static str, String)> {
        let tables = &self.service.app.store.tables;
        let mut environment = self.service.store_env();
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

    /// A value for each placeholder, with a session of its own.
    async fn values(&self) -> Vec<(&'static str, String)> {
        // The functions go by the machine's clock: a session from before they ended all of a user's is none.
        let service = &self.service;
        service.clock.advance(SystemClock.now().since(service.app.now()));
        let form = [("username", USERNAME), ("password", PASSWORD)];
        let login = self.service.post("/auth/login").form(&form).send().await.unwrap();
        let cookies: Vec<String> = login
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        let session = cookies.iter().find_map(|cookie| cookie.strip_prefix("JSESSIONID=")).unwrap();
        let session = session.split(';').next().unwrap().to_owned();
        let tokens = login.json::<Value>().await.unwrap()["tokens"].clone();
        let account = json!({ "account": ACCOUNT, "secret": ACCOUNT_SECRET });
        let (_, account) = self.service.post_json("/public-api/auth/", &account).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        vec![
            ("access_token", text(&tokens["access_token"])),
            ("refresh_token", text(&tokens["refresh_token"])),
            ("session_cookie", session),
            ("account_token", text(&account["token"])),
            ("access_key", self.access_key.clone()),
            ("access_key_secret", self.access_key_secret.clone()),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_its_events_and_logs_no_secret() {
    let seeded = Seeded::new().await;
    for function in events::functions() {
        let cases = events::cases(&function);
        for store in [StoreState::Seeded, StoreState::Unreachable] {
            let mut process = Function::start(&function, &seeded.environment(store)).await;
            let mut secrets = BTreeSet::new();
            for case in cases.iter().filter(|case| case.expected.store == store) {
                let values = seeded.values().await;
                let event = events::fill(&case.event, &values);
                let Report::Response(_, answer) = process.invoke(&event).await else {
                    panic!("{function}/{} fails", case.name)
                };
                check(case, &event, &answer);
                secrets.extend(values.into_iter().map(|(_, value)| value));
                secrets.extend(secrets_of(&event, &answer));
            }
            let exit = process.stop().await;
            if store == StoreState::Unreachable {
                assert!(exit.output.contains("storage is unavailable"), "{function} logs: {}", exit.output);
            }
            for secret in secrets {
                assert!(!exit.output.contains(&secret), "{function} logs {secret:?}: {}", exit.output);
            }
        }
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

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_none_is_an_error_and_the_function_goes_on() {
    let seeded = Seeded::new().await;
    let garbage = [
        json!(null),
        json!([]),
        json!({}),
        json!("x"),
        json!({ "Records": [{ "eventSource": "aws:sqs" }] }),
        json!({ "version": "2.0" }),
    ];
    for function in events::functions() {
        let mut process = Function::start(&function, &seeded.environment(StoreState::Seeded)).await;
        for event in &garbage {
            let Report::Error(_, error) = process.invoke(event).await else {
                panic!("{function} takes {event}")
            };
            assert!(
                error["errorType"].is_string() && error["errorMessage"].is_string(),
                "{function}: {error}"
            );
        }
        let cases = events::cases(&function);
        let case = cases.iter().find(|case| case.name == "success").expect("a success");
        let event = events::fill(&case.event, &seeded.values().await);
        let Report::Response(_, answer) = process.invoke(&event).await else {
            panic!("{function} is broken")
        };
        check(case, &event, &answer);
        process.stop().await;
    }
}
