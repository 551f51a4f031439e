//! Door A: account tokens.

use std::time::Duration;

use serde_json::{Value, json};
use shared::account::{Account, AccountStatus};
use shared::password::{HashParameters, Hasher, Password};
use shared::user::{User, UserStatus};
use tests::{Fault, START, Service};

use crate::support::jwt::{claims, header, names};
use crate::support::{Answer, post_text, send};

const PATH: &str = "/public-api/auth/";
const SECRET: &str = "hubble";

const NO_ACCOUNT: &str = r#"The request is missing an "accountid" so the server can’t proceed with the request. This may also be returned if the request includes an unsupported parameter or repeats a parameter"#;
const NO_SECRET: &str = r#"The request is missing a "secret" so the server can’t proceed with the request. This may also be returned if the request includes an unsupported parameter or repeats a parameter."#;
const NOT_AUTHENTICATED: &str = "User authentication failed, such as if the request contains an invalid account or secret. Send an HTTP 401 response in this case.";
const VALIDATING: &str = "Error in validating account while generating token!";
const PREPARING: &str = "Error in preparing token payload!";
const ENCODING: &str = "Error in encoding token!";
const STORING: &str = "Error in storing secret!";
const GENERATING: &str = "Error in generating auth token!";

async fn ask(service: &Service, body: Value) -> Answer {
    send(service.post(PATH).json(&body)).await
}

/// A request for a token of this account, with its secret.
fn right(account: &Account) -> Value {
    json!({ "account": account.id, "secret": SECRET })
}

/// A user of an account.
async fn user_of(service: &Service, account: &Account) -> User {
    service.user_with("johnson", |user| user.account = account.id).await
}

fn error(kind: &str, description: &str) -> String {
    json!({ "error": kind, "error_description": description }).to_string()
}

#[tokio::test]
async fn both_spellings_and_both_paths_give_a_token() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    for path in [PATH, "/public-api/auth", "/public-api/auth/?x=1"] {
        for name in ["account", "accountid"] {
            let body = json!({ name: account.id, "secret": SECRET });
            let answer = send(service.post(path).json(&body)).await;
            assert_eq!(answer.status, 200, "{path} {name}: {}", answer.text);
            assert_eq!(names(&answer.json()), ["status", "token"]);
            assert_eq!(answer.json()["status"], "OK");
            assert_eq!(answer.header("content-type"), "application/json");
            answer.has_common_headers();
        }
    }
}

#[tokio::test]
async fn other_paths_below_public_api_are_not_found() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    for path in
        ["/public-api/", "/public-api/auth/x", "/public-api/auth//", "/public-api/AUTH/", "/public-api"]
    {
        let answer = send(service.post(path).json(&right(&account))).await;
        answer.is(404, r#"{"message":"Not Found"}"#);
    }
    send(service.get(PATH)).await.is(404, r#"{"message":"Not Found"}"#);
}

#[tokio::test]
async fn the_token_of_an_account_says_whose_it_is_for_a_day() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let answer = ask(&service, right(&account)).await.json();
    let token = answer["token"].as_str().unwrap();
    let claims = claims(token);
    assert_eq!(header(token)["alg"], "RS256");
    assert_eq!(names(&claims), ["iss", "sub", "iat", "exp", "jti"]);
    assert_eq!(claims["sub"], json!(account.id));
    assert_eq!(claims["iss"], json!(service.url));
    assert_eq!(claims["iat"], START.seconds());
    assert_eq!(claims["exp"], START.seconds() + 24 * 3600);
}

#[tokio::test]
async fn a_user_of_the_account_is_named_in_the_token() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let user = user_of(&service, &account).await;
    let mut body = right(&account);
    body["user_id"] = json!(user.id);
    let answer = ask(&service, body).await.json();
    let claims = claims(answer["token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["user_id"]), (&json!(account.id), &json!(user.id)));
}

#[tokio::test]
async fn every_error_of_the_document_is_told_word_for_word() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let stranger = service.user("stranger").await;
    let disabled = service.account(SECRET).await;
    let disabled = Account { status: AccountStatus::Disabled, ..disabled };
    service.put(&service.app.store.tables.accounts, Account::key(disabled.id), &disabled).await;
    let (id, unknown) = (account.id, "613590fd0366b6816a0b75ee");
    let not_an_id = "The account must be object id.";

    let table = [
        (json!({}), 400, NO_ACCOUNT),
        (json!({ "secret": SECRET }), 400, NO_ACCOUNT),
        (json!({ "account": id }), 400, NO_SECRET),
        (json!({ "accountid": id }), 400, NO_SECRET),
        (json!({ "account": "5723073937d63a18396a 1bae", "secret": SECRET }), 400, not_an_id),
        (json!({ "account": "", "secret": SECRET }), 400, not_an_id),
        (json!({ "account": 7, "secret": SECRET }), 400, not_an_id),
        (json!({ "account": null, "secret": SECRET }), 400, not_an_id),
        (json!({ "account": [id], "secret": SECRET }), 400, not_an_id),
        (json!({ "account": id, "secret": SECRET, "user_id": "johnson" }), 400, not_an_id),
        (json!({ "account": id, "secret": SECRET, "user_id": 26 }), 400, not_an_id),
        (json!({ "account": id, "secret": 7 }), 400, "The secret must be str"),
        (json!({ "account": id, "secret": null }), 400, "The secret must be str"),
        (json!({ "account": id, "secret": [SECRET] }), 400, "The secret must be str"),
        (json!({ "account": unknown, "secret": SECRET }), 400, "The account not found!"),
        (json!({ "account": id, "secret": "hubbl" }), 401, NOT_AUTHENTICATED),
        (json!({ "account": id, "secret": "" }), 401, NOT_AUTHENTICATED),
        (json!({ "account": disabled.id, "secret": SECRET }), 401, NOT_AUTHENTICATED),
        (json!({ "account": id, "secret": SECRET, "user_id": unknown }), 400, "The user not found!"),
        (json!({ "account": id, "secret": SECRET, "user_id": stranger.id }), 400, "The user not found!"),
    ];
    for (body, status, description) in table {
        let answer = ask(&service, body.clone()).await;
        answer.is(status, &error("Validation", description));
        assert_eq!(answer.header("content-type"), "application/json", "{body}");
        answer.has_common_headers();
    }
}

#[tokio::test]
async fn a_suspended_user_is_answered_as_if_there_were_none() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let ask_for = async |username: &str, status: UserStatus| {
        let change = |user: &mut User| {
            user.account = account.id;
            user.status = status;
        };
        let user = service.user_with(username, change).await;
        let mut body = right(&account);
        body["user_id"] = json!(user.id);
        ask(&service, body).await
    };
    assert_eq!(ask_for("ada", UserStatus::Active).await.status, 200);
    assert_eq!(ask_for("bob", UserStatus::Unverified).await.status, 200);
    let suspended = ask_for("eve", UserStatus::Suspended).await;
    suspended.is(400, &error("Validation", "The user not found!"));
}

#[tokio::test]
async fn no_token_is_issued_that_its_user_refuses_already() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let soon = service.app.now() + Duration::from_secs(5);
    let change = |user: &mut User| {
        user.account = account.id;
        user.tokens_valid_after = soon;
    };
    let user = service.user_with("ada", change).await;
    let mut body = right(&account);
    body["user_id"] = json!(user.id);
    ask(&service, body.clone()).await.is(503, &error("Error", PREPARING));
    service.wait(5);
    let token = ask(&service, body).await.json()["token"].as_str().unwrap().to_owned();
    assert!(service.accepts(&token).await);
}

#[tokio::test]
async fn an_unsupported_or_repeated_parameter_is_named() {
    let service = Service::start().await;
    let id = service.account(SECRET).await.id;
    let table = [
        (
            r#""account":"ID","secret":"hubble","scope":"x""#,
            r#"The request includes an unsupported parameter: "scope""#,
        ),
        (
            r#""Account":"ID","secret":"hubble""#,
            r#"The request includes an unsupported parameter: "Account""#,
        ),
        (
            r#""account":"ID","account":"ID","secret":"hubble""#,
            r#"The request repeats a parameter: "account""#,
        ),
        (r#""account":"ID","secret":"hubble","secret":"x""#, r#"The request repeats a parameter: "secret""#),
        (
            r#""account":"ID","secret":"hubble","user_id":null,"user_id":null"#,
            r#"The request repeats a parameter: "user_id""#,
        ),
        (
            r#""account":"ID","accountid":"ID","secret":"hubble""#,
            r#"The request repeats a parameter: "accountid""#,
        ),
        (
            r#""account":"ID","\u0061ccount":"ID","secret":"hubble""#,
            r#"The request repeats a parameter: "account""#,
        ),
    ];
    for (members, description) in table {
        let body = format!("{{{}}}", members.replace("ID", &id.to_string()));
        post_text(&service, PATH, body).await.is(400, &error("Validation", description));
    }
}

#[tokio::test]
async fn a_fault_is_told_by_the_step_at_which_it_happened() {
    let service = Service::start().await;
    let tables = &service.app.store.tables;
    let weak = Hasher::new(HashParameters { memory_kib: 64, iterations: 1, parallelism: 1 });
    let secret_hash = weak.hash(&Password::new(SECRET)).await.unwrap();
    let account = service.account(SECRET).await;
    let weak = Account { secret_hash, ..service.account(SECRET).await };
    service.put(&tables.accounts, Account::key(weak.id), &weak).await;

    let table = [
        ("UpdateItem", &tables.tokens, &account, VALIDATING),
        ("BatchGetItem", &tables.accounts, &account, VALIDATING),
        ("UpdateItem", &tables.accounts, &weak, STORING),
        ("DeleteItem", &tables.tokens, &account, GENERATING),
    ];
    for (operation, on, account, description) in table {
        service.faults.on(operation, on, Fault::Refused);
        ask(&service, right(account)).await.is(500, &error("Error", description));
        service.faults.none();
    }
    // The keyring is read again after five minutes.
    service.wait(301);
    service.faults.on("GetItem", &tables.keys, Fault::Refused);
    ask(&service, right(&account)).await.is(500, &error("Error", ENCODING));
    service.faults.none();
    assert_eq!(ask(&service, right(&account)).await.status, 200);
}

#[tokio::test]
async fn a_damaged_item_is_an_error_of_ours_and_not_of_the_caller() {
    let service = Service::start().await;
    let accounts = &service.app.store.tables.accounts;
    let hashless = Account { secret_hash: "hubble".to_owned(), ..service.account(SECRET).await };
    service.put(accounts, Account::key(hashless.id), &hashless).await;
    ask(&service, right(&hashless)).await.is(500, &error("Error", VALIDATING));

    let damaged = service.account(SECRET).await;
    service.put(accounts, Account::key(damaged.id), &json!({ "id": "x" })).await;
    ask(&service, right(&damaged)).await.is(500, &error("Error", VALIDATING));

    let account = service.account(SECRET).await;
    let user = user_of(&service, &account).await;
    service.put(accounts, User::key(user.id), &json!({ "id": "x" })).await;
    let body = json!({ "account": account.id, "secret": SECRET, "user_id": user.id });
    ask(&service, body).await.is(500, &error("Error", PREPARING));
}

#[tokio::test]
async fn storage_out_of_reach_is_unavailable_and_no_failed_attempt() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let wrong = json!({ "account": account.id, "secret": "wrong" });
    service.faults.all(Fault::Throttled);
    let answer = ask(&service, wrong.clone()).await;
    answer.is(503, &error("Error", VALIDATING));
    assert_eq!(answer.header("retry-after"), "2");
    // More often than guesses are free, and where the guess can be counted though not checked.
    service.faults.on("BatchGetItem", &service.app.store.tables.accounts, Fault::Unreachable);
    for _ in 0..6 {
        ask(&service, wrong.clone()).await.is(503, &error("Error", VALIDATING));
    }
    service.faults.none();
    assert_eq!(ask(&service, right(&account)).await.status, 200);
}

#[tokio::test]
async fn too_many_wrong_secrets_have_to_wait() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let wrong = json!({ "account": account.id, "secret": "wrong" });
    for _ in 0..5 {
        assert_eq!(ask(&service, wrong.clone()).await.status, 401);
    }
    let answer = ask(&service, right(&account)).await;
    answer.is(429, &error("Validation", "Too many failed attempts. Try again in 1 s."));
    assert_eq!(answer.header("retry-after"), "1");
    service.wait(1);
    assert_eq!(ask(&service, right(&account)).await.status, 200);
}

#[tokio::test]
async fn a_weak_hash_of_the_secret_is_replaced_at_its_next_use() {
    let service = Service::start().await;
    let accounts = &service.app.store.tables.accounts;
    let weak = Hasher::new(HashParameters { memory_kib: 64, iterations: 1, parallelism: 1 });
    let secret_hash = weak.hash(&Password::new(SECRET)).await.unwrap();
    let account = Account { secret_hash: secret_hash.clone(), ..service.account(SECRET).await };
    service.put(accounts, Account::key(account.id), &account).await;
    let stored = async || {
        let found: Option<Account> = service.app.store.get(accounts, Account::key(account.id)).await.unwrap();
        found.unwrap().secret_hash
    };

    assert_eq!(ask(&service, json!({ "account": account.id, "secret": "wrong" })).await.status, 401);
    assert_eq!(stored().await, secret_hash);
    assert_eq!(ask(&service, right(&account)).await.status, 200);
    let strong = stored().await;
    assert!(strong.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"), "{strong}");
    assert_eq!(ask(&service, right(&account)).await.status, 200);
    assert_eq!(stored().await, strong);
}

#[tokio::test]
async fn an_account_token_is_two_storage_calls() {
    let service = Service::start().await;
    let account = service.account(SECRET).await;
    let user = user_of(&service, &account).await;
    service.calls.reset();
    let mut body = right(&account);
    body["user_id"] = json!(user.id);
    assert_eq!(ask(&service, body).await.status, 200);
    assert_eq!(service.calls.in_sequence(), 2);
}
