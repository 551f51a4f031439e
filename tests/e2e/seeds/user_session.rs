//! "Authentication API": the document of user sessions.

use serde_json::{Value, json};
use tests::{PASSWORD, Service};

use super::{compact, has_shape_of};
use crate::support::{Answer, send, sign_in};

const BAD_REQUEST: &str = r#"{ "error": "Bad request" }"#;

/// The document's error, to which API.md adds the details.
#[track_caller]
fn is_bad_request(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    has_shape_of(&answer.json(), BAD_REQUEST, &["details"]);
    let start = compact(BAD_REQUEST);
    assert!(answer.text.starts_with(start.trim_end_matches('}')), "{}", answer.text);
}

async fn post_form(service: &Service, path: &str, fields: &[(&str, &str)]) -> Answer {
    send(service.post(path).form(fields)).await
}

#[tokio::test]
async fn login_200() {
    const EXAMPLE: &str = r#"{
        "message": "Login success",
        "tokens": {
            "access_token": "a.3f8f961077b54e0e76251dafd678qw34af00adf7d4418b2524bc2334fb1938f1",
            "valid_for": 7200,
            "refresh_token": "r.c7628b62bfbe5e19f101b2re893c27741dc504935527cf4d652aeaf28e8d178a",
            "reference_token": "auth_grant",
            "type": "api"
        }
    }"#;
    let service = Service::start().await;
    service.user("abi").await;
    for username in ["abi", "abi@example.com"] {
        let answer =
            post_form(&service, "/auth/login", &[("username", username), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 200);
        has_shape_of(&answer.json(), EXAMPLE, &[]);
        let (answer, example) = (answer.json(), serde_json::from_str::<Value>(EXAMPLE).unwrap());
        assert_eq!(answer["message"], example["message"]);
        for name in ["valid_for", "reference_token", "type"] {
            assert_eq!(answer["tokens"][name], example["tokens"][name]);
        }
        for name in ["access_token", "refresh_token"] {
            assert_eq!(prefix(&answer["tokens"][name]), prefix(&example["tokens"][name]));
        }
    }
}

fn prefix(token: &Value) -> &str {
    &token.as_str().unwrap()[..2]
}

#[tokio::test]
async fn login_406() {
    let service = Service::start().await;
    let answer = post_form(&service, "/auth/login", &[("username", "abi"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 406);
    has_shape_of(&answer.json(), r#"{ "error": "Detailed error message" }"#, &[]);
}

#[tokio::test]
async fn login_400() {
    let service = Service::start().await;
    is_bad_request(&post_form(&service, "/auth/login", &[("username", "abi")]).await);
    is_bad_request(&post_form(&service, "/auth/login", &[]).await);
}

#[tokio::test]
async fn the_documents_access_token_goes_into_the_header() {
    let service = Service::start().await;
    service.user("abi").await;
    let access = sign_in(&service, "abi").await.access;
    let ask =
        |token: String| send(service.get("/auth/me").header("authorization", format!("Bearer {token}")));
    assert_eq!(ask(access).await.status, 200);
    let example = "a.3f8f961077b54e0e76251dafd678qw34af00adf7d4418b2524bc2334fb1938f1";
    assert_eq!(ask(example.to_owned()).await.status, 401);
}

#[tokio::test]
async fn refresh_200() {
    const EXAMPLE: &str = r#"{
        "message": "Refresh Success",
        "tokens": {
            "access_token": "a.fcd25683d077219e29ef990f79ddff8946495186a9773af1e4bee633a0b99a5b",
            "valid_for": 7200,
            "refresh_token": "d.cf03600e7e505af7c4e90120838a05a3",
            "reference_token": "r.786906ede70648bccc44af4d13a461f87e0331d080565fbe1fd2ac21ea2e524c",
            "type": "api"
        }
    }"#;
    let service = Service::start().await;
    service.user("abi").await;
    let refresh = sign_in(&service, "abi").await.refresh;
    let answer = post_form(&service, "/auth/refresh", &[("refresh_token", &refresh)]).await;
    assert_eq!(answer.status, 200);
    has_shape_of(&answer.json(), EXAMPLE, &[]);
    let (answer, example) = (answer.json(), serde_json::from_str::<Value>(EXAMPLE).unwrap());
    assert_eq!(answer["message"], example["message"]);
    for name in ["valid_for", "type"] {
        assert_eq!(answer["tokens"][name], example["tokens"][name]);
    }
    for name in ["access_token", "refresh_token", "reference_token"] {
        assert_eq!(prefix(&answer["tokens"][name]), prefix(&example["tokens"][name]));
    }
    let length = |value: &Value| value["tokens"]["reference_token"].as_str().unwrap().len();
    assert_eq!(length(&answer), length(&example));
}

#[tokio::test]
async fn refresh_406() {
    let service = Service::start().await;
    for token in [
        "d.cf03600e7e505af7c4e90120838a05a3",
        "r.c7628b62bfbe5e19f101b2re893c27741dc504935527cf4d652aeaf28e8d178a",
    ] {
        let answer = post_form(&service, "/auth/refresh", &[("refresh_token", token)]).await;
        assert_eq!(answer.status, 406);
        has_shape_of(&answer.json(), r#"{ "error": "Detailed error message" }"#, &[]);
    }
}

#[tokio::test]
async fn refresh_400() {
    let service = Service::start().await;
    is_bad_request(&post_form(&service, "/auth/refresh", &[]).await);
}

#[tokio::test]
async fn signup_200() {
    let service = Service::start().await;
    let form = [("username", "abi"), ("password", PASSWORD), ("email", "abishek@example.com")];
    let answer = post_form(&service, "/auth/signup", &form).await;
    assert_eq!(answer.status, 200);
    has_shape_of(&answer.json(), r#"{ "message": "Signup success", "userid": 26 }"#, &[]);
    assert_eq!(answer.json()["message"], "Signup success");
    assert!(answer.json()["userid"].as_u64().unwrap() < 1 << 53);
}

#[tokio::test]
async fn signup_400() {
    let service = Service::start().await;
    let table: [&[(&str, &str)]; 4] = [
        &[],
        &[("username", "abi"), ("password", PASSWORD)],
        &[("username", "a b i"), ("password", PASSWORD), ("email", "abi@example.com")],
        // "Any password greater than 8 characters"
        &[("username", "abi"), ("password", "8letters"), ("email", "abi@example.com")],
    ];
    for form in table {
        is_bad_request(&post_form(&service, "/auth/signup", form).await);
    }
}

#[tokio::test]
async fn signup_409() {
    let service = Service::start().await;
    service.user("abi").await;
    let form = [("username", "abi"), ("password", PASSWORD), ("email", "another@example.com")];
    let answer = post_form(&service, "/auth/signup", &form).await;
    answer.is(409, &compact(r#"{ "error": "Unable to signup." }"#));
}

#[tokio::test]
async fn json_with_the_same_names_is_taken_too() {
    let service = Service::start().await;
    service.user("abi").await;
    let (status, _) =
        service.post_json("/auth/login", &json!({ "username": "abi", "password": PASSWORD })).await;
    assert_eq!(status, 200);
}
