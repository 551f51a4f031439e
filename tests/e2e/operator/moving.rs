//! Users who come from another system with their hashes, and users who leave.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;
use tests::program::{Finished, Latchkey};

use super::{done, field, on_aws, post, run, served, store, text};

const HORSE: &str = "correct horse battery";
const BCRYPT: &str = "$2b$05$wJE7IAqHgjSw1.6cxgcyoeyWcoOhlrlfsHB14f8y1x7cYmtKvOr6G";
const DJANGO: &str = "pbkdf2_sha256$2000$seasalt12345$AF00wyRyIjft0+VkcrztYHLUj0jQrszvjTQuE8p4mXQ=";
const SCRYPT: &str =
    "$scrypt$ln=8,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$0qa00kjU8wwqIuo+ZHXmrHADU2c2jmypIh7R9+FJ3mc";
const FIREBASE: &str = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

fn lines(users: &[Value]) -> String {
    users.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

async fn import(folder: &Path, lines: &str) -> Finished {
    Latchkey::new(folder, ["user", "import", "-", "--json"]).input(lines).finish().await
}

async fn exported(folder: &Path) -> Vec<Value> {
    let output = run(folder, &["user", "export"]).await;
    output.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The line of one of them.
fn of<'u>(users: &'u [Value], email: &str) -> &'u Value {
    users.iter().find(|user| user["email"] == email).unwrap()
}

async fn sign_in(url: &str, name: &str, password: &str) -> u16 {
    post(url, "/v1/auth", &json!({ "username": name, "password": password })).await.0
}

#[tokio::test]
async fn those_who_come_with_a_hash_sign_in_as_before_and_get_one_of_argon2() {
    let comers = [
        ("bcrypt@example.com", HORSE, BCRYPT),
        ("django@example.com", HORSE, DJANGO),
        ("scrypt@example.com", HORSE, SCRYPT),
        ("firebase@example.com", "user1password", FIREBASE),
    ];
    for running in [true, false] {
        let (folder, program) = store(running).await;
        let at = folder.path();
        let users = comers.map(|(email, _, hash)| json!({ "email": email, "password_hash": hash }));
        let counts = import(at, &lines(&users)).await.json();
        assert_eq!(counts, json!({ "imported": 4, "already_there": 0, "failed": 0 }));
        let before = exported(at).await;
        let program = served(&folder, program).await;
        for (email, password, hash) in comers {
            assert_eq!(of(&before, email)["password_hash"], hash);
            assert_eq!(sign_in(&program.url, email, "wrong horse battery").await, 401, "{email}");
            // By one hash, and then by the other.
            for _ in 0..2 {
                assert_eq!(sign_in(&program.url, email, password).await, 200, "{email}");
            }
        }
        for (email, _, _) in comers {
            let users = exported(at).await;
            let hash = text(of(&users, email), "password_hash");
            assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        }
    }
}

#[tokio::test]
async fn everything_about_a_user_comes_and_goes() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    let account = run(at, &["account", "create", "--json"]).await.json();
    let full = json!({
        "id": "5723073937d63a18396a1bae", "account": account["id"], "username": "Ada", "email": "Ada@example.com",
        "password_hash": BCRYPT, "status": "unverified", "sub_type": "admin", "scopes": ["users:read", "users:write"],
        "first_name": "Ada", "last_name": "Lovelace", "display_name": "A. Lovelace", "phone": "+44 1", "time_zone": "Europe/London",
        "created_at": "2021-09-06T03:54:37.387Z",
    });
    let least = json!({ "email": "least@example.com" });
    let suspended = json!({ "username": "mallory", "email": "m@example.com", "password_hash": BCRYPT, "status": "suspended" });
    done(&import(at, &lines(&[full.clone(), least, suspended])).await);
    let users = exported(at).await;
    assert_eq!(users.len(), 4, "with the first start's own");
    assert_eq!(of(&users, "Ada@example.com"), &full);
    let least = of(&users, "least@example.com");
    assert_eq!(
        (&least["username"], &least["status"], &least["sub_type"]),
        (&least["id"], &json!("active"), &json!("user"))
    );
    assert!(text(least, "password_hash").starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{least}");
    let program = served(&folder, program).await;
    let body = json!({ "username": "m@example.com", "password": HORSE });
    let (status, answer) = post(&program.url, "/v1/auth", &body).await;
    assert!(status == 401 && answer.contains("suspended"), "{status} {answer}");

    // Into another deployment: the same once more, and the same people sign in.
    let (elsewhere, other) = store(true).await;
    let there = elsewhere.path();
    done(&run(there, &["account", "create", "--id", text(&account, "id")]).await);
    let leaving: Vec<_> = users.into_iter().filter(|user| user["username"] != "admin").collect();
    done(&import(there, &lines(&leaving)).await);
    for user in &leaving {
        assert_eq!(of(&exported(there).await, text(user, "email")), user);
    }
    let other = served(&elsewhere, other).await;
    assert_eq!(sign_in(&other.url, "ada", HORSE).await, 200);
}

#[tokio::test]
async fn an_import_can_be_begun_again() {
    let (folder, _program) = store(true).await;
    let at = folder.path();
    let users = [
        json!({ "id": "5723073937d63a18396a1bae", "username": "ada", "email": "ada@example.com", "password_hash": BCRYPT }),
        json!({ "username": "bob", "email": "bob@example.com" }),
        json!({ "email": "carl@example.com" }),
    ];
    done(&import(at, &lines(&users[..2])).await);
    let before = exported(at).await;
    let counts = import(at, &lines(&users)).await.json();
    assert_eq!(counts, json!({ "imported": 1, "already_there": 2, "failed": 0 }));
    let counts = import(at, &lines(&users)).await.json();
    assert_eq!(counts, json!({ "imported": 0, "already_there": 3, "failed": 0 }));
    let after = exported(at).await;
    assert_eq!(after.len(), before.len() + 1);
    for user in &before {
        assert_eq!(of(&after, text(user, "email")), user);
    }
}

#[tokio::test]
async fn each_line_that_is_wrong_is_named_and_the_others_are_taken() {
    let (folder, _program) = store(true).await;
    let at = folder.path();
    done(&run(at, &["user", "create", "--username", "taken", "--email", "taken@example.com"]).await);
    let user = |name: &str, more: Value| {
        let mut user = json!({ "username": name, "email": format!("{name}@example.com") });
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        user.to_string()
    };
    let wrong = [
        ("{".to_owned(), "EOF"),
        (json!({ "username": "nobody" }).to_string(), "missing field `email`"),
        (json!({ "email": "nobody" }).to_string(), "an e-mail address looks like name@example.com"),
        (user("of", json!({ "username": "o f" })), "a username is made of"),
        (user("typo", json!({ "pasword_hash": BCRYPT })), "unknown field `pasword_hash`"),
        (user("md5", json!({ "password_hash": "$1$salt$hash" })), "in no notation that is known"),
        (user("cut", json!({ "password_hash": &BCRYPT[..40] })), "the password hash is damaged: bcrypt"),
        (
            user("dear", json!({ "password_hash": BCRYPT.replace("$05$", "$20$") })),
            "more time or memory than a sign-in has",
        ),
        (user("gone", json!({ "status": "gone" })), "\"gone\" is no status"),
        (
            user("lost", json!({ "account": "5723073937d63a18396a1bae" })),
            "there is no account 5723073937d63a18396a1bae",
        ),
        (user("odd", json!({ "scopes": ["two words"] })), "\"two words\" is no scope"),
        (user("loud", json!({ "first_name": "x".repeat(101) })), "first_name has at most 100 characters"),
        (user("late", json!({ "created_at": "yesterday" })), "\"yesterday\" is no moment"),
        (user("other", json!({ "email": "taken@example.com" })), "the e-mail address is taken"),
        (
            user("twin", json!({ "email": "First@example.com" })),
            "the e-mail address is that of an earlier line",
        ),
        (user("taken", json!({ "email": "new@example.com" })), "the username is taken"),
    ];
    let named = wrong.iter().map(|(line, _)| line.clone());
    let file: Vec<_> = [user("first", json!({})), String::new()].into_iter().chain(named).collect();
    let file = [file.join("\n"), user("last", json!({}))].join("\n");
    fs::write(at.join("users.jsonl"), &file).unwrap();

    let checked = run(at, &["user", "import", "users.jsonl", "--check", "--json"]).await;
    let found = |answer: &Finished| -> Value { serde_json::from_str(&answer.stdout).unwrap() };
    // Whether a name is taken is not looked up.
    assert_eq!(
        (checked.code, found(&checked)),
        (Some(1), json!({ "good": 4, "already_there": 0, "failed": 14 }))
    );
    assert_eq!(exported(at).await.len(), 2, "nothing was written");

    let imported = run(at, &["user", "import", "users.jsonl", "--json"]).await;
    assert_eq!(
        (imported.code, found(&imported)),
        (Some(1), json!({ "imported": 2, "already_there": 0, "failed": 16 }))
    );
    let said: Vec<_> = imported.stderr.lines().collect();
    assert_eq!(said.len(), wrong.len() + 1, "{}", imported.stderr);
    for (number, (line, reason)) in (3..).zip(&wrong) {
        let expected = |said: &&&str| said.starts_with(&format!("line {number}: ")) && said.contains(reason);
        assert!(said.iter().any(|said| expected(&said)), "{number} {line}: {reason}\n{}", imported.stderr);
    }
    assert!(said[wrong.len()].starts_with("latchkey: mend the lines"), "{}", imported.stderr);
    assert!(!imported.stderr.contains(&BCRYPT[10..]), "a hash is nothing to show");
    assert_eq!(exported(at).await.len(), 4);
}

#[tokio::test]
async fn who_comes_without_a_hash_chooses_a_password() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    done(&import(at, &lines(&[json!({ "username": "carl", "email": "carl@example.com" })])).await);
    let program = served(&folder, program).await;
    for password in ["", "correct horse battery"] {
        assert_ne!(sign_in(&program.url, "carl", password).await, 200);
    }
    let form = json!({ "email": "carl@example.com" });
    let (status, answer) = post(&program.url, "/auth/password/forgot", &form).await;
    assert_eq!(status, 200, "{answer}");
    let mail = program.mails(1).await.remove(0);
    let (_, token) = text(&mail, "link").split_once("token=").unwrap();
    let form = json!({ "token": token, "password": "a new horse battery" });
    let (status, answer) = post(&program.url, "/auth/password/reset", &form).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(sign_in(&program.url, "carl", "a new horse battery").await, 200);
}

#[tokio::test]
async fn many_come_and_go_on_aws_too() {
    let service = tests::Service::start().await;
    let folder = tempdir().unwrap();
    let users: Vec<_> = (0..260)
        .map(|number| json!({ "email": format!("user{number}@example.com"), "password_hash": BCRYPT }))
        .collect();
    fs::write(folder.path().join("users.jsonl"), lines(&users)).unwrap();
    let import = on_aws(folder.path(), &service, &["user", "import", "users.jsonl"]).finish().await;
    assert_eq!(field(import.succeeded(), "imported"), "260");
    let export = on_aws(folder.path(), &service, &["user", "export"]).finish().await;
    let users: Vec<Value> =
        export.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(users.len(), 260);
    let addresses: std::collections::HashSet<_> = users.iter().map(|user| text(user, "email")).collect();
    assert_eq!(addresses.len(), 260);
}

#[tokio::test]
async fn what_is_no_file_ends_the_import() {
    let (folder, _program) = store(true).await;
    let answer = run(folder.path(), &["user", "import", "."]).await;
    assert_eq!(answer.code, Some(1));
    assert!(answer.stderr.contains("the input cannot be read"), "{}", answer.stderr);
}
