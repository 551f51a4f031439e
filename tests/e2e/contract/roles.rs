//! What the functions may do: each role names its actions and the resources of this stack.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::lambda::WarmUp;
use shared::store::NO_ITEM;
use tests::{Answer, PASSWORD, Permission, Service, documents};

use super::answers::requests;
use super::successes::Successes;
use super::{MAILER_ID, operations, routes, template_functions};

/// The statements of the mailer's role whose resources are not those of this stack alone. Each is named whole: no other
/// statement, of no other role, is let off.
fn exceptions() -> [Value; 3] {
    let identity = |kind: &str| {
        let arn = format!("arn:${{AWS::Partition}}:ses:${{AWS::Region}}:${{AWS::AccountId}}:{kind}/*");
        json!({ "Fn::Sub": arn })
    };
    let address = json!({ "Fn::Select": [1, { "Fn::Split": ["<", { "Ref": "MailFrom" }] }] });
    let address = json!({ "Fn::Select": [0, { "Fn::Split": [">", address] }] });
    [
        json!({
            "Effect": "Allow",
            "Action": ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            "Resource": { "Fn::GetAtt": "TokensTable.StreamArn" },
        }),
        // This action has no type of resource.
        json!({ "Effect": "Allow", "Action": "dynamodb:ListStreams", "Resource": "*" }),
        // What is held is the sender's address.
        json!({ "Fn::If": ["SendsBySes", {
            "Effect": "Allow",
            "Action": ["ses:SendEmail", "ses:SendRawEmail"],
            "Resource": [identity("identity"), identity("configuration-set")],
            "Condition": { "StringEquals": { "ses:FromAddress": address } },
        }, { "Ref": "AWS::NoValue" }] }),
    ]
}

/// What lets a function that only writes open its connection.
fn connection() -> Value {
    json!({
        "Effect": "Allow",
        "Action": "dynamodb:GetItem",
        "Resource": { "Fn::GetAtt": "TokensTable.Arn" },
        "Condition": { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": [NO_ITEM] } },
    })
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

#[test]
fn no_role_has_a_wildcard() {
    let template = documents::template();
    let roles = template["Resources"].as_object().unwrap().iter();
    let roles: Vec<_> = roles.filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role").collect();
    assert_eq!(roles.len(), template_functions(&template).len());
    let mut exceptions = exceptions().to_vec();
    for (id, role) in roles {
        assert!(role["Properties"].get("ManagedPolicyArns").is_none(), "{id} takes a policy from elsewhere");
        for policy in role["Properties"]["Policies"].as_array().unwrap() {
            for statement in policy["PolicyDocument"]["Statement"].as_array().unwrap() {
                if let Some(named) = exceptions.iter().position(|exception| exception == statement) {
                    assert_eq!(*id, format!("{MAILER_ID}Role"), "{statement}");
                    exceptions.swap_remove(named);
                    continue;
                }
                for action in list(&statement["Action"]) {
                    assert!(action.as_str().is_some_and(|action| !action.contains('*')), "{id}: {action}");
                }
                for resource in list(&statement["Resource"]) {
                    // The ARN of a resource of this stack, and nothing that is put together.
                    let arn = resource["Fn::GetAtt"].as_str().and_then(|name| name.strip_suffix(".Arn"));
                    assert!(
                        arn.is_some_and(|of| template["Resources"].get(of).is_some()),
                        "{id}: {resource}"
                    );
                }
            }
        }
    }
    assert!(exceptions.is_empty(), "nobody needs {exceptions:?}");
    for (id, function) in template_functions(&template) {
        assert_eq!(function["Properties"]["Role"], json!({ "Fn::GetAtt": format!("{id}Role.Arn") }));
        assert!(function["Properties"].get("Policies").is_none(), "{id}");
    }
}

/// The statements of the role of a function.
fn statements(template: &Value, function: &str) -> Vec<Value> {
    let functions = template_functions(template);
    let (id, _) = functions
        .iter()
        .find(|(_, found)| found["Metadata"]["BuildProperties"]["Binary"] == function)
        .expect("a function");
    let policies = template["Resources"][format!("{id}Role")]["Properties"]["Policies"].as_array().unwrap();
    policies
        .iter()
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap().clone())
        .collect()
}

/// Whether a role allows what a call to storage needs.
fn allows(service: &Service, statements: &[Value], needed: &Permission) -> bool {
    let tables = &service.app.store.tables;
    let ids = [(&tables.accounts, "Accounts"), (&tables.tokens, "Tokens"), (&tables.keys, "Keys")];
    let (_, id) = ids.into_iter().find(|(name, _)| **name == needed.table).expect("a table");
    let only_in_transactions =
        json!({ "ForAnyValue:StringEquals": { "dynamodb:EnclosingOperation": "TransactWriteItems" } });
    statements.iter().any(|statement| {
        let actions = &statement["Action"];
        let action = actions == needed.action.as_str()
            || actions.as_array().is_some_and(|actions| actions.contains(&json!(needed.action)));
        action
            && statement["Resource"] == json!({ "Fn::GetAtt": format!("{id}Table.Arn") })
            && match statement.get("Condition") {
                None => true,
                Some(condition) => *condition == only_in_transactions && needed.in_transaction,
            }
    })
}

fn assert_allowed(service: &Service, function: &str, needed: &BTreeSet<Permission>) {
    let statements = statements(&documents::template(), function);
    for needed in needed {
        assert!(allows(service, &statements, needed), "{function} may not: {needed:?}");
    }
}

/// The calls of every function that has a route: those of the documented examples, and of what they do not reach.
async fn calls_of_functions(service: &Service) -> BTreeMap<String, BTreeSet<Permission>> {
    let openapi = documents::openapi();
    let mut made: BTreeMap<String, BTreeSet<Permission>> = BTreeMap::new();
    let mut operations: Vec<_> = operations(&openapi).into_iter().collect();
    operations.sort_by_key(|(key, _)| key != "POST /auth/signup");
    for (key, operation) in operations {
        let user = service.user(operation["operationId"].as_str().unwrap()).await;
        let requests = requests(service, &openapi, &key, operation, &user).await;
        service.calls.reset();
        for request in requests {
            Answer::to(request).await;
        }
        made.entry(routes()[&key].clone()).or_default().extend(service.calls.needed());
    }
    Successes::run(service, |function| {
        made.get_mut(function).expect("a function").extend(service.calls.needed());
    })
    .await;
    made
}

#[tokio::test]
async fn every_function_may_make_the_calls_that_it_makes_and_no_others() {
    let service = Service::start().await;
    let template = documents::template();
    let tables = &service.app.store.tables;
    let mut too_much = Vec::new();
    for (function, made) in calls_of_functions(&service).await {
        assert_allowed(&service, &function, &made);
        for statement in statements(&template, &function) {
            if statement == connection() {
                continue;
            }
            // The keyring was read before.
            for (table, id) in [(&tables.accounts, "Accounts"), (&tables.tokens, "Tokens")] {
                if statement["Resource"] != json!({ "Fn::GetAtt": format!("{id}Table.Arn") }) {
                    continue;
                }
                for action in list(&statement["Action"]) {
                    if !made.iter().any(|call| action == call.action.as_str() && call.table == *table) {
                        too_much.push(format!("{function}: {action} on {id}"));
                    }
                }
            }
        }
    }
    assert!(too_much.is_empty(), "{too_much:#?}");
}

#[tokio::test]
async fn what_opens_a_connection_asks_for_nothing_and_is_allowed_to_who_does_it_alone() {
    let service = Service::start().await;
    service.calls.reset();
    WarmUp::CONNECTION.run(service.app).await.unwrap();
    let read = service.calls.needed();
    let read: Vec<_> = read.iter().map(|call| (call.action.as_str(), call.table.as_str())).collect();
    assert_eq!(read, [("dynamodb:GetItem", service.app.store.tables.tokens.as_str())]);

    let template = documents::template();
    for (_, function) in template_functions(&template) {
        let name = function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap();
        let opens = documents::text(&format!("functions/{name}/src/main.rs")).contains("WarmUp::CONNECTION");
        assert_eq!(statements(&template, name).contains(&connection()), opens, "{name}");
    }
}

#[tokio::test]
async fn the_mailer_may_make_the_calls_that_it_makes() {
    let service = Service::start().await;
    let mails = service.post_office();
    service.sign_up("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    for (path, body) in [
        ("/auth/password/forgot", json!({ "email": "alice@example.com" })),
        ("/auth/email/change", json!({ "email": "new@example.com", "password": PASSWORD })),
        ("/auth/password/change", json!({ "current_password": PASSWORD, "new_password": "another phrase" })),
    ] {
        let answer = Answer::to(service.post(path).bearer_auth(&access).json(&body)).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let smtp = tests::smtp::Smtp::start().await;
    smtp.answer("RCPT", "550 5.1.1 No such user");
    let waiting = mails.waiting().await;
    service.calls.reset();
    mails.stream_over("smtp://127.0.0.1:1", &waiting).await;
    mails.stream_over(&smtp.url, &waiting[..1]).await;
    mails.stream(&waiting).await;
    let needed = service.calls.needed();
    assert!(needed.iter().any(|needed| needed.in_transaction), "{needed:?}");
    assert_allowed(&service, "mailer", &needed);
}
