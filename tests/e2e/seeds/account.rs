//! "Auth (/public-api/auth/)": the document of account tokens. Its examples are in words and in a table.

use serde_json::json;
use tests::Service;

use super::has_shape_of;
use crate::support::{post_text, send};

#[tokio::test]
async fn the_documents_request_is_answered_with_status_and_token() {
    let service = Service::start().await;
    // The table's example of a secret.
    let account = service.account("hubble").await;
    for name in ["account", "accountid"] {
        let body = json!({ name: account.id, "secret": "hubble" });
        let answer = send(service.post("/public-api/auth/").json(&body)).await;
        assert_eq!(answer.status, 200);
        has_shape_of(&answer.json(), r#"{"status":"OK","token":"eyJ0eXAi"}"#, &[]);
        assert_eq!(answer.json()["status"], "OK");
    }
}

#[tokio::test]
async fn the_documents_optional_user_is_taken() {
    let service = Service::start().await;
    let account = service.account("hubble").await;
    let user = service.user_with("hubler", |user| user.account = account.id).await;
    let body = json!({ "account": account.id, "secret": "hubble", "user_id": user.id });
    let (status, answer) = service.post_json("/public-api/auth/", &body).await;
    assert_eq!((status.as_u16(), &answer["status"]), (200, &json!("OK")));
}

#[tokio::test]
async fn the_documents_example_of_an_account_has_a_space_and_is_no_object_id() {
    let service = Service::start().await;
    let body = r#"{"account":"5723073937d63a18396a 1bae","secret":"hubble"}"#;
    let answer = post_text(&service, "/public-api/auth/", body).await;
    answer.is(400, r#"{"error":"Validation","error_description":"The account must be object id."}"#);
    let body = body.replace(' ', "");
    let answer = post_text(&service, "/public-api/auth/", body).await;
    answer.is(400, r#"{"error":"Validation","error_description":"The account not found!"}"#);
}

#[tokio::test]
async fn the_documents_error_has_error_and_error_description() {
    let service = Service::start().await;
    let account = service.account("hubble").await;
    let body = json!({ "account": account.id, "secret": "another" });
    let answer = send(service.post("/public-api/auth/").json(&body)).await;
    answer.is(401, r#"{"error":"Validation","error_description":"User authentication failed, such as if the request contains an invalid account or secret. Send an HTTP 401 response in this case."}"#);
    has_shape_of(&answer.json(), r#"{"error":"Validation","error_description":"…"}"#, &[]);
}
