//! Accounts: the tenants that users belong to, each with a secret of its own.

use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Timestamp;
use crate::id::ObjectId;
use crate::store::{self, Call, Key, Store, StoreError, if_held};

/// An account as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: ObjectId,
    /// What its owner calls it.
    pub name: String,
    /// The PHC string of its secret: someone may have chosen it, so it is hashed like a password.
    pub secret_hash: String,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// It may.
    Active,
    /// Its secret and its tokens are refused.
    Disabled,
}

impl Account {
    /// The key of an account's item.
    #[must_use]
    pub fn key(id: ObjectId) -> Key {
        Key::new(format!("ACCOUNT#{id}"), "ACCOUNT")
    }

    /// The item of a new account.
    pub fn item(&self, store: &Store) -> Result<TransactWriteItem, StoreError> {
        store::new_item(&store.tables.accounts, Self::key(self.id), self)
    }

    /// Replaces the hash of the secret by a stronger one of the same secret.
    pub async fn replace_secret_hash(&self, app: &App, hash: String) -> Result<(), StoreError> {
        let update = UpdateItemInput::builder().table_name(&app.store.tables.accounts);
        let result = update
            .set_key(Some(Self::key(self.id).into_item()))
            .update_expression("SET secret_hash = :new")
            .condition_expression("secret_hash = :old")
            .expression_attribute_values(":new", AttributeValue::S(hash))
            .expression_attribute_values(":old", AttributeValue::S(self.secret_hash.clone()))
            .send_to(&app.store)
            .await;
        // If the condition does not hold, someone else replaced it: theirs is as good.
        if_held(result).map(drop)
    }

    /// Refuses the secret and the tokens of an account from now on, or takes them again; false if there is none.
    pub async fn set_status(app: &App, id: ObjectId, status: AccountStatus) -> Result<bool, StoreError> {
        Self::set(app, id, "status", serde_dynamo::to_attribute_value(status)?).await
    }

    /// Takes another secret from now on, of which this is the hash; false if there is no such account.
    pub async fn set_secret_hash(app: &App, id: ObjectId, hash: String) -> Result<bool, StoreError> {
        Self::set(app, id, "secret_hash", AttributeValue::S(hash)).await
    }

    async fn set(app: &App, id: ObjectId, name: &str, value: AttributeValue) -> Result<bool, StoreError> {
        app.store.set_attribute(&app.store.tables.accounts, Self::key(id), name, value).await
    }
}
