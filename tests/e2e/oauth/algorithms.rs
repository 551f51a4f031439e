//! Access tokens signed with another algorithm than RS256, where the deployment chose one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde_json::{Value, json};
use shared::keyring::rotation;
use tests::{PASSWORD, answer, documents, schema};

use super::World;
use crate::support::jwt::{claims, header, parts, pem, sign, with_signatures};
use crate::verify_token::all_refused;

/// The order of P-256's group (FIPS 186-5): no part of a signature may be as great.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
/// The order of Ed25519's group (RFC 8032 section 5.1), the least significant byte first as in a signature.
const ED25519_ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

async fn world(algorithm: &str) -> World {
    World::with(&[("SIGNING_ALGORITHM", algorithm)]).await
}

#[tokio::test]
async fn access_tokens_have_the_chosen_algorithm_and_the_documented_doors_keep_theirs() {
    for (algorithm, kty) in [("ES256", "EC"), ("EdDSA", "OKP")] {
        let world = world(algorithm).await;
        let token = world.issue().await;
        assert_eq!((&header(&token)["alg"], &header(&token)["typ"]), (&json!(algorithm), &json!("at+jwt")));
        assert!(world.holds(&token).await);
        let body = json!({ "username": "partner", "password": PASSWORD });
        let (_, scoped) = world.service.post_json("/v1/auth", &body).await;
        assert_eq!(header(scoped["access_token"].as_str().unwrap())["alg"], "RS256");

        let (_, keys) = answer(world.service.get("/.well-known/jwks.json")).await;
        let published: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| &key["kty"]).collect();
        assert_eq!(published, [kty, "RSA"], "the newest first");
        for private in ["d", "p", "q", "k"] {
            assert!(
                keys["keys"].as_array().unwrap().iter().all(|key| key.get(private).is_none()),
                "{private}"
            );
        }
        let openapi = documents::openapi();
        let faults = schema::faults(&openapi, &openapi["components"]["schemas"]["Jwks"], &keys);
        assert!(faults.is_empty(), "{faults:?}");
        // As someone verifies it who has nothing but the JWKS.
        let keys: JwkSet = serde_json::from_value(keys).unwrap();
        let key = keys.find(header(&token)["kid"].as_str().unwrap()).unwrap();
        let mut validation = Validation::new(algorithm.parse().unwrap());
        validation.set_audience(&[&world.service.url]);
        validation.set_issuer(&[&world.service.url]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        let read = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
        assert_eq!(read.claims, claims(&token));
    }
}

/// The same deployment with another choice.
fn deployed(world: &World, algorithm: &str) -> shared::App {
    let mut config = world.service.app.config.clone();
    config.signing_algorithm = algorithm.parse().unwrap();
    let clock = std::sync::Arc::clone(&world.service.clock);
    shared::App::new(config, world.service.app.store.clone(), clock)
}

/// As after a deploy that failed, was rolled back, and is made again.
#[tokio::test]
async fn an_algorithm_that_is_left_and_chosen_again_goes_on_and_no_token_is_refused() {
    for pause in [1, 30] {
        let world = world("EdDSA").await;
        rotation::rotate_due(&deployed(&world, "RS256")).await.unwrap();
        world.service.wait(pause * 3600);
        for hour in 0..60 {
            if hour % 24 == 0 {
                rotation::rotate_due(world.service.app).await.unwrap();
            }
            let token = world.issue().await;
            world.service.wait(3599);
            assert!(world.holds(&token).await, "left for {pause} h, in hour {hour} after that");
            world.service.wait(1);
        }
    }
}

#[tokio::test]
async fn a_deployment_that_chooses_another_algorithm_later_gets_its_key() {
    let world = World::new().await;
    let before = world.issue().await;
    let deployed = deployed(&world, "EdDSA");
    let made = rotation::rotate_due(&deployed).await.unwrap();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].state, rotation::KeyState::Signing);
    assert!(shared::principal::identify(&deployed, &before).await.is_ok());
}

#[tokio::test]
async fn a_signature_of_p256_that_is_zero_or_too_great_or_in_der_is_refused() {
    let world = world("ES256").await;
    let token = world.issue().await;
    let signature = URL_SAFE_NO_PAD.decode(token.rsplit_once('.').unwrap().1).unwrap();
    assert_eq!(signature.len(), 64, "RFC 7518 section 3.4");
    let (r, s) = signature.split_at(32);
    let order = hex::decode(ORDER).unwrap();
    let zero = [0; 32];
    let made = vec![
        ("both zero", [zero, zero].concat()),
        ("r zero", [&zero, s].concat()),
        ("s zero", [r, &zero].concat()),
        ("r the order", [&order, s].concat()),
        ("s the order", [r, &order].concat()),
        ("s swapped with r", [s, r].concat()),
        ("one byte less", signature[..63].to_vec()),
        ("one byte more", [&signature, &[0][..]].concat()),
        ("nothing", Vec::new()),
        ("r and s ones", vec![0xff; 64]),
        ("r alone", r.to_vec()),
        ("both with a zero in front", [&[0], r, &[0], s].concat()),
        ("the size of P-384", vec![1; 96]),
        ("DER", der(r, s)),
    ];
    all_refused(&world.service, with_signatures(&token, made)).await;
    assert_eq!(world.service.verify(&token).await.0, 200);
}

/// Whoever has a signature of ECDSA can make another of it. What a token is denied by is not in it.
#[tokio::test]
async fn a_revoked_token_is_refused_under_the_other_signature_of_p256_too() {
    let world = world("ES256").await;
    let token = world.issue().await;
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut other = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order = hex::decode(ORDER).unwrap();
    let mut borrowed = false;
    for (at, digit) in order.into_iter().enumerate().rev() {
        let (less, first) = digit.overflowing_sub(other[32 + at]);
        let (less, second) = less.overflowing_sub(u8::from(borrowed));
        (other[32 + at], borrowed) = (less, first || second);
    }
    let other = format!("{message}.{}", URL_SAFE_NO_PAD.encode(other));
    assert!(world.holds(&other).await);
    assert_eq!(world.revoke(&token).await.status, 200);
    assert!(!world.holds(&other).await);
}

#[tokio::test]
async fn a_signature_of_ed25519_that_is_zero_or_not_reduced_or_of_another_size_is_refused() {
    let world = world("EdDSA").await;
    let token = world.issue().await;
    let signature = URL_SAFE_NO_PAD.decode(token.rsplit_once('.').unwrap().1).unwrap();
    assert_eq!(signature.len(), 64, "RFC 8032 section 5.1.6");
    let (r, s) = signature.split_at(32);
    let order = hex::decode(ED25519_ORDER).unwrap();
    let mut carry = 0;
    let s_and_order: Vec<u8> = s
        .iter()
        .zip(&order)
        .map(|(a, b)| {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    let zero = [0; 32];
    // The neutral element (RFC 8032 section 5.1.2).
    let neutral = [&[1], &zero[1..]].concat();
    let made = vec![
        // RFC 8032 section 5.1.7: otherwise there would be two signatures for everyone who has one.
        ("s and the order", [r, &s_and_order].concat()),
        ("s the order", [r, &order].concat()),
        ("s zero", [r, &zero].concat()),
        ("r zero", [&zero, s].concat()),
        ("both zero", [zero, zero].concat()),
        ("r neutral and s zero", [&neutral, &zero[..]].concat()),
        ("s ones", [r, &[0xff; 32]].concat()),
        ("a high bit of s", [r, &s[..31], &[s[31] | 0x80]].concat()),
        ("the sign of r", [&r[..31], &[r[31] ^ 0x80], s].concat()),
        ("s swapped with r", [s, r].concat()),
        ("one byte less", signature[..63].to_vec()),
        ("one byte more", [&signature, &[0][..]].concat()),
        ("the size of Ed448", vec![1; 114]),
        ("nothing", Vec::new()),
    ];
    all_refused(&world.service, with_signatures(&token, made)).await;
    assert_eq!(world.service.verify(&token).await.0, 200);
}

#[tokio::test]
async fn a_key_of_one_curve_verifies_nothing_that_names_another_algorithm() {
    for algorithm in ["ES256", "EdDSA"] {
        let world = world(algorithm).await;
        let token = world.issue().await;
        let (rest, signature) = token.rsplit_once('.').unwrap();
        let claims = rest.split_once('.').unwrap().1;
        let mut tokens = Vec::new();
        for other in ["ES256", "EdDSA", "ES384", "RS256", "HS384", "none"] {
            if other == algorithm {
                continue;
            }
            let mut header = header(&token);
            header["alg"] = other.into();
            let forged = format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()));
            tokens.push((format!("{algorithm} as {other}"), forged));
        }
        all_refused(&world.service, tokens).await;
    }
}

#[tokio::test]
async fn the_public_key_of_a_curve_is_no_shared_secret() {
    for algorithm in ["ES256", "EdDSA"] {
        let world = world(algorithm).await;
        let token = world.issue().await;
        let (ours, claims) = (header(&token), parts(&token).1);
        let (_, jwks) = answer(world.service.get("/.well-known/jwks.json")).await;
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == ours["kid"]).unwrap();
        let mut tokens = Vec::new();
        for secret in public_spellings(key).iter().map(|secret| EncodingKey::from_secret(secret)) {
            for hmac in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                for alg in [format!("{hmac:?}"), algorithm.to_owned()] {
                    let mut header = ours.clone();
                    header["alg"] = alg.as_str().into();
                    let forged = sign(&header.to_string(), &claims, &secret, hmac);
                    tokens.push((format!("{hmac:?} by the key of {algorithm} as {alg}"), forged));
                }
            }
        }
        all_refused(&world.service, tokens).await;
        assert!(world.holds(&token).await);
    }
}

/// The public key as somebody might hand it to a verifier that takes it for a shared secret.
fn public_spellings(jwk: &Value) -> Vec<Vec<u8>> {
    // RFC 5480 section 2 and RFC 8410 section 4: what stands before the key itself, which is a point (SEC 1 section 2.3.3) on
    // the one curve and its x on the other.
    let (before, mark) = match jwk["kty"].as_str() {
        Some("EC") => ("3059301306072a8648ce3d020106082a8648ce3d030107034200", vec![4]),
        _ => ("302a300506032b6570032100", Vec::new()),
    };
    let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap_or_default()).unwrap();
    let raw = [part("x"), part("y")].concat();
    let key = [mark, raw.clone()].concat();
    let spki = [hex::decode(before).unwrap(), key.clone()].concat();
    let pem = pem("PUBLIC KEY", &spki);
    let texts = [jwk["x"].as_str().unwrap().to_owned(), jwk.to_string(), pem.trim_end().to_owned(), pem];
    [raw, key, spki].into_iter().chain(texts.map(String::into_bytes)).collect()
}

/// The signature as X.509 has it (RFC 3279 section 2.2.3).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let mut number = number.to_vec();
        if number[0] >= 0x80 {
            number.insert(0, 0);
        }
        [vec![2, u8::try_from(number.len()).unwrap()], number].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}
