//! Users: their record, their names, and what they sign in with.
//!
//! One user is three items of the accounts table: the record under its id, the credential under the username, and the
//! e-mail address that leads to the username. The last two are what makes names unique; they are written in one
//! transaction with the record.

mod change;
mod lookup;
mod profile;
mod rights;
mod suspension;

use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Timestamp;
use crate::id::ObjectId;
use crate::identifier::{Email, Username};
use crate::outbox::Message;
use crate::store::{self, Call, Key, Store, StoreError, Transaction, if_held, number};

pub use change::{ChangeError, Permit, WRITTEN_WITHIN};
pub use profile::{Profile, ProfileField};

/// A user's record.
#[expect(clippy::unsafe_derive_deserialize, reason = "the unsafe code is inside tokio::join!")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// The user's id.
    pub id: ObjectId,
    /// The account the user belongs to.
    pub account: ObjectId,
    /// The username as its owner wrote it.
    pub username: Username,
    /// The e-mail address as its owner wrote it.
    pub email: Email,
    /// What the user is, in the owner's own terms: `user`, `admin`, `partner` …
    pub sub_type: String,
    /// What tokens of this user allow.
    pub scopes: Vec<String>,
    /// Whether the user may be used.
    pub status: UserStatus,
    /// What the user says about themselves.
    #[serde(flatten)]
    pub profile: Profile,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When the record last changed; `None` if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Every token and session from before this moment is refused. A new user has none, and a moment here would refuse
    /// the tokens of access keys from the rest of that second, which is all that they tell of their time.
    #[serde(default, skip_serializing_if = "Timestamp::is_epoch")]
    pub tokens_valid_after: Timestamp,
}

/// Whether a user may be used; the numbers are those of the verify-token document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum UserStatus {
    /// 0
    Active,
    /// 1: the e-mail address is not verified yet.
    Unverified,
    /// 2: every sign-in and every token is refused.
    Suspended,
}

impl From<UserStatus> for u8 {
    fn from(status: UserStatus) -> Self {
        match status {
            UserStatus::Active => 0,
            UserStatus::Unverified => 1,
            UserStatus::Suspended => 2,
        }
    }
}

impl TryFrom<u8> for UserStatus {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, &'static str> {
        match number {
            0 => Ok(Self::Active),
            1 => Ok(Self::Unverified),
            2 => Ok(Self::Suspended),
            _ => Err("a status is 0, 1 or 2"),
        }
    }
}

/// What a username signs in with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credential {
    /// Whose it is.
    pub user: ObjectId,
    /// The PHC string of the password.
    pub password_hash: String,
    /// As in the record, so that a token needs no second read.
    pub sub_type: String,
    /// As in the record.
    pub scopes: Vec<String>,
    /// As in the record.
    pub status: UserStatus,
}

/// Where an e-mail address leads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmailOwner {
    /// The user's username in its canonical form.
    pub username: String,
}

/// Why a user was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Someone has this username.
    #[error("the username is taken")]
    UsernameTaken,
    /// Someone has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is a user with this id.
    #[error("the id is taken")]
    IdTaken,
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl User {
    /// What no password of theirs contains: the username, and what stands before the @ of the address.
    #[must_use]
    pub fn own_names(&self) -> [&str; 2] {
        [self.username.as_str(), self.email.local_part()]
    }

    /// The key of a user's record.
    #[must_use]
    pub fn key(id: ObjectId) -> Key {
        Key::new(Self::partition(id), "USER")
    }

    /// The partition of a user's items: the record and the access keys in one table, sessions and links in another.
    #[must_use]
    pub fn partition(id: ObjectId) -> String {
        format!("USER#{id}")
    }

    /// Whether a token or a session from this moment is taken.
    #[must_use]
    pub fn takes_tokens_of(&self, moment: Timestamp) -> bool {
        moment >= self.tokens_valid_after
    }

    /// Stores a new user with a password, and the message that tells them, in one transaction.
    pub async fn create(
        &self,
        store: &Store,
        password_hash: String,
        message: Option<&Message>,
    ) -> Result<(), CreateUserError> {
        let mut items = self.items(store, password_hash)?;
        if let Some(message) = message {
            items.push(message.item(store)?);
        }
        match store.transact(items).await? {
            Transaction::Done => Ok(()),
            Transaction::Refused(0) => Err(CreateUserError::UsernameTaken),
            Transaction::Refused(1) => Err(CreateUserError::EmailTaken),
            Transaction::Refused(_) => Err(CreateUserError::IdTaken),
        }
    }

    /// The items of a new user: the credential, the e-mail address, the record.
    pub fn items(&self, store: &Store, password_hash: String) -> Result<Vec<TransactWriteItem>, StoreError> {
        let credential = Credential {
            user: self.id,
            password_hash,
            sub_type: self.sub_type.clone(),
            scopes: self.scopes.clone(),
            status: self.status,
        };
        let username = self.username.canonical();
        let accounts = &store.tables.accounts;
        Ok(vec![
            store::new_item(accounts, Credential::key(&username), &credential)?,
            store::new_item(accounts, EmailOwner::key(&self.email.canonical()), &EmailOwner { username })?,
            store::new_item(accounts, Self::key(self.id), self)?,
        ])
    }

    /// Writes what the user says about themselves, and removes what they leave empty.
    pub async fn update_profile(
        app: &App,
        id: ObjectId,
        changes: Vec<(ProfileField, String)>,
    ) -> Result<Option<Self>, StoreError> {
        let mut update = UpdateItemInput::builder().table_name(&app.store.tables.accounts);
        let mut sets = vec!["updated_at = :now".to_owned()];
        let mut removed = Vec::new();
        for (field, value) in changes {
            let name = field.name();
            if value.is_empty() {
                removed.push(name);
            } else {
                sets.push(format!("{name} = :{name}"));
                update = update.expression_attribute_values(format!(":{name}"), AttributeValue::S(value));
            }
        }
        let set = format!("SET {}", sets.join(", "));
        let expression =
            if removed.is_empty() { set } else { format!("{set} REMOVE {}", removed.join(", ")) };
        let update = update
            .set_key(Some(Self::key(id).into_item()))
            .update_expression(expression)
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", number(app.now().millis()))
            .return_values(ReturnValue::AllNew);
        let result = app.store.update_past_transactions(update).await;
        let attributes = if_held(result)?.and_then(|output| output.attributes);
        Ok(attributes.map(serde_dynamo::from_item).transpose()?)
    }

    /// Refuses, from now on, every token and session that was issued before `now`. `by` is when the session of whoever
    /// asks was authenticated: false if that is over itself, and so may not end others.
    pub async fn end_all_tokens(
        app: &App,
        id: ObjectId,
        by: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = UpdateItemInput::builder().table_name(&app.store.tables.accounts);
        let update = update
            .set_key(Some(Self::key(id).into_item()))
            .update_expression("SET tokens_valid_after = :now")
            // The SDK may have tried before, and lost the answer.
            .condition_expression(format!("{ALLOWS} OR tokens_valid_after = :now"))
            .expression_attribute_values(":since", number(by.millis()))
            .expression_attribute_values(":now", number(now.millis()));
        let result = app.store.update_past_transactions(update).await;
        if_held(result).map(|held| held.is_some())
    }

    /// Part of a transaction that writes something about a user: there is one.
    pub fn exists(app: &App, id: ObjectId) -> Result<TransactWriteItem, StoreError> {
        store::check(&app.store.tables.accounts, Self::key(id), "attribute_exists(pk)", &[])
    }

    /// Part of a transaction that begins what was allowed at the moment `since`: there is such a user, and nothing has
    /// ended that since.
    pub fn allows(app: &App, id: ObjectId, since: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let values = [(":since", number(since.millis()))];
        store::check(&app.store.tables.accounts, Self::key(id), ALLOWS, &values)
    }
}

const ALLOWS: &str =
    "attribute_exists(pk) AND (attribute_not_exists(tokens_valid_after) OR tokens_valid_after <= :since)";

impl Credential {
    /// The key of the credential of a canonical username.
    #[must_use]
    pub fn key(username: &str) -> Key {
        Key::new(format!("LOGIN#{username}"), "LOGIN")
    }

    /// Replaces the hash of the password by a stronger one of the same password.
    pub async fn replace_hash(&self, app: &App, username: &str, hash: String) -> Result<(), StoreError> {
        let update = UpdateItemInput::builder().table_name(&app.store.tables.accounts);
        let result = update
            .set_key(Some(Self::key(username).into_item()))
            .update_expression("SET password_hash = :new")
            .condition_expression("password_hash = :old")
            .expression_attribute_values(":new", AttributeValue::S(hash))
            .expression_attribute_values(":old", AttributeValue::S(self.password_hash.clone()))
            .send_to(&app.store)
            .await;
        // If the condition does not hold, the password was changed meanwhile, or someone else replaced the hash.
        if_held(result).map(drop)
    }
}

impl EmailOwner {
    /// The key of the item of a canonical e-mail address.
    #[must_use]
    pub fn key(email: &str) -> Key {
        Key::new(format!("EMAIL#{email}"), "EMAIL")
    }
}
