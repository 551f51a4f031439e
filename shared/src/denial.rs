//! Tokens that are refused before they expire: an item for each, gone with the token.

use aws_sdk_dynamodb::operation::put_item::PutItemInput;

use crate::app::App;
use crate::store::{Call, Key, StoreError, number};

/// The key of the item that refuses a JWT, which is known by its `jti`, or by its fingerprint if it has none.
#[must_use]
pub fn key(id: &str) -> Key {
    Key::new(format!("DENY#{id}"), "DENY")
}

/// Refuses a JWT from now on until it expires, in seconds.
pub async fn deny(app: &App, id: &str, expires: i64) -> Result<(), StoreError> {
    let mut item = key(id).into_item();
    item.insert("expires".to_owned(), number(expires));
    let put = PutItemInput::builder().table_name(&app.store.tables.tokens).set_item(Some(item));
    put.send_to(&app.store).await?;
    Ok(())
}
