//! Signatures that are nearly right, of the kinds that Wycheproof's vectors have.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;

use super::hostile::header;
use super::{World, all_refused};
use crate::support::jwt::{Keys, parts, with_signatures};

fn signature_of(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.rsplit_once('.').unwrap().1).unwrap()
}

/// What is wrong with a signature of any algorithm.
fn damaged(signature: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let length = signature.len();
    let flipped = |at: usize| {
        let mut flipped = signature.to_vec();
        flipped[at] ^= 1;
        flipped
    };
    vec![
        ("nothing", Vec::new()),
        ("all zero", vec![0; length]),
        ("all ones", vec![0xff; length]),
        ("the first bit", flipped(0)),
        ("the last bit", flipped(length - 1)),
        ("cut at the end", signature[..length - 1].to_vec()),
        ("cut at the start", signature[1..].to_vec()),
        ("half", signature[..length / 2].to_vec()),
        ("a zero behind it", [signature, &[0]].concat()),
        ("a zero in front of it", [&[0], signature].concat()),
        ("twice", signature.repeat(2)),
        ("backwards", signature.iter().rev().copied().collect()),
    ]
}

#[tokio::test]
async fn an_rsa_signature_that_is_nearly_right_is_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let modulus = URL_SAFE_NO_PAD.decode(&keys.modulus).unwrap();
    for (typ, token) in
        [("JWT", &world.scoped), ("account+jwt", &world.for_user), ("at+jwt", &world.of_client)]
    {
        let signature = signature_of(token);
        let mut made = damaged(&signature);
        let one = [vec![0; signature.len() - 1], vec![1]].concat();
        made.extend([
            ("one", one.clone()),
            ("the modulus", modulus.clone()),
            ("one less than the modulus", minus(&modulus, &one)),
            ("the negative", minus(&modulus, &signature)),
            ("the modulus more", plus(&modulus, &signature)),
        ]);
        let mut tokens = with_signatures(token, made);
        let (header, claims) = (header("RS256", typ, &keys.rsa.kid), parts(token).1);
        // Another hash, and another padding (RFC 8017 sections 8.1 and 8.2), by the right key.
        for (why, other) in
            [("SHA-384", Algorithm::RS384), ("SHA-512", Algorithm::RS512), ("PSS", Algorithm::PS256)]
        {
            tokens.push((why, keys.rsa.sign_by(other, &header, &claims)));
        }
        all_refused(&world.service, tokens).await;
        assert_eq!(world.status(token).await, 200);
    }
}

#[tokio::test]
async fn an_hmac_that_is_nearly_right_is_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let token = &world.of_key;
    let mut tokens = with_signatures(token, damaged(&signature_of(token)));
    let (header, claims) = (header("HS384", "JWT", &keys.hmac.kid), parts(token).1);
    for (why, other) in [("SHA-256", Algorithm::HS256), ("SHA-512", Algorithm::HS512)] {
        let made = keys.hmac.sign_by(other, &header, &claims);
        let mut to_length = signature_of(&made);
        to_length.resize(48, 0);
        tokens.extend(with_signatures(token, vec![(why, to_length)]));
        tokens.push((why, made));
    }
    all_refused(&world.service, tokens).await;
    assert_eq!(world.status(token).await, 200);
}

/// The sum of two numbers, the most significant byte first.
fn plus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut sum = Vec::new();
    let mut carry = 0;
    for (a, b) in a.iter().zip(b).rev() {
        let digit = u16::from(*a) + u16::from(*b) + carry;
        sum.insert(0, digit.to_be_bytes()[1]);
        carry = digit >> 8;
    }
    sum.insert(0, carry.to_be_bytes()[1]);
    sum
}

/// What is left of the greater of two numbers, the most significant byte first.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut difference = Vec::new();
    let mut borrowed = 0;
    for (a, b) in a.iter().zip(b).rev() {
        let digit = 0x100 + u16::from(*a) - u16::from(*b) - borrowed;
        difference.insert(0, digit.to_be_bytes()[1]);
        borrowed = 1 - (digit >> 8);
    }
    difference
}
