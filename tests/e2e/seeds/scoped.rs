//! "POST auth": the document of scoped tokens.

use serde_json::{Value, json};
use shared::password::Password;
use shared::user::Credential;
use tests::{Fault, PASSWORD, Service};

use super::{compact, has_shape_of};
use crate::support::jwt::{claims, header};
use crate::support::{post_text, send};

const PATH: &str = "/v1/auth";

#[tokio::test]
async fn successful_authentication() {
    const CLAIMS: &str = r#"{
        "sub": "5daf47f1d3cb260019b5edb9",
        "sub_type": "admin",
        "iss": "ocariot",
        "iat": 1571849771,
        "scope": "physicalactivities:read sleep:read measurements:read",
        "exp": 1571936171
    }"#;
    let service = Service::start().await;
    let example: Value = serde_json::from_str(CLAIMS).unwrap();
    service
        .user_with("BR0001", |user| {
            user.sub_type = "admin".to_owned();
            user.scopes = example["scope"].as_str().unwrap().split(' ').map(str::to_owned).collect();
        })
        .await;
    let request = service.post(PATH).header("accept", "application/json");
    let answer = send(request.json(&json!({ "username": "BR0001", "password": PASSWORD }))).await;
    assert_eq!(answer.status, 200);
    has_shape_of(&answer.json(), r#"{ "access_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9" }"#, &[]);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!((&header(&token)["alg"], &header(&token)["typ"]), (&json!("RS256"), &json!("JWT")));
    let claims = claims(&token);
    has_shape_of(&claims, CLAIMS, &["jti"]);
    for name in ["sub_type", "scope"] {
        assert_eq!(claims[name], example[name]);
    }
    let life = |claims: &Value| claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life(&claims), life(&example));
}

#[tokio::test]
async fn the_documents_request_signs_its_user_in() {
    let service = Service::start().await;
    let user = service.user("BR0001").await;
    // Nobody could choose this password here; a user who comes from elsewhere may have it.
    let credential = Credential {
        user: user.id,
        password_hash: service.app.passwords.hash(&Password::new("br123")).await.unwrap(),
        sub_type: user.sub_type.clone(),
        scopes: user.scopes.clone(),
        status: user.status,
    };
    let key = Credential::key(&user.username.canonical());
    service.put(&service.app.store.tables.accounts, key, &credential).await;
    let answer = post_text(&service, PATH, r#"{ "username": "BR0001", "password": "br123" }"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    has_shape_of(&answer.json(), r#"{ "access_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9" }"#, &[]);
}

#[tokio::test]
async fn invalid_json_format() {
    let service = Service::start().await;
    // As the document's own curl example sends it, whose shell eats the inner quotes.
    let answer = post_text(&service, PATH, "{username:your_user,password:your_password}").await;
    assert_eq!(answer.status, 400);
    has_shape_of(&answer.json(), r#"{ "code": 400, "message": "…", "description": "…" }"#, &[]);
}

#[tokio::test]
async fn missing_fields() {
    const EXAMPLE: &str = r#"{
        "code": 400,
        "message": "Required fields were not provided...",
        "description": "username, password are required!"
    }"#;
    let service = Service::start().await;
    post_text(&service, PATH, "{}").await.is(400, &compact(EXAMPLE));
}

#[tokio::test]
async fn empty_string() {
    const EXAMPLE: &str = r#"{
        "code": 400,
        "message": "One or more request fields are invalid...",
        "description": "username must have at least one character!"
    }"#;
    let service = Service::start().await;
    let answer = post_text(&service, PATH, r#"{ "username": "", "password": "br123" }"#).await;
    answer.is(400, &compact(EXAMPLE));
}

#[tokio::test]
async fn invalid_string() {
    const EXAMPLE: &str = r#"{
        "code": 400,
        "message": "One or more request fields are invalid...",
        "description": "username must be a string!"
    }"#;
    let service = Service::start().await;
    let answer = post_text(&service, PATH, r#"{ "username": 1, "password": "br123" }"#).await;
    answer.is(400, &compact(EXAMPLE));
}

#[tokio::test]
async fn internal_server_error() {
    let service = Service::start().await;
    service.faults.all(Fault::Refused);
    let answer = post_text(&service, PATH, r#"{ "username": "BR0001", "password": "br123" }"#).await;
    assert_eq!(answer.status, 500);
    has_shape_of(&answer.json(), r#"{ "code": 500, "message": "…", "description": "…" }"#, &[]);
}
