//! Door E: scoped tokens.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use shared::user::UserStatus;
use tests::{Fault, PASSWORD, START, Service};

use crate::support::jwt::{claims, header, names};
use crate::support::{Answer, post_text, scoped_token, send};

async fn ask(service: &Service, body: Value) -> Answer {
    send(service.post("/v1/auth").json(&body)).await
}

fn error(code: u16, message: &str, description: &str) -> String {
    json!({ "code": code, "message": message, "description": description }).to_string()
}

#[tokio::test]
async fn a_name_and_a_password_give_a_token() {
    let service = Service::start().await;
    service.user("BR0001").await;
    for name in ["BR0001", "br0001", "br0001@example.com", "BR0001@Example.com"] {
        let answer = ask(&service, json!({ "username": name, "password": PASSWORD })).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        assert_eq!(names(&answer.json()), ["access_token"]);
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(!answer.headers.contains_key("set-cookie"));
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn the_claims_say_who_and_what_is_allowed_for_a_day() {
    let service = Service::start().await;
    let user = service
        .user_with("BR0001", |user| {
            user.sub_type = "admin".to_owned();
            user.scopes =
                ["physicalactivities:read", "sleep:read", "measurements:read"].map(str::to_owned).to_vec();
        })
        .await;
    let token = scoped_token(&service, "BR0001").await;
    let claims = claims(&token);
    assert_eq!(names(&header(&token)), ["typ", "alg", "kid"]);
    assert_eq!(header(&token)["alg"], "RS256");
    assert_eq!(names(&claims), ["sub", "sub_type", "iss", "iat", "scope", "exp", "jti"]);
    assert_eq!(claims["sub"], json!(user.id));
    assert_eq!(claims["sub_type"], "admin");
    assert_eq!(claims["iss"], json!(service.url));
    assert_eq!(claims["iat"], START.seconds());
    assert_eq!(claims["exp"], START.seconds() + 24 * 3600);
    assert_eq!(claims["scope"], "physicalactivities:read sleep:read measurements:read");
}

#[tokio::test]
async fn a_user_without_scopes_gets_an_empty_scope() {
    let service = Service::start().await;
    service.user_with("BR0001", |user| user.scopes.clear()).await;
    assert_eq!(claims(&scoped_token(&service, "BR0001").await)["scope"], "");
}

#[tokio::test]
async fn anyone_can_check_the_token_with_the_published_keys() {
    let service = Service::start().await;
    let user = service.user("BR0001").await;
    let token = scoped_token(&service, "BR0001").await;
    let answer = send(service.get("/.well-known/jwks.json")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("cache-control").contains("max-age="));
    for key in answer.json()["keys"].as_array().unwrap() {
        assert_eq!(names(key), ["kty", "use", "alg", "kid", "n", "e"], "public members only");
    }

    let keys: JwkSet = serde_json::from_str(&answer.text).unwrap();
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[&service.url]);
    // The service's clock stands still, somewhere else than the verifier's.
    rules.validate_exp = false;
    let data = jsonwebtoken::decode::<Value>(&token, &key, &rules).unwrap();
    assert_eq!(data.claims["sub"], json!(user.id));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    assert!(jsonwebtoken::decode::<Value>(&other, &key, &rules).is_err());
}

#[tokio::test]
async fn a_request_with_faults_is_told_them_word_for_word() {
    let service = Service::start().await;
    let not_json = error(400, "Invalid JSON format...", "The body is not valid JSON.");
    let not_an_object = error(400, "Invalid JSON format...", "The body is not a JSON object.");
    let repeated = error(400, "Invalid JSON format...", r#"The key "username" is repeated."#);
    let missing =
        |names: &str| error(400, "Required fields were not provided...", &format!("{names} are required!"));
    let invalid = |fault: &str| error(400, "One or more request fields are invalid...", fault);
    let table = [
        ("", not_json.clone()),
        ("{", not_json.clone()),
        (r#"{username:"BR0001"}"#, not_json),
        ("[]", not_an_object.clone()),
        ("null", not_an_object),
        (r#"{"username":"a","username":"b","password":"c"}"#, repeated),
        ("{}", missing("username, password")),
        (r#"{"password":"br123"}"#, missing("username")),
        (r#"{"username":"BR0001"}"#, missing("password")),
        (r#"{"username":null,"password":null}"#, missing("username, password")),
        // What is missing is told first, then what is no string, then what is empty.
        (r#"{"username":7}"#, missing("password")),
        (r#"{"username":7,"password":""}"#, invalid("username must be a string!")),
        (r#"{"username":7,"password":"br123"}"#, invalid("username must be a string!")),
        (r#"{"username":"BR0001","password":["br123"]}"#, invalid("password must be a string!")),
        (r#"{"password":{},"username":true}"#, invalid("username, password must be a string!")),
        (r#"{"username":"","password":"br123"}"#, invalid("username must have at least one character!")),
        (r#"{"username":"BR0001","password":""}"#, invalid("password must have at least one character!")),
        (r#"{"username":"","password":""}"#, invalid("username, password must have at least one character!")),
    ];
    for (body, expected) in table {
        let answer = post_text(&service, "/v1/auth", body).await;
        assert_eq!((answer.status.as_u16(), &answer.text), (400, &expected), "{body}");
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn wrong_credentials_are_one_answer_whether_or_not_the_user_exists() {
    let service = Service::start().await;
    service.user("BR0001").await;
    let expected = error(401, "Authentication failed...", "Wrong username or password.");
    for (name, password) in [
        ("BR0001", "br123"),
        ("BR0001", "Correct horse battery"),
        ("BR0001", "correct horse battery "),
        ("br0001@example.com", "br123"),
        ("BR0002", PASSWORD),
        ("nobody@example.com", PASSWORD),
        (" BR0001", PASSWORD),
        ("BR0001\u{0}", PASSWORD),
        ("USER#1", PASSWORD),
    ] {
        let answer = ask(&service, json!({ "username": name, "password": password })).await;
        answer.is(401, &expected);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn a_suspended_user_is_told_so_only_with_the_right_password() {
    let service = Service::start().await;
    service.user_with("BR0001", |user| user.status = UserStatus::Suspended).await;
    let right = ask(&service, json!({ "username": "BR0001", "password": PASSWORD })).await;
    right.is(401, &error(401, "Authentication failed...", "This user is suspended."));
    let wrong = ask(&service, json!({ "username": "BR0001", "password": "br123" })).await;
    wrong.is(401, &error(401, "Authentication failed...", "Wrong username or password."));
}

#[tokio::test]
async fn faults_of_storage_have_the_shape_of_the_door() {
    let service = Service::start().await;
    service.user("BR0001").await;
    let body = json!({ "username": "BR0001", "password": PASSWORD });
    service.faults.all(Fault::Throttled);
    let answer = ask(&service, body.clone()).await;
    answer.is(503, &error(503, "Service Unavailable", "The service is busy. Try again in a moment."));
    assert_eq!(answer.header("retry-after"), "2");
    service.faults.all(Fault::Refused);
    let answer = ask(&service, body.clone()).await;
    answer.is(500, &error(500, "Internal Server Error", "Something went wrong on our side."));
    service.faults.none();
    assert_eq!(ask(&service, body).await.status, 200);
}

#[tokio::test]
async fn too_many_wrong_passwords_have_to_wait() {
    let service = Service::start().await;
    let body = json!({ "username": "BR0001", "password": "br123" });
    for _ in 0..5 {
        assert_eq!(ask(&service, body.clone()).await.status, 401);
    }
    let answer = ask(&service, body).await;
    answer.is(429, &error(429, "Too Many Requests", "Too many failed attempts. Try again in 1 s."));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_scoped_token_is_two_storage_calls_by_name_and_three_by_address() {
    let service = Service::start().await;
    service.user("BR0001").await;
    for (name, calls) in [("BR0001", 2), ("br0001@example.com", 3)] {
        service.calls.reset();
        scoped_token(&service, name).await;
        assert_eq!(service.calls.in_sequence(), calls, "{name}");
    }
}
