//! Tokens that are refused before they expire: an item for each, gone with the token.

use crate::app::App;
use crate::store::{Key, StoreError, number};

/// The key of the item that refuses a JWT, which is known by its `jti`, or by its fingerprint if it has none.
#[must_use]
pub fn key(id: &str) -> Key {
    Key::new(format!("DENY#{id}"), "DENY")
}

/// Refuses a JWT from now on until it expires, in seconds.
pub async fn deny(app: &App, id: &str, expires: i64) -> Result<(), StoreError> {
    let mut item = key(id).into_item();
    item.insert("expires".to_owned(), number(expires));
    app.store.client.put_item().table_name(&app.store.tables.tokens).set_item(Some(item)).send().await?;
    Ok(())
}
