//! The binaries that are deployed, as Lambda runs them: every event of `events/`, and what a broken deployment shows.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod authorizer;
mod mailer;
mod protected_function;
mod rotate_keys;
mod ses;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::PASSWORD;
use tests::events::{self, Answer, Case, STORELESS, StoreState};
use tests::runtime_api::{Function, Report};
use tests::seeded::Seeded;

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_its_events_and_logs_no_secret() {
    let seeded = Seeded::new().await;
    for function in events::routed() {
        let cases = events::cases::<Answer>(&function);
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

/// Ends a process, whose log must tell that the store was away, if it was, and none of these.
async fn stop(function: &str, process: Function, store: StoreState, secrets: BTreeSet<String>) {
    let exit = process.stop().await;
    if store == StoreState::Unreachable && function != STORELESS {
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
    // An empty answer is in every log too.
    let tokens = tokens.into_iter().filter_map(Value::as_str).filter(|token| !token.is_empty());
    secrets.extend(tokens.map(str::to_owned));
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
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("roots.pem");
    std::fs::write(&bundle, "-----BEGIN CERTIFICATE-----\ngarbage\n").unwrap();
    for function in events::functions() {
        for (name, value) in [
            ("REFRESH_GRACE_SECONDS", "ten"),
            ("PUBLIC_URL", "http://auth.example.com"),
            ("AWS_CA_BUNDLE", "/nowhere/roots.pem"),
            ("AWS_CA_BUNDLE", bundle.to_str().unwrap()),
        ] {
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

/// What no function takes for an event.
fn no_events() -> Vec<Value> {
    vec![
        json!(null),
        json!("x"),
        json!([]),
        json!({}),
        json!({ "version": "2.0" }),
        json!({ "Records": [{ "eventSource": "aws:sqs" }] }),
    ]
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
        for event in no_events() {
            assert_error(&function, &mut process, &event).await;
        }
        let cases = events::cases::<Answer>(&function);
        let case = cases.iter().find(|case| case.name == "success").expect("a success");
        let event = events::fill(&case.event, &seeded.values(&function).await);
        let Report::Response(_, answer) = process.invoke(&event).await else {
            panic!("{function} is broken")
        };
        check(case, &event, &answer);
        process.stop().await;
    }
}
