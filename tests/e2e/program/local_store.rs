//! The embedded store answers its owner's programs, and no page in a browser.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use tests::program::{Latchkey, Program};

use super::start::start;

async fn environment(folder: &TempDir) -> Value {
    Latchkey::new(folder.path(), ["env", "--json"]).finish().await.json()
}

fn list_tables(program: &Program, environment: &Value, key_id: &str) -> RequestBuilder {
    call(program, environment, key_id, "ListTables", "{}")
}

fn call(
    program: &Program,
    environment: &Value,
    key_id: &str,
    operation: &str,
    body: &'static str,
) -> RequestBuilder {
    let url = environment["AWS_ENDPOINT_URL_DYNAMODB"].as_str().unwrap();
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential={key_id}/20300101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    );
    program
        .http
        .post(url)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("authorization", signature)
        .body(body)
}

/// What the store answers to who knows its key.
async fn ask(program: &Program, environment: &Value, operation: &str, body: &'static str) -> Value {
    let key_id = environment["AWS_ACCESS_KEY_ID"].as_str().unwrap();
    let answer = call(program, environment, key_id, operation, body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{operation}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn the_store_answers_only_who_knows_its_key_and_never_a_page() {
    let folder = tempdir().unwrap();
    let program = start(&folder).await;
    let environment = environment(&folder).await;
    let key_id = environment["AWS_ACCESS_KEY_ID"].as_str().unwrap();
    let right = list_tables(&program, &environment, key_id).send().await.unwrap();
    assert_eq!(right.status(), 200);
    let tables: Value = serde_json::from_str(&right.text().await.unwrap()).unwrap();
    assert_eq!(tables["TableNames"].as_array().unwrap().len(), 3);

    let url = environment["AWS_ENDPOINT_URL_DYNAMODB"].as_str().unwrap();
    let plain = program.http.post(url).header("x-amz-target", "DynamoDB_20120810.ListTables").body("{}");
    let page = list_tables(&program, &environment, key_id).header("origin", "https://example.com");
    let preflight = program.http.request(Method::OPTIONS, url).header("origin", "https://example.com");
    let wrong = list_tables(&program, &environment, "guessed");
    let beginning = list_tables(&program, &environment, &key_id[..8]);
    for refused in [plain, page, preflight, wrong, beginning, program.http.get(url)] {
        let answer = refused.send().await.unwrap();
        assert_eq!(answer.status(), 400);
        assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control-")));
        assert!(answer.text().await.unwrap().contains("UnrecognizedClientException"));
    }
}

/// The engine keeps all records of a stream, and looks through them at every write.
#[tokio::test]
async fn a_stream_that_an_earlier_version_made_is_ended_at_the_next_start() {
    const TABLE: &str = r#"{"TableName":"latchkey-tokens"}"#;
    const WITH_STREAM: &str = r#"{"TableName":"latchkey-tokens","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}"#;
    let folder = tempdir().unwrap();
    let mut streams = Vec::new();
    for _ in 0..2 {
        let program = start(&folder).await;
        let environment = environment(&folder).await;
        let stream = async || {
            let described = ask(&program, &environment, "DescribeTable", TABLE).await;
            described["Table"]["StreamSpecification"]["StreamEnabled"].as_bool().unwrap_or(false)
        };
        streams.push(stream().await);
        ask(&program, &environment, "UpdateTable", WITH_STREAM).await;
        streams.push(stream().await);
        program.stop().await;
    }
    assert_eq!(streams, [false, true, false, true]);
}

/// The engine deletes nothing of itself: sessions, counts and messages would pile up.
#[tokio::test]
async fn what_has_expired_is_deleted_at_the_next_start() {
    const EXPIRED: &str = r#"{"TableName":"latchkey-tokens","Item":{"pk":{"S":"EXPIRED"},"sk":{"S":"X"},"expires":{"N":"1000000000"}}}"#;
    const GOOD: &str = r#"{"TableName":"latchkey-tokens","Item":{"pk":{"S":"GOOD"},"sk":{"S":"X"},"expires":{"N":"4000000000"}}}"#;
    let folder = tempdir().unwrap();
    let program = start(&folder).await;
    let before = environment(&folder).await;
    for item in [EXPIRED, GOOD] {
        ask(&program, &before, "PutItem", item).await;
    }
    program.stop().await;

    let program = start(&folder).await;
    let environment = environment(&folder).await;
    let has = async |pk: &str| {
        let all = ask(&program, &environment, "Scan", r#"{"TableName":"latchkey-tokens"}"#).await;
        all["Items"].as_array().unwrap().iter().any(|item| item["pk"]["S"] == pk)
    };
    let started = Instant::now();
    while has("EXPIRED").await {
        assert!(started.elapsed() < Duration::from_secs(60), "it is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(has("GOOD").await);
}

#[cfg(unix)]
#[tokio::test]
async fn store_and_endpoint_are_their_owners_alone_in_an_open_folder_too() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let data = folder.path().join(".latchkey");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _program = start(&folder).await;
    for entry in std::fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let (name, mode) = (entry.file_name(), entry.metadata().unwrap().permissions().mode());
        // The lock is empty.
        assert!(mode.trailing_zeros() >= 6 || name == "lock", "{} has {mode:o}", name.display());
    }
}

#[tokio::test]
async fn env_is_for_shells_and_scripts_and_for_a_running_server() {
    let folder = tempdir().unwrap();
    let ended = Latchkey::new(folder.path(), ["env"]).finish().await;
    assert!(ended.failed().contains("no latchkey serves the data folder .latchkey"), "{ended:?}");
    let program = start(&folder).await;
    let json = environment(&folder).await;
    let lines: String = json.as_object().unwrap().iter().fold(String::new(), |lines, (name, value)| {
        lines + &format!("export {name}={}\n", value.as_str().unwrap())
    });
    let shell = Latchkey::new(folder.path(), ["env"]).finish().await;
    assert_eq!(shell.succeeded(), lines);
    // The first line of the file is the URL and the second one the key id.
    let file = std::fs::read_to_string(folder.path().join(".latchkey/endpoint")).unwrap();
    let expected: Vec<&str> = file.lines().collect();
    assert_eq!(json["AWS_ENDPOINT_URL_DYNAMODB"], expected[0]);
    assert_eq!(json["AWS_ACCESS_KEY_ID"], expected[1]);
    program.kill().await;
    let ended = Latchkey::new(folder.path(), ["env"]).finish().await;
    assert!(ended.failed().contains("no latchkey serves"), "an endpoint that a killed server left");
}

#[tokio::test]
async fn commands_without_a_server_wait_for_one_another() {
    let folder = tempdir().unwrap();
    start(&folder).await.kill().await;
    let create = || Latchkey::new(folder.path(), ["account", "create", "--json"]).finish();
    let (one, two, three) = tokio::join!(create(), create(), create());
    for made in [one, two, three] {
        assert!(made.json()["id"].is_string());
    }
}

/// What a killed server has left behind is no server: neither for a command that finds the store in use by another
/// command, nor once that one is done.
#[tokio::test]
async fn the_endpoint_of_a_killed_server_is_not_believed() {
    let folder = tempdir().unwrap();
    start(&folder).await.kill().await;
    let data = folder.path().join(".latchkey");
    assert!(data.join("endpoint").exists());
    let other_command = std::fs::File::open(data.join("lock")).unwrap();
    other_command.lock().unwrap();
    let create = tokio::spawn(Latchkey::new(folder.path(), ["account", "create", "--json"]).finish());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!create.is_finished(), "{:?}", create.await);
    drop(other_command);
    assert!(create.await.unwrap().json()["id"].is_string());
}

/// A script may start the server in the background and go on.
#[tokio::test]
async fn a_command_waits_for_a_server_that_is_starting() {
    let folder = tempdir().unwrap();
    start(&folder).await.kill().await;
    let lock = std::fs::File::open(folder.path().join(".latchkey/lock")).unwrap();
    lock.lock().unwrap();
    let create = tokio::spawn(Latchkey::new(folder.path(), ["account", "create", "--json"]).finish());
    let server = tokio::spawn(Latchkey::new(folder.path(), ["--port", "0"]).serve());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!create.is_finished(), "{:?}", create.await);
    drop(lock);
    let server = server.await.unwrap();
    assert!(create.await.unwrap().json()["id"].is_string());
    server.stop().await;
}
