//! Discovery: both documents, against each other and against the service.

use latchkey::template::{self, TEMPLATE};
use serde_json::{Value, json};
use tests::Service;

use super::{TOKEN, World};
use crate::support::jwt::header;
use crate::support::{Answer, send};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

async fn read(service: &Service, path: &str) -> Value {
    let answer = send(service.get(path)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[track_caller]
fn is_kept_for_five_minutes(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert!(!answer.headers.contains_key("pragma"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn the_metadata_is_that_of_rfc_8414() {
    let service = Service::with(&[("PUBLIC_URL", "https://auth.example.com")]).await;
    is_kept_for_five_minutes(&send(service.get(OAUTH)).await);
    let expected = json!({
        "issuer": "https://auth.example.com",
        "token_endpoint": "https://auth.example.com/oauth/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "jwks_uri": "https://auth.example.com/.well-known/jwks.json",
        "response_types_supported": ["none"],
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "introspection_endpoint": "https://auth.example.com/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint": "https://auth.example.com/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    });
    assert_eq!(read(&service, OAUTH).await, expected);
}

#[tokio::test]
async fn the_openid_configuration_says_the_same_and_what_openid_wants_besides() {
    let service = Service::start().await;
    is_kept_for_five_minutes(&send(service.get(OPENID)).await);
    let mut openid = read(&service, OPENID).await;
    let members = openid.as_object_mut().unwrap();
    assert_eq!(members.remove("subject_types_supported"), Some(json!(["public"])));
    assert_eq!(members.remove("id_token_signing_alg_values_supported"), Some(json!(["RS256"])));
    assert_eq!(openid, read(&service, OAUTH).await);
}

#[tokio::test]
async fn no_list_is_empty() {
    let service = Service::start().await;
    for path in [OAUTH, OPENID] {
        for (name, value) in read(&service, path).await.as_object().unwrap() {
            assert!(value.is_string() || value.as_array().is_some_and(|list| !list.is_empty()), "{name}");
        }
    }
}

#[tokio::test]
async fn every_endpoint_is_a_route_of_the_template() {
    let service = Service::start().await;
    let routes = template::routes(TEMPLATE).unwrap();
    let document = read(&service, OPENID).await;
    let mut endpoints = 0;
    for (name, url) in document.as_object().unwrap() {
        let method = if name == "jwks_uri" { "GET" } else { "POST" };
        if !name.ends_with("_endpoint") && name != "jwks_uri" {
            continue;
        }
        let path = url.as_str().unwrap().strip_prefix(&service.url).unwrap();
        assert!(routes.iter().any(|route| route.method == method && route.path == path), "{name}: {path}");
        endpoints += 1;
    }
    let oauth = routes.iter().filter(|route| route.path.starts_with("/oauth/")).count();
    assert_eq!(endpoints, oauth + 1, "every OAuth endpoint is announced, and the keys");
}

#[tokio::test]
async fn the_issuer_is_the_configured_one_wherever_a_request_says_it_was_sent() {
    let service = Service::with(&[("PUBLIC_URL", "https://auth.example.com")]).await;
    for path in [OAUTH, OPENID] {
        for name in ["host", "x-forwarded-host", "forwarded"] {
            let document = send(service.get(path).header(name, "evil.example")).await;
            assert_eq!(document.json()["issuer"], "https://auth.example.com", "{name}");
            assert!(!document.text.contains("evil"), "{name}");
        }
    }
}

#[tokio::test]
async fn the_grants_are_those_that_the_token_endpoint_knows() {
    let world = World::new().await;
    let document = read(&world.service, OAUTH).await;
    for grant in document["grant_types_supported"].as_array().unwrap() {
        let answer =
            world.client.post(&world.service, TOKEN, &[("grant_type", grant.as_str().unwrap())]).await;
        assert_ne!(answer.json()["error"], "unsupported_grant_type", "{grant}");
    }
}

#[tokio::test]
async fn the_keys_are_those_of_the_tokens() {
    let world = World::new().await;
    let document = read(&world.service, OAUTH).await;
    let path = document["jwks_uri"].as_str().unwrap().strip_prefix(&world.service.url).unwrap();
    let keys = read(&world.service, path).await;
    let kid = header(&world.issue().await)["kid"].clone();
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid));
}

#[tokio::test]
async fn the_configured_algorithm_stands_beside_the_one_that_openid_wants() {
    for (setting, expected) in [
        ("RS256", json!(["RS256"])),
        ("ES256", json!(["RS256", "ES256"])),
        ("EdDSA", json!(["RS256", "EdDSA"])),
    ] {
        let service = Service::with(&[("SIGNING_ALGORITHM", setting)]).await;
        assert_eq!(read(&service, OPENID).await["id_token_signing_alg_values_supported"], expected);
    }
}
