//! How many calls to storage wait for one another: what each endpoint may cost.

use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use shared::{App, principal};
use tests::{Answer, PASSWORD, Service, text};

async fn steps(service: &Service, request: RequestBuilder, status: u16) -> usize {
    service.calls.reset();
    assert_eq!(Answer::to(request).await.status, status);
    service.calls.in_sequence()
}

#[tokio::test]
async fn verify_of_every_kind_of_token_is_one_call() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    let login = service.try_log_in("alice", PASSWORD).await;
    let account = service.account("an account secret").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let by_account = json!({ "account": account.id, "secret": "an account secret" });
    let by_account = text(&service.post_json("/public-api/auth", &by_account).await.1["token"]);
    let by_key = json!({ "accessKey": key.access_key, "secret": secret });
    let by_key = service.post("/login").json(&by_key).send().await.unwrap().text().await.unwrap();
    let scoped = json!({ "username": "alice", "password": PASSWORD });
    let scoped = text(&service.post_json("/v1/auth", &scoped).await.1["access_token"]);
    let client = service.post("/oauth/token").basic_auth(key.access_key.to_string(), Some(&secret));
    let by_oauth = Answer::to(client.form(&[("grant_type", "client_credentials")])).await;
    let by_oauth = text(&by_oauth.body["access_token"]);
    for token in [login.token("access_token"), by_account, by_key, scoped, by_oauth] {
        let request = service.get("/auth/verify-token").bearer_auth(token);
        assert_eq!(steps(&service, request, 200).await, 1);
        assert_eq!(service.calls.total(), 1);
    }
    let cookie = service.get("/auth/verify-token").header("cookie", login.cookie("JSESSIONID"));
    assert_eq!(steps(&service, cookie, 200).await, 1);
}

#[tokio::test]
async fn a_cold_start_is_one_call_more() {
    let service = Service::start().await;
    service.user("alice").await;
    let token = text(&service.log_in("alice").await["access_token"]);
    let (config, store) = (service.app.config.clone(), service.app.store.clone());
    let cold = App::new(config, store, Arc::clone(&service.clock));
    for (when, calls) in [("cold", 2), ("warm", 1)] {
        service.calls.reset();
        assert!(principal::identify(&cold, &token).await.is_ok(), "{when}");
        assert_eq!((service.calls.in_sequence(), service.calls.total()), (calls, calls), "{when}");
    }
}

#[tokio::test]
async fn refresh_is_one_call() {
    let service = Service::start().await;
    service.user("alice").await;
    let token = text(&service.log_in("alice").await["refresh_token"]);
    for why in ["the first time", "repeated"] {
        let request = service.post("/auth/refresh").json(&json!({ "refresh_token": token }));
        assert_eq!(steps(&service, request, 200).await, 1, "{why}");
        assert_eq!(service.calls.total(), 1, "{why}");
    }
}

#[tokio::test]
async fn sessions_are_listed_in_two_calls_and_the_others_ended_in_three() {
    let service = Service::start().await;
    service.user("alice").await;
    let access = text(&service.log_in("alice").await["access_token"]);
    for _ in 0..2 {
        service.log_in("alice").await;
    }
    for (method, calls) in [(Method::GET, 2), (Method::DELETE, 3), (Method::DELETE, 2)] {
        let request = service.request(method.clone(), "/auth/sessions").bearer_auth(&access);
        assert_eq!(steps(&service, request, 200).await, calls, "{method}");
        assert_eq!(service.calls.total(), calls, "{method}");
    }
}

#[tokio::test]
async fn access_key_login_is_one_call() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let request = service.post("/login").json(&json!({ "accessKey": key.access_key, "secret": secret }));
    assert_eq!(steps(&service, request, 201).await, 1);
    let request = service.post("/login").json(&json!({ "accessKey": key.access_key, "secret": "wrong" }));
    assert_eq!(steps(&service, request, 401).await, 1);
}

#[tokio::test]
async fn account_token_is_two_calls() {
    let service = Service::start().await;
    let account = service.account("an account secret").await;
    let user = service.user_with("alice", |user| user.account = account.id).await;
    for body in [
        json!({ "account": account.id, "secret": "an account secret" }),
        json!({ "account": account.id, "secret": "an account secret", "user_id": user.id }),
    ] {
        assert_eq!(steps(&service, service.post("/public-api/auth").json(&body), 200).await, 2);
    }
}

#[tokio::test]
async fn password_doors_are_two_calls_by_username_and_three_by_address() {
    let service = Service::start().await;
    service.user("alice").await;
    for (name, most) in [("alice", 2), ("alice@example.com", 3)] {
        let login = service.login_request(name, PASSWORD);
        assert_eq!(steps(&service, login, 200).await, most, "{name}");
        let scoped = service.post("/v1/auth").json(&json!({ "username": name, "password": PASSWORD }));
        assert_eq!(steps(&service, scoped, 200).await, most, "{name}");
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_name_cost_the_same_calls() {
    let service = Service::start().await;
    service.user("alice").await;
    let mut costs = Vec::new();
    for name in ["alice", "nobody", "alice@example.com", "nobody@example.com"] {
        let calls = steps(&service, service.login_request(name, "not the password"), 406).await;
        costs.push((calls, service.calls.total()));
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[2], costs[3]);
}

#[tokio::test]
async fn signup_is_one_call() {
    let service = Service::start().await;
    let form = [("username", "alice"), ("password", PASSWORD), ("email", "alice@example.com")];
    assert_eq!(steps(&service, service.post("/auth/signup").form(&form), 200).await, 1);
    assert_eq!(service.calls.total(), 1);
    assert_eq!(steps(&service, service.post("/auth/signup").form(&form), 409).await, 1);
}

#[tokio::test]
async fn jwks_and_metadata_are_no_call() {
    let service = Service::start().await;
    for path in ["jwks.json", "oauth-authorization-server", "openid-configuration"] {
        let request = service.get(&format!("/.well-known/{path}"));
        assert_eq!(steps(&service, request, 200).await, 0, "{path}");
    }
}

#[tokio::test]
async fn oauth_for_a_client_is_two_calls_and_for_a_session_one() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let token =
        |secret: &str| service.post("/oauth/token").basic_auth(key.access_key.to_string(), Some(secret));
    let form = [("grant_type", "client_credentials")];
    assert_eq!(steps(&service, token(&secret).form(&form), 200).await, 2);
    assert_eq!(service.calls.total(), 2);
    assert_eq!(steps(&service, token("wrong").form(&form), 401).await, 1);
    let refresh = text(&service.log_in("alice").await["refresh_token"]);
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    for why in ["the first time", "repeated"] {
        assert_eq!(steps(&service, service.post("/oauth/token").form(&form), 200).await, 1, "{why}");
        assert_eq!(service.calls.total(), 1, "{why}");
    }
    assert_eq!(steps(&service, token(&secret).form(&form), 200).await, 3, "with a client");
}

#[tokio::test]
async fn introspection_is_two_calls_and_revocation_three() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let client = |path: &str| service.post(path).basic_auth(key.access_key.to_string(), Some(&secret));
    let issued = Answer::to(client("/oauth/token").form(&[("grant_type", "client_credentials")])).await;
    let session = service.log_in("alice").await;
    let tokens =
        [&issued.body["access_token"], &session["access_token"], &session["refresh_token"]].map(text);
    for token in &tokens {
        let form = [("token", token)];
        assert_eq!(steps(&service, client("/oauth/introspect").form(&form), 200).await, 2);
        assert_eq!(service.calls.total(), 3, "two of them at the same time");
    }
    for token in &tokens {
        assert_eq!(steps(&service, client("/oauth/revoke").form(&[("token", token)]), 200).await, 3);
    }
    let forged = [("token", "a.b.c")];
    assert_eq!(steps(&service, client("/oauth/introspect").form(&forged), 200).await, 2);
    assert_eq!(service.calls.total(), 2, "a forged token is not looked for");
    assert_eq!(steps(&service, client("/oauth/revoke").form(&forged), 200).await, 2);
}
