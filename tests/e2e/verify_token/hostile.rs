//! JWTs that someone made to get in (RFC 8725), most of them signed with the service's own keys, so that the
//! signature alone does not refuse them.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};

use super::{World, all_refused};
use crate::support::jwt::{Keys, claims, parts, pem, sign, unsigned};
use crate::support::trap::Trap;

/// Later than what clocks may differ by.
const START_AND_TWO_MINUTES: i64 = tests::START.seconds() + 120;

pub(super) fn header(alg: &str, typ: &str, kid: &str) -> String {
    format!(r#"{{"alg":"{alg}","typ":"{typ}","kid":"{kid}"}}"#)
}

#[tokio::test]
async fn what_is_made_by_hand_as_the_service_makes_it_is_accepted() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let rs256 = |typ: &str, token: &str| keys.rsa.sign(&header("RS256", typ, &keys.rsa.kid), &parts(token).1);
    let hs384 = keys.hmac.sign(&header("HS384", "JWT", &keys.hmac.kid), &parts(&world.of_key).1);
    // Otherwise the tests below would show nothing.
    for token in [rs256("JWT", &world.scoped), rs256("account+jwt", &world.for_user), hs384] {
        assert_eq!(world.status(&token).await, 200);
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_the_key_s_own_is_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let claims = parts(&world.scoped).1;
    let mut tokens = Vec::new();
    for none in ["none", "None", "NONE", "nOnE", ""] {
        for kid in [&keys.rsa.kid, &keys.hmac.kid] {
            tokens.push((format!("{none:?}"), format!("{}.", unsigned(&header(none, "JWT", kid), &claims))));
        }
    }
    let jwks = world.service.app.keyring().await.unwrap();
    for secret in public_spellings(&keys, jwks.jwks()).iter().map(|secret| EncodingKey::from_secret(secret)) {
        for (name, algorithm) in
            [("HS256", Algorithm::HS256), ("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)]
        {
            let header = header(name, "JWT", &keys.rsa.kid);
            tokens.push((format!("{name} by the public key"), sign(&header, &claims, &secret, algorithm)));
            let lying = self::header("RS256", "JWT", &keys.rsa.kid);
            tokens.push((format!("{name} as RS256"), sign(&lying, &claims, &secret, algorithm)));
        }
    }
    let key_claims = parts(&world.of_key).1;
    for claims in [&claims, &key_claims] {
        let by_hmac = |alg: &str, kid: &str| keys.hmac.sign(&header(alg, "JWT", kid), claims);
        let by_rsa = |alg: &str, kid: &str| keys.rsa.sign(&header(alg, "JWT", kid), claims);
        tokens.extend([
            ("HS384 with the RSA key's id".to_owned(), by_hmac("HS384", &keys.rsa.kid)),
            ("RS256 with the HMAC key's id".to_owned(), by_rsa("RS256", &keys.hmac.kid)),
            ("RS256 with the RSA key's id by the HMAC key".to_owned(), by_hmac("RS256", &keys.rsa.kid)),
            ("HS384 with the HMAC key's id by the RSA key".to_owned(), by_rsa("HS384", &keys.hmac.kid)),
            ("RS384".to_owned(), by_rsa("RS384", &keys.rsa.kid)),
            ("PS256".to_owned(), by_rsa("PS256", &keys.rsa.kid)),
            ("rs256".to_owned(), by_rsa("rs256", &keys.rsa.kid)),
        ]);
    }
    all_refused(&world.service, tokens).await;
}

/// The public key as somebody might hand it to a verifier that takes it for a shared secret.
fn public_spellings(keys: &Keys, jwks: &str) -> Vec<Vec<u8>> {
    // RFC 8017 appendix A.1.1 and RFC 5280 section 4.1.2.7, for 2048 bits and the exponent 65537.
    const PKCS1: &str = "3082010a0282010100";
    const SPKI: &str = "30820122300d06092a864886f70d01010105000382010f00";
    let modulus = URL_SAFE_NO_PAD.decode(&keys.modulus).unwrap();
    let pkcs1 = [&hex::decode(PKCS1).unwrap(), &modulus, &hex::decode("0203010001").unwrap()[..]].concat();
    let spki = [hex::decode(SPKI).unwrap(), pkcs1.clone()].concat();
    let (with_break, without) =
        (pem("PUBLIC KEY", &spki), pem("RSA PUBLIC KEY", &pkcs1).trim_end().to_owned());
    let jwk = &serde_json::from_str::<serde_json::Value>(jwks).unwrap()["keys"][0];
    let texts = [
        keys.modulus.clone(),
        jwks.to_owned(),
        jwk.to_string(),
        with_break.clone(),
        with_break.trim_end().to_owned(),
        without,
    ];
    [modulus, pkcs1, spki].into_iter().chain(texts.map(String::into_bytes)).collect()
}

#[tokio::test]
async fn a_header_with_more_or_less_than_ours_is_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let (kid, claims, trap) = (&keys.rsa.kid, parts(&world.scoped).1, Trap::set());
    let ours = format!(r#""alg":"RS256","typ":"JWT","kid":"{kid}""#);
    let jwk = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, keys.modulus);
    let elsewhere = trap.url();
    let headers = [
        format!(r#"{{{ours},"jwk":{jwk}}}"#),
        format!(r#"{{{ours},"jku":"{elsewhere}/jwks.json"}}"#),
        format!(r#"{{{ours},"x5u":"{elsewhere}/cert.pem"}}"#),
        format!(r#"{{{ours},"x5c":["MIIB"]}}"#),
        format!(r#"{{{ours},"x5t":"AAAA"}}"#),
        format!(r#"{{{ours},"crit":["exp"],"exp":1}}"#),
        format!(r#"{{{ours},"crit":[]}}"#),
        format!(r#"{{{ours},"b64":false}}"#),
        format!(r#"{{{ours},"crit":["b64"],"b64":false}}"#),
        format!(r#"{{{ours},"zip":"DEF"}}"#),
        format!(r#"{{{ours},"cty":"JWT"}}"#),
        format!(r#"{{{ours},"alg":"RS256"}}"#),
        format!(r#"{{"alg":"none",{ours}}}"#),
        format!(r#"{{{ours},"alg":"none"}}"#),
        format!(r#"{{{ours},"kid":"{kid}"}}"#),
        format!(r#"{{{ours},"typ":"account+jwt"}}"#),
        format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"JWT","kid":"{kid}"}}"#),
        r#"{"alg":"RS256","typ":"JWT"}"#.to_owned(),
        format!(r#"{{"alg":["RS256"],"typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"RS256","typ":null,"kid":"{kid}"}}"#),
        format!(r#"{{"alg":"RS256","typ":"JWT","kid":["{kid}"]}}"#),
        header("RS256", "at+jwt", kid),
        header("RS256", "", kid),
        header("RS256", "JWT", ""),
        header("RS256", "JWT", "unknown"),
        header("RS256", "JWT", "../../../../dev/null"),
        header("RS256", "JWT", "' OR '1'='1"),
        header("RS256", "JWT", &format!("{kid} ")),
        format!("{{{ours}}} x"),
        format!("[{{{ours}}}]"),
        format!(r#"["RS256","JWT","{kid}"]"#),
        "null".to_owned(),
        String::new(),
    ];
    let tokens = headers.map(|header| (header.clone(), keys.rsa.sign(&header, &claims))).to_vec();
    world.service.calls.reset();
    all_refused(&world.service, tokens).await;
    assert_eq!(world.service.calls.total(), 0, "none of them leads anywhere");
    trap.caught_nobody();
}

#[tokio::test]
async fn claims_that_are_not_ours_are_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let header = header("RS256", "JWT", &keys.rsa.kid);
    let ours = parts(&world.scoped).1;
    let values = claims(&world.scoped);
    let (url, sub, exp) = (&world.service.url, values["sub"].as_str().unwrap(), &values["exp"]);
    let with = |name: &str, value: &str| {
        let mut claims = values.clone();
        claims[name] = serde_json::from_str(value).unwrap();
        claims.to_string()
    };
    let without = |name: &str| {
        let mut claims = values.clone();
        claims.as_object_mut().unwrap().shift_remove(name);
        claims.to_string()
    };
    let open = &ours[..ours.len() - 1];
    let mut table = vec![
        ("another issuer", with("iss", r#""https://evil.example""#)),
        ("the issuer with a slash", with("iss", &format!(r#""{url}/""#))),
        ("the issuer in upper case", with("iss", &format!(r#""{}""#, url.to_uppercase()))),
        ("a list of issuers", with("iss", &format!(r#"["{url}"]"#))),
        ("exp as text", with("exp", &format!(r#""{exp}""#))),
        ("exp as null", with("exp", "null")),
        ("exp as a list", with("exp", &format!("[{exp}]"))),
        ("exp beyond integers", with("exp", "1e300")),
        ("exp of the past", with("exp", "1")),
        ("exp below zero", with("exp", "-1")),
        ("exp in powers of ten", with("exp", "9e9")),
        ("exp one beyond 64 bits", with("exp", "9223372036854775808")),
        ("exp beyond every number", with("exp", "99999999999999999999999999")),
        ("exp as truth", with("exp", "true")),
        ("nbf of the future", with("nbf", &START_AND_TWO_MINUTES.to_string())),
        ("nbf as text", with("nbf", r#""1""#)),
        ("nbf as null", with("nbf", "null")),
        ("nbf as a fraction", with("nbf", "1.5")),
        ("nbf as a list", with("nbf", "[1]")),
        ("iat as a fraction", with("iat", "1.5")),
        ("iat as text", with("iat", r#""1""#)),
        ("iat of the future", with("iat", "9999999999")),
        ("sub of nobody", with("sub", r#""000000000000000000000000""#)),
        ("sub of an account", with("sub", &format!(r#""{}""#, world.account.id))),
        ("sub as a list", with("sub", &format!(r#"["{sub}"]"#))),
        ("sub with a key's characters", with("sub", &format!(r#""USER#{sub}""#))),
        ("jti as a number", with("jti", "7")),
        ("a repeated sub", format!(r#"{open},"sub":"{sub}"}}"#)),
        ("a repeated exp", format!(r#"{open},"exp":9999999999}}"#)),
        ("a repeated iss", format!(r#"{open},"iss":"{url}"}}"#)),
        ("a repeated name that nobody reads", format!(r#"{open},"x":1,"x":2}}"#)),
        ("a repeated name further in", format!(r#"{open},"x":{{"y":1,"y":2}}}}"#)),
        ("a repeated name in other letters", format!(r#"{open},"\u0073ub":"{sub}"}}"#)),
        ("one level too deep", format!(r#"{open},"x":{}1{}}}"#, "[".repeat(16), "]".repeat(16))),
        ("a list", format!("[{ours}]")),
        ("two objects", format!("{ours}{ours}")),
        ("null", "null".to_owned()),
        ("nothing", String::new()),
    ];
    for name in ["sub", "sub_type", "iss", "iat", "scope", "exp", "jti"] {
        table.push((name, without(name)));
    }
    let tokens = table.into_iter().map(|(why, claims)| (why, keys.rsa.sign(&header, &claims))).collect();
    all_refused(&world.service, tokens).await;
}

#[tokio::test]
async fn a_token_that_says_from_when_it_is_good_is_good_from_then_on() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let tokens = [
        (&keys.rsa, "RS256", "JWT", &world.scoped),
        (&keys.rsa, "RS256", "account+jwt", &world.for_user),
        (&keys.rsa, "RS256", "at+jwt", &world.of_client),
        (&keys.hmac, "HS384", "JWT", &world.of_key),
    ]
    .map(|(key, alg, typ, token)| {
        let mut claims = claims(token);
        claims["nbf"] = START_AND_TWO_MINUTES.into();
        key.sign(&header(alg, typ, &key.kid), &claims.to_string())
    });
    all_refused(&world.service, tokens.clone().map(|token| ("too early", token)).to_vec()).await;
    world.service.wait(120);
    for token in tokens {
        assert_eq!(world.status(&token).await, 200, "{token}");
    }
}

#[tokio::test]
async fn no_kind_of_token_passes_for_another() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let rs256 = |typ: &str, claims: &str| keys.rsa.sign(&header("RS256", typ, &keys.rsa.kid), claims);
    let hs384 = |typ: &str, claims: &str| keys.hmac.sign(&header("HS384", typ, &keys.hmac.kid), claims);
    let [account, scoped, key] = [&world.for_user, &world.scoped, &world.of_key].map(|token| parts(token).1);
    let uid = world.user.id.to_string();
    let account_for = claims(&world.for_account).to_string();
    let tokens = vec![
        ("an account token as a scoped one", rs256("JWT", &account)),
        ("a scoped token as one of an account", rs256("account+jwt", &scoped)),
        ("an access key token under RSA", rs256("JWT", &key)),
        ("an access key token under RSA as one of an account", rs256("account+jwt", &key)),
        ("a scoped token under HMAC", hs384("JWT", &scoped)),
        ("an account token under HMAC", hs384("account+jwt", &account)),
        ("an access key token of another type", hs384("account+jwt", &key)),
        ("an access key of nobody", hs384("JWT", &key.replace(&uid, "000000000000000000000000"))),
        ("an access key of an account", hs384("JWT", &key.replace(&uid, &world.account.id.to_string()))),
        (
            "another id in place of the access key's",
            hs384("JWT", &key.replace(&world.key.access_key.ak().to_string(), &uid)),
        ),
        (
            "a user in place of an account",
            rs256("account+jwt", &account_for.replace(&world.account.id.to_string(), &uid)),
        ),
        (
            "an account in place of a user",
            rs256("account+jwt", &account.replace(&uid, &world.account.id.to_string())),
        ),
    ];
    all_refused(&world.service, tokens).await;
}

#[tokio::test]
async fn another_spelling_of_a_token_is_refused() {
    let world = World::new().await;
    for token in [&world.scoped, &world.of_key, &world.for_user, &world.of_client] {
        let pieces: Vec<&str> = token.split('.').collect();
        let [head, body, signature] = pieces[..] else { panic!("{token}") };
        let padded = |part: &str| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).unwrap());
        let mut spellings = vec![
            ("padding everywhere", format!("{head}==.{body}.{signature}")),
            ("padded signature", format!("{head}.{body}.{signature}=")),
            ("a line break", format!("{head}.{body}.{signature}\n")),
            ("a space in front", format!(" {token}")),
            ("a space inside", format!("{head}.{body}. {signature}")),
            ("a fourth part", format!("{token}.{signature}")),
            ("an empty fourth part", format!("{token}.")),
            ("no signature", format!("{head}.{body}.")),
            ("no claims", format!("{head}..{signature}")),
            ("no header", format!(".{body}.{signature}")),
            ("two parts", format!("{head}.{body}")),
            ("five parts", format!("{head}.{body}.{signature}.{body}.{signature}")),
            ("only dots", "..".to_owned()),
            ("a cut signature", format!("{head}.{body}.{}", &signature[..signature.len() - 4])),
            ("a NUL", format!("{token}\0")),
            ("a tab inside", format!("{head}.\t{body}.{signature}")),
            ("line breaks inside", format!("{}\r\n{}.{body}.{signature}", &head[..8], &head[8..])),
            ("much more behind it", format!("{token}{}", "A".repeat(15_000))),
            ("much more in front of it", format!("{}{token}", "A".repeat(15_000))),
            ("nothing but letters", "A".repeat(16_000)),
            ("nothing but dots", ".".repeat(16_000)),
        ];
        for (at, part) in [head, body, signature].into_iter().enumerate() {
            let mut pieces = [head, body, signature].map(str::to_owned);
            if padded(part) != part {
                pieces[at] = padded(part);
                spellings.push(("proper padding", pieces.join(".")));
                pieces[at] = loose_end(part);
                spellings.push(("bits beyond the end", pieces.join(".")));
            }
            if part.contains(['-', '_']) {
                pieces[at] = part.replace('-', "+").replace('_', "/");
                spellings.push(("the other alphabet", pieces.join(".")));
            }
        }
        all_refused(&world.service, spellings).await;
        assert_eq!(world.status(token).await, 200);
    }
}

/// The same bytes in base64url with the unused bits of the last character set otherwise.
fn loose_end(part: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = ALPHABET.find(part.chars().last().unwrap()).unwrap();
    let other = &ALPHABET[at + 1..at + 2];
    format!("{}{other}", &part[..part.len() - 1])
}

#[tokio::test]
async fn somebody_else_s_key_is_refused() {
    let world = World::new().await;
    let keys = Keys::of(&world.service).await;
    let claims = parts(&world.of_key).1;
    let secrets: [&[u8]; 4] = [b"", b"secret", &[0; 48], keys.hmac.kid.as_bytes()];
    let forge = |secret: &[u8]| {
        let header = header("HS384", "JWT", &keys.hmac.kid);
        sign(&header, &claims, &EncodingKey::from_secret(secret), Algorithm::HS384)
    };
    all_refused(&world.service, secrets.map(|secret| ("a guessed secret", forge(secret))).to_vec()).await;
}
