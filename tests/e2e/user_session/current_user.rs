//! The user record: read and changed by its owner.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, PASSWORD, Service};

const NEVER: &str = "1901-01-01T00:00:00.000Z";

/// What a request is told whose `Authorization` header is no bearer token's.
fn malformed_header() -> Value {
    let reason = "the Authorization header must read: Bearer, one space, and one token";
    json!({ "error": "Bad request", "details": [{ "reason": reason }] })
}

async fn change(service: &Service, access: &str, body: &Value) -> Answer {
    Answer::to(service.request(Method::PATCH, "/auth/me").bearer_auth(access).json(body)).await
}

#[tokio::test]
async fn me_shows_the_record() {
    let service = Service::start().await;
    let user = service.user("Alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let answer = Answer::to(service.get("/auth/me").bearer_auth(access)).await;
    assert_eq!(answer.status, 200);
    let record = json!({
        "id": user.id, "first_name": "", "last_name": "", "display_name": "", "email": "alice@example.com",
        "phone": "", "status": 0, "time_zone": "", "created_at": "2096-10-02T07:06:40.000Z",
        "update_at": NEVER, "username": "Alice", "userid": user.id.as_json_integer(),
    });
    assert_eq!(answer.body, record);
}

#[tokio::test]
async fn me_change_is_stored_and_dated() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    service.wait(60);
    let changes = json!({
        "first_name": "Alice", "last_name": "Liddell", "display_name": "Ålice \u{1f407}",
        "phone": "+234 803 000 0000", "time_zone": "Africa/Lagos",
    });
    let answer = change(&service, &access, &changes).await;
    assert_eq!(answer.status, 200);
    for (name, value) in changes.as_object().unwrap() {
        assert_eq!(&answer.body[name], value);
    }
    assert_eq!(answer.body["update_at"], "2096-10-02T07:07:40.000Z");
    assert_eq!(Answer::to(service.get("/auth/me").bearer_auth(&access)).await.body, answer.body);

    let one = change(&service, &access, &json!({ "phone": "" })).await;
    assert_eq!((&one.body["phone"], &one.body["first_name"]), (&json!(""), &json!("Alice")));
    let stored = service.only(&service.app.store.tables.accounts, "USER").await;
    assert_eq!((stored.get("phone"), &stored["first_name"]), (None, &json!("Alice")), "{stored}");

    let rest = json!({ "first_name": "", "last_name": "", "display_name": "Alice", "time_zone": "" });
    let rest = change(&service, &access, &rest).await;
    assert_eq!((&rest.body["time_zone"], &rest.body["display_name"]), (&json!(""), &json!("Alice")));
    let stored = service.only(&service.app.store.tables.accounts, "USER").await;
    let left = ["first_name", "last_name", "display_name", "phone", "time_zone"].map(|name| stored.get(name));
    assert_eq!(left, [None, None, Some(&json!("Alice")), None, None], "{stored}");
}

#[tokio::test]
async fn me_change_takes_a_form() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let request = service.request(Method::PATCH, "/auth/me").bearer_auth(&access);
    let answer = Answer::to(request.form(&[("first_name", "Alice")])).await;
    assert_eq!((answer.status.as_u16(), &answer.body["first_name"]), (200, &json!("Alice")));
}

#[tokio::test]
async fn me_change_keeps_to_the_limits() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    for (name, most) in
        [("first_name", 100), ("last_name", 100), ("display_name", 100), ("phone", 32), ("time_zone", 64)]
    {
        let fits = change(&service, &access, &json!({ name: "ñ".repeat(most) })).await;
        assert_eq!(fits.status, 200, "{name}");
        for wrong in [json!("ñ".repeat(most + 1)), json!("a\r\nb"), json!("a\u{0}"), json!(7), json!(null)] {
            let answer = change(&service, &access, &json!({ name: wrong })).await;
            assert_eq!((answer.status.as_u16(), &answer.body["error"]), (400, &json!("Bad request")));
            assert_eq!(answer.body["details"][0]["field"], name);
        }
    }
    let long = "x".repeat(101);
    let two =
        change(&service, &access, &json!({ "first_name": long, "last_name": long, "phone": "1" })).await;
    assert_eq!(two.body["details"].as_array().unwrap().len(), 2);
    let record = Answer::to(service.get("/auth/me").bearer_auth(&access)).await.body;
    assert_ne!(record["phone"], "1", "all or nothing");
}

#[tokio::test]
async fn me_change_ignores_other_fields() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    let before = service.stored().await;
    let others = json!({
        "id": "5723073937d63a18396a1bae", "account": "5723073937d63a18396a1bae", "email": "m@example.com",
        "username": "mallory", "status": 2, "role": "admin", "scopes": ["admin"], "sub_type": "admin",
        "tokens_valid_after": 0, "created_at": 0, "pk": "x", "updated_at = :now, #pk": "x",
    });
    let answer = change(&service, &access, &others).await;
    assert_eq!((answer.status.as_u16(), &answer.body["update_at"]), (200, &json!(NEVER)));
    assert_eq!(service.stored().await, before);
}

#[tokio::test]
async fn me_without_a_good_token_is_challenged() {
    let service = Service::start().await;
    service.user("alice").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let refresh = login.token("refresh_token");
    for method in [Method::GET, Method::PATCH] {
        let request = || service.request(method.clone(), "/auth/me").json(&json!({ "phone": "1" }));
        let none = Answer::to(request()).await;
        assert_eq!((none.status.as_u16(), none.header("www-authenticate")), (401, Some("Bearer")));
        for token in ["a.00", "nonsense", "e30.e30.e30", refresh.as_str()] {
            let answer = Answer::to(request().bearer_auth(token)).await;
            assert_eq!(answer.status, 401, "{token}");
            let challenge = Some("Bearer error=\"invalid_token\"");
            assert_eq!(answer.header("www-authenticate"), challenge, "{token}");
        }
        let malformed = Answer::to(request().header("authorization", "Bearer two words")).await;
        assert_eq!((malformed.status.as_u16(), malformed.body), (400, malformed_header()));
        let elsewhere = request().query(&[("access_token", login.token("access_token"))]);
        assert_eq!(Answer::to(elsewhere).await.status, 401, "a token in the URL does not count");
    }
}

#[tokio::test]
async fn me_goes_by_the_header_before_the_cookie() {
    let service = Service::start().await;
    let alice = service.user("alice").await;
    service.user("mallory").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let planted = service.try_log_in("mallory", PASSWORD).await.cookie("JSESSIONID");
    let access = login.token("access_token");
    for cookie in [login.cookie("JSESSIONID"), planted.clone(), "JSESSIONID=of-another-server".to_owned()] {
        let request = service.get("/auth/me").bearer_auth(&access).header("cookie", &cookie);
        assert_eq!(Answer::to(request).await.body["id"], alice.id.to_string(), "{cookie}");
    }
    let request = service.get("/auth/me").bearer_auth("a.00").header("cookie", &planted);
    assert_eq!(Answer::to(request).await.status, 401, "a cookie makes up for no header");
}

#[tokio::test]
async fn me_ends_with_the_access_token() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = service.try_log_in("alice", PASSWORD).await.token("access_token");
    service.wait(7199);
    assert_eq!(Answer::to(service.get("/auth/me").bearer_auth(&access)).await.status, 200);
    service.wait(60);
    assert_eq!(Answer::to(service.get("/auth/me").bearer_auth(&access)).await.status, 401);
}

#[tokio::test]
async fn me_of_an_account_is_forbidden() {
    let service = Service::start().await;
    let account = service.account("an account secret").await;
    let body = json!({ "account": account.id, "secret": "an account secret" });
    let token = service.post_json("/public-api/auth", &body).await.1["token"].as_str().unwrap().to_owned();
    let read = Answer::to(service.get("/auth/me").bearer_auth(&token)).await;
    assert_eq!(read.status, 403);
    assert_eq!(read.body, json!({ "error": "This token belongs to no user." }));
    assert_eq!(change(&service, &token, &json!({ "phone": "1" })).await.status, 403);
}
