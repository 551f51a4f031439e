//! OAuth access tokens that someone made to get in (RFC 9068 section 4), signed with the service's own keys.

use jsonwebtoken::{Algorithm, EncodingKey};

use super::hostile::header;
use super::{World, all_refused};
use crate::support::jwt::{Keys, claims, parts, sign, unsigned};
use crate::support::trap::Trap;

#[tokio::test]
async fn an_access_token_is_known_by_its_media_type_in_any_case() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let ours = parts(&world.of_client).1;
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let token = keys.rsa.sign(&header("RS256", typ, &keys.rsa.kid), &ours);
        assert_eq!(world.status(&token).await, 200, "{typ}");
    }
    let others = [
        "JWT",
        "jwt",
        "",
        "account+jwt",
        "at+jwt ",
        "at-jwt",
        "application/jwt",
        "text/at+jwt",
        "logout+jwt",
    ];
    let tokens = others.map(|typ| (typ, keys.rsa.sign(&header("RS256", typ, &keys.rsa.kid), &ours)));
    all_refused(&world.service, tokens.to_vec()).await;
}

#[tokio::test]
async fn an_audience_may_be_one_of_several() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let mut several = claims(&world.of_client);
    several["aud"] = serde_json::json!(["https://api.example.com", world.service.url]);
    let token = keys.rsa.sign(&header("RS256", "at+jwt", &keys.rsa.kid), &several.to_string());
    assert_eq!(world.status(&token).await, 200);
}

#[tokio::test]
async fn an_access_token_of_another_algorithm_or_key_is_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let ours = parts(&world.of_client).1;
    let mut tokens = Vec::new();
    for kid in [&keys.rsa.kid, &keys.hmac.kid] {
        for none in ["none", "None", "NONE"] {
            tokens.push(("none", format!("{}.", unsigned(&header(none, "at+jwt", kid), &ours))));
        }
        for alg in ["RS256", "HS384", "RS384", "PS256", "ES256", "EdDSA"] {
            tokens.push(("by the HMAC key", keys.hmac.sign(&header(alg, "at+jwt", kid), &ours)));
            if alg != "RS256" || *kid != keys.rsa.kid {
                tokens.push(("by the RSA key", keys.rsa.sign(&header(alg, "at+jwt", kid), &ours)));
            }
        }
    }
    let jwks = world.service.app.keyring().await.unwrap();
    for secret in [keys.modulus.as_bytes(), jwks.jwks().as_bytes()].map(EncodingKey::from_secret) {
        let by_public = header("HS256", "at+jwt", &keys.rsa.kid);
        tokens.push(("the public key as a secret", sign(&by_public, &ours, &secret, Algorithm::HS256)));
    }
    all_refused(&world.service, tokens).await;
}

#[tokio::test]
async fn a_key_that_the_header_of_an_access_token_brings_is_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let (kid, claims) = (&keys.rsa.kid, parts(&world.of_client).1);
    let ours = format!(r#""alg":"RS256","typ":"at+jwt","kid":"{kid}""#);
    let jwk = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, keys.modulus);
    let trap = Trap::set();
    let elsewhere = trap.url();
    let headers = [
        format!(r#"{{{ours},"jwk":{jwk}}}"#),
        format!(r#"{{{ours},"jku":"{elsewhere}/jwks.json"}}"#),
        format!(r#"{{{ours},"x5u":"{elsewhere}/cert.pem"}}"#),
        format!(r#"{{{ours},"x5c":["MIIB"]}}"#),
        format!(r#"{{{ours},"crit":["exp"],"exp":1}}"#),
        format!(r#"{{{ours},"typ":"at+jwt"}}"#),
        format!(r#"{{{ours},"alg":"none"}}"#),
        format!(r#"{{{ours},"kid":"{kid}"}}"#),
        format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#),
        r#"{"alg":"RS256","typ":"at+jwt"}"#.to_owned(),
    ];
    let tokens = headers.map(|header| (header.clone(), keys.rsa.sign(&header, &claims))).to_vec();
    world.service.calls.reset();
    all_refused(&world.service, tokens).await;
    assert_eq!(world.service.calls.total(), 0, "no key is looked for anywhere");
    trap.caught_nobody();
}

#[tokio::test]
async fn claims_of_an_access_token_that_are_not_ours_are_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let header = header("RS256", "at+jwt", &keys.rsa.kid);
    let (text, ours) = (parts(&world.of_client).1, claims(&world.of_client));
    let (url, exp, key) = (&world.service.url, &ours["exp"], ours["sub"].as_str().unwrap());
    let with = |name: &str, value: &str| {
        let mut claims = ours.clone();
        claims[name] = serde_json::from_str(value).unwrap();
        claims.to_string()
    };
    let open = &text[..text.len() - 1];
    let mut table = vec![
        ("another issuer", with("iss", r#""https://evil.example""#)),
        ("the issuer in upper case", with("iss", &format!(r#""{}""#, url.to_uppercase()))),
        ("another audience", with("aud", r#""https://api.example.com""#)),
        ("several other audiences", with("aud", r#"["https://api.example.com","https://evil.example"]"#)),
        ("no audience of several", with("aud", "[]")),
        ("the audience with a slash", with("aud", &format!(r#""{url}/""#))),
        ("the audience in upper case", with("aud", &format!(r#""{}""#, url.to_uppercase()))),
        ("the audience inside a list", with("aud", &format!(r#"[["{url}"]]"#))),
        ("an audience that is null", with("aud", "null")),
        ("exp as text", with("exp", &format!(r#""{exp}""#))),
        ("exp as a fraction", with("exp", "9999999999.5")),
        ("exp of the past", with("exp", "1")),
        ("iat as text", with("iat", r#""1""#)),
        ("iat of the future", with("iat", "9999999999")),
        ("a subject that is not the client", with("sub", r#""986d8167a9b9a15e37db4ab4ad50877b01347a94""#)),
        (
            "a client that is not the subject",
            with("client_id", r#""986d8167a9b9a15e37db4ab4ad50877b01347a94""#),
        ),
        ("a client that is no access key", text.replace(key, "latchkey")),
        ("another client", text.replace(key, "986d8167a9b9a15e37db4ab4ad50877b01347a94")),
        ("a user of nobody", with("uid", r#""000000000000000000000000""#)),
        ("an account in place of the user", with("uid", &format!(r#""{}""#, world.account.id))),
        ("scope as a list", with("scope", r#"["admin"]"#)),
        ("jti as a number", with("jti", "7")),
        ("a list", format!("[{text}]")),
        ("two objects", format!("{text}{text}")),
    ];
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "account", "uid"] {
        table.push(("a repeated claim", format!(r#"{open},"{name}":{}}}"#, ours[name])));
    }
    table.push(("a repeated name that nobody reads", format!(r#"{open},"x":1,"x":1}}"#)));
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "account", "uid"] {
        let mut claims = ours.clone();
        claims.as_object_mut().unwrap().shift_remove(name);
        table.push((name, claims.to_string()));
    }
    let tokens = table.into_iter().map(|(why, claims)| (why, keys.rsa.sign(&header, &claims))).collect();
    all_refused(&world.service, tokens).await;
}

#[tokio::test]
async fn no_other_kind_passes_for_an_access_token_nor_it_for_another() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let rs256 = |typ: &str, claims: &str| keys.rsa.sign(&header("RS256", typ, &keys.rsa.kid), claims);
    let ours = parts(&world.of_client).1;
    let mut tokens = vec![
        ("as a scoped token", rs256("JWT", &ours)),
        ("as a token of an account", rs256("account+jwt", &ours)),
        ("as one of an access key", keys.hmac.sign(&header("HS384", "JWT", &keys.hmac.kid), &ours)),
    ];
    for (kind, token) in
        [("account", &world.for_user), ("scoped", &world.scoped), ("access key", &world.of_key)]
    {
        tokens.push((kind, rs256("at+jwt", &parts(token).1)));
    }
    all_refused(&world.service, tokens).await;
}
