//! The authorizer, which other APIs call.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::events::{self, AUTHORIZER, Decision, StoreState};
use tests::runtime_api::{Function, Report};
use tests::seeded::{PUBLIC_URL, Seeded};

use super::{assert_error, no_events, stop};

/// What a function is told besides the tables.
pub(super) fn environment(seeded: &Seeded, store: StoreState, mode: &str) -> Vec<(&'static str, String)> {
    let mut environment = seeded.environment(store);
    environment.extend([("PUBLIC_URL", PUBLIC_URL.to_owned()), ("AUTHORIZER_MODE", mode.to_owned())]);
    environment
}

/// What the process reported: an answer, or the text that it failed with.
async fn ask(process: &mut Function, event: &Value) -> Result<Value, String> {
    match process.invoke(event).await {
        Report::Response(_, answer) => Ok(answer),
        Report::Error(_, error) => Err(error["errorMessage"].as_str().unwrap().to_owned()),
        Report::InitError(error) => panic!("{AUTHORIZER} does not start: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authorizer_answers_its_events_and_logs_no_secret() {
    let seeded = Seeded::new().await;
    let cases = events::cases::<Decision>(AUTHORIZER);
    for store in [StoreState::Seeded, StoreState::Unreachable] {
        let mut process = Function::start(AUTHORIZER, &environment(&seeded, store, "checked")).await;
        let mut secrets = BTreeSet::from(["3f8f961077b54e0e".to_owned()]);
        for case in cases.iter().filter(|case| case.expected.store == store) {
            let values = seeded.values(AUTHORIZER).await;
            let answer = ask(&mut process, &events::fill(&case.event, &values)).await;
            match (&answer, &case.expected.body, &case.expected.error) {
                (Ok(body), Some(pattern), None) => {
                    assert!(events::fits(pattern, body), "{AUTHORIZER}/{}: {body}", case.name);
                }
                (Err(text), None, Some(expected)) => assert_eq!(text, expected, "{}", case.name),
                _ => panic!("{AUTHORIZER}/{}: {answer:?}", case.name),
            }
            secrets.extend(values.into_iter().map(|(_, value)| value));
        }
        stop(AUTHORIZER, process, store, secrets).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stateless_authorizer_takes_the_tokens_that_say_when_they_expire() {
    let seeded = Seeded::new().await;
    let environment = environment(&seeded, StoreState::Seeded, "stateless");
    let mut process = Function::start(AUTHORIZER, &environment).await;
    let values = seeded.values(AUTHORIZER).await;
    for (name, allowed) in [("http-2-account", true), ("http-2-accepted", false), ("http-2-cookie", false)] {
        let cases = events::cases::<Decision>(AUTHORIZER);
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let answer = ask(&mut process, &events::fill(&case.event, &values)).await.unwrap();
        assert_eq!(answer["isAuthorized"], allowed, "{name}: {answer}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorizer_that_cannot_know_what_to_take_does_not_start() {
    let issuer = ("PUBLIC_URL", PUBLIC_URL.to_owned());
    for (environment, named) in [
        (vec![issuer, ("AUTHORIZER_MODE", "Stateless".to_owned())], "AUTHORIZER_MODE"),
        (vec![], "PUBLIC_URL"),
    ] {
        let exit = Function::start(AUTHORIZER, &environment).await.exited().await;
        assert!(!exit.status.success() && exit.output.contains(named), "{named}: {}", exit.output);
        let line: Value = serde_json::from_str(exit.output.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&line["level"], &line["message"]),
            (&json!("ERROR"), &json!("the function cannot start"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_no_question_is_an_error_and_the_authorizer_goes_on() {
    let seeded = Seeded::new().await;
    let environment = environment(&seeded, StoreState::Seeded, "checked");
    let mut process = Function::start(AUTHORIZER, &environment).await;
    for event in no_events() {
        assert_error(AUTHORIZER, &mut process, &event).await;
    }
    let values = seeded.values(AUTHORIZER).await;
    let token = values.iter().find(|(name, _)| *name == "access_token").unwrap().1.clone();
    let event = json!({ "authorizationToken": token, "type": token, "headers": token });
    let text = ask(&mut process, &event).await.unwrap_err();
    assert!(!text.contains(&token), "{text}");
    let cases = events::cases::<Decision>(AUTHORIZER);
    let case = cases.iter().find(|case| case.name == "http-2-accepted").unwrap();
    let answer = ask(&mut process, &events::fill(&case.event, &values)).await.unwrap();
    assert_eq!(answer["isAuthorized"], true);
    let exit = process.stop().await;
    assert!(!exit.output.contains(&token), "{}", exit.output);
}
