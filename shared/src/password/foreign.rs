//! Hashes that other systems made, in the notations in which those write them. Each is compared as that system did, with nothing
//! of it made anew.

use std::num::NonZero;
use std::str::FromStr;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{constant_time, pbkdf2};
use base64::Engine;
use base64::alphabet::{BCRYPT, STANDARD};
use base64::engine::general_purpose::NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use scrypt::Params as ScryptParams;
use zeroize::Zeroizing;

use super::stored::NotAHash;

/// A hash of another algorithm than Argon2.
#[derive(Clone)]
pub enum Foreign {
    /// `$2b$12$<22 characters of salt><31 of hash>`; `$2a$` and `$2y$` are the same (OpenBSD, `crypt_blowfish`).
    Bcrypt {
        /// The logarithm of its rounds to the base 2.
        cost: u32,
        /// Its salt.
        salt: [u8; 16],
        /// What bcrypt gives but for its last byte.
        hash: [u8; 23],
    },
    /// `$scrypt$ln=17,r=8,p=1$<salt>$<hash>` (RFC 7914, in PHC's notation).
    Scrypt {
        /// What it costs.
        params: ScryptParams,
        /// Its salt.
        salt: Vec<u8>,
        /// The derived key.
        hash: Vec<u8>,
    },
    /// `$pbkdf2-sha256$i=600000$<salt>$<hash>`, without `i=` as passlib writes it, or `pbkdf2_sha256$600000$<salt>$<hash>` with a salt
    /// in plain text as Django writes it (RFC 8018 section 5.2, with HMAC).
    Pbkdf2 {
        /// With which hash.
        algorithm: pbkdf2::Algorithm,
        /// How often.
        iterations: NonZero<u32>,
        /// Its salt.
        salt: Vec<u8>,
        /// The derived key.
        hash: Vec<u8>,
    },
    /// `$fbscrypt$v=1,n=14,r=8,p=1,ss=<separator>,sk=<signer key>$<salt>$<hash>`: the project's signer key, encrypted with what scrypt
    /// derives from the password (Firebase Authentication, in the notation of Supabase Auth).
    FirebaseScrypt {
        /// What it costs.
        params: ScryptParams,
        /// The user's salt and the project's separator.
        salt: Vec<u8>,
        /// The project's key.
        signer_key: Vec<u8>,
        /// The encrypted key.
        hash: Vec<u8>,
    },
}

/// What could not be computed: the parameters were looked at before, so only aws-lc can say so.
#[derive(Debug, thiserror::Error)]
#[error("a hash of another system cannot be computed")]
pub struct NotComputed;

impl Foreign {
    /// Whether this is the password.
    pub(super) fn is_of(&self, password: &[u8]) -> Result<bool, NotComputed> {
        match self {
            Self::Bcrypt { cost, salt, hash } => {
                // It reads 72 bytes, of which the last is zero if the password is shorter.
                let mut key = Zeroizing::new(password.to_vec());
                key.push(0);
                key.truncate(72);
                let computed = bcrypt::bcrypt(*cost, *salt, &key);
                Ok(is_equal(&computed[..hash.len()], hash))
            }
            Self::Scrypt { params, salt, hash } => {
                let mut computed = Zeroizing::new(vec![0; hash.len()]);
                scrypt::scrypt(password, salt, params, &mut computed).map_err(|_| NotComputed)?;
                Ok(is_equal(&computed, hash))
            }
            Self::Pbkdf2 { algorithm, iterations, salt, hash } => {
                Ok(pbkdf2::verify(*algorithm, *iterations, salt, password, hash).is_ok())
            }
            Self::FirebaseScrypt { params, salt, signer_key, hash } => {
                let mut key = Zeroizing::new([0; 32]);
                scrypt::scrypt(password, salt, params, &mut *key).map_err(|_| NotComputed)?;
                let mut computed = Zeroizing::new(signer_key.clone());
                let key = UnboundCipherKey::new(&AES_256, &*key).and_then(EncryptingKey::ctr);
                let start = EncryptionContext::Iv128(FixedLength::from(&[0; 16]));
                key.and_then(|key| key.less_safe_encrypt(&mut computed, start)).map_err(|_| NotComputed)?;
                Ok(is_equal(&computed, hash))
            }
        }
    }
}

fn is_equal(computed: &[u8], stored: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(computed, stored).is_ok()
}

impl FromStr for Foreign {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        // Django begins without a sign.
        let text = text.strip_prefix('$').unwrap_or(text);
        let mut parts = text.split('$');
        let [kind, first, second, third] = [(); 4].map(|()| parts.next());
        match (kind.unwrap_or_default(), first, second, third, parts.next()) {
            ("2a" | "2b" | "2y", Some(cost), Some(rest), None, None) => bcrypt(cost, rest),
            ("scrypt", Some(costs), Some(salt), Some(hash), None) => scrypt(costs, salt, hash),
            ("fbscrypt", Some(costs), Some(salt), Some(hash), None) => firebase_scrypt(costs, salt, hash),
            (kind, Some(costs), Some(salt), Some(hash), None) if kind.starts_with("pbkdf2") => {
                pbkdf2(kind, costs, salt, hash)
            }
            (kind, ..)
                if ["2a", "2b", "2y", "scrypt", "fbscrypt"].contains(&kind) || kind.starts_with("pbkdf2") =>
            {
                Err(NotAHash::Damaged("it has too few parts or too many"))
            }
            _ => Err(NotAHash::Unknown),
        }
    }
}

fn bcrypt(cost: &str, rest: &str) -> Result<Foreign, NotAHash> {
    let damaged = NotAHash::Damaged("bcrypt has two digits, and 53 characters of ./A-Za-z0-9");
    let cost = cost.parse().ok().filter(|_| cost.len() == 2).ok_or(damaged)?;
    let (salt, hash) = rest.split_at_checked(22).ok_or(damaged)?;
    let decoded = |text| {
        GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true))
            .decode(text)
            .map_err(|_| damaged)
    };
    let (salt, hash) = (decoded(salt)?, decoded(hash)?);
    let (Ok(salt), Ok(hash)) = (salt.try_into(), hash.try_into()) else { return Err(damaged) };
    match cost {
        4..=15 => Ok(Foreign::Bcrypt { cost, salt, hash }),
        16..=31 => Err(NotAHash::TooCostly("bcrypt may have the cost 15")),
        _ => Err(damaged),
    }
}

fn scrypt(costs: &str, salt: &str, hash: &str) -> Result<Foreign, NotAHash> {
    let costs = Named(costs);
    let params = scrypt_params(costs.number("ln"), costs.number("r"), costs.number("p"))?;
    Ok(Foreign::Scrypt { params, salt: bytes(salt)?, hash: derived_key(hash)? })
}

fn firebase_scrypt(costs: &str, salt: &str, hash: &str) -> Result<Foreign, NotAHash> {
    let costs = Named(costs);
    if costs.number("v") != Some(1) {
        return Err(NotAHash::Damaged("$fbscrypt$ begins with v=1"));
    }
    let params = scrypt_params(costs.number("n"), costs.number("r"), costs.number("p"))?;
    let missing = NotAHash::Damaged("$fbscrypt$ has a separator ss= and a signer key sk=");
    let (separator, signer_key) = costs.text("ss").zip(costs.text("sk")).ok_or(missing)?;
    let (salt, signer_key, hash) =
        ([bytes(salt)?, bytes(separator)?].concat(), bytes(signer_key)?, derived_key(hash)?);
    if signer_key.len() != hash.len() {
        return Err(NotAHash::Damaged("$fbscrypt$ has a hash as long as its signer key"));
    }
    Ok(Foreign::FirebaseScrypt { params, salt, signer_key, hash })
}

/// 256 MiB, and no more than a second or two.
fn scrypt_params(log_n: Option<u32>, r: Option<u32>, p: Option<u32>) -> Result<ScryptParams, NotAHash> {
    let damaged = NotAHash::Damaged("scrypt has three numbers: the logarithm of N, r and p");
    let (Some(log_n), Some(r), Some(p)) = (log_n, r, p) else { return Err(damaged) };
    let log_n = u8::try_from(log_n).ok().filter(|log_n| (1..=63).contains(log_n)).ok_or(damaged)?;
    let blocks = u64::from(r).checked_shl(log_n.into()).filter(|_| log_n <= 21 && r <= 1 << 21);
    let within = |blocks: u64| blocks <= 1 << 21 && blocks * u64::from(p) <= 1 << 22;
    if !blocks.is_some_and(within) {
        return Err(NotAHash::TooCostly("scrypt may take 256 MiB (128 N r), and N r p up to 2^22"));
    }
    ScryptParams::new(log_n, r, p).map_err(|_| damaged)
}

fn pbkdf2(kind: &str, costs: &str, salt: &str, hash: &str) -> Result<Foreign, NotAHash> {
    let (algorithm, block, plain_salt) = match kind {
        "pbkdf2" | "pbkdf2-sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20, false),
        "pbkdf2-sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32, false),
        "pbkdf2-sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, 64, false),
        "pbkdf2_sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20, true),
        "pbkdf2_sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32, true),
        _ => return Err(NotAHash::Unknown),
    };
    let iterations = Named(costs).number("i").or_else(|| costs.parse().ok()).and_then(NonZero::new);
    let iterations = iterations.ok_or(NotAHash::Damaged("PBKDF2 has a number of iterations"))?;
    let salt = if plain_salt { salt.as_bytes().to_vec() } else { bytes(salt)? };
    let hash = derived_key(hash)?;
    let blocks = u64::try_from(hash.len().div_ceil(block)).unwrap_or(u64::MAX);
    if blocks.saturating_mul(iterations.get().into()) > 6_000_000 {
        return Err(NotAHash::TooCostly("PBKDF2 may have 6,000,000 iterations, fewer for a long hash"));
    }
    Ok(Foreign::Pbkdf2 { algorithm, iterations, salt, hash })
}

/// `ln=17,r=8,p=1`
#[derive(Clone, Copy)]
struct Named<'t>(&'t str);

impl<'t> Named<'t> {
    fn text(self, name: &str) -> Option<&'t str> {
        let mut parts = self.0.split(',').filter_map(|part| part.split_once('='));
        parts.find_map(|(given, value)| (given == name).then_some(value))
    }

    fn number(self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }
}

/// Base64 with or without padding, by its own alphabet, that for URLs, or passlib's, which has a dot for the plus.
fn bytes(text: &str) -> Result<Vec<u8>, NotAHash> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text = text.replace(['.', '-'], "+").replace('_', "/");
    LENIENT.decode(text).map_err(|_| NotAHash::Damaged("its salt or its hash is no Base64"))
}

/// Of a short one, many passwords would be right.
fn derived_key(text: &str) -> Result<Vec<u8>, NotAHash> {
    let key = bytes(text)?;
    if (16..=128).contains(&key.len()) {
        Ok(key)
    } else {
        Err(NotAHash::Damaged("its hash has 16 to 128 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HORSE: &str = "correct horse battery";

    /// Published test vectors, and what the systems that are named have made.
    const HASHES: [(&str, &str, &str); 10] = [
        ("crypt_blowfish 1.3", "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("crypt_blowfish 1.3", "U*U*U", "$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ("bcrypt 4.3 of Python", HORSE, "$2b$05$wJE7IAqHgjSw1.6cxgcyoeyWcoOhlrlfsHB14f8y1x7cYmtKvOr6G"),
        (
            "RFC 7914 section 12",
            "password",
            "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
        ),
        (
            "passlib 1.7.4",
            HORSE,
            "$scrypt$ln=8,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$0qa00kjU8wwqIuo+ZHXmrHADU2c2jmypIh7R9+FJ3mc",
        ),
        ("RFC 6070", "password", "$pbkdf2$4096$c2FsdA$SwB5AbdlSJq.rUnZJvch0GWkKcE"),
        (
            "RFC 7914 section 11",
            "Password",
            "$pbkdf2-sha256$i=80000,l=64$TmFDbA==$TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ==",
        ),
        (
            "passlib 1.7.4",
            HORSE,
            "$pbkdf2-sha512$1000$.//.MTIzNDU2Nzg5MGFiYw$qPimMPh8QpM7tCfzr9D/7s9SfO6tmkroAQ.gDFQU8j2bRbviYlPBkDZwbm51P4RBmSd15fyAgdRKKnr.Ury/iQ",
        ),
        ("Django 5.2", HORSE, "pbkdf2_sha256$2000$seasalt12345$AF00wyRyIjft0+VkcrztYHLUj0jQrszvjTQuE8p4mXQ="),
        (
            "the example of Firebase's own scrypt",
            "user1password",
            "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        ),
    ];

    #[test]
    fn each_kind_is_compared_as_its_system_does() {
        for (of, password, text) in HASHES {
            let hash: Foreign = text.parse().unwrap_or_else(|error| panic!("{of}: {error}"));
            assert!(hash.is_of(password.as_bytes()).unwrap(), "{of}: {text}");
            for wrong in ["", "passwore", "u*u", &format!("{password} ")] {
                assert!(!hash.is_of(wrong.as_bytes()).unwrap(), "{of}: {wrong:?}");
            }
        }
    }

    #[test]
    fn bcrypt_reads_72_bytes() {
        // Made by Python's bcrypt 4.3 of 72 times x.
        let hash: Foreign = "$2b$04$ruIsEB.E8GCVxBnPq3tsT.Y0bQq7KVT1GXFScm0i9eE8NKbbND81m".parse().unwrap();
        for (length, right) in [(71, false), (72, true), (73, true)] {
            assert_eq!(hash.is_of("x".repeat(length).as_bytes()).unwrap(), right, "{length}");
        }
    }

    fn refusal(text: &str) -> Option<NotAHash> {
        text.parse::<Foreign>().err()
    }

    #[test]
    fn what_is_cut_or_swollen_is_refused() {
        for (_, _, text) in HASHES {
            let without_hash = &text[..=text.rfind('$').unwrap()];
            for cut in [without_hash, &text[..12], &format!("{text}$")] {
                assert!(refusal(cut).is_some(), "{cut}");
            }
        }
        for text in [
            "",
            "$",
            "hunter2",
            "$1$salt$hash",
            "$5$rounds=5000$salt$hash",
            "md5$a$b",
            "$2x$05$x",
            "pbkdf2_md5$1$a$b",
        ] {
            assert_eq!(refusal(text), Some(NotAHash::Unknown), "{text}");
        }
        for text in [
            "$2b$3$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$05$CCCCCCCCCCCCCCCCCCCCé.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$scrypt$ln=10,r=8$TmFDbA$c2l4dGVlbiBieXRlcyBvaw",
            "$scrypt$ln=10,r=8,p=1$TmFDbA$c2hvcnQ",
            "$pbkdf2-sha256$0$TmFDbA$c2l4dGVlbiBieXRlcyBvaw",
            "$pbkdf2-sha256$i=many$TmFDbA$c2l4dGVlbiBieXRlcyBvaw",
            "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$TmFDbA$c2l4dGVlbiBieXRlcyBvaw",
            "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=c2hvcnQ=$TmFDbA$c2l4dGVlbiBieXRlcyBvaw",
        ] {
            assert!(matches!(refusal(text), Some(NotAHash::Damaged(_))), "{text}: {:?}", refusal(text));
        }
    }

    #[test]
    fn what_a_sign_in_cannot_afford_is_refused() {
        let key = "c2l4dGVlbiBieXRlcyBvaw";
        for costs in ["ln=18,r=8,p=1", "ln=14,r=8,p=16", "ln=15,r=64,p=1"] {
            let text = format!("$scrypt${costs}$TmFDbA${key}");
            assert_eq!(refusal(&text), None, "{costs}");
        }
        for costs in [
            "ln=19,r=8,p=1",
            "ln=18,r=8,p=3",
            "ln=1,r=4294967295,p=4294967295",
            "ln=63,r=8,p=1",
            "ln=14,r=8,p=4294967295",
        ] {
            let text = format!("$scrypt${costs}$TmFDbA${key}");
            assert!(matches!(refusal(&text), Some(NotAHash::TooCostly(_))), "{costs}");
        }
        let bcrypt = "$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(matches!(refusal(&format!("$2b{bcrypt}")), Some(NotAHash::TooCostly(_))));
        for (iterations, refused) in
            [("1000000", false), ("6000000", false), ("6000001", true), ("4294967295", true)]
        {
            let text = format!("$pbkdf2-sha256${iterations}$TmFDbA${key}");
            assert_eq!(refusal(&text).is_some(), refused, "{iterations}");
        }
    }
}
