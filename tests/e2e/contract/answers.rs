//! `openapi.yaml` against itself and against the running service.
#![expect(clippy::unwrap_used, clippy::panic, reason = "an answer that is not as documented fails the test")]

use std::collections::BTreeSet;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use shared::one_time::{OneTime, Purpose};
use shared::session;
use shared::user::User;
use tests::{PASSWORD, Service, documents, schema};

use super::{METHODS, operations};

#[test]
fn the_examples_of_openapi_keep_their_schemas() {
    let openapi = documents::openapi();
    for (key, operation) in operations(&openapi) {
        let body = schema::resolve(&openapi, &operation["requestBody"]);
        let responses = operation["responses"].as_object().unwrap().values();
        let responses = responses.map(|response| schema::resolve(&openapi, response));
        for (media_type, content) in
            responses.chain([body]).flat_map(|part| part["content"].as_object().into_iter().flatten())
        {
            let examples = examples(content);
            assert!(!examples.is_empty(), "{key}: {media_type} has no example");
            for example in examples {
                if media_type.contains("json") {
                    assert!(example.is_object(), "{key}: {example}");
                }
                let faults = schema::faults(&openapi, &content["schema"], example);
                assert!(faults.is_empty(), "{key}: {example}: {faults:?}");
            }
        }
    }
}

fn examples(content: &Value) -> Vec<&Value> {
    let many = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
    content.get("example").into_iter().chain(many).collect()
}

/// What answers alike whatever it is asked: the keys, the metadata, and the pages behind the links of mails.
const ONE_ANSWER: [&str; 6] = [
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/openid-configuration",
    "GET /auth/email/confirm",
    "GET /auth/password/reset",
    "GET /auth/verify-email",
];

#[tokio::test]
async fn every_answer_is_one_that_openapi_documents() {
    let openapi = documents::openapi();
    let service = Service::start().await;
    // The examples sign up and log in the same person: in this order they succeed.
    let mut operations: Vec<_> = operations(&openapi).into_iter().collect();
    operations.sort_by_key(|(key, _)| key != "POST /auth/signup");
    for (key, operation) in operations {
        let mut statuses = BTreeSet::new();
        // Some change their user's password or address, or end the user: each has its own.
        let user = service.user(operation["operationId"].as_str().unwrap()).await;
        for request in requests(&service, &openapi, &key, operation, &user).await {
            let response = request.send().await.unwrap();
            statuses.insert(response.status().as_u16());
            check(&openapi, &key, operation, response).await;
        }
        if ONE_ANSWER.contains(&key.as_str()) {
            assert_eq!(statuses, BTreeSet::from([200]), "{key}");
        } else {
            assert!(statuses.len() > 1, "{key}: only {statuses:?}");
        }
        let example =
            &schema::resolve(&openapi, &operation["requestBody"])["content"]["application/json"]["example"];
        let for_users = operation["security"].as_array().is_some_and(|security| !security.is_empty());
        if for_users || purpose_of(example).is_some() {
            assert!(statuses.contains(&200), "{key}: only {statuses:?}");
        }
    }
}

/// The documented examples, what goes wrong with any of them, and last what the user may do.
pub(super) async fn requests(
    service: &Service,
    openapi: &Value,
    key: &str,
    operation: &Value,
    user: &User,
) -> Vec<RequestBuilder> {
    let (method, path) = key.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let path = filled(path, operation);
    let request = || service.request(method.clone(), &path);
    let token = service.log_in(user.username.as_str()).await["access_token"].as_str().unwrap().to_owned();
    let mut requests = vec![
        request(),
        request().bearer_auth(&token),
        request().bearer_auth("a.forged"),
        request().header("authorization", "Bearer two words"),
        request().header("cookie", "JSESSIONID=s.forged"),
        request().bearer_auth(&token).header("cookie", "JSESSIONID=s.forged"),
        request().header(ACCEPT, "text/html"),
    ];
    let content = &schema::resolve(openapi, &operation["requestBody"])["content"];
    let mut own = Vec::new();
    for (media_type, content) in content.as_object().into_iter().flatten() {
        for example in examples(content) {
            match media_type.as_str() {
                "application/json" => {
                    requests.push(request().json(example));
                    requests.push(request().header(ACCEPT, "text/html").json(example));
                    let of_user = of_user(service, user, example).await;
                    own.push(request().bearer_auth(&token).json(&of_user));
                }
                "application/x-www-form-urlencoded" => requests.push(request().form(example)),
                _ => {}
            }
        }
    }
    if content.is_object() {
        let json =
            |body: String| request().bearer_auth(&token).header(CONTENT_TYPE, "application/json").body(body);
        let broken = [
            "{",
            "[]",
            "{}",
            r#"{"a":1,"a":2}"#,
            r#"{"username":1,"account":1,"token":1,"phone":1,"all":1,"email":1,"password":1,"current_password":1}"#,
        ];
        requests.extend(broken.map(|body| json(body.to_owned())));
        requests.push(json("x".repeat(16 * 1024 + 1)));
        requests.push(request().bearer_auth(&token).header(CONTENT_TYPE, "text/plain").body(PASSWORD));
        let wrong = json!({
            "username": user.username, "password": "a wrong one", "account": "0".repeat(24), "secret": "x", "accessKey": "y",
            "current_password": "a wrong one", "new_password": "a new horse and its stable", "email": "someone@example.com",
        });
        requests.push(request().json(&wrong));
        requests.push(request().bearer_auth(&token).json(&wrong));
    }
    if key.ends_with("/{id}") {
        let session = &session::list(service.app, user.id).await.unwrap()[0];
        let path =
            path.replace(operation["parameters"][0]["example"].as_str().unwrap(), &session.id.to_string());
        own.push(service.request(method.clone(), &path).bearer_auth(&token));
    }
    if operation["security"]
        .as_array()
        .is_some_and(|ways| ways.iter().any(|way| way.get("accessKey").is_some()))
    {
        own.extend(of_client(service, user, &request, &token).await);
    }
    requests.extend(own);
    requests
}

/// What an access key of the user may ask at an OAuth endpoint, and what it may not.
async fn of_client(
    service: &Service,
    user: &User,
    request: &impl Fn() -> RequestBuilder,
    token: &str,
) -> Vec<RequestBuilder> {
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let stranger = service.user_with(&format!("{}-2", user.username.as_str()), |_| {}).await;
    let foreign =
        service.log_in(stranger.username.as_str()).await["access_token"].as_str().unwrap().to_owned();
    let refresh = service.log_in(user.username.as_str()).await["refresh_token"].as_str().unwrap().to_owned();
    let client = || request().basic_auth(key.access_key.to_string(), Some(&secret));
    vec![
        client(),
        client().form(&[("token", "unknown"), ("grant_type", "password")]),
        client().form(&[("grant_type", "client_credentials"), ("scope", "admin"), ("token", &foreign)]),
        client().form(&[("grant_type", "client_credentials"), ("client_secret", &secret)]),
        client().form(&[("grant_type", "refresh_token"), ("refresh_token", &refresh), ("token", &refresh)]),
        client().form(&[("grant_type", "client_credentials"), ("token", token)]),
        request()
            .basic_auth(key.access_key.to_string(), Some("x"))
            .form(&[("grant_type", "client_credentials")]),
    ]
}

/// A path with the variables and the query of the examples.
fn filled(path: &str, operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.fold(path.to_owned(), |path, parameter| {
        let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str().unwrap());
        match parameter["in"].as_str() {
            Some("path") => path.replace(&format!("{{{name}}}"), example),
            Some("query") => format!("{path}?{name}={example}"),
            place => panic!("{path} has {name} in {place:?}"),
        }
    })
}

/// What the link is for whose token an example has.
fn purpose_of(example: &Value) -> Option<Purpose> {
    match example["token"].as_str()?.split_once('.')?.0 {
        "e" => Some(Purpose::VerifyEmail),
        "p" => Some(Purpose::ResetPassword),
        "c" => Some(Purpose::ConfirmEmail),
        _ => None,
    }
}

/// The token of a link that was sent to the user.
pub(super) async fn link_token(service: &Service, user: &User, purpose: Purpose) -> String {
    let email = match purpose {
        Purpose::ConfirmEmail => format!("new-{}", user.email).parse().unwrap(),
        Purpose::VerifyEmail | Purpose::ResetPassword => user.email.clone(),
    };
    let token = OneTime::issue(service.app, purpose, user.id, email, service.app.now(), [7; 8]).await;
    token.unwrap().unwrap()
}

/// An example with a link that was sent to the user, or with their own password.
async fn of_user(service: &Service, user: &User, example: &Value) -> Value {
    let mut example = example.clone();
    if let Some(purpose) = purpose_of(&example) {
        example["token"] = link_token(service, user, purpose).await.into();
        return example;
    }
    for name in ["password", "current_password"] {
        if let Some(password) = example.get_mut(name) {
            *password = PASSWORD.into();
        }
    }
    example
}

async fn check(openapi: &Value, key: &str, operation: &Value, response: Response) {
    let status = response.status().as_u16().to_string();
    let headers = response.headers().clone();
    let body = response.text().await.unwrap();
    let documented = operation["responses"].get(&status);
    let documented =
        documented.unwrap_or_else(|| panic!("{key} answers {status}, which is not documented: {body}"));
    let documented = schema::resolve(openapi, documented);
    for (name, header) in documented["headers"].as_object().into_iter().flatten() {
        let schema = &schema::resolve(openapi, header)["schema"];
        let value = headers.get(name).unwrap_or_else(|| panic!("{key} {status} has no {name}"));
        let value = value.to_str().unwrap();
        assert!(
            schema.get("const").is_none_or(|constant| constant == value),
            "{key} {status}: {name} is {value}"
        );
    }
    if documented.get("content").is_none() {
        assert_eq!(body, "", "{key} {status}");
        return;
    }
    let media_type = headers[CONTENT_TYPE].to_str().unwrap();
    let content = documented["content"].get(media_type);
    let content = content.unwrap_or_else(|| panic!("{key} {status}: {media_type} is not documented"));
    let value = if media_type.contains("json") { serde_json::from_str(&body).unwrap() } else { json!(body) };
    let faults = schema::faults(openapi, &content["schema"], &value);
    assert!(faults.is_empty(), "{key} {status}: {body}: {faults:?}");
}

#[tokio::test]
async fn a_method_that_is_not_documented_is_not_found() {
    let openapi = documents::openapi();
    let service = Service::start().await;
    for path in openapi["paths"].as_object().unwrap().keys() {
        for method in METHODS.iter().filter(|method| openapi["paths"][path].get(**method).is_none()) {
            let method: Method = method.to_uppercase().parse().unwrap();
            let response = service.request(method.clone(), path).send().await.unwrap();
            assert_eq!(response.status(), 404, "{method} {path}");
            if method != Method::HEAD {
                assert_eq!(response.text().await.unwrap(), r#"{"message":"Not Found"}"#, "{method} {path}");
            }
        }
    }
}
