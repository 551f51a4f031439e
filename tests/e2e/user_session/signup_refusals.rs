//! What signup refuses, and how it says so.

use serde_json::{Value, json};
use tests::{Answer, PASSWORD, Service, text};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The fields that `details` names, in order, after the answer was found to be a 400.
async fn wrong_fields(service: &Service, body: &Value) -> Vec<String> {
    let (status, answer) = service.post_json("/auth/signup", body).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("Bad request")), "{body} {answer}");
    let details = answer["details"].as_array().cloned().unwrap_or_default();
    assert!(details.iter().all(|detail| !text(&detail["reason"]).is_empty()), "{answer}");
    details.iter().map(|detail| text(&detail["field"])).collect()
}

fn signup(username: &str, password: &str, email: &str) -> Value {
    json!({ "username": username, "password": password, "email": email })
}

async fn stored_nothing(service: &Service) {
    assert_eq!(service.stored().await, Vec::<String>::new());
}

#[tokio::test]
async fn signup_names_every_missing_field() {
    let service = Service::start().await;
    assert_eq!(wrong_fields(&service, &json!({})).await, ["username", "password", "email"]);
    assert_eq!(wrong_fields(&service, &json!({ "username": "alice" })).await, ["password", "email"]);
    let none = json!({ "username": null, "password": PASSWORD, "email": "a@example.com" });
    assert_eq!(wrong_fields(&service, &none).await, ["username"]);
    stored_nothing(&service).await;
}

#[tokio::test]
async fn signup_names_every_empty_field() {
    let service = Service::start().await;
    assert_eq!(wrong_fields(&service, &signup("", "", "")).await, ["username", "password", "email"]);
    let (status, _) = service.post_form("/auth/signup", &[("username", ""), ("password", "x")]).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn signup_names_every_field_that_is_no_text() {
    let service = Service::start().await;
    for value in [json!(1), json!(true), json!(["alice"]), json!({ "S": "alice" })] {
        let body = json!({ "username": value, "password": value, "email": value });
        assert_eq!(wrong_fields(&service, &body).await, ["username", "password", "email"], "{value}");
    }
}

#[tokio::test]
async fn signup_names_all_wrong_fields_at_once() {
    let service = Service::start().await;
    let body = signup("a b", "short", "nowhere");
    assert_eq!(wrong_fields(&service, &body).await, ["username", "email", "password"]);
}

#[tokio::test]
async fn signup_refuses_what_is_no_username() {
    let service = Service::start().await;
    let long = "x".repeat(65);
    for username in [
        "ab",
        &long,
        "al ice",
        " alice",
        "alice ",
        "al\u{0}ice",
        "alice\r\n",
        "al\u{202e}ice",
        "al\u{200b}ice",
        "аlice",
        "ａｌｉｃｅ",
        "\u{212a}elvin",
        "alıce",
        "USER#alice",
        "#pk",
        ":username",
        "a@b.co",
    ] {
        let body = signup(username, PASSWORD, "alice@example.com");
        assert_eq!(wrong_fields(&service, &body).await, ["username"], "{username:?}");
    }
    stored_nothing(&service).await;
}

#[tokio::test]
async fn signup_refuses_what_is_not_one_address() {
    let service = Service::start().await;
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long = format!("alice@{}example.com", "abcdefghi.".repeat(25));
    assert!(long.len() > 254);
    for email in [
        "alice",
        "alice@",
        "@example.com",
        "alice@example",
        "alice@@example.com",
        "alice@example@example.com",
        "alice@example.com,mallory@example.com",
        "alice@example.com;mallory@example.com",
        "alice@example.com mallory@example.com",
        "alice@example.com\r\nBcc: mallory@example.com",
        "alice\n@example.com",
        "alice@example.com\n",
        " alice@example.com",
        "Alice <alice@example.com>",
        "\"al ice\"@example.com",
        "alice@[127.0.0.1]",
        "alice@127.0.0.1",
        "alice@-example.com",
        "al\u{0}ice@example.com",
        "älice@example.com",
        &long_local,
        &long,
    ] {
        let body = signup("alice", PASSWORD, email);
        assert_eq!(wrong_fields(&service, &body).await, ["email"], "{email:?}");
    }
    stored_nothing(&service).await;
}

#[tokio::test]
async fn signup_refuses_weak_passwords() {
    let service = Service::start().await;
    let too_long = "ñ".repeat(257);
    for (password, why) in [
        ("12345678", "8 characters"),
        ("ñññññññz", "8 code points in 15 bytes"),
        (&too_long, "257 code points"),
        ("password123", "common"),
        ("PASSWORD123", "common in another case"),
        ("xx wonderland xx", "contains the username"),
        ("xx WonderLand xx", "contains the username in another case"),
        ("my rabbit.hole is deep", "contains the local part of the address"),
        ("my LATCHKEY for this", "contains the name of the product"),
    ] {
        let body = signup("wonderland", password, "rabbit.hole@example.com");
        assert_eq!(wrong_fields(&service, &body).await, ["password"], "{why}");
    }
    stored_nothing(&service).await;
}

#[tokio::test]
async fn signup_takes_any_other_password_whole() {
    let service = Service::start().await;
    let (longest, spaces) = ("ñx".repeat(128), " ".repeat(9));
    for (n, password) in ["123 Owls!", "ein Schloß", "\u{1f511}\u{1f40e}\u{1f50b} nine!", &spaces, &longest]
        .into_iter()
        .enumerate()
    {
        let (username, email) = (format!("user{n}"), format!("reader{n}@example.com"));
        let (status, body) = service.post_json("/auth/signup", &signup(&username, password, &email)).await;
        assert_eq!(status, 200, "{password:?} {body}");
        assert_eq!(service.try_log_in(&username, password).await.status, 200, "{password:?}");
    }
}

#[tokio::test]
async fn signup_names_a_repeated_field_of_a_form_and_of_json() {
    let service = Service::start().await;
    let part = "--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nalice\r\n";
    let parts = format!("{part}{part}--b--\r\n");
    for (content_type, body) in [
        (FORM, "username=alice&username=mallory"),
        ("multipart/form-data; boundary=b", &parts),
        (JSON, r#"{"username":"alice","username":"mallory"}"#),
        (JSON, r#"{"x":{"username":"alice","username":"mallory"}}"#),
    ] {
        let request = service.post("/auth/signup").header("content-type", content_type);
        let answer = Answer::to(request.body(body.to_owned())).await;
        assert_eq!(answer.status, 400, "{content_type} {body}");
        let repeated = json!([{ "field": "username", "reason": "is repeated" }]);
        assert_eq!(answer.body, json!({ "error": "Bad request", "details": repeated }), "{body}");
    }
    stored_nothing(&service).await;
}

#[tokio::test]
async fn signup_refuses_a_body_that_it_cannot_read() {
    let service = Service::start().await;
    let whole = signup("alice", PASSWORD, "alice@example.com").to_string();
    let twice = format!("{},\"username\":\"mallory\"}}", whole.trim_end_matches('}'));
    let form = format!("username=alice&username=mallory&password={PASSWORD}&email=alice@example.com");
    for (content_type, body) in [
        (None, whole.as_str()),
        (Some("text/plain"), &whole),
        (Some(FORM), &whole),
        (Some(FORM), &form),
        (Some(FORM), "username=%ff&password=x&email=y"),
        (Some("multipart/form-data"), &whole),
        (Some("multipart/form-data; boundary=b"), &whole),
        (Some(JSON), ""),
        (Some(JSON), "[]"),
        (Some(JSON), "{"),
        (Some(JSON), &twice),
        (Some(JSON), "username=alice"),
    ] {
        let mut request = service.post("/auth/signup").body(body.to_owned());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 400, "{content_type:?} {body}");
        assert_eq!(answer.body["error"], "Bad request", "{content_type:?} {body}");
    }
    stored_nothing(&service).await;
}
