//! The example of `guard`: somebody's own function, which asks for a token with a scope.

use serde_json::{Value, json};
use tests::events::{self, Answer, StoreState};
use tests::runtime_api::{Function, Report};

use super::authorizer::environment;
use tests::seeded::Seeded;

const EXAMPLE: &str = "protected_function";

/// What it is sent: requests as verify token gets them.
async fn ask(process: &mut Function, case: &str, values: &[(&str, String)]) -> Value {
    let cases = events::cases::<Answer>("verify-token");
    let case = cases.iter().find(|known| known.name == case).unwrap_or_else(|| panic!("no case {case}"));
    let event = events::fill(&case.event, values);
    let Report::Response(_, answer) = process.invoke(&event).await else {
        panic!("{EXAMPLE} fails at {}", case.name)
    };
    answer
}

/// Asks and holds status and challenge against what RFC 6750 section 3 says.
async fn denies(process: &mut Function, case: &str, values: &[(&str, String)], expected: (u16, Value)) {
    let answer = ask(process, case, values).await;
    let denied = (&answer["statusCode"], &answer["headers"]["www-authenticate"]);
    assert_eq!(denied, (&json!(expected.0), &expected.1), "{case}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_links_the_guard_lets_in_whom_it_should() {
    let seeded = Seeded::new().await;
    let environment = environment(&seeded, StoreState::Seeded, "checked");
    let mut process = Function::start_example(EXAMPLE, &environment).await;
    let values = seeded.values(EXAMPLE).await;
    for case in ["success", "cookie"] {
        let answer = ask(&mut process, case, &values).await;
        assert_eq!(answer["statusCode"], 200, "{case}: {answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert!(events::fits(&json!("<object id>"), &body["sleeper"]), "{case}: {body}");
    }
    let table = [
        ("no-token", (401, json!("Bearer"))),
        ("forged-token", (401, json!(r#"Bearer error="invalid_token""#))),
        ("two-credentials", (400, json!(r#"Bearer error="invalid_request""#))),
        ("account-token", (403, json!(r#"Bearer error="insufficient_scope", scope="sleep:read""#))),
    ];
    for (case, expected) in table {
        denies(&mut process, case, &values, expected).await;
    }
    let exit = process.stop().await;
    for (name, value) in values {
        assert!(!exit.output.contains(&value), "{EXAMPLE} logs {name}: {}", exit.output);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_links_the_guard_fails_closed() {
    let seeded = Seeded::new().await;
    let environment = environment(&seeded, StoreState::Unreachable, "checked");
    let mut process = Function::start_example(EXAMPLE, &environment).await;
    let values = seeded.values(EXAMPLE).await;
    let answer = ask(&mut process, "success", &values).await;
    let told =
        (&answer["statusCode"], &answer["headers"]["retry-after"], &answer["headers"]["www-authenticate"]);
    assert_eq!(told, (&json!(503), &json!("2"), &Value::Null), "{answer}");
    let exit = process.stop().await;
    assert!(exit.output.contains("storage is unavailable"), "{}", exit.output);
    for (name, value) in values {
        assert!(!exit.output.contains(&value), "{EXAMPLE} logs {name}: {}", exit.output);
    }
}
