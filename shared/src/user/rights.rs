//! What a user's tokens say and allow: what an operator decides.

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::{ChangeError, done};
use super::{Credential, User};
use crate::app::App;
use crate::store::{number, update};

impl User {
    /// Gives the user these scopes and this `sub_type` in place of those they have, in the record and in the credential, of
    /// which tokens are made. If that takes anything away, the sessions and tokens from before end: they would say otherwise.
    pub async fn set_rights(
        &mut self,
        app: &App,
        sub_type: String,
        scopes: Vec<String>,
    ) -> Result<(), ChangeError> {
        let now = app.now();
        let takes_away = sub_type != self.sub_type || self.scopes.iter().any(|scope| !scopes.contains(scope));
        let end = if takes_away { ", tokens_valid_after = :now" } else { "" };
        let rights = [(":scopes", list(&scopes)), (":sub_type", AttributeValue::S(sub_type.clone()))];
        let set = "SET scopes = :scopes, sub_type = :sub_type";
        // What is taken away is known only of what was read.
        let mut record = vec![
            (":now", number(now.millis())),
            (":old_scopes", list(&self.scopes)),
            (":old_sub_type", AttributeValue::S(self.sub_type.clone())),
        ];
        record.extend(rights.clone());
        let mut credential = vec![(":user", AttributeValue::S(self.id.to_string()))];
        credential.extend(rights);
        let accounts = &app.store.tables.accounts;
        let set_record = format!("{set}, updated_at = :now{end}");
        let unchanged = "scopes = :old_scopes AND sub_type = :old_sub_type";
        let credential_key = Credential::key(&self.username.canonical());
        let items = vec![
            update(accounts, Self::key(self.id), &set_record, unchanged, &record)?,
            update(accounts, credential_key, set, "#user = :user", &credential)?,
        ];
        done(app.store.transact(items).await?)?;
        (self.sub_type, self.scopes, self.updated_at) = (sub_type, scopes, Some(now));
        Ok(())
    }
}

fn list(texts: &[String]) -> AttributeValue {
    AttributeValue::L(texts.iter().cloned().map(AttributeValue::S).collect())
}
