//! Access keys: what a program signs in with.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{constant_time, digest};
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::TransactWriteItem;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::app::App;
use crate::clock::Timestamp;
use crate::id::ObjectId;
use crate::random::{self, RandomUnavailable};
use crate::secret::Secret;
use crate::store::{self, Call, Key, Store, StoreError, if_held};
use crate::user::User;

/// The public half of a key: 40 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AccessKeyId(String);

/// The text is not an access key.
#[derive(Debug, thiserror::Error)]
#[error("an access key is 40 hexadecimal digits")]
pub struct NotAnAccessKey;

impl AccessKeyId {
    /// A new one.
    pub fn new() -> Result<Self, RandomUnavailable> {
        Ok(Self(hex::encode(random::bytes::<20>()?)))
    }

    /// The UUID under which the key is stored and which its tokens carry as `ak`: a token leads to its key with one
    /// read, and does not tell the access key.
    #[must_use]
    pub fn ak(&self) -> Uuid {
        let hash = digest::digest(&digest::SHA256, self.0.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_ref()[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl FromStr for AccessKeyId {
    type Err = NotAnAccessKey;

    fn from_str(text: &str) -> Result<Self, NotAnAccessKey> {
        if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAnAccessKey)
        }
    }
}

impl TryFrom<String> for AccessKeyId {
    type Error = NotAnAccessKey;

    fn try_from(text: String) -> Result<Self, NotAnAccessKey> {
        text.parse()
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The secret half: 48 base64 characters of 36 random bytes. It is shown once.
pub type AccessKeySecret = Secret<String>;

/// A new secret.
pub fn new_secret() -> Result<AccessKeySecret, RandomUnavailable> {
    Ok(Secret::new(STANDARD.encode(random::bytes::<36>()?)))
}

/// An access key as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessKey {
    /// Its public half.
    pub access_key: AccessKeyId,
    /// SHA-256 of its secret, in hexadecimal: a random secret of 288 bits needs no slower hash.
    pub secret_sha256: String,
    /// Whose it is.
    pub user: ObjectId,
    /// The claim `ar`.
    pub roles: Vec<String>,
    /// The claim `realm`.
    pub realm: String,
    /// The claim `ca`.
    pub ca: String,
    /// The claim `cid`.
    pub cid: String,
    /// The claim `domain`.
    pub domain: String,
    /// What its OAuth access tokens may allow, as far as its user has it too.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What its owner decided.
    pub state: AccessKeyState,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What the owner of a key decided about it. That it has expired follows from its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessKeyState {
    /// Not yet to be used.
    Pending,
    /// In use.
    Active,
    /// Never to be used again.
    Revoked,
}

/// What a key is good for at a moment, as people call it: its state and its date together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Not yet to be used.
    Pending,
    /// In use.
    Active,
    /// Its date has passed.
    Expired,
    /// Never to be used again.
    Revoked,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl AccessKey {
    /// The key of the item.
    #[must_use]
    pub fn key(ak: Uuid) -> Key {
        Key::new(format!("KEY#{ak}"), "KEY")
    }

    /// What is stored of a secret.
    #[must_use]
    pub fn hash_secret(secret: &str) -> String {
        hex::encode(digest::digest(&digest::SHA256, secret.as_bytes()))
    }

    /// The key of these two halves, in one read; `None` if there is none, its secret is another one, or it may not be
    /// used at this moment.
    pub async fn authenticate(
        app: &App,
        id: &AccessKeyId,
        secret: &AccessKeySecret,
    ) -> Result<Option<Self>, StoreError> {
        let key: Option<Self> = app.store.get(&app.store.tables.accounts, Self::key(id.ak())).await?;
        Ok(key.filter(|key| key.has_secret(secret) && key.is_usable(app.now())))
    }

    /// Whether this is its secret, in constant time.
    fn has_secret(&self, secret: &AccessKeySecret) -> bool {
        constant_time::verify_slices_are_equal(
            Self::hash_secret(secret.expose()).as_bytes(),
            self.secret_sha256.as_bytes(),
        )
        .is_ok()
    }

    /// Whether it may be used at this moment.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.state == AccessKeyState::Active && self.valid_until.is_none_or(|until| now < until)
    }

    /// Lets a pending key be used; false if it is not pending any more.
    pub async fn activate(app: &App, ak: Uuid) -> Result<bool, StoreError> {
        let update = UpdateItemInput::builder().table_name(&app.store.tables.accounts);
        let result = update
            .set_key(Some(Self::key(ak).into_item()))
            .update_expression("SET #state = :active")
            .condition_expression("#state = :pending")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":active", serde_dynamo::to_attribute_value(AccessKeyState::Active)?)
            .expression_attribute_values(
                ":pending",
                serde_dynamo::to_attribute_value(AccessKeyState::Pending)?,
            )
            .send_to(&app.store)
            .await;
        if_held(result).map(|held| held.is_some())
    }

    /// Refuses a key and its tokens from now on; false if there is none.
    pub async fn revoke(app: &App, ak: Uuid) -> Result<bool, StoreError> {
        let revoked = serde_dynamo::to_attribute_value(AccessKeyState::Revoked)?;
        app.store.set_attribute(&app.store.tables.accounts, Self::key(ak), "state", revoked).await
    }

    /// What its OAuth access tokens may allow at this moment: those of its scopes that its user has.
    #[must_use]
    pub fn scopes_with(&self, user: &User) -> Vec<&str> {
        self.scopes.iter().filter(|scope| user.scopes.contains(scope)).map(String::as_str).collect()
    }

    /// What it is good for at this moment.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.state {
            AccessKeyState::Pending => Standing::Pending,
            AccessKeyState::Revoked => Standing::Revoked,
            AccessKeyState::Active if self.is_usable(now) => Standing::Active,
            AccessKeyState::Active => Standing::Expired,
        }
    }

    /// The items of a new key: the key, and the link by which its user's keys are found.
    pub fn items(&self, store: &Store) -> Result<Vec<TransactWriteItem>, StoreError> {
        let ak = self.access_key.ak();
        let link = Key::new(User::partition(self.user), format!("{LINK}{ak}"));
        let accounts = &store.tables.accounts;
        Ok(vec![
            store::new_item(accounts, Self::key(ak), self)?,
            store::new_item(accounts, link, &serde_json::json!({ "created_at": self.created_at }))?,
        ])
    }

    /// The `ak` of the key that an item of a user's partition links to.
    #[must_use]
    pub fn of_link(key: &Key) -> Option<Uuid> {
        key.sk.strip_prefix(LINK)?.parse().ok()
    }
}

const LINK: &str = "KEY#";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_example_is_an_access_key() {
        let id: AccessKeyId = "986d8167a9b9a15e37db4ab4ad50877b01347a94".parse().unwrap();
        assert_eq!(id.ak(), "986D8167A9B9A15E37DB4AB4AD50877B01347A94".parse::<AccessKeyId>().unwrap().ak());
        assert_eq!(id.ak().get_version_num(), 8);
        assert!("986d8167".parse::<AccessKeyId>().is_err());
    }

    #[test]
    fn a_new_secret_has_48_base64_characters() {
        let secret = new_secret().unwrap();
        assert_eq!(secret.expose().len(), 48);
        assert!(secret.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte)));
    }
}
