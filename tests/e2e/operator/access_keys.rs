//! Access keys that an operator makes.

use serde_json::{Value, json};
use tempfile::tempdir;
use tests::Service;

use super::{field, on_aws, post, run, served, store, text};

#[tokio::test]
async fn access_keys_work_at_their_door_at_once() {
    for running in [true, false] {
        let (folder, program) = store(running).await;
        let at = folder.path();
        let create =
            ["access-key", "create", "--user", "admin", "--role", "Partner", "--role", "PartnerAdmin"];
        let claims = ["--realm", "Partner", "--ca", "ca-1", "--cid", "cid-1", "--domain", "/partners"];
        let made = run(at, &[&create[..], &claims, &["--json"]].concat()).await.json();
        let names: Vec<_> = made.as_object().unwrap().keys().collect();
        assert_eq!(names, ["accessKey", "secret", "ak", "state"]);
        let plain = run(at, &create).await;
        let (id, secret) = (field(plain.succeeded(), "accessKey"), field(plain.succeeded(), "secret"));
        assert_eq!(field(plain.succeeded(), "state"), "active");

        let shown = run(at, &["access-key", "show", text(&made, "accessKey"), "--json"]).await.json();
        assert_eq!(run(at, &["access-key", "show", text(&made, "ak"), "--json"]).await.json(), shown);
        assert_eq!(shown["roles"], json!(["Partner", "PartnerAdmin"]));
        assert_eq!(shown["scopes"], json!(["admin", "users:read", "users:write"]), "those of the user");
        for (name, value) in [("realm", "Partner"), ("ca", "ca-1"), ("cid", "cid-1"), ("domain", "/partners")]
        {
            assert_eq!(text(&shown, name), value);
        }
        assert_eq!(shown.get("secret"), None);
        let listed = run(at, &["access-key", "list", "--json"]).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 3);

        let program = served(&folder, program).await;
        let pairs = [(text(&made, "accessKey"), text(&made, "secret")), (id, secret)];
        for (id, secret) in pairs {
            let body = json!({ "accessKey": id, "secret": secret });
            let (status, answer) = post(&program.url, "/login", &body).await;
            assert_eq!(status, 201, "{answer}");
        }
    }
}

#[tokio::test]
async fn the_scopes_of_an_access_key_are_those_of_its_tokens() {
    let (folder, program) = store(true).await;
    let program = program.unwrap();
    let create = ["access-key", "create", "--user", "admin", "--json"];
    let some = ["--scope", "users:write", "--scope", "users:read"];
    for (options, scopes) in [(&[][..], "admin users:read users:write"), (&some, "users:write users:read")] {
        let made = run(folder.path(), &[&create[..], options].concat()).await.json();
        let shown = run(folder.path(), &["access-key", "show", text(&made, "ak")]).await;
        let line = shown.succeeded().lines().find(|line| line.starts_with("scopes ")).unwrap();
        assert!(line.ends_with(&format!(" {scopes}")), "{line}");
        let request = program.http.post(program.at("/oauth/token"));
        let request = request.basic_auth(text(&made, "accessKey"), Some(text(&made, "secret")));
        let answer = request.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(text(&answer, "scope"), scopes);
    }
    let listed = run(folder.path(), &["access-key", "list"]).await;
    assert!(listed.succeeded().lines().next().unwrap().contains("SCOPES"));
}

#[tokio::test]
async fn a_key_for_nobody_is_not_made() {
    let (folder, _program) = store(true).await;
    let list = ["access-key", "list", "--json"];
    let before = run(folder.path(), &list).await.json();
    for user in ["5723073937d63a18396a1bae", "nobody", "nobody@example.com"] {
        let ended = run(folder.path(), &["access-key", "create", "--user", user]).await;
        let line = ended.failed();
        for part in ["no user", user, "id, username or e-mail address", "latchkey user list"] {
            assert!(line.contains(part), "{user}: {line}");
        }
    }
    assert_eq!(run(folder.path(), &list).await.json(), before);
}

#[tokio::test]
async fn only_an_active_key_works() {
    let (folder, program) = store(true).await;
    let url = program.as_ref().unwrap().url.clone();
    let cases: [(&[&str], &str, u16); 8] = [
        (&["--state", "pending"], "pending", 401),
        (&["--state", "active"], "active", 201),
        (&["--state", "expired"], "expired", 401),
        (&["--state", "revoked"], "revoked", 401),
        (&["--expires", "2020-01-01"], "expired", 401),
        (&["--expires", "2199-12-31"], "active", 201),
        (&["--expires", "2199-12-31T23:59:59+02:00"], "active", 201),
        (&["--state", "revoked", "--expires", "2199-12-31"], "revoked", 401),
    ];
    for (options, state, status) in cases {
        let create = ["access-key", "create", "--user", "admin", "--json"];
        let made = run(folder.path(), &[&create[..], options].concat()).await.json();
        assert_eq!(text(&made, "state"), state, "{options:?}");
        let shown = run(folder.path(), &["access-key", "show", text(&made, "ak"), "--json"]).await.json();
        assert_eq!(text(&shown, "state"), state, "{options:?}");
        let body = json!({ "accessKey": made["accessKey"], "secret": made["secret"] });
        assert_eq!(post(&url, "/login", &body).await.0, status, "{options:?}");
    }
    let date = ["access-key", "create", "--user", "admin", "--expires", "2030-06-30", "--json"];
    let made = run(folder.path(), &date).await.json();
    let shown = run(folder.path(), &["access-key", "show", text(&made, "ak"), "--json"]).await.json();
    assert!(text(&shown, "expires").starts_with("2030-06-30T23:59:59"), "{shown}");
}

#[tokio::test]
async fn a_user_is_told_of_a_new_access_key_unless_it_can_never_sign_in() {
    let folder = tempdir().unwrap();
    let service = Service::at_present(&[]).await;
    let mut mails = service.post_office();
    service.user("ada").await;
    for (options, told) in [
        (&["--state", "active"][..], true),
        (&["--state", "pending"], true),
        (&["--state", "revoked"], false),
        (&["--state", "expired"], false),
        (&["--expires", "2020-01-01"], false),
    ] {
        let create = [&["access-key", "create", "--user", "ada", "--json"], options].concat();
        let made = on_aws(folder.path(), &service, &create).finish().await.json();
        let letters = mails.deliver().await;
        assert_eq!(letters.len(), usize::from(told), "{options:?}");
        for mail in letters {
            assert_eq!(mail.to, "ada@example.com");
            assert_eq!(mail.subject, "A new access key for Latchkey");
            for secret in ["secret", "accessKey"] {
                assert!(!mail.source.contains(text(&made, secret)), "{}", mail.source);
            }
        }
    }
}
