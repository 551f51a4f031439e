//! The first start, the second one, and the end.

use std::time::{Duration, Instant};

use latchkey::bootstrap::bootstrap;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tests::Service;
use tests::program::{Latchkey, Program};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::curl;

/// Starts it in a folder, on any port, with an issuer that outlives the port.
pub(super) async fn start(folder: &TempDir) -> Program {
    Latchkey::new(folder.path(), ["--port", "0"]).env("PUBLIC_URL", "http://localhost:3000").serve().await
}

#[tokio::test]
async fn every_line_of_the_banner_works() {
    let folder = tempdir().unwrap();
    let program = start(&folder).await;
    let lines: Vec<&str> = program.banner.lines().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 6);
    for line in lines {
        let (status, body) = curl::send(&program.http, line).await;
        assert!(status.is_success(), "{status} {body}: {line}");
    }
    assert!(program.banner.starts_with(&format!("Latchkey is listening on {}\n", program.url)));
    assert!(program.banner.contains(".latchkey"));
}

#[tokio::test]
async fn a_second_start_prints_no_secret_and_keeps_everything() {
    let folder = tempdir().unwrap();
    let first = start(&folder).await;
    let secrets = first.secrets();

    let answer = |request: reqwest::RequestBuilder| async move {
        let response = request.send().await.unwrap();
        let (status, body) = (response.status().as_u16(), response.text().await.unwrap());
        (status, body.clone(), serde_json::from_str::<Value>(&body).unwrap_or_default())
    };
    let sign_in = [("username", "admin"), ("password", &secrets.password)];
    let (_, _, session) = answer(first.http.post(first.at("/auth/login")).form(&sign_in)).await;
    let account = json!({ "account": "000000000000000000000001", "secret": secrets.account });
    let (_, _, of_account) = answer(first.http.post(first.at("/public-api/auth/")).json(&account)).await;
    let key = json!({ "accessKey": secrets.access_key, "secret": secrets.key_secret });
    let (_, of_key, _) = answer(first.http.post(first.at("/login")).json(&key)).await;
    let user = json!({ "username": "admin", "password": secrets.password });
    let (_, _, scoped) = answer(first.http.post(first.at("/v1/auth")).json(&user)).await;
    let (_, keys, _) = answer(first.http.get(first.at("/.well-known/jwks.json"))).await;
    let ended = first.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    let second = start(&folder).await;
    for secret in secrets.clone().all() {
        assert!(!second.banner.contains(&secret), "{secret}");
    }
    let (_, keys_now, _) = answer(second.http.get(second.at("/.well-known/jwks.json"))).await;
    assert_eq!(keys, keys_now);
    let tokens = [
        session["tokens"]["access_token"].as_str().unwrap(),
        of_account["token"].as_str().unwrap(),
        &of_key,
        scoped["access_token"].as_str().unwrap(),
    ];
    for token in tokens {
        let verified = second.http.get(second.at("/auth/verify-token")).bearer_auth(token);
        let (status, body, _) = answer(verified).await;
        assert_eq!(status, 200, "{body}");
    }
    let refresh = json!({ "refresh_token": session["tokens"]["refresh_token"] });
    assert_eq!(answer(second.http.post(second.at("/auth/refresh")).json(&refresh)).await.0, 200);
    assert_eq!(answer(second.http.post(second.at("/auth/login")).form(&sign_in)).await.0, 200);
    assert_eq!(answer(second.http.post(second.at("/login")).json(&key)).await.0, 201);
    assert_eq!(answer(second.http.post(second.at("/public-api/auth/")).json(&account)).await.0, 200);
}

#[tokio::test]
async fn a_first_start_that_fails_leaves_the_secrets_to_the_next() {
    let folder = tempdir().unwrap();
    let failed =
        Latchkey::new(folder.path(), ["--port", "0"]).env("MAIL_TRANSPORT", "a-pigeon").finish().await;
    assert_ne!(failed.code, Some(0));
    assert!(failed.stderr.contains("MAIL_TRANSPORT"), "{}", failed.stderr);
    let program = start(&folder).await;
    let line = program.banner.lines().find(|line| line.contains("/auth/login")).unwrap();
    assert_eq!(curl::send(&program.http, line).await.0, 200);
}

#[tokio::test]
async fn two_first_starts_share_no_secret() {
    let (one, other) = (tempdir().unwrap(), tempdir().unwrap());
    let (one, other) = (start(&one).await, start(&other).await);
    for (one, other) in one.secrets().all().into_iter().zip(other.secrets().all()) {
        assert_ne!(one, other);
    }
}

#[tokio::test]
async fn the_key_of_the_first_start_works_in_the_second_of_its_making() {
    let service = Service::start().await;
    // Tokens of access keys know the second of their issue, and no more.
    service.clock.advance(Duration::from_millis(700));
    let made = bootstrap(service.app).await.unwrap().unwrap();
    let key = json!({ "accessKey": made.access_key, "secret": made.access_key_secret });
    let token = service.post("/login").json(&key).send().await.unwrap().text().await.unwrap();
    assert_eq!(service.verify(&token).await.0, 200);
}

#[tokio::test]
async fn memory_writes_nothing() {
    let folder = tempdir().unwrap();
    let program = Latchkey::new(folder.path(), ["--port", "0", "--memory"]).serve().await;
    let line = program.banner.lines().find(|line| line.contains("/auth/login")).unwrap();
    assert_eq!(curl::send(&program.http, line).await.0, 200);
    assert!(program.banner.contains("memory"));
    program.stop().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_data_folder_is_its_owners_alone() {
    let folder = tempdir().unwrap();
    let program = Latchkey::new(folder.path(), ["--port", "0", "--data", "deep/er"]).serve().await;
    assert!(program.banner.contains("deep/er"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| folder.path().join(path).metadata().unwrap().permissions().mode() & 0o077;
        assert_eq!(mode("deep/er"), 0);
    }
    assert!(!folder.path().join(".latchkey").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_and_sigint_end_it_cleanly() {
    for signal in [Program::terminate, Program::interrupt] {
        let folder = tempdir().unwrap();
        let program = start(&folder).await;
        let endpoint = folder.path().join(".latchkey/endpoint");
        assert!(endpoint.exists());
        // A connection that is kept open, and one on which nothing was ever said, hold nothing up.
        let kept = program.http.get(program.at("/.well-known/jwks.json")).send().await.unwrap();
        let _silent = TcpStream::connect(program.url.trim_start_matches("http://")).await.unwrap();
        assert_eq!(kept.status(), 200);
        signal(&program);
        let asked = Instant::now();
        let ended = program.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        assert!(!endpoint.exists());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_end() {
    let folder = tempdir().unwrap();
    let program = start(&folder).await;
    let password = program.secrets().password;
    let body = format!("username=admin&password={password}");
    let mut connection = TcpStream::connect(program.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // The server has the head once it asks for the body, which nothing shows from outside.
    tokio::time::sleep(Duration::from_millis(300)).await;
    program.terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(program.ended().await.code, Some(0));
}

#[tokio::test]
async fn help_and_version() {
    let folder = tempdir().unwrap();
    let help = Latchkey::new(folder.path(), ["--help"]).finish().await;
    for word in ["account", "user", "access-key", "--data", "--memory", "--port", "Examples:"] {
        assert!(help.succeeded().contains(word), "{word}");
    }
    let version = Latchkey::new(folder.path(), ["--version"]).finish().await;
    assert_eq!(version.succeeded(), format!("latchkey {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
