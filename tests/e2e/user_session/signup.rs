//! Signup that succeeds, and names that are taken.

use reqwest::multipart::Form;
use serde_json::json;
use tests::{Answer, PASSWORD, Service, at_once, with_status};

#[tokio::test]
async fn signup_answers_the_message_and_an_integer_id() {
    let service = Service::start().await;
    let answer = service.sign_up("alice").await;
    assert_eq!(answer.status, 200);
    let id = answer.body["userid"].as_u64().expect("an integer");
    assert!(id < 1 << 53);
    assert_eq!(answer.body, json!({ "message": "Signup success", "userid": id }));
    assert_eq!(answer.set_cookie("JSESSIONID"), None);
}

#[tokio::test]
async fn signup_takes_a_form_multipart_and_json() {
    let service = Service::start().await;
    assert_eq!(service.sign_up("form").await.status, 200);
    let parts = Form::new()
        .text("username", "multipart")
        .text("password", PASSWORD)
        .text("email", "multipart@example.com");
    assert_eq!(Answer::to(service.post("/auth/signup").multipart(parts)).await.status, 200);
    let body = json!({ "username": "json", "password": PASSWORD, "email": "json@example.com" });
    assert_eq!(service.post_json("/auth/signup", &body).await.0, 200);
    for username in ["form", "multipart", "json"] {
        service.log_in(username).await;
    }
}

#[tokio::test]
async fn signup_userid_is_the_one_of_the_user_record() {
    let service = Service::start().await;
    let id = service.sign_up("alice").await.body["userid"].clone();
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    assert_eq!(Answer::to(service.get("/auth/me").bearer_auth(access)).await.body["userid"], id);
}

#[tokio::test]
async fn signup_user_is_not_yet_verified() {
    let service = Service::start().await;
    service.sign_up("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    assert_eq!(service.verify(&access).await.1["data"]["user"]["status"], 1);
}

#[tokio::test]
async fn signup_ignores_fields_that_nobody_may_set() {
    let service = Service::start().await;
    let body = json!({
        "username": "mallory", "password": PASSWORD, "email": "mallory@example.com",
        "role": "admin", "roles": ["admin"], "sub_type": "admin", "scopes": ["admin"], "scope": "admin",
        "status": 0, "id": "5723073937d63a18396a1bae", "userid": 1, "account": "5723073937d63a18396a1bae",
        "created_at": 0, "tokens_valid_after": 0, "password_hash": "x", "verified": true, "pk": "USER#x",
    });
    assert_eq!(service.post_json("/auth/signup", &body).await.0, 200);

    let user = service.only(&service.app.store.tables.accounts, "USER").await;
    assert_eq!(user["status"], 1);
    assert_eq!(user["sub_type"], "user");
    assert_eq!(user["scopes"], json!([]));
    assert_eq!(user["account"], service.app.config.default_account.to_string());
    assert_ne!(user["id"], "5723073937d63a18396a1bae");
    for name in ["role", "roles", "password_hash", "verified", "userid"] {
        assert_eq!(user.get(name), None, "{name}");
    }
    let login = service.only(&service.app.store.tables.accounts, "LOGIN").await;
    assert_eq!((&login["scopes"], &login["status"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn signup_puts_a_message_without_secrets_in_the_outbox() {
    let service = Service::start().await;
    service.sign_up("alice").await;
    let message = service.only(&service.app.store.tables.tokens, "OUTBOX").await;
    assert_eq!(message["kind"], "verify-email");
    let user = service.only(&service.app.store.tables.accounts, "USER").await;
    assert_eq!(message["user"], user["id"]);
    let mut names: Vec<&String> = message.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["created_at", "expires", "id", "kind", "pk", "sk", "user"]);
    assert!(!message.to_string().contains(PASSWORD));
}

#[tokio::test]
async fn signup_stores_the_password_as_argon2id_only() {
    let service = Service::start().await;
    service.sign_up("alice").await;
    let login = service.only(&service.app.store.tables.accounts, "LOGIN").await;
    assert!(login["password_hash"].as_str().unwrap().starts_with("$argon2id$v=19$m=7168,t=1,p=1$"));
    assert!(!service.stored().await.concat().contains(PASSWORD));
}

#[tokio::test]
async fn signup_refuses_a_name_that_is_taken_in_any_case() {
    let service = Service::start().await;
    service.sign_up("alice").await;
    for username in ["alice", "ALICE", "aLiCe"] {
        let form = [("username", username), ("password", PASSWORD), ("email", "other@example.com")];
        let (status, body) = service.post_form("/auth/signup", &form).await;
        assert_eq!((status.as_u16(), body), (409, json!({ "error": "Unable to signup." })), "{username}");
    }
}

#[tokio::test]
async fn signup_refuses_an_address_that_is_taken_in_any_case() {
    let service = Service::start().await;
    service.sign_up("alice").await;
    for email in ["alice@example.com", "Alice@Example.COM"] {
        let form = [("username", "bob"), ("password", PASSWORD), ("email", email)];
        let (status, body) = service.post_form("/auth/signup", &form).await;
        assert_eq!((status.as_u16(), body), (409, json!({ "error": "Unable to signup." })), "{email}");
    }
    assert_eq!(service.try_log_in("bob", PASSWORD).await.status, 406, "nothing of bob was written");
}

#[tokio::test]
async fn signup_of_one_name_by_many_at_once_makes_one_user() {
    let service = Service::start().await;
    let password = |n: usize| format!("{PASSWORD} {n}");
    let requests = (0..32).map(|n| {
        let (password, email) = (password(n), format!("alice{n}@example.com"));
        let username = if n % 2 == 0 { "alice" } else { "Alice" };
        service.post("/auth/signup").form(&[
            ("username", username),
            ("password", &password),
            ("email", &email),
        ])
    });
    let answers = at_once(requests).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 409)), (1, 31));

    let accounts = &service.app.store.tables.accounts;
    for (sort_key, name) in [("USER", "records"), ("LOGIN", "credentials"), ("EMAIL", "addresses")] {
        assert_eq!(service.count(accounts, sort_key).await, 1, "{name}");
    }
    assert_eq!(service.count(&service.app.store.tables.tokens, "OUTBOX").await, 1, "one mail");

    let winner = service.only(accounts, "USER").await["email"].clone();
    for n in 0..32 {
        let won = winner == format!("alice{n}@example.com");
        let answer = service.try_log_in("alice", &password(n)).await;
        assert_eq!(answer.status, if won { 200 } else { 406 }, "password {n}");
        service.wait(900);
    }
}

#[tokio::test]
async fn signup_of_one_address_by_many_at_once_makes_one_user() {
    let service = Service::start().await;
    let requests = (0..8).map(|n| {
        let username = format!("alice{n}");
        let form = [("username", username.as_str()), ("password", PASSWORD), ("email", "alice@example.com")];
        service.post("/auth/signup").form(&form)
    });
    let answers = at_once(requests).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 409)), (1, 7));
    for sort_key in ["USER", "LOGIN", "EMAIL"] {
        assert_eq!(service.count(&service.app.store.tables.accounts, sort_key).await, 1, "{sort_key}");
    }
}
