//! What does not start says why in one line.

use std::fs;

use tempfile::tempdir;
use tests::program::Latchkey;
use tokio::net::TcpListener;

use super::start::start;

#[tokio::test]
async fn a_busy_port_is_told() {
    let folder = tempdir().unwrap();
    let busy = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = busy.local_addr().unwrap().port().to_string();
    let ended = Latchkey::new(folder.path(), ["--port", &port]).finish().await;
    let line = ended.failed();
    assert!(line.starts_with(&format!("latchkey: port {port} cannot be used: ")), "{line}");
    assert!(line.contains("--port"), "{line}");
    assert_eq!(line.matches("os error").count(), 1, "the cause is told once: {line}");
    assert!(!folder.path().join(".latchkey").exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let ended = Latchkey::new(folder.path(), ["--port", "0", "--data", "file/data"]).finish().await;
    assert!(ended.failed().starts_with("latchkey: cannot write to the data folder file/data: "));
    // And the file itself is no folder.
    let ended = Latchkey::new(folder.path(), ["--port", "0", "--data", "file"]).finish().await;
    let line = ended.failed();
    assert_eq!(line, "latchkey: cannot write to the data folder file: it is a file");
}

#[tokio::test]
async fn a_damaged_store_is_told_and_left_as_it_is() {
    let whole = {
        let folder = tempdir().unwrap();
        start(&folder).await.stop().await;
        fs::read(folder.path().join(".latchkey/store.db")).unwrap()
    };
    let noise = shared::random::bytes::<8192>().unwrap();
    let mut overwritten = whole.clone();
    let page = overwritten.len() / 4;
    overwritten[page..page + 8192].copy_from_slice(&noise);
    let files: [(&str, &[u8]); 5] = [
        ("random bytes", &noise),
        ("cut in half", &whole[..whole.len() / 2]),
        ("cut in the first page", &whole[..50]),
        ("a text", b"These are my notes of yesterday, and nothing else.\n"),
        ("overwritten in the middle", &overwritten),
    ];
    for (what, bytes) in files {
        let folder = tempdir().unwrap();
        let store = folder.path().join(".latchkey/store.db");
        fs::create_dir(folder.path().join(".latchkey")).unwrap();
        fs::write(&store, bytes).unwrap();
        for command in [["--port", "0"], ["user", "list"]] {
            let ended = Latchkey::new(folder.path(), command).finish().await;
            assert_eq!(ended.code, Some(1), "{what}: {ended:?}");
            let line = ended.failed();
            assert!(line.contains("store.db is damaged or no store"), "{what}: {line}");
            assert!(!line.contains("encrypt") && !line.contains(".."), "{what}: {line}");
        }
        assert!(fs::read(&store).unwrap() == bytes, "{what}: the file was changed");
    }
}

#[tokio::test]
async fn a_second_latchkey_on_the_same_folder_is_told_and_the_first_goes_on() {
    let folder = tempdir().unwrap();
    let first = start(&folder).await;
    let ended = Latchkey::new(folder.path(), ["--port", "0"]).finish().await;
    let line = ended.failed();
    assert!(line.starts_with("latchkey: the data folder .latchkey is in use by another latchkey"), "{line}");
    assert!(line.contains("--data"), "{line}");
    let keys = first.http.get(first.at("/.well-known/jwks.json")).send().await.unwrap();
    assert_eq!(keys.status(), 200);
    assert!(folder.path().join(".latchkey/endpoint").exists());
}

#[tokio::test]
async fn a_bad_setting_is_told_by_its_name() {
    let folder = tempdir().unwrap();
    let settings = [
        ("PUBLIC_URL", "example.com"),
        ("REFRESH_GRACE_SECONDS", "ten"),
        ("DEFAULT_ACCOUNT", "1"),
        ("ARGON2_MEMORY_KIB", "1"),
    ];
    for (name, value) in settings {
        let server = Latchkey::new(folder.path(), ["--port", "0"]).env(name, value).finish().await;
        let command = Latchkey::new(folder.path(), ["user", "list"]).env(name, value).finish().await;
        for ended in [server, command] {
            let line = ended.failed();
            let start =
                format!("latchkey: the environment variable {name} is set to \"{value}\": it must be ");
            assert!(line.starts_with(&start), "{line}");
        }
    }
    assert!(!folder.path().join(".latchkey").exists());
}

#[tokio::test]
async fn wrong_usage_exits_with_2() {
    let folder = tempdir().unwrap();
    let wrong: [&[&str]; 7] = [
        &["serve"],
        &["--port", "70000"],
        &["--memory", "--data", "x"],
        &["account"],
        &["user", "create", "--username", "ada"],
        &["user", "list", "--limit", "0"],
        &["access-key", "create", "--user", "admin", "--state", "gone"],
    ];
    for arguments in wrong {
        let ended = Latchkey::new(folder.path(), arguments).finish().await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!ended.stderr.is_empty());
    }
}
