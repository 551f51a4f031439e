//! "Reference Endpoint POST /login": the document of access keys.

use serde_json::json;
use shared::access_key::{AccessKey, AccessKeyState};
use tests::Service;

use super::{compact, has_shape_of};
use crate::support::jwt::{claims, header};
use crate::support::{Answer, access_key_token, post_text, send};

const REQUEST: &str = r#"{
    "accessKey" : "986d8167a9b9a15e37db4ab4ad50877b01347a94",
    "secret" : "79bPqahzbeYuIgyod1GBjBsy38wN7KuBBNNmN/emwjFCuAfq"
}"#;

const NO_SECRET: &str = r#"{
    "statusCode": "Error",
    "error": {
        "name": "InvalidRequestFormatError",
        "message": "The request body is invalid. See error object `details` property for more info",
        "details": [
            {
                "path": "",
                "code": "required",
                "message": "must have required property 'secret'",
                "info": {
                    "missingProperty": "secret"
                }
            }
        ]
    }
}"#;

const UNAUTHORIZED: &str = r#"{
    "statusCode": "Error",
    "error": {
        "message": "Service was unable to complete your request.",
        "name": "AuthenticationError",
        "code": "AuthenticationError",
        "details": {
            "reason": "AccessKeyUnauthorized"
        }
    }
}"#;

/// The document's own key, with the claims of its own token.
async fn document_key(service: &Service, change: impl FnOnce(&mut AccessKey)) {
    let user = service.user("partner").await;
    let (mut key, _) = service.access_key(user.id, |_| {}).await;
    key.access_key = "986d8167a9b9a15e37db4ab4ad50877b01347a94".parse().unwrap();
    key.secret_sha256 = AccessKey::hash_secret("79bPqahzbeYuIgyod1GBjBsy38wN7KuBBNNmN/emwjFCuAfq");
    change(&mut key);
    service.put(&service.app.store.tables.accounts, AccessKey::key(key.access_key.ak()), &key).await;
}

#[tokio::test]
async fn the_documents_request_is_created() {
    // The header and the claims of the document's token, decoded.
    const HEADER: &str = r#"{"alg":"HS384","typ":"JWT"}"#;
    const CLAIMS: &str = r#"{"uid":"65d0f5c9-7fb0-455c-9036-9e72f0a8d0f6","ar":["Partner","PartnerAdmin"],"ak":"45771ea1-b012-4b80-8ba4-49891c5d8d47","realm":"Partner","ca":"0ea70001-0f58-44a2-80ad-953633ff2cc7","cid":"29263739-2cf8-483d-af15-6151dc8448b4","domain":"/partners-int","iat":1691151257,"exp":1691154857}"#;
    let service = Service::start().await;
    document_key(&service, |_| {}).await;
    let answer = post_text(&service, "/login", REQUEST).await;
    assert_eq!(answer.status, 201);
    let (header, claims) = (header(&answer.text), claims(&answer.text));
    has_shape_of(&claims, CLAIMS, &[]);
    let example: serde_json::Value = serde_json::from_str(CLAIMS).unwrap();
    for name in ["ar", "realm", "ca", "cid", "domain"] {
        assert_eq!(claims[name], example[name]);
    }
    let life = |claims: &serde_json::Value| claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life(&claims), life(&example));
    let example: serde_json::Value = serde_json::from_str(HEADER).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&example["alg"], &example["typ"]));
}

#[tokio::test]
async fn the_documents_token_is_another_system_s() {
    let service = Service::start().await;
    let token = "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyB1aWQiOiI2NWQwZjVjOS03ZmIwLTQ1NWMtOTAzNi05ZTcyZjBhOGQwZjYifQ.wBdfxnNYap0_M-omZUmnor7lB6c3ooVK2AENYtsIcfLzofW5bvkYgQzhaVABtJsU";
    assert_eq!(service.verify(token).await.0, 401);
}

#[tokio::test]
async fn scenario_1_empty_required_field() {
    let service = Service::start().await;
    let answer = post_text(&service, "/login", r#"{ "accessKey" : "{{api_key}}" }"#).await;
    answer.is(400, &compact(NO_SECRET));
}

#[tokio::test]
async fn scenario_2_authentication_failure() {
    let service = Service::start().await;
    let is_unauthorized = |answer: Answer| answer.is(401, &compact(UNAUTHORIZED));
    is_unauthorized(post_text(&service, "/login", REQUEST).await);
    document_key(&service, |key| key.state = AccessKeyState::Pending).await;
    is_unauthorized(post_text(&service, "/login", REQUEST).await);
}

#[tokio::test]
async fn scenario_2_in_expired_state() {
    let service = Service::start().await;
    let now = service.app.now();
    document_key(&service, |key| key.valid_until = Some(now)).await;
    post_text(&service, "/login", REQUEST).await.is(401, &compact(UNAUTHORIZED));
}

#[tokio::test]
async fn the_token_is_for_the_authorization_header() {
    let service = Service::start().await;
    let user = service.user("partner").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let token = access_key_token(&service, &key.access_key.to_string(), &secret).await;
    let answer = send(service.get("/auth/me").header("authorization", format!("Bearer {token}"))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["id"]), (200, &json!(user.id)));
}
