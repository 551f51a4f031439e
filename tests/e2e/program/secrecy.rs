//! What goes through the server stays out of its output and out of its files.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::tempdir;
use tests::program::Program;

use super::start::start;

/// In every secret that this test makes up.
const MARK: &str = "zq7marked";

/// A password that people may choose, with the mark in it.
fn password() -> String {
    format!("{MARK} horse battery")
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let text = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// Requests with marked secrets in every place where a secret can stand, most of them refused.
async fn disturb(program: &Program) {
    let token = format!("a.{MARK}");
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.{MARK}.{MARK}");
    let bodies = [
        format!("username=admin&password={MARK}"),
        format!("{{\"username\":\"admin\",\"password\":\"{MARK}\"}}"),
        format!("{{\"account\":\"000000000000000000000001\",\"secret\":\"{MARK}\"}}"),
        format!("{{\"accessKey\":\"{MARK}\",\"secret\":\"{MARK}\"}}"),
        format!("{{\"refresh_token\":\"r.{MARK}\",\"token\":\"{MARK}\"}}"),
        format!("grant_type=client_credentials&client_id={MARK}&client_secret={MARK}&token={MARK}"),
        format!("grant_type=refresh_token&refresh_token=r.{MARK}&grant={MARK}"),
        format!("{{\"password\":\"{MARK}"),
        format!("{MARK}\u{0}{MARK}"),
        MARK.repeat(4000),
    ];
    let paths =
        ["/auth/signup", "/auth/login", "/auth/refresh", "/auth/logout", "/login", "/auth/verify-token"];
    let more =
        ["/public-api/auth/", "/v1/auth", "/oauth/token", "/oauth/introspect", "/oauth/revoke", "/nowhere"];
    for path in paths.into_iter().chain(more) {
        for body in &bodies {
            for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
                let request = program.http.post(program.at(path)).header("content-type", kind);
                request.body(body.clone()).send().await.unwrap();
            }
        }
    }
    let read = |path: &str| program.http.get(program.at(path));
    for path in ["/auth/me", "/auth/verify-token", "/nowhere"] {
        for value in
            [format!("Bearer {token}"), format!("Bearer {jwt}"), format!("Basic {MARK}"), MARK.into()]
        {
            read(path).header("authorization", value).send().await.unwrap();
        }
        read(path).header("cookie", format!("JSESSIONID=s.{MARK}; other={MARK}")).send().await.unwrap();
        read(&format!("{path}?token={MARK}")).send().await.unwrap();
        program.http.request(Method::TRACE, program.at(path)).bearer_auth(MARK).send().await.unwrap();
    }
    // Headers that are too large, and a request that is no HTTP.
    let large = read("/auth/me").header("authorization", format!("Bearer {}", MARK.repeat(2000)));
    let _ = large.send().await;
    let address = program.url.trim_start_matches("http://");
    let mut raw = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /auth/me HTTP/1.1\r\nAuthorization Bearer {MARK}\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut raw, request.as_bytes()).await.unwrap();
    let _ = tokio::io::AsyncReadExt::read(&mut raw, &mut [0; 64]).await;
}

/// A whole life of a session; every secret and token that went through the server.
async fn live(program: &Program) -> Vec<String> {
    let post = |path: &str| program.http.post(program.at(path));
    let password = password();
    let names = [("username", "ada"), ("password", &password), ("email", "ada@example.com")];
    assert_eq!(post("/auth/signup").form(&names).send().await.unwrap().status(), 200);
    let login = post("/auth/login").form(&names[..2]).send().await.unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    let login: Value = serde_json::from_str(&login.text().await.unwrap()).unwrap();
    let refreshed =
        json_of(post("/auth/refresh").json(&json!({ "refresh_token": login["tokens"]["refresh_token"] })))
            .await;
    let scoped = json_of(post("/v1/auth").json(&json!({ "username": "ada", "password": password }))).await;
    let printed = program.secrets();
    let key = json!({ "accessKey": printed.access_key, "secret": printed.key_secret });
    let key = json_of(post("/login").json(&key)).await;
    let client = |path: &str| post(path).basic_auth(&printed.access_key, Some(&printed.key_secret));
    let oauth = json_of(client("/oauth/token").form(&[("grant_type", "client_credentials")])).await;
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refreshed["tokens"]["refresh_token"].as_str().unwrap()),
    ];
    let of_session = json_of(post("/oauth/token").form(&refresh)).await;
    let account = json!({ "account": "000000000000000000000001", "secret": printed.account });
    let account = json_of(post("/public-api/auth/").json(&account)).await;

    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tokens = [
        &login["tokens"]["access_token"],
        &login["tokens"]["refresh_token"],
        &refreshed["tokens"]["access_token"],
        &refreshed["tokens"]["refresh_token"],
        &scoped["access_token"],
        &key,
        &account["token"],
        &oauth["access_token"],
        &of_session["access_token"],
        &of_session["refresh_token"],
    ];
    let mut secrets: Vec<String> = tokens.into_iter().map(text).collect();
    for token in secrets.clone() {
        let verify = program.http.get(program.at("/auth/verify-token")).bearer_auth(token);
        verify.send().await.unwrap();
    }
    for token in secrets.clone() {
        client("/oauth/introspect").form(&[("token", &token)]).send().await.unwrap();
        client("/oauth/revoke").form(&[("token", &token)]).send().await.unwrap();
    }
    secrets.extend([cookie, printed.key_secret, printed.account, printed.password, MARK.to_owned()]);
    secrets
}

#[tokio::test]
async fn no_secret_in_any_output() {
    let folder = tempdir().unwrap();
    let program = start(&folder).await;
    let secrets = live(&program).await;
    disturb(&program).await;
    let banner = program.banner.clone();
    let ended = program.stop().await;
    let after = ended.stdout.strip_prefix(&banner).unwrap();
    assert!(ended.stderr.contains("POST /auth/login"), "each request has its line");
    for secret in secrets {
        assert!(!after.contains(&secret) && !ended.stderr.contains(&secret), "{secret} was written");
    }
}

#[tokio::test]
async fn no_readable_secret_in_any_file() {
    let folder = tempdir().unwrap();
    let program = start(&folder).await;
    let secrets = live(&program).await;
    // While it runs, with the files of unfinished writes, and after its end.
    none_of(&secrets, folder.path());
    program.stop().await;
    none_of(&secrets, folder.path());
    // The search would find what is there.
    assert!(finds(folder.path(), "ada@example.com"));
}

fn none_of(secrets: &[String], folder: &Path) {
    for secret in secrets {
        assert!(!finds(folder, secret), "{secret} is in a file");
        // A session token without its prefix, and the part of it that cannot be guessed.
        if let Some((_, hex)) = secret.split_once('.').filter(|(prefix, _)| prefix.len() == 1) {
            assert!(!finds(folder, hex) && !finds(folder, &hex[hex.len() - 32..]), "{secret} is in a file");
        }
    }
}

fn finds(folder: &Path, text: &str) -> bool {
    let mut files = 0;
    let found = walk(folder, &mut files, text.as_bytes());
    assert!(files > 0);
    found
}

fn walk(folder: &Path, files: &mut usize, text: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return walk(&path, files, text);
        }
        *files += 1;
        fs::read(path).unwrap().windows(text.len()).any(|window| window == text)
    })
}
