//! Checks Latchkey's tokens inside a function of your own.
//!
//! API Gateway can check a token before your function is called: `docs/protecting-other-apis.md` shows how, with the
//! function `authorizer`, which is this library behind an event. Link the library where there is no such place: behind a
//! function URL, a queue, an Application Load Balancer, or where each route asks for another scope.
//!
//! ```no_run
//! use guard::{Denial, Guard, HeaderMap};
//!
//! async fn orders(guard: &Guard, headers: &HeaderMap) -> Result<String, Denial> {
//!     let caller = guard.admit(headers).await?;
//!     caller.require("orders:read")?;
//!     Ok(format!("the orders of {}", caller.sub))
//! }
//!
//! # async fn start() -> Result<(), guard::GuardError> {
//! // Once a process, outside the handler.
//! let guard = Guard::from_env()?;
//! guard.warm_up().await;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/protected_function.rs` is a whole function, with the answers of RFC 6750.
//!
//! # Two modes
//!
//! [`Mode::Checked`] asks storage about each token, in one call: a token that was revoked, or whose owner was suspended,
//! is refused at once. [`Mode::Stateless`] looks at the token alone: signature, issuer, audience, expiry. It asks storage
//! for nothing but the keys, at the start and every five minutes (and for a key that it does not know, twice a minute at
//! most). A revoked token is good until it expires: for up to 24 hours if it is an account token or a scoped token, for up
//! to one hour otherwise. The tokens of sessions (`a.…`, and the cookie's `s.…`) say nothing of their time, which only
//! storage knows, so this mode refuses them.
//!
//! Both fail closed: whoever cannot be checked is not let in ([`Refusal::Unavailable`]).
//!
//! # What the function needs
//!
//! | variable | value |
//! | --- | --- |
//! | `PUBLIC_URL` | the output `Url` of Latchkey's stack: the issuer, compared exactly |
//! | `AUTHORIZER_MODE` | `checked` (the default) or `stateless` |
//! | `KEYS_TABLE` | the output `KeysTableName` |
//! | `ACCOUNTS_TABLE`, `TOKENS_TABLE` | the outputs of these names; in checked mode alone |
//! | `REFRESH_GRACE_SECONDS`, `AUDIENCE` | as in Latchkey's stack, where they are not left at their defaults |
//!
//! Its role may call `dynamodb:GetItem` on the keys table, `kms:Decrypt` with the key of the output `KeysKeyArn` and, in
//! checked mode, `dynamodb:BatchGetItem` on the two other tables. **Whoever may read the keys table can forge tokens**: link
//! the library into functions that you trust as you trust Latchkey, and have the authorizer check for all others.

mod denial;
mod identity;
mod presented;

use std::str::FromStr;

use shared::clock::SystemClock;
use shared::config::Config;
use shared::jwt::{self, TokenError};
use shared::principal::{self, PrincipalError};
use shared::store::Store;

pub use denial::Denial;
pub use identity::{Identity, Kind};
pub use presented::{Unreadable, presented};
pub use shared::App;
pub use shared::app::NoPublicUrl;
pub use shared::config::ConfigError;
pub use shared::http::credentials::MalformedAuthorization;
pub use shared::http::{HeaderMap, HeaderValue, StatusCode};
pub use shared::id::ObjectId;

/// Checks tokens. Made once a process.
pub struct Guard {
    app: App,
    mode: Mode,
}

/// What a token is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Storage, in one call: what was revoked is refused at once.
    #[default]
    Checked,
    /// The token alone: what was revoked is good until it expires.
    Stateless,
}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is forged, expired, revoked, of a kind that this mode cannot check, or what it belonged to is gone or suspended.
    #[error("the token is not valid")]
    Invalid,
    /// Nobody knows: storage or the keys are out of reach. The same token may be good a moment later.
    #[error("the token could not be checked")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why there is no guard.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `AUTHORIZER_MODE` is neither of the two.
    #[error("the environment variable AUTHORIZER_MODE is set to {0:?}: it must be checked or stateless")]
    Mode(String),
    /// `PUBLIC_URL` is not set, so that no token has the right issuer.
    #[error(transparent)]
    Issuer(#[from] NoPublicUrl),
}

impl FromStr for Mode {
    type Err = GuardError;

    fn from_str(text: &str) -> Result<Self, GuardError> {
        match text {
            "checked" => Ok(Self::Checked),
            "stateless" => Ok(Self::Stateless),
            _ => Err(GuardError::Mode(text.to_owned())),
        }
    }
}

impl From<PrincipalError> for Refusal {
    fn from(error: PrincipalError) -> Self {
        match error {
            PrincipalError::Invalid => Self::Invalid,
            error => Self::Unavailable(Box::new(error)),
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::Invalid,
            error => Self::Unavailable(Box::new(error)),
        }
    }
}

impl Guard {
    /// The guard of a Lambda function: settings, credentials and region from its environment.
    pub fn from_env() -> Result<Self, GuardError> {
        let config = Config::from_env()?;
        let mode = std::env::var("AUTHORIZER_MODE").ok().filter(|mode| !mode.is_empty());
        let mode = mode.map_or(Ok(Mode::default()), |mode| mode.parse())?;
        let store = Store::from_lambda_env(&config);
        let app = App::new(config, store, SystemClock);
        app.issuer()?;
        Ok(Self::new(app, mode))
    }

    /// A guard over this configuration, storage and clock.
    #[must_use]
    pub const fn new(app: App, mode: Mode) -> Self {
        Self { app, mode }
    }

    /// Reads the keys, and opens the connection to storage, before the first token comes. If it cannot, the first token
    /// finds out.
    pub async fn warm_up(&self) {
        let _ = Box::pin(self.app.keyring()).await;
    }

    /// Whom a token stands for. Of the tokens of a session it takes the access token and the cookie, never a refresh token.
    pub async fn check(&self, token: &str) -> Result<Identity, Refusal> {
        // Boxed, because the compiler follows futures that hold futures only so deep, and whoever calls this has some more.
        match self.mode {
            Mode::Checked => {
                let principal = Box::pin(principal::identify(&self.app, token)).await?;
                Identity::of_principal(&principal, self.app.config.session.grace).ok_or(Refusal::Invalid)
            }
            Mode::Stateless => Ok(Identity::of_claims(&Box::pin(jwt::read(&self.app, token)).await?)),
        }
    }

    /// Whom the one token of a request stands for: [`presented`], then [`Guard::check`].
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Identity, Denial> {
        let token = presented(headers)?.ok_or(Denial::NoToken)?;
        Ok(self.check(token).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_checked_or_stateless() {
        assert_eq!("checked".parse::<Mode>().unwrap(), Mode::Checked);
        assert_eq!("stateless".parse::<Mode>().unwrap(), Mode::Stateless);
        let error = "Stateless".parse::<Mode>().unwrap_err().to_string();
        assert!(error.contains("AUTHORIZER_MODE") && error.contains("\"Stateless\""), "{error}");
    }
}
