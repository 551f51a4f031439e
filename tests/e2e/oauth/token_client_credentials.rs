//! `grant_type=client_credentials`: an access token of RFC 9068 for a client's own secret.

use std::collections::HashSet;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use shared::http::StatusCode;
use shared::user::{User, UserStatus};
use tests::{START, Service};

use super::{TOKEN, World, has_oauth_headers, post, refuses};
use crate::support::jwt::{claims, header, names};
use crate::support::send;

/// Stores the world's user with a change.
async fn change_user(world: &World, change: impl FnOnce(&mut User)) {
    let mut user = world.user.clone();
    change(&mut user);
    world.service.put(&world.service.app.store.tables.accounts, User::key(user.id), &user).await;
}

#[tokio::test]
async fn a_client_gets_a_bearer_token_for_an_hour_and_no_refresh_token() {
    let world = World::new().await;
    let answer = world.ask(&[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    has_oauth_headers(&answer);
    let body = answer.json();
    assert_eq!(names(&body), ["access_token", "token_type", "expires_in", "scope"]);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(body["scope"], "sleep:read sleep:write");
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn the_token_is_a_jwt_of_rfc_9068() {
    let world = World::new().await;
    let token = world.issue().await;
    assert_eq!(names(&header(&token)), ["typ", "alg", "kid"]);
    assert_eq!((&header(&token)["typ"], &header(&token)["alg"]), (&json!("at+jwt"), &json!("RS256")));
    let claims = claims(&token);
    let expected = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "account", "uid"];
    assert_eq!(names(&claims), expected);
    let (id, url) = (json!(world.client.id()), json!(world.service.url));
    assert_eq!((&claims["iss"], &claims["aud"]), (&url, &url));
    assert_eq!((&claims["sub"], &claims["client_id"]), (&id, &id));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(START.seconds()), &json!(START.seconds() + 3600)));
    assert_eq!(claims["scope"], "sleep:read sleep:write");
    assert_eq!((&claims["account"], &claims["uid"]), (&json!(world.user.account), &json!(world.user.id)));
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!((jti.len(), &jti[14..15]), (36, "7"), "{jti}");
}

#[tokio::test]
async fn no_two_tokens_have_one_id() {
    let world = World::new().await;
    let mut ids = HashSet::new();
    for _ in 0..20 {
        assert!(ids.insert(claims(&world.issue().await)["jti"].to_string()));
    }
}

#[tokio::test]
async fn anyone_can_check_the_token_with_the_published_keys() {
    let world = World::new().await;
    let token = world.issue().await;
    let keys = send(world.service.get("/.well-known/jwks.json")).await;
    let keys: JwkSet = serde_json::from_str(&keys.text).unwrap();
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_exp = false; // the test's clock is not the machine's
    rules.set_issuer(&[&world.service.url]);
    rules.set_audience(&[&world.service.url]);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    let read = jsonwebtoken::decode::<Value>(&token, &key, &rules).unwrap();
    assert_eq!(read.claims["client_id"], world.client.id());
}

#[tokio::test]
async fn verify_token_shows_whose_client_it_is() {
    let world = World::new().await;
    let (status, body) = world.service.verify(&world.issue().await).await;
    assert_eq!((status, &body["data"]["user"]["id"]), (StatusCode::OK, &json!(world.user.id)));
}

#[tokio::test]
async fn a_client_gets_the_scopes_that_it_asks_for_and_no_others() {
    let world = World::new().await;
    for (asked, granted) in [
        ("", "sleep:read sleep:write"),
        ("sleep:read", "sleep:read"),
        ("sleep:write", "sleep:write"),
        ("sleep:write sleep:read", "sleep:read sleep:write"),
        ("sleep:read sleep:read", "sleep:read"),
    ] {
        let answer = world.ask(&[("scope", asked)]).await;
        assert_eq!(answer.status, 200, "{asked}: {}", answer.text);
        let body = answer.json();
        assert_eq!(body["scope"], granted, "{asked}");
        assert_eq!(claims(body["access_token"].as_str().unwrap())["scope"], granted, "{asked}");
    }
    for asked in [
        "admin",
        "sleep:read admin",
        "sleep",
        "SLEEP:READ",
        " ",
        "sleep:read ",
        "sleep:read  sleep:write",
        "*",
        "\0",
    ] {
        refuses(&world.ask(&[("scope", asked)]).await, 400, "invalid_scope");
    }
}

#[tokio::test]
async fn a_client_has_no_scope_that_its_user_has_lost() {
    let world = World::new().await;
    change_user(&world, |user| user.scopes = vec!["sleep:write".to_owned(), "admin".to_owned()]).await;
    assert_eq!(world.ask(&[]).await.json()["scope"], "sleep:write");
    for lost_or_never_its_own in ["sleep:read", "admin"] {
        refuses(&world.ask(&[("scope", lost_or_never_its_own)]).await, 400, "invalid_scope");
    }
}

#[tokio::test]
async fn a_client_without_scopes_gets_a_token_without_the_claim() {
    let world = World::new().await;
    change_user(&world, |user| user.scopes.clear()).await;
    let body = world.ask(&[]).await.json();
    assert_eq!(body["scope"], "");
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(claims(token).get("scope"), None);
    assert!(world.holds(token).await);
}

#[tokio::test]
async fn an_access_key_from_before_there_were_scopes_has_none() {
    let world = World::new().await;
    let table = &world.service.app.store.tables.accounts;
    let mut item = serde_json::to_value(&world.client.key).unwrap();
    item.as_object_mut().unwrap().shift_remove("scopes");
    let key = shared::access_key::AccessKey::key(world.client.key.access_key.ak());
    world.service.put(table, key, &item).await;
    assert_eq!(world.ask(&[]).await.json()["scope"], "");
}

#[tokio::test]
async fn a_token_is_for_the_configured_audience() {
    let api = "https://api.example.com/orders";
    let world = World::with(&[("AUDIENCE", api)]).await;
    let answer = world.ask(&[("resource", api)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let token = world.issue().await;
    assert_eq!(claims(&token)["aud"], api);
    assert!(world.holds(&token).await);
    let issuer = world.service.url.as_str();
    for other in [issuer, "https://api.example.com", "https://api.example.com/orders/", "x"] {
        refuses(&world.ask(&[("resource", other)]).await, 400, "invalid_target");
    }
}

#[tokio::test]
async fn without_an_audience_a_token_is_for_the_issuer() {
    let world = World::new().await;
    assert_eq!(world.ask(&[("resource", &world.service.url)]).await.status, 200);
    refuses(&world.ask(&[("resource", "https://api.example.com")]).await, 400, "invalid_target");
    let twice = [("resource", world.service.url.as_str()), ("resource", "https://api.example.com")];
    refuses(&world.ask(&twice).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_token_for_another_service_opens_nothing_at_this_one() {
    for (audience, status) in [("", 200), ("https://api.example.com", 401)] {
        let world = World::with(&[("AUDIENCE", audience)]).await;
        let token = world.issue().await;
        assert!(world.holds(&token).await, "{audience}: what it is good for is told");
        for path in ["/auth/me", "/auth/sessions"] {
            let answer = send(world.service.get(path).bearer_auth(&token)).await;
            assert_eq!(answer.status, status, "{audience} {path}: {}", answer.text);
            let challenge = if status == 401 { r#"Bearer error="invalid_token""# } else { "" };
            assert_eq!(answer.header("www-authenticate"), challenge);
        }
    }
}

#[tokio::test]
async fn what_else_a_request_says_sets_no_claim() {
    let world = World::new().await;
    let more = [
        ("sub", "admin"),
        ("aud", "https://evil.example"),
        ("audience", "https://evil.example"),
        ("account", "613590fd0366b6816a0b75ee"),
        ("exp", "9999999999"),
        ("expires_in", "9999999999"),
        ("username", "admin"),
        ("password", "correct horse battery"),
        ("refresh_token", "r.1"),
    ];
    let body = world.ask(&more).await.json();
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(world.client.id()), &json!(world.service.url)));
    assert_eq!((&claims["account"], &claims["uid"]), (&json!(world.user.account), &json!(world.user.id)));
    assert_eq!(claims["exp"], START.seconds() + 3600);
}

#[tokio::test]
async fn the_grant_is_for_clients_with_a_secret() {
    let world = World::new().await;
    let public = [("grant_type", "client_credentials"), ("client_id", "latchkey")];
    refuses(&post(world.service.post(TOKEN), &public).await, 400, "unauthorized_client");
    let nobody = [("grant_type", "client_credentials")];
    refuses(&post(world.service.post(TOKEN), &nobody).await, 401, "invalid_client");
}

#[tokio::test]
async fn there_are_no_other_grants() {
    let world = World::new().await;
    let client = &world.client;
    for grant in [
        "password",
        "implicit",
        "authorization_code",
        "token",
        "Client_Credentials",
        "client_credentials ",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        let form = [("grant_type", grant), ("username", "partner"), ("password", tests::PASSWORD)];
        refuses(&client.post(&world.service, TOKEN, &form).await, 400, "unsupported_grant_type");
    }
    for form in [&[("grant_type", "")][..], &[("grant", "client_credentials")], &[]] {
        refuses(&client.post(&world.service, TOKEN, form).await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn no_token_is_issued_that_its_user_refuses_already() {
    let world = World::new().await;
    let soon = world.service.app.now() + Duration::from_secs(5);
    change_user(&world, |user| user.tokens_valid_after = soon).await;
    refuses(&world.ask(&[]).await, 503, "temporarily_unavailable");
    world.service.wait(5);
    let token = world.issue().await;
    assert!(world.service.accepts(&token).await);
}

#[tokio::test]
async fn a_token_ends_with_its_key_and_its_user() {
    let world = World::new().await;
    let token = world.issue().await;
    change_user(&world, |user| user.status = UserStatus::Suspended).await;
    assert!(!world.service.accepts(&token).await);
    let answer = world.ask(&[]).await;
    refuses(&answer, 401, "invalid_client");
    change_user(&world, |_| {}).await;
    assert!(world.service.accepts(&token).await);
    world.service.wait(3600);
    assert!(!world.service.accepts(&token).await);
}

#[tokio::test]
async fn where_a_request_says_it_was_sent_changes_no_token() {
    let world = World::new().await;
    for name in ["host", "x-forwarded-host", "forwarded"] {
        let request = world.service.post(TOKEN).header(name, "evil.example");
        let request = request.basic_auth(world.client.id(), Some(&world.client.secret));
        let body = post(request, &[("grant_type", "client_credentials")]).await.json();
        let claims = claims(body["access_token"].as_str().unwrap());
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!(world.service.url), &json!(world.service.url)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_token_of_another_deployment_is_refused() {
    let service = Service::with(&[("PUBLIC_URL", "https://auth.example.com")]).await;
    let user = service.user("partner").await;
    let client = super::Client::of(&service, &user).await;
    let form = [("grant_type", "client_credentials")];
    let token = client.post(&service, TOKEN, &form).await.json()["access_token"].as_str().unwrap().to_owned();
    assert!(service.accepts(&token).await);
    // The tests' services sign with the same keys, so the issuer alone tells them apart.
    let other = World::new().await;
    assert!(!other.service.accepts(&token).await);
}
