//! Messages that are to be sent: written in the same transaction as the change that they tell of, so that a mail
//! provider that is down can neither fail a request nor lose a mail.
//!
//! A stream leads from the table to the mailer, which claims a message, sends it, and leaves nothing of it but that it
//! was sent. A message holds no secret: the link in it is made when it is sent.

use std::time::Duration;

use aws_lc_rs::digest;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::app::App;
use crate::clock::Timestamp;
use crate::id::{self, ObjectId};
use crate::identifier::{Email, Username};
use crate::random::RandomUnavailable;
use crate::store::{self, Item, Key, Store, StoreError, Updated, if_held, number};

/// How long a message is kept, sent or not.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a mailer may take to send one message before another may try.
const CLAIM: Duration = Duration::from_secs(60);
/// Requests for the same mail to the same address count once in this time.
const REQUEST_WINDOW: Duration = Duration::from_secs(60);

/// The id of a message.
pub type MessageId = Uuid;

/// A message that is to be sent once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The id under which it is sent once.
    pub id: MessageId,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
    /// When it was written.
    pub created_at: Timestamp,
    expires: i64,
}

/// What a message says, and to whom. Whoever asks for a mail by an address alone is answered before anyone has looked
/// whether it has an owner; the mailer finds out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Content {
    /// To a new user: asks to confirm the address.
    VerifyEmail {
        /// The new user.
        user: ObjectId,
    },
    /// Asked for again by address.
    VerifyEmailAgain {
        /// The address that was typed.
        email: Email,
    },
    /// Asked for by address: a link to choose a new password.
    ResetPassword {
        /// The address that was typed.
        email: Email,
    },
    /// Tells that the password was changed.
    PasswordChanged {
        /// Whose.
        user: ObjectId,
    },
    /// To the address that a user wants to change to: asks to confirm it.
    ConfirmEmail {
        /// The user.
        user: ObjectId,
        /// The new address.
        email: Email,
    },
    /// To the address that was replaced: tells so.
    EmailChanged {
        /// The old address.
        email: Email,
        /// How its owner is addressed.
        username: Username,
    },
    /// Tells that an access key can now sign in for the user.
    AccessKeyCreated {
        /// The user.
        user: ObjectId,
    },
}

/// Whether a message may be sent now.
#[derive(Debug)]
pub enum Claim {
    /// It may, by whoever claimed it, for a minute.
    Yours(Message),
    /// Someone else is sending it.
    Taken,
    /// It was sent, or never was.
    Done,
}

impl Message {
    /// A new message.
    pub fn new(content: Content, now: Timestamp) -> Result<Self, RandomUnavailable> {
        Ok(Self { id: id::token_id(now)?, content, created_at: now, expires: (now + KEPT_FOR).seconds() })
    }

    /// The key of the item of a message.
    #[must_use]
    pub fn key(id: MessageId) -> Key {
        Key::new(format!("{PREFIX}{id}"), "OUTBOX")
    }

    /// The message as part of a transaction.
    pub fn item(&self, store: &Store) -> Result<TransactWriteItem, StoreError> {
        store::new_item(&store.tables.tokens, Self::key(self.id), self)
    }

    /// Eight bytes that are this message's own, so that sending it again makes the same link.
    #[must_use]
    pub fn nonce(&self) -> [u8; 8] {
        let hash = digest::digest(&digest::SHA256, self.id.as_bytes());
        let mut nonce = [0; 8];
        nonce.copy_from_slice(&hash.as_ref()[..8]);
        nonce
    }
}

const PREFIX: &str = "OUTBOX#";

/// The id of the message that a partition key is about.
#[must_use]
pub fn message_id(pk: &str) -> Option<MessageId> {
    pk.strip_prefix(PREFIX)?.parse().ok()
}

/// Asks for a mail to an address: one write, whoever owns the address and whether anyone does. Asking again within a
/// minute changes nothing. `now` is when whoever asks was found to be allowed to.
pub async fn request(app: &App, content: Content, now: Timestamp) -> Result<(), StoreError> {
    let window = now.seconds().div_euclid(REQUEST_WINDOW.as_secs().cast_signed());
    let described = serde_json::to_string(&content).unwrap_or_default().to_lowercase();
    let hash = digest::digest(&digest::SHA256, format!("{window} {described}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    let id = Builder::from_custom_bytes(bytes).into_uuid();
    let message = Message { id, content, created_at: now, expires: (now + KEPT_FOR).seconds() };
    let mut item: Item = serde_dynamo::to_item(&message)?;
    item.extend(Message::key(id).into_item());
    let put = app.store.client.put_item().table_name(&app.store.tables.tokens).set_item(Some(item));
    if_held(put.condition_expression("attribute_not_exists(pk)").send().await).map(drop)
}

/// Claims a message for a minute.
pub async fn claim(app: &App, id: MessageId) -> Result<Claim, StoreError> {
    let now = app.now();
    let update = app.store.client.update_item().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(Message::key(id).into_item()))
        .update_expression("SET claimed_until = :until")
        .condition_expression(
            "attribute_exists(pk) AND attribute_not_exists(sent_at) AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)",
        )
        .expression_attribute_values(":until", number((now + CLAIM).millis()))
        .expression_attribute_values(":now", number(now.millis()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    match store::updated(result)? {
        Updated::Yes(item) => Ok(Claim::Yours(serde_dynamo::from_item(item)?)),
        Updated::No(Some(item)) if !item.contains_key("sent_at") => Ok(Claim::Taken),
        Updated::No(_) => Ok(Claim::Done),
    }
}

/// Records that a message was sent, and forgets what it said.
pub async fn sent(app: &App, message: &Message) -> Result<(), StoreError> {
    let mut item = Message::key(message.id).into_item();
    item.insert("sent_at".to_owned(), number(app.now().millis()));
    item.insert("expires".to_owned(), number(message.expires));
    app.store.client.put_item().table_name(&app.store.tables.tokens).set_item(Some(item)).send().await?;
    Ok(())
}

/// Gives a claim back: the message could not be sent.
pub async fn unclaim(app: &App, id: MessageId) -> Result<(), StoreError> {
    let update = app.store.client.update_item().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(Message::key(id).into_item()))
        .update_expression("REMOVE claimed_until")
        .condition_expression("attribute_exists(pk) AND attribute_not_exists(sent_at)")
        .send()
        .await;
    if_held(result).map(drop)
}

/// Every message that was not sent yet, for a start after a time without a mailer.
pub async fn unsent(app: &App) -> Result<Vec<MessageId>, StoreError> {
    let mut ids = Vec::new();
    let mut start = None;
    loop {
        let scan = app.store.client.scan().table_name(&app.store.tables.tokens);
        let output = scan
            .filter_expression("sk = :outbox AND attribute_not_exists(sent_at)")
            .expression_attribute_values(":outbox", AttributeValue::S("OUTBOX".to_owned()))
            .projection_expression("pk")
            .set_exclusive_start_key(start)
            .send()
            .await?;
        let found = output.items.unwrap_or_default();
        ids.extend(found.iter().filter_map(|item| message_id(item.get("pk")?.as_s().ok()?)));
        start = output.last_evaluated_key;
        if start.is_none() {
            return Ok(ids);
        }
    }
}
