//! The suite runs against the store that its environment names.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// Any test that needs a store.
const TEST: &str = "limits::success_clears_the_count";

#[tokio::test]
async fn a_test_asks_the_store_that_the_environment_names() {
    let store = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", store.local_addr().unwrap());
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args([TEST, "--exact"]).env("LATCHKEY_TEST_DYNAMODB", url).kill_on_drop(true);
    let mut test = test.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let asked = tokio::select! {
        call = store.accept() => call.unwrap().0,
        _ = test.wait() => unreachable!("it asked another store"),
    };
    let mut asked = BufReader::new(asked);
    let mut head = String::new();
    while asked.read_line(&mut head).await.unwrap() > 2 {}
    assert!(head.contains("x-amz-target: DynamoDB_20120810.CreateTable\r\n"), "{head}");

    // A store that refuses everything is no store: the test must not have another one in its place.
    refuse(asked.into_inner()).await;
    let refusing = async {
        loop {
            refuse(store.accept().await.unwrap().0).await;
        }
    };
    let status = tokio::select! {
        status = test.wait() => status.unwrap(),
        () = refusing => unreachable!(),
    };
    assert!(!status.success());
}

async fn refuse(mut call: TcpStream) {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"no"}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // A test that has ended hears nothing.
    let _ = call.write_all(answer.as_bytes()).await;
}
