//! Door C: access key login.

use serde_json::{Value, json};
use shared::access_key::{AccessKey, AccessKeyState};
use shared::http::header::WWW_AUTHENTICATE;
use tests::{Fault, START, Service};

use crate::support::jwt::{header, names, parts};
use crate::support::{Answer, access_key_token, post_text, send};

const UNAUTHORIZED: &str = r#"{"statusCode":"Error","error":{"message":"Service was unable to complete your request.","name":"AuthenticationError","code":"AuthenticationError","details":{"reason":"AccessKeyUnauthorized"}}}"#;
const UNKNOWN: &str = "986d8167a9b9a15e37db4ab4ad50877b01347a94";

async fn ask(service: &Service, body: Value) -> Answer {
    send(service.post("/login").json(&body)).await
}

/// 400 with these entries of `details`.
fn invalid(details: &str) -> String {
    format!(
        r#"{{"statusCode":"Error","error":{{"name":"InvalidRequestFormatError","message":"The request body is invalid. See error object `details` property for more info","details":[{details}]}}}}"#
    )
}

fn required(name: &str) -> String {
    format!(
        r#"{{"path":"","code":"required","message":"must have required property '{name}'","info":{{"missingProperty":"{name}"}}}}"#
    )
}

fn not_a_string(name: &str) -> String {
    format!(r#"{{"path":"/{name}","code":"type","message":"must be string","info":{{"type":"string"}}}}"#)
}

fn empty(name: &str) -> String {
    format!(
        r#"{{"path":"/{name}","code":"minLength","message":"must NOT have fewer than 1 characters","info":{{"limit":1}}}}"#
    )
}

#[tokio::test]
async fn a_key_and_its_secret_give_the_bare_token() {
    let service = Service::start().await;
    let user = service.user("partner").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let answer = ask(&service, json!({ "accessKey": key.access_key, "secret": secret })).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    answer.has_common_headers();
    assert_eq!(answer.text.split('.').count(), 3, "{}", answer.text);
    assert_eq!(header(&answer.text)["alg"], "HS384");
    assert_eq!(header(&answer.text)["typ"], "JWT");
}

#[tokio::test]
async fn the_claims_are_those_of_the_document_in_its_order() {
    let service = Service::start().await;
    let user = service.user("partner").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let token = access_key_token(&service, &key.access_key.to_string(), &secret).await;
    let (user, ak, iat) = (user.id, key.access_key.ak(), START.seconds());
    let expected = format!(
        r#"{{"uid":"{user}","ar":["Partner","PartnerAdmin"],"ak":"{ak}","realm":"Partner","ca":"0ea70001-0f58-44a2-80ad-953633ff2cc7","cid":"29263739-2cf8-483d-af15-6151dc8448b4","domain":"/partners-int","iat":{iat},"exp":{}}}"#,
        iat + 3600
    );
    assert_eq!(parts(&token).1, expected);
}

#[tokio::test]
async fn an_access_key_is_read_without_regard_to_case() {
    let service = Service::start().await;
    let user = service.user("partner").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    access_key_token(&service, &key.access_key.to_string().to_uppercase(), &secret).await;
}

#[tokio::test]
async fn every_fault_of_the_body_is_an_entry_of_the_details() {
    let service = Service::start().await;
    let (no_key, no_secret) = (required("accessKey"), required("secret"));
    let not_json =
        r#"{"path":"","code":"parse","message":"the body is not valid JSON","info":{}}"#.to_owned();
    let repeated =
        r#"{"path":"","code":"parse","message":"the key \"secret\" is repeated","info":{}}"#.to_owned();
    let not_an_object =
        r#"{"path":"","code":"type","message":"must be object","info":{"type":"object"}}"#.to_owned();
    let table = [
        (r#"{"accessKey":"{{api_key}}"}"#, no_secret.clone()),
        (r#"{"secret":"x"}"#, no_key.clone()),
        ("{}", format!("{no_key},{no_secret}")),
        (r#"{"accessKey":7,"secret":"x"}"#, not_a_string("accessKey")),
        (r#"{"accessKey":"x","secret":null}"#, not_a_string("secret")),
        (
            r#"{"accessKey":[],"secret":{}}"#,
            format!("{},{}", not_a_string("accessKey"), not_a_string("secret")),
        ),
        (r#"{"accessKey":"","secret":"x"}"#, empty("accessKey")),
        (r#"{"accessKey":"x","secret":""}"#, empty("secret")),
        (r#"{"accessKey":""}"#, format!("{no_secret},{}", empty("accessKey"))),
        (r#"{"accessKey":"x","secret":true,"more":1}"#, not_a_string("secret")),
        (r#"{"accessKey":"x","secret":"y","secret":"z"}"#, repeated),
        ("{", not_json.clone()),
        ("", not_json),
        ("[]", not_an_object.clone()),
        (r#"[{"accessKey":"x","secret":"y"}]"#, not_an_object),
    ];
    for (body, details) in table {
        let answer = post_text(&service, "/login", body).await;
        answer.is(400, &invalid(&details));
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_the_key_the_answer_is_the_same() {
    let service = Service::start().await;
    let user = service.user("partner").await.id;
    let (active, secret) = service.access_key(user, |_| {}).await;
    let (_, other_secret) = service.access_key(user, |_| {}).await;
    let in_state = async |state| service.access_key(user, |key: &mut AccessKey| key.state = state).await;
    let (pending, pending_secret) = in_state(AccessKeyState::Pending).await;
    let (revoked, revoked_secret) = in_state(AccessKeyState::Revoked).await;
    let table = [
        ("unknown key", UNKNOWN.to_owned(), secret.clone()),
        ("no access key at all", "{{api_key}}".to_owned(), secret.clone()),
        ("another item's key", "KEY#1".to_owned(), secret.clone()),
        ("another key's secret", active.access_key.to_string(), other_secret),
        ("a part of the secret", active.access_key.to_string(), secret[..47].to_owned()),
        ("the secret's hash", active.access_key.to_string(), active.secret_sha256.clone()),
        ("pending", pending.access_key.to_string(), pending_secret),
        ("revoked", revoked.access_key.to_string(), revoked_secret),
    ];
    for (why, key, secret) in table {
        let answer = ask(&service, json!({ "accessKey": key, "secret": secret })).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, UNAUTHORIZED), "{why}");
        answer.has_common_headers();
        assert!(!answer.headers.contains_key(WWW_AUTHENTICATE), "no bearer token was asked for");
    }
}

#[tokio::test]
async fn a_key_expires_at_its_date() {
    let service = Service::start().await;
    let user = service.user("partner").await;
    let until = START + std::time::Duration::from_secs(100);
    let (key, secret) = service.access_key(user.id, |key| key.valid_until = Some(until)).await;
    let body = json!({ "accessKey": key.access_key, "secret": secret });
    service.wait(99);
    assert_eq!(ask(&service, body.clone()).await.status, 201);
    service.wait(1);
    ask(&service, body).await.is(401, UNAUTHORIZED);
}

#[tokio::test]
async fn what_else_the_body_says_sets_no_claim() {
    let service = Service::start().await;
    let user = service.user("partner").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let body = json!({
        "accessKey": key.access_key, "secret": secret, "ar": ["Admin"], "realm": "Root", "uid": "x", "exp": 9_999_999_999_u64,
    });
    let token = ask(&service, body).await.text;
    assert!(parts(&token).1.contains(r#""ar":["Partner","PartnerAdmin"]"#));
    assert_eq!(names(&crate::support::jwt::claims(&token)).len(), 9);
}

#[tokio::test]
async fn storage_out_of_reach_is_unavailable_and_a_refusal_is_an_error() {
    let service = Service::start().await;
    let body = json!({ "accessKey": UNKNOWN, "secret": "x" });
    service.faults.all(Fault::Unreachable);
    let answer = ask(&service, body.clone()).await;
    answer.is(503, r#"{"statusCode":"Error","error":{"message":"The service is busy. Try again in a moment.","name":"ServiceUnavailableError","code":"ServiceUnavailableError","details":[]}}"#);
    assert_eq!(answer.header("retry-after"), "2");
    service.faults.all(Fault::Refused);
    let answer = ask(&service, body).await;
    answer.is(500, r#"{"statusCode":"Error","error":{"message":"Something went wrong on our side.","name":"InternalError","code":"InternalError","details":[]}}"#);
}

#[tokio::test]
async fn an_access_key_login_is_one_storage_call() {
    let service = Service::start().await;
    let user = service.user("partner").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    service.calls.reset();
    access_key_token(&service, &key.access_key.to_string(), &secret).await;
    assert_eq!(service.calls.total(), 1);
}
