//! How a user is found: by id in one read, by username in two, by e-mail address in three.

use super::{Credential, EmailOwner, User};
use crate::app::App;
use crate::id::ObjectId;
use crate::store::StoreError;

impl User {
    /// The user with this id.
    pub async fn by_id(app: &App, id: ObjectId) -> Result<Option<Self>, StoreError> {
        app.store.get(&app.store.tables.accounts, Self::key(id)).await
    }

    /// The user with this username, in its canonical form.
    pub async fn by_username(app: &App, username: &str) -> Result<Option<Self>, StoreError> {
        let key = Credential::key(username);
        let credential: Option<Credential> = app.store.get(&app.store.tables.accounts, key).await?;
        match credential {
            Some(credential) => Self::by_id(app, credential.user).await,
            None => Ok(None),
        }
    }

    /// The user with this e-mail address, in its canonical form.
    pub async fn by_email(app: &App, email: &str) -> Result<Option<Self>, StoreError> {
        let key = EmailOwner::key(email);
        let owner: Option<EmailOwner> = app.store.get(&app.store.tables.accounts, key).await?;
        match owner {
            Some(owner) => Self::by_username(app, &owner.username).await,
            None => Ok(None),
        }
    }
}
