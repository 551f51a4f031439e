//! The operator's commands, with the server running and without it, and against an AWS endpoint.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access_keys;
mod authority;
mod for_good;
mod keys;
mod moving;
mod rights;
mod shutting_out;

use std::path::Path;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tests::Service;
use tests::program::{Finished, Latchkey, Program};

async fn run(folder: &Path, arguments: &[&str]) -> Finished {
    Latchkey::new(folder, arguments).finish().await
}

fn done(finished: &Finished) {
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

/// A folder with a store, and a server on it if one is wanted.
async fn store(running: bool) -> (TempDir, Option<Program>) {
    let folder = tempdir().unwrap();
    let program = Latchkey::new(folder.path(), ["--port", "0"]).serve().await;
    if running {
        return (folder, Some(program));
    }
    program.kill().await;
    (folder, None)
}

/// The server that is running, or one that is started now.
async fn served(folder: &TempDir, program: Option<Program>) -> Program {
    match program {
        Some(program) => program,
        None => Latchkey::new(folder.path(), ["--port", "0"]).serve().await,
    }
}

/// The server as it goes on, or none if it is to be stopped.
async fn stopped_or_not(program: Program, stop: bool) -> Option<Program> {
    if stop {
        program.kill().await;
        return None;
    }
    Some(program)
}

/// A user `Mallory` with this password, as the command shows them.
async fn mallory(folder: &Path, password: &str) -> Value {
    let create =
        ["user", "create", "--username", "Mallory", "--email", "m@example.com", "--json", "--password"];
    run(folder, &[&create[..], &[password]].concat()).await.json()
}

/// The status and the answer with which Mallory begins a session.
async fn begin_session(url: &str, password: &str) -> (u16, Value) {
    let form = json!({ "username": "mallory", "password": password });
    let (status, answer) = post(url, "/auth/login", &form).await;
    (status, serde_json::from_str(&answer).unwrap())
}

async fn post(url: &str, path: &str, body: &Value) -> (u16, String) {
    let client = Client::builder().no_proxy().build().unwrap();
    let answer = client.post(format!("{url}{path}")).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The status with which a token is answered.
async fn check(url: &str, token: &str) -> u16 {
    let client = Client::builder().no_proxy().build().unwrap();
    client.get(format!("{url}/auth/verify-token")).bearer_auth(token).send().await.unwrap().status().as_u16()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// The value that stands behind a name in the output for people.
fn field<'o>(output: &'o str, name: &str) -> &'o str {
    let line = output.lines().find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap_or_default().split_whitespace().nth(1).unwrap_or_default()
}

#[tokio::test]
async fn accounts_work_at_their_door_at_once() {
    for running in [true, false] {
        let (folder, program) = store(running).await;
        let at = folder.path();
        let made = run(at, &["account", "create", "--name", "Hubler", "--json"]).await.json();
        assert_eq!(made.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "secret"]);
        let id = "5723073937d63a18396a1bae";
        let chosen = run(at, &["account", "create", "--id", id, "--secret", "chosen by me"]).await;
        assert_eq!(field(chosen.succeeded(), "id"), id);
        let shown = run(at, &["account", "show", text(&made, "id"), "--json"]).await.json();
        assert_eq!((text(&shown, "name"), text(&shown, "status")), ("Hubler", "active"));
        let shown = run(at, &["account", "show", id]).await;
        assert_eq!(field(shown.succeeded(), "status"), "active");
        let listed = run(at, &["account", "list", "--json"]).await.json();
        assert_eq!((listed["items"].as_array().unwrap().len(), &listed["after"]), (3, &Value::Null));

        let program = served(&folder, program).await;
        let first = json!({ "account": made["id"], "secret": made["secret"] });
        let second = json!({ "account": id, "secret": "chosen by me" });
        for body in [first, second] {
            let (status, answer) = post(&program.url, "/public-api/auth/", &body).await;
            assert_eq!(status, 200, "{answer}");
        }
    }
}

#[tokio::test]
async fn users_work_at_their_doors_at_once() {
    for running in [true, false] {
        let (folder, program) = store(running).await;
        let at = folder.path();
        let account = run(at, &["account", "create", "--json"]).await.json();
        let create = ["user", "create", "--username", "BR0001", "--email", "br@example.com"];
        let more = [
            "--account",
            text(&account, "id"),
            "--password",
            "sixteen tons of it",
            "--sub-type",
            "admin",
            "--scope",
            "users:read",
            "--scope",
            "users:write",
            "--json",
        ];
        let made = run(at, &[&create[..], &more].concat()).await.json();
        assert_eq!((text(&made, "username"), text(&made, "sub_type")), ("BR0001", "admin"));
        assert_eq!(
            (&made["scopes"], &made["account"]),
            (&json!(["users:read", "users:write"]), &account["id"])
        );
        assert_eq!(made.get("password"), None, "it was given, so it is not repeated");
        let random = run(at, &["user", "create", "--username", "ada", "--email", "ada@example.com"]).await;
        let password = field(random.succeeded(), "password").to_owned();
        assert!(password.len() >= 20);
        for name in ["br0001", "BR@example.com", text(&made, "id")] {
            assert_eq!(run(at, &["user", "show", name, "--json"]).await.json(), made, "{name}");
        }
        let table = run(at, &["user", "list"]).await;
        let lines: Vec<&str> = table.succeeded().lines().collect();
        assert!(lines[0].starts_with("ID  ") && lines.len() == 4, "{lines:?}");

        let program = served(&folder, program).await;
        for (name, password) in [("BR0001", "sixteen tons of it"), ("ada", &password)] {
            let body = json!({ "username": name, "password": password });
            for path in ["/auth/login", "/v1/auth"] {
                let (status, answer) = post(&program.url, path, &body).await;
                assert_eq!(status, 200, "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_argument_is_told_with_what_is_expected() {
    let user = ["user", "create", "--username", "ada", "--email", "ada@example.com"];
    let key = ["access-key", "create", "--user"];
    let id = "5723073937d63a18396a1bae";
    let unknown_key = "986d8167a9b9a15e37db4ab4ad50877b01347a94";
    let cases: &[(Vec<&str>, &[&str])] = &[
        (vec!["account", "show", "17"], &["24 hexadecimal digits"]),
        (vec!["account", "show", id], &["no account", id, "latchkey account list"]),
        (vec!["account", "create", "--id", "17"], &["24 hexadecimal digits"]),
        (
            vec!["account", "create", "--id", "000000000000000000000001"],
            &["000000000000000000000001 already"],
        ),
        (vec!["account", "create", "--secret", ""], &["secret is empty", "--secret"]),
        (vec!["user", "show", "nobody"], &["no user \"nobody\"", "latchkey user list"]),
        (vec!["user", "show", "nobody@example.com"], &["no user \"nobody@example.com\""]),
        (vec!["user", "show", id], &["no user", id]),
        (vec!["user", "show", "not a name"], &["no user", "id, username or e-mail address"]),
        ([&user[..], &["--account", "17"]].concat(), &["24 hexadecimal digits"]),
        ([&user[..], &["--account", id]].concat(), &["no account", id]),
        ([&user[..], &["--scope", "users read"]].concat(), &["\"users read\"", "scope"]),
        ([&user[..], &["--scope", ""]].concat(), &["\"\"", "scope"]),
        ([&user[..], &["--password", ""]].concat(), &["password is empty"]),
        (vec!["user", "create", "--username", "admin", "--email", "x@example.com"], &["username is taken"]),
        (vec!["user", "create", "--username", "ADMIN", "--email", "x@example.com"], &["username is taken"]),
        (
            vec!["user", "create", "--username", "ada", "--email", "Admin@Example.com"],
            &["e-mail address is taken"],
        ),
        (vec!["user", "create", "--username", "a b", "--email", "x@example.com"], &["username is made of"]),
        (vec!["user", "create", "--username", "ab", "--email", "x@example.com"], &["3 to 64 characters"]),
        (vec!["user", "create", "--username", "ada", "--email", "x"], &["name@example.com"]),
        ([&key[..], &["nobody"]].concat(), &["no user \"nobody\""]),
        (
            [&key[..], &["admin", "--scope", "users:delete"]].concat(),
            &["admin", "\"users:delete\"", "admin users:read users:write"],
        ),
        ([&key[..], &["admin", "--expires", "tomorrow"]].concat(), &["\"tomorrow\"", "2027-12-31"]),
        ([&key[..], &["admin", "--expires", "2027-13-31"]].concat(), &["\"2027-13-31\"", "2027-12-31"]),
        (vec!["access-key", "show", "17"], &["40 hexadecimal digits", "UUID"]),
        (vec!["access-key", "show", unknown_key], &["no access key", "latchkey access-key list"]),
    ];
    for running in [true, false] {
        let (folder, _program) = store(running).await;
        for (arguments, expected) in cases {
            let ended = run(folder.path(), arguments).await;
            let line = ended.failed();
            assert!(line.starts_with("latchkey: "), "{line}");
            for part in *expected {
                assert!(line.contains(part), "{arguments:?}: {line}");
            }
        }
    }
}

#[tokio::test]
async fn a_missing_data_folder_is_told_and_not_made() {
    let folder = tempdir().unwrap();
    for arguments in [["user", "list"], ["account", "create"], ["access-key", "list"]] {
        let ended = run(folder.path(), &[&arguments[..], &["--data", "nowhere"]].concat()).await;
        let line = ended.failed();
        assert!(line.contains("no data folder nowhere") && line.contains("--aws"), "{line}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_cut() {
    let (folder, _program) = store(true).await;
    for _ in 0..6 {
        let made = run(folder.path(), &["access-key", "create", "--user", "admin"]).await;
        assert_eq!(field(made.succeeded(), "state"), "active");
    }
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut arguments = vec!["access-key", "list", "--json", "--limit", "3"];
        arguments.extend(after.iter().flat_map(|after| ["--after", after]));
        let page = run(folder.path(), &arguments).await.json();
        let keys = page["items"].as_array().unwrap();
        assert!(keys.len() <= 3);
        seen.extend(keys.iter().map(|key| text(key, "accessKey").to_owned()));
        match page["after"].as_str() {
            Some(cursor) => after = Some(cursor.to_owned()),
            None => break,
        }
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), count), (7, 7));
    // People are told how to go on, beside the table and not in it.
    let page = run(folder.path(), &["access-key", "list", "--limit", "3"]).await;
    assert_eq!(page.succeeded().lines().count(), 4);
    assert!(page.stderr.contains("--after "), "{}", page.stderr);
    let whole = run(folder.path(), &["access-key", "list", "--limit", "7"]).await;
    assert_eq!((whole.succeeded().lines().count(), whole.stderr.as_str()), (8, ""));
    // A place may be one where nothing is.
    let elsewhere = run(folder.path(), &["access-key", "list", "--after", "nonsense"]).await;
    assert_eq!(elsewhere.code, Some(0), "{elsewhere:?}");
}

#[tokio::test]
async fn a_weak_password_is_taken_with_a_warning() {
    let (folder, _program) = store(false).await;
    let create =
        ["user", "create", "--username", "ada", "--email", "ada@example.com", "--password", "12345678"];
    let ended = run(folder.path(), &create).await;
    assert_eq!(field(ended.succeeded(), "username"), "ada");
    assert!(ended.stderr.starts_with("latchkey: warning: "), "{}", ended.stderr);
    assert!(!ended.stderr.contains("12345678"), "{}", ended.stderr);
}

#[tokio::test]
async fn secrets_are_read_from_standard_input() {
    let (folder, program) = store(true).await;
    let url = program.as_ref().unwrap().url.clone();
    let create = ["user", "create", "--username", "ada", "--email", "ada@example.com", "--password", "-"];
    let user = Latchkey::new(folder.path(), create).input("sixteen tons of it\r\nmore\n").finish().await;
    assert_eq!(field(user.succeeded(), "username"), "ada");
    let create = ["account", "create", "--secret", "-", "--json"];
    let account = Latchkey::new(folder.path(), create).input(" chosen by me").finish().await.json();
    let body = json!({ "username": "ada", "password": "sixteen tons of it" });
    assert_eq!(post(&url, "/v1/auth", &body).await.0, 200);
    let body = json!({ "account": account["id"], "secret": " chosen by me" });
    assert_eq!(post(&url, "/public-api/auth/", &body).await.0, 200);
    for input in ["", "\n"] {
        let create = ["account", "create", "--secret", "-"];
        let ended = Latchkey::new(folder.path(), create).input(input).finish().await;
        assert!(ended.failed().contains("secret is empty"), "{ended:?}");
    }
    for help in [["user", "create", "--help"], ["account", "create", "--help"]] {
        let help = run(folder.path(), &help).await;
        assert!(help.succeeded().contains("standard input"), "{}", help.stdout);
    }
}

/// A command against the store of a service, by ordinary AWS configuration.
fn on_aws(folder: &Path, service: &Service, arguments: &[&str]) -> Latchkey {
    let mut command = Latchkey::new(folder, [arguments, &["--aws"]].concat())
        .env("HOME", folder)
        .env("ARGON2_MEMORY_KIB", "7168")
        .env("ARGON2_ITERATIONS", "5")
        // Nothing else may be asked for credentials: there is no network in a test.
        .env("AWS_EC2_METADATA_DISABLED", "true");
    for (name, value) in service.store_env() {
        command = command.env(name, value);
    }
    let tables = &service.app.store.tables;
    command
        .env("ACCOUNTS_TABLE", &tables.accounts)
        .env("TOKENS_TABLE", &tables.tokens)
        .env("KEYS_TABLE", &tables.keys)
}

#[tokio::test]
async fn on_aws_everything_works_as_on_a_folder() {
    let folder = tempdir().unwrap();
    let names = [("ACCOUNTS_TABLE", "my-accounts"), ("TOKENS_TABLE", "my-tokens"), ("KEYS_TABLE", "my-keys")];
    let service = Service::with(&names).await;
    let run = async |arguments: &[&str]| on_aws(folder.path(), &service, arguments).finish().await;

    let account = run(&["account", "create", "--name", "Hubler", "--json"]).await.json();
    let id = text(&account, "id");
    let create =
        ["user", "create", "--username", "ada", "--email", "ada@example.com", "--account", id, "--json"];
    let user = run(&create).await.json();
    let key = run(&["access-key", "create", "--user", "ada", "--role", "Partner", "--json"]).await.json();
    let body = json!({ "account": id, "secret": account["secret"], "user_id": user["id"] });
    assert_eq!(service.post_json("/public-api/auth/", &body).await.0, 200);
    let body = json!({ "username": "ada", "password": user["password"] });
    assert_eq!(service.post_json("/v1/auth", &body).await.0, 200);
    let body = json!({ "accessKey": key["accessKey"], "secret": key["secret"] });
    assert_eq!(service.post_json("/login", &body).await.0, 201);
    for kind in ["account", "user", "access-key"] {
        let listed = run(&[kind, "list", "--json"]).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{kind}");
    }
    assert_eq!(run(&["account", "show", id, "--json"]).await.json()["name"], "Hubler");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    // A table that is not there, and an endpoint where nobody answers, are one line.
    let missing =
        on_aws(folder.path(), &service, &["user", "list"]).env("ACCOUNTS_TABLE", "other").finish().await;
    assert!(missing.failed().contains("no such table: ACCOUNTS_TABLE"), "{}", missing.stderr);
    let nobody = on_aws(folder.path(), &service, &["user", "list"])
        .env("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
        .finish()
        .await;
    assert!(nobody.failed().starts_with("latchkey: storage is unavailable"), "{}", nobody.stderr);
}

#[tokio::test]
async fn on_aws_without_a_region_or_credentials_is_told_what_is_missing() {
    let folder = tempdir().unwrap();
    let list = || {
        Latchkey::new(folder.path(), ["user", "list", "--aws"])
            .env("HOME", folder.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
    };
    let no_region = list().finish().await;
    assert!(
        no_region.failed().starts_with("latchkey: no AWS region: set AWS_REGION"),
        "{}",
        no_region.stderr
    );
    let no_credentials = list().env("AWS_REGION", "eu-central-1").finish().await;
    let line = no_credentials.failed();
    assert!(line.starts_with("latchkey: no AWS credentials"), "{line}");
    assert!(line.contains("aws sts get-caller-identity"), "{line}");
}
