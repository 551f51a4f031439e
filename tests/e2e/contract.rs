//! The documents agree: template, routes, contract, events, settings, permissions, dependencies.
#![expect(clippy::unwrap_used, reason = "a document that is not as expected fails the test")]

mod answers;
mod ci;
mod protections;
mod readme;
mod roles;
mod successes;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use guard::Mode;
use latchkey::routes::Routes;
use latchkey::template::{self, TEMPLATE};
use latchkey::{functions, tables};
use serde_json::{Value, json};
use shared::config::Config;
use tests::events::{self, AUTHORIZER, Answer, Decision, MAILER, Outcome, StoreState, UNROUTED};
use tests::{Service, documents};

/// How the template writes the one route that an HTTP API cannot have, and how clients call it.
const BELOW: (&str, &str) = ("POST /public-api/{proxy+}", "POST /public-api/auth/");
/// The logical ids of the functions that no route leads to.
const MAILER_ID: &str = "Mailer";
const AUTHORIZER_ID: &str = "Authorizer";
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The template's routes as clients call them, each with its function.
fn routes() -> BTreeMap<String, String> {
    let key = |route: &template::Route| {
        let key = format!("{} {}", route.method, route.path);
        if key == BELOW.0 { BELOW.1.to_owned() } else { key }
    };
    template::routes(TEMPLATE).unwrap().into_iter().map(|route| (key(&route), route.function)).collect()
}

fn strings(values: &Value) -> BTreeSet<String> {
    values.as_array().into_iter().flatten().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// The operations of `openapi.yaml`: `POST /auth/login` and what is said of it.
fn operations(openapi: &Value) -> BTreeMap<String, &Value> {
    let paths = openapi["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods =
            item.as_object().unwrap().iter().filter(|(method, _)| METHODS.contains(&method.as_str()));
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    });
    operations.collect()
}

/// The functions of the template by logical id.
fn template_functions(template: &Value) -> Vec<(&String, &Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function").collect()
}

#[test]
fn cargo_lambda_watch_has_the_routes_of_the_template() {
    let workspace = documents::workspace();
    let router = workspace["metadata"]["lambda"]["watch"]["router"].as_object().unwrap();
    let watched = router.iter().flat_map(|(path, targets)| {
        targets.as_array().unwrap().iter().map(move |target| {
            let text = |name: &str| target[name].as_str().unwrap().to_owned();
            (format!("{} {path}", text("method")), text("function"))
        })
    });
    assert_eq!(watched.collect::<BTreeMap<_, _>>(), routes());
}

#[test]
fn openapi_has_the_routes_of_the_template() {
    let openapi = documents::openapi();
    assert_eq!(
        operations(&openapi).into_keys().collect::<Vec<_>>(),
        routes().into_keys().collect::<Vec<_>>()
    );
}

#[test]
fn the_local_server_has_the_routes_of_the_template() {
    let served = Routes::new(TEMPLATE).unwrap();
    for key in routes().into_keys() {
        let (method, path) = key.split_once(' ').unwrap();
        let found = served.find(method, path).unwrap_or_else(|| panic!("{key} is not served"));
        let expected = if key == BELOW.1 { BELOW.0 } else { &key };
        assert_eq!(found.route_key, expected);
    }
}

#[test]
fn every_route_has_events_and_every_event_has_a_route() {
    let openapi = documents::openapi();
    let operations = operations(&openapi);
    let served = Routes::new(TEMPLATE).unwrap();
    let mut seen = BTreeSet::new();
    for function in events::routed() {
        for case in events::cases::<Answer>(&function) {
            let name = format!("{function}/{}", case.name);
            let text =
                |pointer: &str| case.event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (method, path) = (text("/requestContext/http/method"), text("/rawPath"));
            let route = text("/routeKey");
            let found = served.find(method, path).unwrap_or_else(|| panic!("{name}: {method} {path}"));
            assert_eq!(found.route_key, route, "{name}");
            let parameters = case.event["pathParameters"].as_object().into_iter().flatten();
            let parameters =
                parameters.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
            assert_eq!(parameters.collect::<HashMap<_, _>>(), found.parameters, "{name}");
            assert_eq!(case.event["requestContext"]["routeKey"], case.event["routeKey"], "{name}");
            if case.expected.status == 404 {
                assert_eq!(case.event["routeKey"], BELOW.0, "{name}");
                continue;
            }
            // A path with variables is a value of its route, and the route is what the documents have.
            let key = if route == BELOW.0 { format!("{method} {path}") } else { route.to_owned() };
            assert_eq!(routes().get(&key), Some(&function), "{name}");
            let status = case.expected.status.to_string();
            assert!(
                operations[&key]["responses"].get(&status).is_some(),
                "{name}: {status} is not documented"
            );
            seen.insert(key);
        }
    }
    assert_eq!(seen, routes().into_keys().collect());
}

#[test]
fn every_function_has_a_success_an_error_and_a_base64_event() {
    for function in events::routed() {
        let cases = events::cases::<Answer>(&function);
        assert!(cases.iter().any(|case| case.expected.status < 300), "{function}");
        assert!(cases.iter().any(|case| case.expected.status >= 400), "{function}");
        assert!(cases.iter().any(|case| case.event["isBase64Encoded"] == true), "{function}");
        assert!(cases.iter().any(|case| case.expected.store == StoreState::Unreachable), "{function}");
    }
}

#[test]
fn the_mailer_has_a_success_and_a_failure_event() {
    let cases = events::cases::<Outcome>(MAILER);
    let fails = |case: &events::Case<Outcome>| !failed_records(&case.expected.body).is_empty();
    assert!(cases.iter().any(|case| !fails(case)));
    assert!(cases.iter().any(fails));
    for case in &cases {
        assert_eq!(fails(case), case.expected.store == StoreState::Unreachable, "{}", case.name);
        for record in case.event["Records"].as_array().unwrap() {
            let change =
                (&record["eventSource"], &record["eventName"], &record["dynamodb"]["StreamViewType"]);
            assert_eq!(
                change,
                (&json!("aws:dynamodb"), &json!("INSERT"), &json!("KEYS_ONLY")),
                "{}",
                case.name
            );
        }
    }
}

/// Each kind of API asks in a way of its own, and each has a good token, a bad one, none, and storage out of reach.
#[test]
fn every_kind_of_api_has_its_authorizer_events() {
    let cases = events::cases::<Decision>(AUTHORIZER);
    let find = |kind: &str, case: &str| {
        let name = format!("{kind}-{case}");
        cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case {name}"))
    };
    let kinds = [
        ("http-2", json!("REQUEST"), json!("2.0"), json!(null)),
        ("http-1", json!("REQUEST"), json!("1.0"), json!(null)),
        ("rest-token", json!("TOKEN"), json!(null), json!(null)),
        ("rest-request", json!("REQUEST"), json!(null), json!(null)),
        ("websocket", json!("REQUEST"), json!(null), json!("CONNECT")),
    ];
    for (kind, event_type, version, connect) in kinds {
        for case in ["accepted", "refused", "no-token", "unavailable"] {
            let case = find(kind, case);
            let event = &case.event;
            let sent = (&event["type"], &event["version"], &event["requestContext"]["eventType"]);
            assert_eq!(sent, (&event_type, &version, &connect), "{}", case.name);
            assert_ne!(case.expected.body.is_some(), case.expected.error.is_some(), "{}", case.name);
        }
        assert!(find(kind, "accepted").expected.body.is_some(), "{kind}");
        let unavailable = &find(kind, "unavailable").expected;
        assert!(unavailable.store == StoreState::Unreachable && unavailable.error.is_some(), "{kind}");
    }
}

/// The records that are to be delivered again.
fn failed_records(outcome: &Value) -> Vec<&str> {
    let failures = outcome["batchItemFailures"].as_array().expect("the records that failed").iter();
    failures.map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}

#[test]
fn a_function_has_one_name_everywhere() {
    let (template, workspace) = (documents::template(), documents::workspace());
    let mut names = BTreeSet::new();
    for (id, function) in template_functions(&template) {
        let name = function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap().to_owned();
        let pascal = |part: &str| format!("{}{}", part[..1].to_uppercase(), &part[1..]);
        assert_eq!(*id, name.split('-').map(pascal).collect::<String>());
        let packages = workspace["packages"].as_array().unwrap().iter();
        let package = packages.clone().find(|package| package["name"] == name.as_str());
        let package = package.unwrap_or_else(|| panic!("no package {name}"));
        let manifest = package["manifest_path"].as_str().unwrap().replace('\\', "/");
        assert!(manifest.ends_with(&format!("/functions/{name}/Cargo.toml")), "{manifest}");
        let mut targets = package["targets"].as_array().unwrap().iter();
        assert!(
            targets.any(|target| target["kind"] == json!(["bin"]) && target["name"] == name.as_str()),
            "{name}"
        );
        names.insert(name);
    }
    assert_eq!(strings(&workspace["metadata"]["lambda"]["build"]["packages"]), names);
    assert_eq!(events::functions().into_iter().collect::<BTreeSet<_>>(), names);
    // The local program has no route to these either: it does for the mailer and rotate-keys what AWS does.
    let served = functions::FUNCTIONS.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(served.clone().collect::<BTreeSet<_>>(), routes().into_values().collect());
    assert_eq!(served.chain(UNROUTED.map(str::to_owned)).collect::<BTreeSet<_>>(), names);
    let folders = std::fs::read_dir(documents::root().join("functions")).unwrap();
    assert_eq!(
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>(),
        names
    );
}

#[tokio::test]
async fn the_program_knows_every_table_of_the_template() {
    let service = Service::start().await;
    let store = &service.app.store;
    tables::create(store, TEMPLATE).await.expect("tables that are there already are left alone");
    let names = [&store.tables.accounts, &store.tables.tokens, &store.tables.keys];
    assert_eq!(template::tables(TEMPLATE).unwrap().len(), names.len());
    for (name, id) in names.into_iter().zip(["AccountsTable", "TokensTable", "KeysTable"]) {
        let described = store.client.describe_table().table_name(name).send().await.expect("a table");
        let key = described.table.unwrap().key_schema.unwrap();
        let key: Vec<String> = key.into_iter().map(|element| element.attribute_name).collect();
        let schema = &documents::template()["Resources"][id]["Properties"]["KeySchema"];
        let expected =
            schema.as_array().unwrap().iter().map(|element| element["AttributeName"].as_str().unwrap());
        assert_eq!(key, expected.collect::<Vec<_>>());
    }
}

#[test]
fn the_template_sets_the_variables_that_the_program_reads() {
    let template = documents::template();
    let set = &template["Globals"]["Function"]["Environment"]["Variables"];
    let read = RefCell::new(BTreeSet::new());
    Config::read(|name| {
        read.borrow_mut().insert(name.to_owned());
        None
    })
    .unwrap();
    let mut read = read.into_inner();
    // A name of AWS's own, for whoever has a proxy; a deployment needs none.
    assert!(read.remove("AWS_CA_BUNDLE"));
    assert_eq!(set.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), read);
    let unrouted = [AUTHORIZER_ID, MAILER_ID];
    let functions = template_functions(&template).into_iter();
    for (id, function) in functions.filter(|(id, _)| !unrouted.contains(&id.as_str())) {
        assert!(function["Properties"].get("Environment").is_none(), "{id} has variables of its own");
    }
}

#[test]
fn no_function_that_sets_a_password_outlives_what_its_transaction_refuses() {
    let template = documents::template();
    let limit = &template["Globals"]["Function"]["Timeout"];
    assert!(limit.as_u64().is_some_and(|seconds| seconds <= shared::user::WRITTEN_WITHIN.as_secs()));
    let others = [MAILER_ID, "RotateKeys"];
    let functions = template_functions(&template).into_iter();
    for (id, function) in functions.filter(|(id, _)| !others.contains(&id.as_str())) {
        assert!(function["Properties"].get("Timeout").is_none(), "{id} has a time of its own");
    }
}

#[test]
fn the_mailer_alone_knows_how_mails_leave_and_what_links_lead_to() {
    let resources = &documents::template()["Resources"];
    let expected = json!({
        "PUBLIC_URL": resources["HttpApi"]["Properties"]["StageVariables"]["publicUrl"],
        "MAIL_FROM": { "Ref": "MailFrom" },
        "MAIL_TRANSPORT": { "Fn::If": ["SendsBySes", "ses", { "Fn::Sub": "{{resolve:secretsmanager:${SmtpSecret}}}" }] },
    });
    assert_eq!(resources[MAILER_ID]["Properties"]["Environment"], json!({ "Variables": expected }));
}

/// The dead letter comes after 23 hours; a sender that nobody has verified must show long before.
#[test]
fn mail_that_waits_raises_an_alarm_within_the_hour() {
    let template = documents::template();
    let alarms = template["Resources"].as_object().unwrap().values();
    let mut alarms = alarms.filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm");
    let age = alarms.find(|alarm| alarm["Properties"]["MetricName"] == "IteratorAge").expect("an alarm");
    let properties = &age["Properties"];
    assert_eq!(properties["Namespace"], "AWS/Lambda");
    assert_eq!(properties["Dimensions"], json!([{ "Name": "FunctionName", "Value": { "Ref": MAILER_ID } }]));
    let minutes = properties["Threshold"].as_u64().unwrap() / 60_000;
    assert!((1..=60).contains(&minutes), "{minutes}");
    let topic =
        json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopicArn" }], { "Ref": "AWS::NoValue" }] });
    assert_eq!((&properties["AlarmActions"], &properties["OKActions"]), (&topic, &topic));
}

#[test]
fn the_authorizer_knows_whose_tokens_it_takes_and_can_only_read() {
    let template = documents::template();
    let resources = &template["Resources"];
    let expected = json!({
        "PUBLIC_URL": resources["HttpApi"]["Properties"]["StageVariables"]["publicUrl"],
        "AUTHORIZER_MODE": { "Ref": "AuthorizerMode" },
    });
    assert_eq!(resources[AUTHORIZER_ID]["Properties"]["Environment"], json!({ "Variables": expected }));
    let mode = &template["Parameters"]["AuthorizerMode"];
    assert_eq!(mode["AllowedValues"], json!(["checked", "stateless"]));
    for value in mode["AllowedValues"].as_array().unwrap() {
        value.as_str().unwrap().parse::<Mode>().expect("what CloudFormation lets through");
    }
    let default: Mode = mode["Default"].as_str().unwrap().parse().unwrap();
    assert_eq!(default, Mode::default());
    assert_eq!(template["Outputs"]["AuthorizerArn"]["Value"], json!({ "Fn::GetAtt": "Authorizer.Arn" }));

    let policy = &resources["AuthorizerRole"]["Properties"]["Policies"][0]["PolicyDocument"];
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    });
    let actions: BTreeSet<String> = actions.map(|action| action.as_str().unwrap().to_owned()).collect();
    let read = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "kms:Decrypt"];
    let log = ["logs:CreateLogStream", "logs:PutLogEvents"];
    assert_eq!(actions, read.into_iter().chain(log).map(str::to_owned).collect());
}

#[test]
fn the_defaults_of_the_template_are_those_of_the_program() {
    let template = documents::template();
    let parameter = |name: &str, property: &str| {
        let set = &template["Globals"]["Function"]["Environment"]["Variables"][name]["Ref"];
        let value = template["Parameters"][set.as_str()?].get(property)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let defaults = Config::read(|name| parameter(name, "Default")).unwrap();
    assert_eq!(format!("{defaults:?}"), format!("{:?}", Config::read(|_| None).unwrap()));
    // What CloudFormation lets through, the functions must start with.
    for bound in ["MinValue", "MaxValue"] {
        Config::read(|name| parameter(name, bound)).expect(bound);
    }
}

#[test]
fn the_table_variables_name_the_tables_of_their_names() {
    let template = documents::template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    for (name, id) in
        [("ACCOUNTS_TABLE", "AccountsTable"), ("TOKENS_TABLE", "TokensTable"), ("KEYS_TABLE", "KeysTable")]
    {
        assert_eq!(variables[name], json!({ "Ref": id }));
    }
}

#[test]
fn no_function_has_the_embedded_engine() {
    let workspace = documents::workspace();
    let dependencies: BTreeMap<String, BTreeSet<String>> = workspace["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().unwrap().iter();
            let names = all.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect();
    let direct = dependencies.iter().filter(|(_, names)| names.contains("dynoxide-rs"));
    assert_eq!(direct.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["benches", "latchkey"]);
    for function in functions::FUNCTIONS.iter().map(|(name, _)| *name).chain(UNROUTED) {
        let (mut reached, mut next) = (BTreeSet::new(), vec![function.to_owned()]);
        while let Some(name) = next.pop() {
            if reached.insert(name.clone()) {
                next.extend(dependencies.get(&name).into_iter().flatten().cloned());
            }
        }
        assert!(!reached.contains("latchkey") && !reached.contains("dynoxide-rs"), "{function}");
    }
}
