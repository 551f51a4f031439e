//! What only a socket sends: paths as they are, requests that contradict themselves, and half ones.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{PASSWORD, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::NOT_FOUND;
use crate::support::jwt::claims;
use crate::support::raw::{body, connect, exchange, post, status};

const HOST: &str = "Host: localhost\r\n";

fn right() -> String {
    json!({ "username": "alice", "password": PASSWORD }).to_string()
}

#[tokio::test]
async fn a_path_is_taken_as_it_was_sent() {
    let service = Service::start().await;
    service.user("alice").await;
    for path in [
        "//v1/auth",
        "/v1//auth",
        "/./v1/auth",
        "/v1/./auth",
        "/x/../v1/auth",
        "/v1/auth/",
        "/v1/auth/.",
        "/v1/auth/..",
        "/V1/AUTH",
        "/v1/%61uth",
        "/v1%2fauth",
        "/%2e%2e/v1/auth",
        "/%2e/v1/auth",
        "/v1/auth;x=1",
        "/v1/auth%00",
        "/v1/auth%20",
        "/v1/auth%3f",
        "/v1\\auth",
        "/v1/auth,",
        "/public-api/../v1/auth",
        "/public-api/%2e%2e/v1/auth",
        "/login/",
        "/.well-known/../login",
    ] {
        let answer = exchange(&service, post(path, HOST, &right())).await;
        // What is no path at all may be refused as such.
        let expected = if path.contains('\\') { vec![400, 404] } else { vec![404] };
        assert!(expected.contains(&status(&answer)), "{path}: {answer}");
        if status(&answer) == 404 {
            assert_eq!(body(&answer), NOT_FOUND, "{path}");
        }
    }
    let answer = exchange(&service, post("/v1/auth?x=/../..&%00", HOST, &right())).await;
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn the_request_line_and_the_host_change_no_issuer_and_break_nothing() {
    let service = Service::start().await;
    service.user("alice").await;
    let evil = "Host: evil.example\r\n";
    for (target, headers) in [
        ("http://evil.example/v1/auth", evil),
        ("http://evil.example/v1/auth", HOST),
        ("https://user:pass@evil.example:1/v1/auth", HOST),
        ("/v1/auth", evil),
        ("/v1/auth", "Host: evil.example:443\r\n"),
        ("/v1/auth", "Host: [::1]:80\r\n"),
        ("/v1/auth", "Host: EVIL.example.\r\nX-Forwarded-Host: x\r\n"),
    ] {
        let answer = exchange(&service, post(target, headers, &right())).await;
        assert_eq!(status(&answer), 200, "{target} {headers}: {answer}");
        let body: Value = serde_json::from_str(body(&answer)).unwrap();
        assert_eq!(claims(body["access_token"].as_str().unwrap())["iss"], json!(service.url));
    }
}

#[tokio::test]
async fn a_host_that_is_none_is_never_an_error_of_ours() {
    let service = Service::start().await;
    service.user("alice").await;
    for host in [
        "",
        " ",
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "a:b:c",
        "a:99999",
        "a:-1",
        "a:",
        ":1",
        "[",
        "[::",
        "[::1",
        "]",
        "%",
        "%00",
        "a%2fb",
        "<",
        "\"",
        "\\",
        "a,b",
        "*",
        "xn--",
        "1.2.3.4.5",
        "1.2.3.999",
        "0x7f.1.1.1.1",
        "\u{e4}",
    ] {
        let answer = exchange(&service, post("/v1/auth", &format!("Host: {host}\r\n"), &right())).await;
        let status = status(&answer);
        assert!(status == 200 || status == 400, "{host:?}: {answer}");
    }
    for headers in ["", "Host: a\r\nHost: b\r\n"] {
        let answer = exchange(&service, post("/v1/auth", headers, &right())).await;
        assert!([200, 400].contains(&status(&answer)), "{headers:?}: {answer}");
    }
}

/// How many answers there are, and the first one's status.
fn answers(text: &str) -> (usize, u16) {
    (text.matches("HTTP/1.1 ").count(), status(text))
}

const SMUGGLED: &str = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn two_lengths_that_differ_are_a_bad_request() {
    let service = Service::start().await;
    for lengths in [
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 0",
        "Content-Length: 0, 5",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: -1",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999",
        "Content-Length: ",
        "Content-Length : 5",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:\r\n chunked",
    ] {
        let request = format!("POST /v1/auth HTTP/1.1\r\n{HOST}{lengths}\r\n\r\n{SMUGGLED}");
        let answer = exchange(&service, request).await;
        assert_eq!(answers(&answer), (1, 400), "{lengths}: {answer}");
    }
}

#[tokio::test]
async fn with_a_length_and_chunks_nothing_is_smuggled() {
    let service = Service::start().await;
    let (length, chunked) = ("Content-Length: 5", "Transfer-Encoding: chunked");
    for headers in [format!("{length}\r\n{chunked}"), format!("{chunked}\r\n{length}")] {
        let head =
            format!("POST /v1/auth HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n{headers}\r\n\r\n");
        // One who reads the length sees the end of the body before the smuggled request, one who reads the chunks
        // too; whoever answers one request and closes the connection leaves nothing to disagree about
        // (RFC 9112 section 6.3).
        let answer = exchange(&service, format!("{head}0\r\n\r\n{SMUGGLED}")).await;
        assert_eq!(answers(&answer).0, 1, "{headers}: {answer}");
        assert!(!answer.contains("\"keys\""), "{headers}: {answer}");
    }
}

#[tokio::test]
async fn broken_chunks_and_heads_are_neither_served_nor_an_error_of_ours() {
    let service = Service::start().await;
    let chunked = |chunks: &str| {
        format!(
            "POST /v1/auth HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunks}"
        )
    };
    for request in [
        chunked("x\r\n\r\n"),
        chunked("-1\r\n\r\n"),
        chunked("fffffffffffffffff\r\nx"),
        "POST /v1/auth\r\n\r\n".to_owned(),
        format!("POST /v1/auth HTTP/9.9\r\n{HOST}\r\n"),
        format!("POST /v1/auth x HTTP/1.1\r\n{HOST}\r\n"),
        format!("POST /v1/auth HTTP/1.1\r\n{HOST}No colon\r\n\r\n"),
        format!("POST /v1/auth HTTP/1.1\r\n{HOST}A\0b: c\r\n\r\n"),
        format!("POST /v1/auth HTTP/1.1\r\n{HOST}A: b\0c\r\n\r\n"),
        "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(),
    ] {
        let answer = exchange(&service, &request).await;
        assert!(status(&answer) < 500, "{request:?}: {answer}");
        assert_ne!(status(&answer), 200, "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn broken_chunks_are_a_bad_request_and_not_too_much() {
    let service = Service::start().await;
    for chunks in ["x\r\n\r\n", "-1\r\n\r\n", "fffffffffffffffff\r\nx", "1\r\n{}\r\n0\r\n\r\n"] {
        let request = format!("POST /v1/auth HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{chunks}");
        let answer = exchange(&service, request).await;
        let expected = (400, r#"{"message":"Bad Request"}"#);
        assert_eq!((status(&answer), body(&answer)), expected, "{chunks:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    let service = Service::start().await;
    let service = service.behind(|site| site.body_within = Duration::from_millis(200)).await;
    for rest in [
        "Content-Length: 100\r\n\r\n",
        "Content-Length: 100\r\n\r\n{",
        "Transfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ] {
        let started = Instant::now();
        let answer = exchange(&service, format!("POST /v1/auth HTTP/1.1\r\n{HOST}{rest}")).await;
        let expected = (408, r#"{"message":"Request Timeout"}"#);
        assert_eq!((status(&answer), body(&answer)), expected, "{rest:?}: {answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(started.elapsed() < Duration::from_secs(4), "{rest:?}: the connection stayed open");
    }
}

#[tokio::test]
async fn a_head_over_10_kb_is_refused() {
    let service = Service::start().await;
    let headers = format!("{HOST}X: {}\r\n", "x".repeat(10_240));
    let answer = exchange(&service, post("/v1/auth", &headers, &right())).await;
    assert_eq!(status(&answer), 431, "{answer}");
}

#[tokio::test]
async fn slow_and_half_requests_hold_nobody_up() {
    let service = Service::start().await;
    service.user("alice").await;
    let halves = [
        "POST /v1/auth HTT".to_owned(),
        format!("POST /v1/auth HTTP/1.1\r\n{HOST}Content-Le"),
        format!(
            "POST /v1/auth HTTP/1.1\r\n{HOST}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        ),
        String::new(),
    ];
    let mut held = Vec::new();
    for half in halves.iter().cycle().take(80) {
        let mut stream = connect(&service).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        held.push(stream);
    }
    let request = exchange(&service, post("/v1/auth", HOST, &right()));
    let answer = tokio::time::timeout(Duration::from_secs(4), request).await.expect("an answer in time");
    assert_eq!(status(&answer), 200, "{answer}");

    // One of them goes on after all.
    let mut slow = held.swap_remove(2);
    let rest = format!("{:>99}", &right()[1..]);
    for piece in rest.as_bytes().chunks(33) {
        slow.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = vec![0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn one_request_too_many_at_once_is_told_to_come_back() {
    let service = Service::start().await;
    service.user("alice").await;
    let service = service.behind(|site| site.at_once = 1).await;
    let json = right();
    let head = format!("{HOST}Content-Type: application/json\r\nContent-Length: {}\r\n", json.len());
    let mut begun = connect(&service).await;
    let head = format!("POST /v1/auth HTTP/1.1\r\n{head}Expect: 100-continue\r\n\r\n");
    begun.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    begun.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    let answer = exchange(&service, post("/v1/auth", HOST, &json)).await;
    let expected = (503, r#"{"message":"Service Unavailable"}"#);
    assert_eq!((status(&answer), body(&answer)), expected, "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");

    begun.write_all(json.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    begun.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let answer = exchange(&service, post("/v1/auth", HOST, &json)).await;
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn trace_echoes_nothing() {
    let service = Service::start().await;
    let request =
        format!("TRACE /auth/me HTTP/1.1\r\n{HOST}Cookie: JSESSIONID=s.1\r\nConnection: close\r\n\r\n");
    let answer = exchange(&service, request).await;
    assert_eq!((status(&answer), body(&answer)), (404, NOT_FOUND));
}
