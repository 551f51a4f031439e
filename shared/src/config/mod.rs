//! What an owner may decide, read from the environment once.

mod values;

use std::str::FromStr;
use std::time::Duration;

use crate::id::ObjectId;
use crate::password::HashParameters;
use crate::roots::{self, CaBundle};

pub use values::{Audience, Color, NotAPublicUrl, Product, PublicUrl, SigningAlgorithm, UnverifiedSignIn};

/// The settings of a deployment. Every one has a default that is right for most.
#[derive(Debug, Clone)]
pub struct Config {
    /// `PUBLIC_URL`: where the service is reached from outside, without a final slash. It is the issuer of every JWT
    /// and the start of every link. In Lambda it may come from the API's stage variable `publicUrl` instead.
    pub public_url: Option<PublicUrl>,
    /// `DEFAULT_ACCOUNT`: the account that people join who sign up themselves.
    pub default_account: ObjectId,
    /// `ACCOUNTS_TABLE`, `TOKENS_TABLE`, `KEYS_TABLE`.
    pub tables: TableNames,
    /// `SESSION_ABSOLUTE_SECONDS`, `SESSION_IDLE_SECONDS`, `REFRESH_GRACE_SECONDS`.
    pub session: SessionLifetimes,
    /// `ARGON2_MEMORY_KIB`, `ARGON2_ITERATIONS`, which counts for as many as go with the memory at least,
    /// `ARGON2_PARALLELISM`.
    pub argon2: HashParameters,
    /// `PASSWORD_MIN_LENGTH`, in characters: more than 8, as the document of sign-up asks.
    pub password_min_length: usize,
    /// `UNVERIFIED_SIGN_IN`: whether people may sign in before they have verified their address (`allow`, `refuse`).
    pub unverified_sign_in: UnverifiedSignIn,
    /// `PRODUCT_NAME`, `PRODUCT_COLOR`: what mails and pages show; the name is no part of a password.
    pub product: Product,
    /// `ADDRESS_FAILURES`: wrong passwords that one network address may try in 15 minutes.
    pub address_failures: u32,
    /// `KEY_ROTATION_DAYS`: a key that is older gets a successor; 0 leaves that to the operator.
    pub key_rotation: Option<Duration>,
    /// `AUDIENCE`: the `aud` of OAuth access tokens; the issuer if there is none.
    pub audience: Option<Audience>,
    /// `SIGNING_ALGORITHM`: what OAuth access tokens are signed with (`RS256`, `ES256`, `EdDSA`). The documents of the
    /// other kinds of JWT say what those are signed with.
    pub signing_algorithm: SigningAlgorithm,
    /// `AWS_CA_BUNDLE`: a file of certificates in PEM that AWS is reached with, in place of Amazon's own roots.
    pub ca_bundle: Option<CaBundle>,
}

/// The names of the three tables.
#[derive(Debug, Clone)]
pub struct TableNames {
    /// Accounts, users, access keys: durable.
    pub accounts: String,
    /// Sessions, counters, one-time tokens: everything that expires.
    pub tokens: String,
    /// The keyring.
    pub keys: String,
}

/// How long a session lives.
#[derive(Debug, Clone, Copy)]
pub struct SessionLifetimes {
    /// From the sign-in, however it is used.
    pub absolute: Duration,
    /// From the last refresh.
    pub idle: Duration,
    /// How long a spent refresh token still brings the same successor.
    pub grace: Duration,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {name} is set to {value:?}: it must be {expected}")]
pub struct ConfigError {
    name: &'static str,
    value: String,
    expected: String,
}

impl Config {
    /// Reads the process environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads settings from `lookup`; an empty value counts as unset.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let source = Source(&|name| lookup(name).filter(|value| !value.is_empty()));
        let memory_kib =
            source.number("ARGON2_MEMORY_KIB", 19_456, 7_168, HashParameters::MOST.memory_kib)?;
        Ok(Self {
            public_url: source.optional("PUBLIC_URL")?,
            default_account: source
                .parsed("DEFAULT_ACCOUNT", ObjectId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]))?,
            tables: TableNames {
                accounts: source.parsed("ACCOUNTS_TABLE", "latchkey-accounts".to_owned())?,
                tokens: source.parsed("TOKENS_TABLE", "latchkey-tokens".to_owned())?,
                keys: source.parsed("KEYS_TABLE", "latchkey-keys".to_owned())?,
            },
            session: SessionLifetimes {
                absolute: source.seconds("SESSION_ABSOLUTE_SECONDS", 30 * DAY, 3600, 400 * DAY)?,
                idle: source.seconds("SESSION_IDLE_SECONDS", 14 * DAY, 3600, 400 * DAY)?,
                grace: source.seconds("REFRESH_GRACE_SECONDS", 10, 0, 300)?,
            },
            argon2: HashParameters {
                memory_kib,
                iterations: source
                    .number("ARGON2_ITERATIONS", 2, 1, HashParameters::MOST.iterations)?
                    .max(HashParameters::least_iterations(memory_kib)),
                parallelism: source.number("ARGON2_PARALLELISM", 1, 1, HashParameters::MOST.parallelism)?,
            },
            password_min_length: usize::try_from(source.number("PASSWORD_MIN_LENGTH", 9, 9, 64)?)
                .unwrap_or(9),
            unverified_sign_in: source.parsed("UNVERIFIED_SIGN_IN", UnverifiedSignIn::Allow)?,
            product: Product {
                name: source.parsed("PRODUCT_NAME", "Latchkey".to_owned())?,
                color: source.parsed("PRODUCT_COLOR", Color::default())?,
            },
            address_failures: source.number("ADDRESS_FAILURES", 300, 10, 1_000_000)?,
            key_rotation: match source.number("KEY_ROTATION_DAYS", 90, 0, 400)? {
                0 => None,
                days => Some(Duration::from_secs((days * DAY).into())),
            },
            audience: source.optional("AUDIENCE")?,
            signing_algorithm: source.parsed("SIGNING_ALGORITHM", SigningAlgorithm::RS256)?,
            ca_bundle: source.optional(roots::CA_BUNDLE)?,
        })
    }
}

const DAY: u32 = 24 * 60 * 60;

struct Source<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Source<'_> {
    fn optional<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let parse = |value: String| {
            value.parse().map_err(|error: T::Err| ConfigError { name, expected: expectation(&error), value })
        };
        (self.0)(name).map(parse).transpose()
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &'static str,
        default: T,
    ) -> Result<T, ConfigError> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    fn number(&self, name: &'static str, default: u32, least: u32, most: u32) -> Result<u32, ConfigError> {
        let Some(value) = (self.0)(name) else { return Ok(default) };
        match value.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(ConfigError { name, value, expected: format!("a whole number from {least} to {most}") }),
        }
    }

    fn seconds(
        &self,
        name: &'static str,
        default: u32,
        least: u32,
        most: u32,
    ) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(self.number(name, default, least, most)?.into()))
    }
}

fn expectation(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.strip_prefix("not ").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Config, ConfigError> {
        Config::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let config = Config::read(|_| None).unwrap();
        assert_eq!(config.session.idle, Duration::from_secs(14 * 24 * 3600));
        assert_eq!(config.default_account.to_string(), "000000000000000000000001");
        assert!(config.public_url.is_none());
    }

    #[test]
    fn an_error_names_the_variable_and_what_it_takes() {
        let error = read("REFRESH_GRACE_SECONDS", "ten").unwrap_err().to_string();
        assert_eq!(
            error,
            "the environment variable REFRESH_GRACE_SECONDS is set to \"ten\": it must be a whole number from 0 to 300"
        );
        assert!(read("DEFAULT_ACCOUNT", "x").unwrap_err().to_string().contains("DEFAULT_ACCOUNT"));
    }

    #[test]
    fn a_public_url_is_https_or_loopback() {
        for url in [
            "https://auth.example.com",
            "https://example.com/auth",
            "http://localhost:3000",
            "http://127.0.0.1:1",
        ] {
            assert!(read("PUBLIC_URL", url).is_ok(), "{url}");
        }
        for url in [
            "http://example.com",
            "https://example.com/",
            "example.com",
            "https://a@b.co",
            "https://b.co?x",
            "ftp://b.co",
        ] {
            assert!(read("PUBLIC_URL", url).is_err(), "{url}");
        }
    }

    #[test]
    fn less_memory_for_a_hash_takes_more_passes() {
        let with = |memory: &str, passes: &str| {
            let config = Config::read(|name| match name {
                "ARGON2_MEMORY_KIB" => Some(memory.to_owned()),
                "ARGON2_ITERATIONS" => Some(passes.to_owned()),
                _ => None,
            });
            config.unwrap().argon2.iterations
        };
        for (memory, least) in [("7168", 5), ("9216", 4), ("12288", 3), ("19456", 2), ("47104", 1)] {
            assert_eq!((with(memory, "1"), with(memory, "7")), (least, 7), "{memory}");
        }
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_named() {
        let error = read("AWS_CA_BUNDLE", "/nowhere/roots.pem").unwrap_err().to_string();
        assert_eq!(
            error,
            "the environment variable AWS_CA_BUNDLE is set to \"/nowhere/roots.pem\": it must be the path of a file with certificates in PEM"
        );
        let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/data/amazon-roots.pem");
        assert!(read("AWS_CA_BUNDLE", roots).unwrap().ca_bundle.is_some());
    }

    #[test]
    fn access_tokens_are_signed_with_one_of_three_algorithms() {
        for name in ["RS256", "ES256", "EdDSA"] {
            assert_eq!(read("SIGNING_ALGORITHM", name).unwrap().signing_algorithm.name(), name);
        }
        for name in ["none", "HS256", "rs256", "RS512"] {
            assert!(read("SIGNING_ALGORITHM", name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_audience_is_one_word() {
        for text in ["https://api.example.com", "orders"] {
            assert_eq!(read("AUDIENCE", text).unwrap().audience.unwrap().as_str(), text);
        }
        assert_eq!(read("AUDIENCE", "").unwrap().audience, None);
        for text in ["two words", "caf\u{e9}", &"x".repeat(257)] {
            assert!(read("AUDIENCE", text).is_err(), "{text}");
        }
    }
}
