//! Shutting a user out, and letting them in again: what an operator does.

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::{ChangeError, EXISTS, done};
use super::{Credential, User, UserStatus};
use crate::access_key::AccessKey;
use crate::app::App;
use crate::store::{number, update};

impl User {
    /// Refuses every sign-in, session and token of the user from now on, and then revokes their access keys, which would bring
    /// tokens of which nobody takes any. The number of keys; should it end half-way, it can be done again.
    pub async fn suspend(&self, app: &App) -> Result<usize, ChangeError> {
        let set = "SET #status = :status, updated_at = :now, tokens_valid_after = :now";
        self.set_status(app, UserStatus::Suspended, set).await?;
        let links = app.store.keys_of(&app.store.tables.accounts, &Self::partition(self.id)).await?;
        let keys: Vec<_> = links.iter().filter_map(AccessKey::of_link).collect();
        for ak in &keys {
            AccessKey::revoke(app, *ak).await?;
        }
        Ok(keys.len())
    }

    /// Lets the user sign in again, as one whose address is verified. What was ended stays so.
    pub async fn activate(&self, app: &App) -> Result<(), ChangeError> {
        self.set_status(app, UserStatus::Active, "SET #status = :status, updated_at = :now").await
    }

    async fn set_status(&self, app: &App, status: UserStatus, record: &str) -> Result<(), ChangeError> {
        let accounts = &app.store.tables.accounts;
        let status = (":status", AttributeValue::from(status));
        let user = (":user", AttributeValue::S(self.id.to_string()));
        let now = (":now", number(app.now().millis()));
        let credential = Credential::key(&self.username.canonical());
        let items = vec![
            update(accounts, Self::key(self.id), record, EXISTS, &[status.clone(), now])?,
            update(accounts, credential, "SET #status = :status", "#user = :user", &[status, user])?,
        ];
        done(app.store.transact(items).await?)
    }
}
