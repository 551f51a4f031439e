//! How a client shows who it is, alike at every endpoint that asks for it (RFC 6749 section 2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::RequestBuilder;
use shared::access_key::{AccessKey, AccessKeyState};
use shared::user::{User, UserStatus};
use tests::{START, Service};

use super::{Client, INTROSPECT, REVOKE, TOKEN, UNKNOWN, World, post, refuses};
use crate::support::{Answer, send};

const PATHS: [&str; 3] = [TOKEN, INTROSPECT, REVOKE];
/// Parameters that are enough for a client at every one of them.
const FORM: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("token", "unknown")];

/// A request with this text as the Basic credentials.
fn basic(service: &Service, path: &str, credentials: &str) -> RequestBuilder {
    service.post(path).header("authorization", format!("Basic {}", STANDARD.encode(credentials)))
}

/// A request with the client in the body.
async fn in_the_body(service: &Service, path: &str, id: &str, secret: &str) -> Answer {
    post(service.post(path), &[&FORM[..], &[("client_id", id), ("client_secret", secret)]].concat()).await
}

/// Every character in its percent-encoded form.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A client whose secret has both of the characters that a form needs encoded.
async fn awkward(service: &Service, user: &User) -> Client {
    let secret = "79bPqahz+eYuIgyod1GBjBsy38wN7KuBBNNmN/emwjFC+A/q";
    let change = |key: &mut AccessKey| key.secret_sha256 = AccessKey::hash_secret(secret);
    let (key, _) = service.access_key(user.id, change).await;
    Client { key, secret: secret.to_owned() }
}

#[tokio::test]
async fn a_client_shows_its_secret_in_the_header_or_in_the_body() {
    let world = World::new().await;
    let (service, client) = (&world.service, &world.client);
    for path in PATHS {
        let answer = client.post(service, path, &FORM).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let answer = in_the_body(service, path, &client.id(), &client.secret).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_scheme_and_the_access_key_are_read_in_any_case() {
    let world = World::new().await;
    let (service, client) = (&world.service, &world.client);
    let pair = STANDARD.encode(format!("{}:{}", client.id().to_uppercase(), client.secret));
    for scheme in ["Basic", "basic", "BASIC"] {
        let request = service.post(TOKEN).header("authorization", format!("{scheme} {pair}"));
        let answer = post(request, &FORM).await;
        assert_eq!(answer.status, 200, "{scheme}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_halves_of_the_header_are_encoded_like_a_form_or_not_at_all() {
    let world = World::new().await;
    let service = &world.service;
    let client = awkward(service, &world.user).await;
    let (id, secret) = (client.id(), &client.secret);
    let proper = secret.replace('+', "%2B").replace('/', "%2f");
    for path in PATHS {
        for credentials in [
            format!("{id}:{secret}"),
            format!("{id}:{proper}"),
            format!("{}:{}", encoded(&id), encoded(secret)),
        ] {
            let answer = post(basic(service, path, &credentials), &FORM).await;
            assert_eq!(answer.status, 200, "{path} {credentials}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_secret_in_the_body_is_encoded_or_not() {
    let world = World::new().await;
    let service = &world.service;
    let client = awkward(service, &world.user).await;
    for secret in [client.secret.clone(), encoded(&client.secret)] {
        let body = format!("grant_type=client_credentials&client_id={}&client_secret={secret}", client.id());
        let request = service.post(TOKEN).header("content-type", "application/x-www-form-urlencoded");
        let answer = send(request.body(body)).await;
        assert_eq!(answer.status, 200, "{secret}: {}", answer.text);
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_client_it_is_told_the_same() {
    let world = World::new().await;
    let (service, user) = (&world.service, world.user.id);
    let with = async |change: fn(&mut AccessKey)| {
        let (key, secret) = service.access_key(user, change).await;
        (key.access_key.to_string(), secret)
    };
    let owned_by = async |user: User| service.access_key(user.id, |_| {}).await;
    let suspended = service.user_with("suspended", |user| user.status = UserStatus::Suspended).await;
    let (of_suspended, suspended_secret) = owned_by(suspended).await;
    let (of_nobody, nobodys_secret) =
        owned_by(User { id: "613590fd0366b6816a0b75ee".parse().unwrap(), ..world.user.clone() }).await;
    let (pending, pending_secret) = with(|key| key.state = AccessKeyState::Pending).await;
    let (revoked, revoked_secret) = with(|key| key.state = AccessKeyState::Revoked).await;
    let (expired, expired_secret) = with(|key| key.valid_until = Some(START)).await;
    let (id, secret) = (world.client.id(), world.client.secret.clone());
    let table = [
        ("unknown", "986d8167a9b9a15e37db4ab4ad50877b01347a94".to_owned(), secret.clone()),
        ("no access key", "latchkey".to_owned(), secret.clone()),
        ("another item's key", "USER#1".to_owned(), secret.clone()),
        ("the key's UUID", world.client.key.access_key.ak().to_string(), secret.clone()),
        ("another secret", id.clone(), expired_secret.clone()),
        ("a part of the secret", id.clone(), secret[..47].to_owned()),
        ("a colon and more", id.clone(), format!("{secret}:x")),
        ("the secret's hash", id, world.client.key.secret_sha256.clone()),
        ("pending", pending, pending_secret),
        ("revoked", revoked, revoked_secret),
        ("expired", expired, expired_secret),
        ("of a suspended user", of_suspended.access_key.to_string(), suspended_secret),
        ("of nobody", of_nobody.access_key.to_string(), nobodys_secret),
    ];
    for path in PATHS {
        for (why, id, secret) in &table {
            for answer in [
                post(basic(service, path, &format!("{id}:{secret}")), &FORM).await,
                in_the_body(service, path, id, secret).await,
            ] {
                refuses(&answer, 401, "invalid_client");
                assert_eq!(answer.text, UNKNOWN, "{path} {why}");
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_shows_no_secret_is_none() {
    let world = World::new().await;
    let service = &world.service;
    for path in PATHS {
        let id = world.client.id();
        refuses(&post(service.post(path), &FORM).await, 401, "invalid_client");
        let named = [&FORM[..], &[("client_id", id.as_str())]].concat();
        refuses(&post(service.post(path), &named).await, 401, "invalid_client");
        refuses(&in_the_body(service, path, &id, "").await, 401, "invalid_client");
        refuses(&in_the_body(service, path, "", &world.client.secret).await, 401, "invalid_client");
        refuses(&post(basic(service, path, &format!("{id}:")), &FORM).await, 401, "invalid_client");
        refuses(
            &post(basic(service, path, &format!(":{}", world.client.secret)), &FORM).await,
            401,
            "invalid_client",
        );
    }
}

#[tokio::test]
async fn a_header_that_holds_no_basic_credentials_is_a_client_that_failed() {
    let world = World::new().await;
    let service = &world.service;
    let token = world.issue().await;
    let no_colon = STANDARD.encode(world.client.id());
    let not_utf8 = STANDARD.encode(b"\xff:\xff");
    let escaped = STANDARD.encode("%ff:%ff");
    for path in PATHS {
        for value in [
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic eDp5=",
            &format!("Basic {no_colon}"),
            &format!("Basic {not_utf8}"),
            &format!("Basic {escaped}"),
            &format!("Bearer {token}"),
            "Digest username=x",
        ] {
            let answer = post(service.post(path).header("authorization", value), &FORM).await;
            refuses(&answer, 401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn a_client_authenticates_in_one_way_only() {
    let world = World::new().await;
    let (service, client) = (&world.service, &world.client);
    for path in PATHS {
        let (id, secret) = (client.id(), client.secret.as_str());
        let twice = [&FORM[..], &[("client_id", id.as_str()), ("client_secret", secret)]].concat();
        refuses(&client.post(service, path, &twice).await, 400, "invalid_request");
        let secret_twice = [&FORM[..], &[("client_secret", secret)]].concat();
        refuses(&client.post(service, path, &secret_twice).await, 400, "invalid_request");
        let another = [&FORM[..], &[("client_id", "latchkey")]].concat();
        refuses(&client.post(service, path, &another).await, 400, "invalid_request");
        let same = [&FORM[..], &[("client_id", id.as_str())]].concat();
        assert_eq!(client.post(service, path, &same).await.status, 200, "{path}: it only names itself");
        let header = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let two = service.post(path).header("authorization", &header).header("authorization", &header);
        refuses(&post(two, &FORM).await, 401, "invalid_client");
    }
}

#[tokio::test]
async fn a_client_in_the_query_is_not_looked_at() {
    let world = World::new().await;
    for path in PATHS {
        let query =
            format!("{path}?client_id={}&client_secret={}", world.client.id(), encoded(&world.client.secret));
        refuses(&post(world.service.post(&query), &FORM).await, 401, "invalid_client");
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_refused_and_an_unknown_one_is_not() {
    let world = World::new().await;
    let (service, client) = (&world.service, &world.client);
    for path in PATHS {
        for repeated in ["grant_type", "token", "scope", "client_id", "whatever"] {
            let form = [&FORM[..], &[(repeated, "x"), (repeated, "x")]].concat();
            let answer = client.post(service, path, &form).await;
            refuses(&answer, 400, "invalid_request");
            let description = format!("The field '{repeated}' is repeated.");
            assert_eq!(answer.json()["error_description"], description);
        }
        let unknown = [&FORM[..], &[("audience", "x"), ("token_type_hint", "x"), ("x", "y")]].concat();
        assert_eq!(client.post(service, path, &unknown).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn only_a_form_is_read() {
    let world = World::new().await;
    let (service, client) = (&world.service, &world.client);
    let json = serde_json::json!({ "grant_type": "client_credentials", "token": "unknown" });
    for path in PATHS {
        let request = || service.post(path).basic_auth(client.id(), Some(&client.secret));
        let form = "grant_type=client_credentials&token=unknown";
        refuses(&send(request().json(&json)).await, 400, "invalid_request");
        refuses(&send(request().body(form)).await, 400, "invalid_request");
        refuses(
            &send(request().header("content-type", "text/plain").body(form)).await,
            400,
            "invalid_request",
        );
        refuses(&send(request()).await, 400, "invalid_request");
        let type_of_form = "application/x-www-form-urlencoded;charset=UTF-8";
        let answer = send(request().header("content-type", type_of_form).body(form)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let too_large = send(request().form(&[("token", "x".repeat(16 * 1024))])).await;
        refuses(&too_large, 413, "invalid_request");
    }
}

#[tokio::test]
async fn there_is_no_other_method() {
    let world = World::new().await;
    for path in PATHS {
        for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::OPTIONS] {
            let request = world.service.request(method, path);
            assert_eq!(client_request(request, &world).await.status, 404, "{path}");
        }
    }
}

async fn client_request(request: RequestBuilder, world: &World) -> Answer {
    send(request.basic_auth(world.client.id(), Some(&world.client.secret)).form(&FORM)).await
}

#[tokio::test]
async fn the_secret_of_a_client_is_stored_nowhere() {
    let world = World::new().await;
    world.issue().await;
    for item in world.service.stored().await {
        assert!(!item.contains(&world.client.secret), "{item}");
    }
}
