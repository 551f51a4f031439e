//! Users, access keys and accounts that an operator shuts out, and lets in again.

use serde_json::{Value, json};

use super::{begin_session, check, done, mallory, post, run, served, stopped_or_not, store, text};

const PASSWORD: &str = "correct horse battery";

async fn sign_in(url: &str, password: &str) -> (u16, String) {
    post(url, "/v1/auth", &json!({ "username": "mallory", "password": password })).await
}

#[tokio::test]
async fn a_suspended_user_is_out_at_once_and_an_active_one_signs_in_anew() {
    for stopped in [true, false] {
        let (folder, program) = store(true).await;
        let at = folder.path();
        let user = mallory(at, PASSWORD).await;
        let keys = [
            run(at, &["access-key", "create", "--user", "mallory", "--json"]).await.json(),
            run(at, &["access-key", "create", "--user", "mallory", "--json"]).await.json(),
        ];
        let program = served(&folder, program).await;
        let (status, session) = begin_session(&program.url, PASSWORD).await;
        assert_eq!(status, 200, "{session}");
        let of_a_key = |key: &Value| json!({ "accessKey": key["accessKey"], "secret": key["secret"] });
        let (_, by_key) = post(&program.url, "/login", &of_a_key(&keys[0])).await;
        let tokens = [text(&session["tokens"], "access_token"), by_key.as_str()];
        for token in tokens {
            assert_eq!(check(&program.url, token).await, 200);
        }

        // On the store of the running server, or before it starts again.
        let program = stopped_or_not(program, stopped).await;
        let shown = run(at, &["user", "suspend", "m@example.com", "--json"]).await.json();
        assert_eq!((&shown["id"], &shown["status"]), (&user["id"], &json!("suspended")));
        assert_eq!(shown["revoked_access_keys"], 2);
        let listed = run(at, &["user", "show", "mallory", "--json"]).await.json();
        assert_eq!(listed["status"], "suspended");
        let program = served(&folder, program).await;
        for token in tokens {
            assert_eq!(check(&program.url, token).await, 401);
        }
        let (status, answer) = sign_in(&program.url, PASSWORD).await;
        assert!(status == 401 && answer.contains("suspended"), "{status} {answer}");
        for key in &keys {
            assert_eq!(post(&program.url, "/login", &of_a_key(key)).await.0, 401);
        }

        let shown = run(at, &["user", "activate", text(&user, "id"), "--json"]).await.json();
        assert_eq!(shown["status"], "active");
        assert_eq!(sign_in(&program.url, PASSWORD).await.0, 200);
        // What was ended stays so.
        for token in tokens {
            assert_eq!(check(&program.url, token).await, 401);
        }
        assert_eq!(post(&program.url, "/login", &of_a_key(&keys[0])).await.0, 401);
        let (status, session) = begin_session(&program.url, PASSWORD).await;
        assert_eq!((status, check(&program.url, text(&session["tokens"], "access_token")).await), (200, 200));
    }
}

#[tokio::test]
async fn who_is_locked_out_is_let_in() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    mallory(at, PASSWORD).await;
    let program = served(&folder, program).await;
    let mut statuses = Vec::new();
    while !statuses.contains(&429) {
        statuses.push(sign_in(&program.url, "wrong horse battery").await.0);
        assert!(statuses.len() < 20, "{statuses:?}");
    }
    done(&run(at, &["user", "unlock", "mallory"]).await);
    assert_eq!(sign_in(&program.url, PASSWORD).await.0, 200);
}

#[tokio::test]
async fn a_revoked_access_key_is_refused_and_the_others_are_not() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    let create = ["access-key", "create", "--user", "admin", "--json"];
    let [one, other, third] =
        [run(at, &create).await.json(), run(at, &create).await.json(), run(at, &create).await.json()];
    let program = served(&folder, program).await;
    for name in [text(&one, "accessKey"), text(&other, "ak")] {
        let shown = run(at, &["access-key", "revoke", name, "--json"]).await.json();
        assert_eq!(shown["state"], "revoked");
        let shown = run(at, &["access-key", "show", name, "--json"]).await.json();
        assert_eq!(shown["state"], "revoked");
    }
    for (key, status) in [(one, 401), (other, 401), (third, 201)] {
        let body = json!({ "accessKey": key["accessKey"], "secret": key["secret"] });
        assert_eq!(post(&program.url, "/login", &body).await.0, status);
    }
}

#[tokio::test]
async fn an_account_is_disabled_enabled_and_given_another_secret() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    let made = run(at, &["account", "create", "--json"]).await.json();
    let id = text(&made, "id");
    let program = served(&folder, program).await;
    let enter = async |secret: &Value| {
        post(&program.url, "/public-api/auth/", &json!({ "account": id, "secret": secret })).await.0
    };
    assert_eq!(enter(&made["secret"]).await, 200);
    assert_eq!(
        run(at, &["account", "disable", id, "--json"]).await.json(),
        json!({ "id": id, "status": "disabled" })
    );
    assert_ne!(enter(&made["secret"]).await, 200);
    done(&run(at, &["account", "enable", id]).await);
    assert_eq!(enter(&made["secret"]).await, 200);

    let renewed = run(at, &["account", "new-secret", id, "--json"]).await.json();
    assert_eq!((enter(&made["secret"]).await == 200, enter(&renewed["secret"]).await), (false, 200));
    done(&run(at, &["account", "new-secret", id, "--secret", "chosen by me"]).await);
    assert_eq!((enter(&renewed["secret"]).await == 200, enter(&json!("chosen by me")).await), (false, 200));
}

#[tokio::test]
async fn an_account_whose_secret_strangers_have_guessed_is_let_in() {
    let (folder, program) = store(true).await;
    let (at, program) = (folder.path(), program.unwrap());
    let made = run(at, &["account", "create", "--json"]).await.json();
    let id = text(&made, "id");
    let enter = async |secret: &Value| {
        post(&program.url, "/public-api/auth/", &json!({ "account": id, "secret": secret })).await.0
    };
    let guess = async || {
        for _ in 0..12 {
            enter(&json!("a guess")).await;
        }
    };
    guess().await;
    assert_eq!(enter(&made["secret"]).await, 429);
    let shown = run(at, &["account", "unlock", id, "--json"]).await.json();
    assert_eq!((&shown["id"], enter(&made["secret"]).await), (&made["id"], 200));
    guess().await;
    let renewed = run(at, &["account", "new-secret", id, "--json"]).await.json();
    assert_eq!(enter(&renewed["secret"]).await, 200, "whoever has the new one has guessed nothing");
}

#[tokio::test]
async fn nobody_is_shut_out_who_is_not_there() {
    let (folder, _program) = store(true).await;
    for (arguments, expected) in [
        (["user", "suspend", "nobody"], "there is no user \"nobody\""),
        (["user", "activate", "nobody"], "there is no user \"nobody\""),
        (["user", "unlock", "nobody"], "there is no user \"nobody\""),
        (["access-key", "revoke", "0123456789abcdef0123456789abcdef01234567"], "there is no access key 0123"),
        (["access-key", "revoke", "nobody"], "an access key is 40 hexadecimal digits, or name it by its ak"),
        (["account", "disable", "5723073937d63a18396a1bae"], "there is no account 5723073937d63a18396a1bae"),
        (["account", "unlock", "5723073937d63a18396a1bae"], "there is no account 5723073937d63a18396a1bae"),
        (["account", "enable", "5723073937d63a18396a1bae"], "there is no account 5723073937d63a18396a1bae"),
        (
            ["account", "new-secret", "5723073937d63a18396a1bae"],
            "there is no account 5723073937d63a18396a1bae",
        ),
    ] {
        let answer = run(folder.path(), &arguments).await;
        let line = answer.failed();
        assert!(line.contains(expected), "{arguments:?}: {line}");
    }
}
