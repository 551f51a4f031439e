//! One-time tokens: what the links in mails carry.
//!
//! A token is computed like those of a session, from the user and a nonce; the item that it spends holds the nonce
//! alone, so a leaked table opens nothing. A user has one item for each purpose: a new link ends the old one. The item
//! outlives its link, spent or not, so that a message that comes again or late brings no link back.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Timestamp;
use crate::id::ObjectId;
use crate::identifier::Email;
use crate::keyring::KeyringError;
use crate::outbox;
use crate::session::{SessionId, SessionToken, TokenKind};
use crate::store::{self, Key, StoreError, Transaction, number};
use crate::user::User;

/// An item is kept for longer than any message that could ask for it again, and than a mailer takes over one.
const KEPT_FOR: Duration = outbox::KEPT_FOR.saturating_add(Duration::from_secs(24 * 3600));

/// What a one-time token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that the user reads the mail of their address.
    VerifyEmail,
    /// Chooses a new password without the old one.
    ResetPassword,
    /// Shows that the user reads the mail of the address that they want to change to.
    ConfirmEmail,
}

impl Purpose {
    const fn kind(self) -> TokenKind {
        match self {
            Self::VerifyEmail => TokenKind::VerifyEmail,
            Self::ResetPassword => TokenKind::ResetPassword,
            Self::ConfirmEmail => TokenKind::ConfirmEmail,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::ConfirmEmail => "confirm-email",
        }
    }

    /// How long a link may be opened.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail | Self::ConfirmEmail => Duration::from_secs(24 * 3600),
            Self::ResetPassword => Duration::from_secs(15 * 60),
        }
    }
}

/// The item that a token spends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OneTime {
    /// Whose.
    pub user: ObjectId,
    /// The address that the link was sent to.
    pub email: Email,
    /// When the mail was asked for.
    pub asked_at: Timestamp,
    /// Eight bytes of its message's own, in hexadecimal.
    nonce: String,
    /// When the link ends, in seconds.
    valid_until: i64,
    /// When it was spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spent: Option<Timestamp>,
    /// When nobody needs to know of it any more, in seconds.
    expires: i64,
}

/// Why a token cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OneTimeError {
    /// No key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OneTime {
    fn key(user: ObjectId, purpose: Purpose) -> Key {
        Key::new(User::partition(user), format!("ONCE#{}", purpose.name()))
    }

    /// Makes the token of a link that goes to `email`, in place of an earlier one. The same nonce gives the same token.
    /// `None` if that one is spent, a mail that was asked for later has replaced it, or the user is gone: then there is
    /// nothing to be sent any more.
    pub async fn issue(
        app: &App,
        purpose: Purpose,
        user: ObjectId,
        email: Email,
        asked_at: Timestamp,
        nonce: [u8; 8],
    ) -> Result<Option<String>, OneTimeError> {
        let valid_until = (app.now() + purpose.lifetime()).seconds();
        let expires = (asked_at + KEPT_FOR).seconds();
        let nonce_text = hex::encode(nonce);
        let one_time = Self { user, email, asked_at, nonce: nonce_text, valid_until, spent: None, expires };
        let items = vec![one_time.put(app, purpose)?, User::exists(app, user)?];
        match app.store.transact(items).await? {
            Transaction::Done => Ok(Some(
                token(purpose, user, nonce).encode(&app.keyring().await?.session_key(app.now()).hmac),
            )),
            Transaction::Refused(_) => Ok(None),
        }
    }

    fn put(&self, app: &App, purpose: Purpose) -> Result<TransactWriteItem, StoreError> {
        let values = [
            (":asked_at", number(self.asked_at.millis())),
            (":nonce", AttributeValue::S(self.nonce.clone())),
        ];
        let key = Self::key(self.user, purpose);
        store::put_if(&app.store.tables.tokens, key, self, REPLACES, &values)
    }

    /// What a token may do now; `None` if it is forged, spent, expired or replaced by a newer one.
    pub async fn find(app: &App, purpose: Purpose, text: &str) -> Result<Option<Self>, OneTimeError> {
        let keyring = app.keyring().await?;
        let token =
            SessionToken::parse(text, keyring.session_keys()).filter(|token| token.kind == purpose.kind());
        let Some(token) = token else { return Ok(None) };
        let found: Option<Self> =
            app.store.get(&app.store.tables.tokens, Self::key(token.user, purpose)).await?;
        Ok(found.filter(|one_time| one_time.nonce == nonce_of(&token) && one_time.is_live(app.now())))
    }

    /// Spends the token, as part of the transaction that does what it is for. The transaction is refused if someone
    /// else has spent it meanwhile.
    pub fn spend(&self, app: &App, purpose: Purpose) -> Result<TransactWriteItem, StoreError> {
        let now = app.now();
        let values = [
            (":nonce", AttributeValue::S(self.nonce.clone())),
            (":now", number(now.millis())),
            (":seconds", number(now.seconds())),
        ];
        let key = Self::key(self.user, purpose);
        store::update(&app.store.tables.tokens, key, "SET spent = :now", UNSPENT, &values)
    }

    fn is_live(&self, now: Timestamp) -> bool {
        self.spent.is_none() && now.seconds() < self.valid_until
    }
}

/// A link takes the place of those that were asked for before, and of itself as long as nobody has opened it.
const REPLACES: &str =
    "attribute_not_exists(pk) OR asked_at < :asked_at OR (nonce = :nonce AND attribute_not_exists(spent))";
const UNSPENT: &str = "nonce = :nonce AND valid_until > :seconds AND attribute_not_exists(spent)";

#[expect(clippy::cast_possible_truncation, reason = "the nonce is cut into two halves")]
fn token(purpose: Purpose, user: ObjectId, nonce: [u8; 8]) -> SessionToken {
    let nonce = u64::from_be_bytes(nonce);
    SessionToken {
        kind: purpose.kind(),
        user,
        session: SessionId::from_bytes(((nonce >> 32) as u32).to_be_bytes()),
        generation: nonce as u32,
    }
}

fn nonce_of(token: &SessionToken) -> String {
    format!("{}{:08x}", token.session, token.generation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_carries_its_nonce() {
        let nonce = [1, 2, 3, 4, 5, 6, 7, 250];
        let token = token(Purpose::ResetPassword, ObjectId::from_bytes([9; 12]), nonce);
        assert_eq!(nonce_of(&token), hex::encode(nonce));
    }
}
