//! Clients: an access key is one, with its secret as the client's.

use super::{Credentials, Refusal};
use crate::access_key::{AccessKey, AccessKeyId};
use crate::app::App;
use crate::http::Fault;
use crate::user::{User, UserStatus};

/// A client that has shown its secret.
#[derive(Debug)]
pub struct Client {
    /// The access key.
    pub key: AccessKey,
    /// Whose it is.
    pub user: User,
}

/// Whatever is wrong with a client, it is told the same.
#[must_use]
pub fn unknown() -> Fault {
    Refusal::InvalidClient.because("The client is unknown, its secret is wrong, or it may not be used.")
}

/// Finds the client whose credentials these are, in two reads, one after the other.
pub async fn authenticate(app: &App, credentials: &Credentials) -> Result<Client, Fault> {
    let key = key(app, credentials).await?;
    let user = owner(app, &key).await?;
    Ok(Client { key, user })
}

/// The access key of the credentials. It is no client yet: that takes its [`owner`].
pub async fn key(app: &App, credentials: &Credentials) -> Result<AccessKey, Fault> {
    let Credentials::Secret { id, secret } = credentials else { return Err(unknown()) };
    let id: AccessKeyId = id.parse().map_err(|_| unknown())?;
    AccessKey::authenticate(app, &id, secret).await?.ok_or_else(unknown)
}

/// The user of a key, unless gone or suspended.
pub async fn owner(app: &App, key: &AccessKey) -> Result<User, Fault> {
    let user = User::by_id(app, key.user).await?;
    user.filter(|user| user.status != UserStatus::Suspended).ok_or_else(unknown)
}
