//! "Authorization": the document of verify token.

use serde_json::json;
use tests::{Fault, Service};

use super::has_shape_of;
use crate::support::{Answer, johnson, post_text, send, sign_in};

const SAMPLE: &str = r#"{  "code": 200,  "message": "string",  "data": {    "is_verified": true,    "user": {      "id": "613590fd0366b6816a0b75ee",      "first_name": "Johnson",      "last_name": "Ajayi",      "display_name": "samsoft",      "email": "hng.user01@gmail.com",      "phone": "09067324567",      "status": 0,      "time_zone": "string",      "created_at": "2021-09-06T03:54:37.387Z",      "update_at": "1901-01-01T00:00:00.000Z"    }  }}"#;

const PATH: &str = "/auth/verify-token";

#[tokio::test]
async fn the_sample_response_by_bearer_and_by_cookie() {
    let service = Service::start().await;
    let user = service
        .user_with("samsoft", |user| {
            user.email = "hng.user01@gmail.com".parse().unwrap();
            user.profile = johnson();
            user.created_at = shared::clock::Timestamp::from_millis(1_630_900_477_387);
        })
        .await;
    let session = sign_in(&service, "samsoft").await;
    let cookie = format!("JSESSIONID={}", session.cookie("JSESSIONID"));
    for request in
        [service.get(PATH).bearer_auth(&session.access), service.get(PATH).header("cookie", cookie)]
    {
        let answer = send(request).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
        has_shape_of(&answer.json(), SAMPLE, &[]);
        let mut sample: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
        sample["data"]["user"]["id"] = json!(user.id);
        assert_eq!(answer.json()["data"], sample["data"]);
        assert_eq!(answer.json()["code"], 200);
    }
}

/// The response schema of every error: code an integer, message a string.
#[track_caller]
fn is_error(answer: &Answer, code: u16) {
    assert_eq!(answer.status, code, "{}", answer.text);
    has_shape_of(&answer.json(), r#"{"code":400,"message":"string"}"#, &[]);
    assert_eq!(answer.json()["code"], code);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn the_standard_errors_have_code_and_message() {
    let service = Service::start().await;
    service.user("samsoft").await;
    let access = sign_in(&service, "samsoft").await.access;
    is_error(&post_text(&service, PATH, "{").await, 400);
    is_error(&send(service.get(PATH)).await, 401);
    let two = service.get(PATH).bearer_auth(&access).header("cookie", "JSESSIONID=s.1");
    is_error(&send(two).await, 422);
    service.faults.all(Fault::Refused);
    is_error(&send(service.get(PATH).bearer_auth(&access)).await, 500);
}

#[tokio::test]
async fn the_token_and_the_cookie_expire_in_24_hours() {
    let service = Service::start().await;
    service.user("samsoft").await;
    let token = crate::support::scoped_token(&service, "samsoft").await;
    let session = sign_in(&service, "samsoft").await;
    let cookie = session.cookie("JSESSIONID");
    service.wait(24 * 3600 - 1);
    assert_eq!(service.verify(&token).await.0, 200);
    assert_eq!(service.verify(cookie).await.0, 200);
    service.wait(1);
    assert_eq!(service.verify(&token).await.0, 401);
    assert_eq!(service.verify(cookie).await.0, 401);
}

#[tokio::test]
async fn the_token_may_stand_in_the_body_of_the_request() {
    let service = Service::start().await;
    service.user("samsoft").await;
    let access = sign_in(&service, "samsoft").await.access;
    let answer = send(service.post(PATH).json(&json!({ "token": access }))).await;
    assert_eq!(answer.status, 200);
    has_shape_of(&answer.json(), SAMPLE, &[]);
}
