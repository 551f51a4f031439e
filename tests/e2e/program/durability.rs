//! Nothing that was answered is lost, whenever the process is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use tempfile::tempdir;
use tests::program::Latchkey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PASSWORD: &str = "correct horse battery";

/// Signs a user up; the status, or `None` without an answer.
async fn sign_up(http: &Client, url: &str, name: &str) -> Option<u16> {
    let email = format!("{name}@example.com");
    let form = [("username", name), ("password", PASSWORD), ("email", &email)];
    let answer = http.post(format!("{url}/auth/signup")).form(&form).send().await.ok()?;
    Some(answer.status().as_u16())
}

async fn log_in(http: &Client, url: &str, name: &str) -> u16 {
    let form = [("username", name), ("password", PASSWORD)];
    http.post(format!("{url}/auth/login")).form(&form).send().await.unwrap().status().as_u16()
}

/// As behind API Gateway, which does not tell a function that nobody waits for its answer.
#[tokio::test]
async fn what_was_asked_for_is_done_although_the_client_has_gone_and_the_server_is_told_to_stop() {
    let folder = tempdir().unwrap();
    let program = Latchkey::new(folder.path(), ["--port", "0"]).serve().await;
    let form = format!("username=gone&password={}&email=gone@example.com", PASSWORD.replace(' ', "+"));
    let head =
        "POST /auth/signup HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded";
    let head = format!("{head}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n", form.len());
    let address = program.url.trim_start_matches("http://localhost:");
    let mut connection = TcpStream::connect(format!("127.0.0.1:{address}")).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.write_all(form.as_bytes()).await.unwrap();
    drop(connection);

    let ended = program.stop().await;
    assert!(ended.stderr.contains("200 POST /auth/signup"), "{}", ended.stderr);
    let shown = Latchkey::new(folder.path(), ["user", "show", "gone"]).finish().await;
    assert!(shown.succeeded().contains("gone@example.com"), "{}", shown.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_a_storm_of_signups_it_keeps_what_it_answered() {
    let folder = tempdir().unwrap();
    let latchkey = || {
        // Cheap hashes put the kill into the middle of writes more often.
        let program = Latchkey::new(folder.path(), ["--port", "0", "--quiet"]);
        program.env("ARGON2_MEMORY_KIB", "7168").env("ARGON2_ITERATIONS", "5")
    };
    for round in 0..3 {
        let program = latchkey().serve().await;
        let answered = Arc::new(AtomicUsize::new(0));
        let storm: Vec<_> = (0..8)
            .map(|client| {
                let (http, url) = (program.http.clone(), program.url.clone());
                let answered = Arc::clone(&answered);
                tokio::spawn(async move {
                    let mut names = Vec::new();
                    for number in 0.. {
                        let name = format!("storm-{round}-{client}-{number}");
                        let status = sign_up(&http, &url, &name).await;
                        names.push((name, status));
                        match status {
                            Some(status) => assert_eq!(status, 200),
                            None => break,
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    names
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < 40 {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        program.kill().await;

        let program = latchkey().serve().await;
        for client in storm {
            for (name, status) in client.await.unwrap() {
                let signed_in = log_in(&program.http, &program.url, &name).await;
                if status == Some(200) {
                    assert_eq!(signed_in, 200, "{name} was answered and is lost");
                } else if signed_in != 200 {
                    // Nobody was told of this one: it must not be there by halves, keeping its names from others.
                    assert_eq!(signed_in, 406, "{name}");
                    let again = sign_up(&program.http, &program.url, &name).await;
                    assert_eq!(again, Some(200), "{name} is half made");
                }
            }
        }
        program.kill().await;
    }
}

#[tokio::test]
async fn killed_at_any_moment_of_the_first_start_it_starts_again() {
    for wait in (0..60).step_by(4) {
        let folder = tempdir().unwrap();
        Latchkey::new(folder.path(), ["--port", "0"]).killed_after(Duration::from_millis(wait)).await;
        let program = Latchkey::new(folder.path(), ["--port", "0"]).serve().await;
        let keys = program.http.get(program.at("/.well-known/jwks.json")).send().await.unwrap();
        assert_eq!(keys.status(), 200, "after {wait} ms");
        let users = Latchkey::new(folder.path(), ["user", "list", "--json"]).finish().await.json();
        assert_eq!(users["items"].as_array().unwrap().len(), 1, "after {wait} ms");
    }
}
