//! Keys are succeeded without a token refused on the way, and retired when they must be.

mod clients;
mod first;
mod unknown;

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::App;
use shared::keyring::Purpose;
use shared::keyring::rotation::{self, KeyInfo, KeyState, PUBLISHED_FOR, READ_WITHIN, Start};
use shared::principal;
use tests::{PASSWORD, Service, answer};

const DAY: u64 = 24 * 3600;
/// How long an instance keeps the keyring that it has read.
const KEPT: u64 = 300;

async fn published(service: &Service) -> Vec<String> {
    let (status, keys) = answer(service.get("/.well-known/jwks.json")).await;
    assert_eq!(status, 200, "{keys}");
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn scoped_token(service: &Service) -> String {
    let body = json!({ "username": "alice", "password": PASSWORD });
    let (status, body) = service.post_json("/v1/auth", &body).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn keys_of(app: &App, purpose: Purpose) -> Vec<KeyInfo> {
    rotation::list(app).await.unwrap().into_iter().filter(|key| key.purpose == purpose).collect()
}

/// Another instance of the service on the same tables and clock, with a keyring of its own.
fn another_instance(service: &Service) -> App {
    App::new(service.app.config.clone(), service.app.store.clone(), Arc::clone(&service.clock))
}

#[tokio::test]
async fn a_young_keyring_is_left_alone() {
    let service = Service::start().await;
    service.wait(89 * DAY);
    assert_eq!(rotation::rotate_due(service.app).await.unwrap(), []);
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_until_its_last_token_has_expired() {
    let service = Service::start().await;
    service.user("alice").await;
    let old = published(&service).await;
    service.wait(90 * DAY);
    let made = rotation::rotate_due(service.app).await.unwrap();
    assert_eq!(made.iter().map(|key| key.purpose).collect::<Vec<_>>(), Purpose::ALWAYS);
    assert!(made.iter().all(|key| key.state == KeyState::Next));
    assert_eq!(rotation::rotate_due(service.app).await.unwrap(), [], "once");
    service.wait(KEPT);
    let both = published(&service).await;
    assert_eq!(both, [made[0].kid.clone(), old[0].clone()]);

    service.wait(PUBLISHED_FOR.as_secs() - KEPT - 1);
    let last = scoped_token(&service).await;
    assert_eq!(kid(&last), old[0]);
    service.wait(1);
    assert_eq!(kid(&scoped_token(&service).await), made[0].kid);

    service.wait(DAY - 2);
    assert_eq!(service.verify(&last).await.0, 200);
    service.wait(3600);
    rotation::rotate_due(service.app).await.unwrap();
    service.wait(KEPT);
    assert_eq!(published(&service).await, [made[0].kid.clone()]);
    assert_eq!(keys_of(service.app, Purpose::RS256).await.len(), 1);
}

#[tokio::test]
async fn a_session_goes_on_across_a_rotation_and_a_repeated_refresh_gives_the_same_tokens() {
    let service = Service::start().await;
    service.user("alice").await;
    let first = service.log_in("alice").await;
    let made = rotation::rotate(service.app, Purpose::Session, Start::Published).await.unwrap().unwrap();
    service.wait(PUBLISHED_FOR.as_secs() - 5);
    let refresh = async |token: &Value| {
        let fields = [("refresh_token", token.as_str().unwrap())];
        let (status, body) = service.post_form("/auth/refresh", &fields).await;
        assert_eq!(status, 200, "{body}");
        body["tokens"].clone()
    };
    let before = refresh(&first["refresh_token"]).await;
    // The new key begins to sign between a refresh and its repetition.
    service.wait(6);
    assert_eq!(refresh(&first["refresh_token"]).await, before);
    assert_eq!(service.verify(before["access_token"].as_str().unwrap()).await.0, 200);
    let after = refresh(&before["refresh_token"]).await;
    assert_eq!(service.verify(after["access_token"].as_str().unwrap()).await.0, 200);
    // Told by what a retired key takes with it.
    rotation::retire(service.app, &made.kid).await.unwrap();
    service.wait(KEPT);
    assert_eq!(service.verify(after["access_token"].as_str().unwrap()).await.0, 401);
}

#[tokio::test]
async fn eight_schedules_at_once_make_one_new_key_of_each_kind() {
    let service = Service::start().await;
    service.wait(90 * DAY);
    let app = service.app;
    let rotations: Vec<_> = (0..8).map(|_| tokio::spawn(rotation::rotate_due(app))).collect();
    let mut made = Vec::new();
    for rotation in rotations {
        made.extend(rotation.await.unwrap().unwrap());
    }
    for purpose in Purpose::ALWAYS {
        assert_eq!(keys_of(service.app, purpose).await.len(), 2, "{purpose:?}");
        let told: BTreeSet<_> =
            made.iter().filter(|key| key.purpose == purpose).map(|key| &key.kid).collect();
        assert_eq!(told.len(), 1, "{purpose:?}");
    }
}

#[tokio::test]
async fn what_a_retired_key_has_signed_is_refused_and_a_new_key_signs_at_once() {
    let service = Service::start().await;
    service.user("alice").await;
    let token = scoped_token(&service).await;
    assert_eq!(service.verify(&token).await.0, 200);
    let replacement = rotation::retire(service.app, &kid(&token)).await.unwrap().unwrap();
    assert_eq!(replacement.state, KeyState::Signing);
    service.wait(KEPT);
    assert_eq!(published(&service).await, [replacement.kid.as_str()]);
    assert_eq!(service.verify(&token).await.0, 401);
    let token = scoped_token(&service).await;
    assert_eq!(kid(&token), replacement.kid);
    assert_eq!(service.verify(&token).await.0, 200);
}

#[tokio::test]
async fn a_retired_key_is_followed_by_a_new_one_and_not_by_the_one_before_it() {
    let service = Service::start().await;
    service.user("alice").await;
    let first = scoped_token(&service).await;
    let made = rotation::rotate(service.app, Purpose::RS256, Start::Soon).await.unwrap().unwrap();
    service.wait(READ_WITHIN.as_secs());
    let second = scoped_token(&service).await;
    assert_eq!(kid(&second), made.kid);
    let replacement = rotation::retire(service.app, &made.kid).await.unwrap().expect("a new key");
    assert_eq!(replacement.state, KeyState::Signing);
    service.wait(KEPT);
    let third = scoped_token(&service).await;
    assert_eq!(kid(&third), replacement.kid);
    for (token, status) in [(&first, 200), (&second, 401), (&third, 200)] {
        assert_eq!(service.verify(token).await.0, status);
    }
    // A day, and the margin for clocks.
    service.wait(DAY + 900);
    rotation::rotate_due(service.app).await.unwrap();
    assert_eq!(keys_of(service.app, Purpose::RS256).await.len(), 1, "what the oldest has signed has expired");
}

#[tokio::test]
async fn a_key_that_is_not_yet_used_can_be_retired_and_the_old_one_goes_on() {
    let service = Service::start().await;
    service.user("alice").await;
    let old = published(&service).await;
    let made = rotation::rotate(service.app, Purpose::RS256, Start::Published).await.unwrap().unwrap();
    assert!(rotation::retire(service.app, &made.kid).await.unwrap().is_none());
    service.wait(3 * DAY);
    assert_eq!(published(&service).await, old);
    let token = scoped_token(&service).await;
    assert_eq!((kid(&token), service.verify(&token).await.0.as_u16()), (old[0].clone(), 200));
}

#[tokio::test]
async fn a_key_that_waits_goes_with_the_one_that_it_was_to_succeed() {
    let service = Service::start().await;
    service.user("alice").await;
    let old = published(&service).await;
    let others = keys_of(service.app, Purpose::Session).await;
    rotation::rotate(service.app, Purpose::RS256, Start::Published).await.unwrap().unwrap();
    let replacement = rotation::retire(service.app, &old[0]).await.unwrap().expect("a new key");
    assert_eq!(replacement.state, KeyState::Signing);
    assert_eq!(keys_of(service.app, Purpose::RS256).await, std::slice::from_ref(&replacement));
    assert_eq!(keys_of(service.app, Purpose::Session).await, others);
    let next = rotation::rotate(service.app, Purpose::RS256, Start::Published).await.unwrap();
    let next = next.expect("nothing that waits is in its way");
    service.wait(KEPT);
    assert_eq!(published(&service).await, [next.kid.as_str(), &replacement.kid]);
    assert_eq!(kid(&scoped_token(&service).await), replacement.kid);
    service.wait(PUBLISHED_FOR.as_secs());
    assert_eq!(kid(&scoped_token(&service).await), next.kid);
}

#[tokio::test]
async fn a_rotation_in_a_hurry_waits_only_until_every_instance_has_read_the_new_key() {
    let service = Service::start().await;
    service.user("alice").await;
    let made = rotation::rotate(service.app, Purpose::RS256, Start::Soon).await.unwrap().unwrap();
    let again = rotation::rotate(service.app, Purpose::RS256, Start::Soon).await.unwrap();
    assert!(again.is_none(), "one that does not sign yet has no successor");
    service.wait(READ_WITHIN.as_secs() - 1);
    assert_ne!(kid(&scoped_token(&service).await), made.kid);
    service.wait(1);
    assert_eq!(kid(&scoped_token(&service).await), made.kid);
}

#[tokio::test]
async fn an_instance_that_has_not_read_a_new_key_reads_it_when_a_token_names_it() {
    let service = Service::start().await;
    service.user("alice").await;
    let other = another_instance(&service);
    other.keyring().await.unwrap();
    rotation::retire(service.app, &published(&service).await[0]).await.unwrap();
    // Longer than an unknown key id waits, shorter than a keyring is kept.
    service.wait(31);
    let token = sign_scoped(&another_instance(&service), &service).await;
    assert_eq!(kid(&token), keys_of(service.app, Purpose::RS256).await[0].kid);
    assert!(principal::identify(&other, &token).await.is_ok());
}

/// A scoped token for alice, signed by this instance.
async fn sign_scoped(app: &App, service: &Service) -> String {
    let access = service.log_in("alice").await["access_token"].as_str().unwrap().to_owned();
    let user = principal::identify(service.app, &access).await.unwrap().user.unwrap();
    let validity = shared::jwt::Validity::since(app.now(), shared::jwt::DAY).unwrap();
    let claims = shared::jwt::ScopedClaims {
        sub: user.id,
        sub_type: user.sub_type,
        iss: app.issuer().unwrap().to_owned(),
        iat: validity.issued,
        scope: String::new(),
        exp: validity.expires,
        jti: validity.id,
    };
    shared::jwt::sign(app, &claims).await.unwrap()
}
