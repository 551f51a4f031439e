//! Bodies: their size, their type, and what is no JSON object or form.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{PASSWORD, Service};

use crate::support::door::{DOORS, Door};
use crate::support::{Answer, post_text, send};

const LIMIT: usize = 16 * 1024;

async fn post_typed(service: &Service, door: &Door, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    send(service.post(door.path).header("content-type", content_type).body(body.into())).await
}

/// The door's body with a member of so many bytes that the whole has `size`.
fn padded(door: &Door, size: usize) -> String {
    let rest = format!(r#"{{{},"padding":""}}"#, door.members()).len();
    format!(r#"{{{},"padding":"{}"}}"#, door.members(), "x".repeat(size - rest))
}

#[tokio::test]
async fn a_body_over_16_kib_is_too_large_in_the_shape_of_the_door() {
    let service = Service::start().await;
    for door in &DOORS {
        let at_the_limit = post_text(&service, door.path, padded(door, LIMIT)).await;
        assert_ne!(at_the_limit.status, 413, "{}", door.path);
        service.calls.reset();
        for (why, size) in [("one byte too many", LIMIT + 1), ("over 6 MB", 7_000_000)] {
            let started = Instant::now();
            door.refuses(&post_text(&service, door.path, padded(door, size)).await, 413, why);
            assert!(started.elapsed() < Duration::from_secs(5), "{} {why}", door.path);
        }
        let not_json = post_text(&service, door.path, "x".repeat(LIMIT + 1)).await;
        door.refuses(&not_json, 413, "what is not JSON is not looked at either");
        assert_eq!(service.calls.total(), 0);
    }
}

#[tokio::test]
async fn what_not_even_api_gateway_takes_is_too_large() {
    let service = Service::start().await;
    for door in &DOORS {
        let answer = post_text(&service, door.path, vec![b'x'; 10 * 1024 * 1024 + 1]).await;
        assert_eq!(answer.status, 413, "{}", door.path);
    }
}

/// Bodies that are no JSON object in UTF-8, each with what is wrong with it.
fn not_an_object(door: &Door) -> Vec<(&'static str, Vec<u8>)> {
    let (body, members) = (door.body, door.members());
    let with = |value: &str| format!(r#"{{{members},"x":{value}}}"#).into_bytes();
    let nested = |depth: usize| with(&format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1)));
    let utf16 = |encode: fn(u16) -> [u8; 2]| body.encode_utf16().flat_map(encode).collect::<Vec<u8>>();
    vec![
        ("a repeated key", format!("{{{members},{members}}}").into_bytes()),
        ("a repeated key further down", with(r#"{"a":1,"a":1}"#)),
        ("trailing text", format!("{body}x").into_bytes()),
        ("trailing object", format!("{body}{body}").into_bytes()),
        ("a NUL behind", format!("{body}\0").into_bytes()),
        ("a comma behind", format!("{{{members},}}").into_bytes()),
        ("a comment", format!("{{{members}/**/}}").into_bytes()),
        ("NaN", with("NaN")),
        ("Infinity", with("-Infinity")),
        ("1e9999", with("1e9999")),
        ("a leading zero", with("01")),
        ("hexadecimal", with("0x1")),
        ("single quotes", with("'x'")),
        ("depth 17", nested(17)),
        ("depth 8,000", nested(8_000)),
        ("10,000 open brackets", format!("{{{members},\"x\":{}", "[".repeat(10_000)).into_bytes()),
        ("a byte order mark", format!("\u{feff}{body}").into_bytes()),
        ("UTF-16, little end first", utf16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(u16::to_be_bytes)),
        (
            "invalid UTF-8",
            with("\"\u{1}\"").into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect(),
        ),
        ("an overlong slash", [br#"{"x":""#.as_slice(), b"\xc0\xaf", br#""}"#].concat()),
        ("a lone surrogate", with(r#""\ud800""#)),
        ("two surrogates the wrong way round", with(r#""\udc00\ud800""#)),
        ("a line break in a string", with("\"\n\"")),
        ("an array", format!("[{body}]").into_bytes()),
        ("null", b"null".to_vec()),
        ("a number", b"7".to_vec()),
        ("a string", b"\"x\"".to_vec()),
        ("true", b"true".to_vec()),
        ("white space", b" \n".to_vec()),
        ("half of it", body.as_bytes()[..body.len() / 2].to_vec()),
        ("a form", b"username=x&password=y".to_vec()),
        ("something packed", b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xab\xae\x05\0".to_vec()),
    ]
}

#[tokio::test]
async fn what_is_no_json_object_is_a_bad_request_in_the_shape_of_the_door() {
    let service = Service::start().await;
    for door in &DOORS {
        service.calls.reset();
        let started = Instant::now();
        for (why, body) in not_an_object(door) {
            door.refuses(&post_text(&service, door.path, body).await, 400, why);
        }
        // All of them together, so that a machine that is busy for a moment is no failure.
        assert!(started.elapsed() < Duration::from_secs(10), "{}", door.path);
        assert_eq!(service.calls.total(), 0, "{}", door.path);
    }
}

#[tokio::test]
async fn sixteen_levels_are_not_too_deep() {
    let service = Service::start().await;
    let deep = format!(r#"{{"username":"x","password":"y","x":{}{}}}"#, "[".repeat(15), "]".repeat(15));
    assert_eq!(post_text(&service, "/v1/auth", deep).await.status, 401);
}

#[tokio::test]
async fn a_missing_or_wrong_content_type_is_a_bad_request_in_the_shape_of_the_door() {
    let service = Service::start().await;
    for door in &DOORS {
        let answer = send(service.post(door.path).body(door.body)).await;
        door.refuses(&answer, 400, "no Content-Type");
        for content_type in [
            "text/plain",
            "application/xml",
            "application/json; charset=utf-16",
            "application/json, text/plain",
            "application/jsonx",
            "json",
            "*/*",
            ";",
            "multipart/form-data",
            "application/x-amz-json-1.0",
        ] {
            let answer = post_typed(&service, door, content_type, door.body).await;
            door.refuses(&answer, 400, content_type);
        }
    }
}

#[tokio::test]
async fn parameters_and_case_of_the_content_type_do_not_matter() {
    let service = Service::start().await;
    service.user("alice").await;
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    for content_type in
        ["Application/JSON", "application/json;charset=UTF-8", "application/json ; charset=\"utf-8\""]
    {
        for path in ["/v1/auth", "/auth/login"] {
            let request = service.post(path).header("content-type", content_type).body(body.clone());
            assert_eq!(send(request).await.status, 200, "{path} {content_type}");
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";

fn part(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[tokio::test]
async fn a_form_is_for_the_doors_that_take_forms() {
    let service = Service::start().await;
    for door in DOORS.iter().filter(|door| !door.forms) {
        let names: Vec<String> = door.object().keys().map(|name| format!("{name}=x")).collect();
        door.refuses(&post_typed(&service, door, FORM, names.join("&")).await, 400, "form");
        let parts: String = door.object().keys().map(|name| part(name, "x")).collect();
        door.refuses(&post_typed(&service, door, MULTIPART, parts + "--b--\r\n").await, 400, "multipart");
    }
}

#[tokio::test]
async fn a_form_that_repeats_a_field_or_cannot_be_read_is_a_bad_request() {
    let service = Service::start().await;
    for door in DOORS.iter().filter(|door| door.forms) {
        let name = door.object().keys().next().unwrap().clone();
        for body in [
            format!("{name}=x&{name}=x"),
            format!("{name}=x&%{:02x}{}=y", name.as_bytes()[0], &name[1..]),
            format!("{name}=%ff"),
            format!("{name}=%ed%a0%80"),
        ] {
            door.refuses(&post_typed(&service, door, FORM, body.clone()).await, 400, &body);
        }
        door.refuses(&post_typed(&service, door, FORM, b"username=\xff".to_vec()).await, 400, "bytes");
        let once = part(&name, "x");
        for body in [
            format!("{once}{once}--b--\r\n"),
            format!("{once}--c--\r\n"),
            once.clone(),
            "--b\r\n\r\nx\r\n--b--\r\n".to_owned(),
            door.body.to_owned(),
        ] {
            door.refuses(&post_typed(&service, door, MULTIPART, body.clone()).await, 400, &body);
        }
        let binary = [part(&name, "").trim_end().as_bytes(), b"\r\n\r\n\x1f\x8b\xff\0\r\n--b--\r\n"].concat();
        door.refuses(&post_typed(&service, door, MULTIPART, binary).await, 400, "binary part");
    }
}

#[tokio::test]
async fn a_packed_body_is_not_unpacked() {
    let service = Service::start().await;
    for door in &DOORS {
        let request = service.post(door.path).header("content-type", "application/json");
        let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0".to_vec();
        door.refuses(&send(request.header("content-encoding", "gzip").body(packed)).await, 400, "gzip");
    }
}

#[tokio::test]
async fn a_value_of_another_type_never_breaks_anything() {
    let service = Service::start().await;
    let values = [
        json!([]),
        json!(["x"]),
        json!({}),
        json!({ "S": "x" }),
        json!({ "$gt": "" }),
        Value::Null,
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("\u{0}"),
        json!("USER#1"),
        json!("#:.[0]"),
        json!("\u{202e}\u{200b}\u{fffd}"),
        json!("x".repeat(15_000)),
    ];
    for door in &DOORS {
        for name in door.object().keys() {
            for value in &values {
                let mut body = door.object();
                body.insert(name.clone(), value.clone());
                let answer = send(service.post(door.path).json(&body)).await;
                assert!(answer.status.is_client_error(), "{} {name} {value}: {}", door.path, answer.text);
                door.refuses(&answer, answer.status.as_u16(), name);
            }
        }
    }
}

#[tokio::test]
async fn what_a_body_says_beyond_its_fields_sets_nothing() {
    let service = Service::start().await;
    let body = json!({
        "username": "alice", "password": PASSWORD, "email": "alice@example.com", "id": "613590fd0366b6816a0b75ee",
        "userid": 26, "status": 0, "sub_type": "admin", "scopes": ["admin"], "scope": "admin", "role": "admin",
        "account": "613590fd0366b6816a0b75ee", "created_at": 1, "tokens_valid_after": 0, "is_verified": true,
    });
    let (status, answer) = service.post_json("/auth/signup", &body).await;
    assert_eq!(status, 200, "{answer}");
    let token = crate::support::scoped_token(&service, "alice").await;
    let claims = crate::support::jwt::claims(&token);
    assert_eq!((&claims["scope"], &claims["sub_type"]), (&json!(""), &json!("user")));
    assert_ne!(claims["sub"], "613590fd0366b6816a0b75ee");
    let (_, answer) = service.verify(&token).await;
    assert_eq!(answer["data"]["user"]["status"], 1);
}
