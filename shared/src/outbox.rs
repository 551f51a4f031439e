//! Messages that are to be sent: written in the same transaction as the change that they tell of, so that a mail
//! provider that is down can neither fail a request nor lose a mail.
//!
//! A stream leads from the table to the mailer, which claims a message, sends it, and leaves nothing of it but that it
//! was sent or refused. A message holds no secret: the link in it is made when it is sent.

use std::time::Duration;

use aws_lc_rs::digest;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::clock::Timestamp;
use crate::id::{self, ObjectId};
use crate::identifier::Email;
use crate::random::RandomUnavailable;
use crate::store::{self, Call, Key, Store, StoreError, Transaction, Updated, if_held, number};

/// How long the item of a message is kept, sent or not. After that nobody sends it any more.
pub const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a mailer may take to send one message before another may try.
const CLAIM: Duration = Duration::from_secs(60);

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
        /// The user: who is gone is told nothing.
        user: ObjectId,
        /// The old address.
        email: Email,
    },
    /// Tells that there is an access key that signs in for the user, now or once it is no longer pending.
    AccessKeyCreated {
        /// The user.
        user: ObjectId,
    },
}

impl Content {
    /// Requests for the same mail to the same address count once in this time. A link to choose a new password ends the one before
    /// it: whoever asks for them in another's name, again and again, leaves them this long to use one.
    const fn asked_once_in(&self) -> Duration {
        match self {
            Self::ResetPassword { .. } => Duration::from_secs(300),
            _ => Duration::from_secs(60),
        }
    }
}

/// Whether a message may be sent now.
#[derive(Debug)]
pub enum Claim {
    /// It may, by whoever claimed it, for a minute.
    Yours(Claimed),
    /// Someone else is sending it.
    Taken,
    /// It was sent or refused for good, or is too old, or never was.
    Done,
}

/// A message that is being sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claimed {
    /// The message.
    #[serde(flatten)]
    pub message: Message,
    /// Until when it is: a moment that no other claim has, because each one begins after the end of the last.
    claimed_until: Timestamp,
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

/// When a mail was last asked for. The key tells neither which nor for whom.
#[derive(Serialize)]
struct Asked {
    at: Timestamp,
    expires: i64,
}

impl Asked {
    fn key(content: &Content) -> Key {
        let described = serde_json::to_string(content).unwrap_or_default().to_lowercase();
        let hash = digest::digest(&digest::SHA256, described.as_bytes());
        Key::new(format!("ASKED#{}", hex::encode(hash)), "ASKED")
    }
}

/// Asks for a mail to an address: one write, whoever owns the address and whether anyone does. Asking again soon changes
/// nothing. `now` is when whoever asks was found to be allowed to.
pub async fn request(app: &App, content: Content, now: Timestamp) -> Result<(), StoreError> {
    let interval = content.asked_once_in();
    let asked = Asked { at: now, expires: (now + interval).seconds() };
    let due = "attribute_not_exists(pk) OR #at <= :before";
    let before = [(":before", number((now - interval).millis()))];
    let asked = store::put_if(&app.store.tables.tokens, Asked::key(&content), &asked, due, &before)?;
    let items = vec![asked, Message::new(content, now)?.item(&app.store)?];
    match app.store.transact(items).await? {
        Transaction::Done | Transaction::Refused(_) => Ok(()),
    }
}

/// Claims a message for a minute.
pub async fn claim(app: &App, id: MessageId) -> Result<Claim, StoreError> {
    let now = app.now();
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(Message::key(id).into_item()))
        .update_expression("SET claimed_until = :until")
        .condition_expression(
            "expires > :seconds AND attribute_not_exists(sent_at) AND attribute_not_exists(refused_at) AND \
             (attribute_not_exists(claimed_until) OR claimed_until <= :now)",
        )
        .expression_attribute_values(":until", number((now + CLAIM).millis()))
        .expression_attribute_values(":now", number(now.millis()))
        .expression_attribute_values(":seconds", number(now.seconds()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send_to(&app.store)
        .await;
    match store::updated(result)? {
        Updated::Yes(item) => Ok(Claim::Yours(serde_dynamo::from_item(item)?)),
        Updated::No(item) => {
            let state: State = serde_dynamo::from_item(item.unwrap_or_default())?;
            Ok(if state.is_open(now) { Claim::Taken } else { Claim::Done })
        }
    }
}

/// What tells whether a message is still to be sent.
#[derive(Deserialize)]
struct State {
    sent_at: Option<Timestamp>,
    refused_at: Option<Timestamp>,
    #[serde(default)]
    expires: i64,
}

impl State {
    /// TTL deletes late.
    fn is_open(&self, now: Timestamp) -> bool {
        self.sent_at.is_none() && self.refused_at.is_none() && now.seconds() < self.expires
    }
}

/// Records that a message was sent, and forgets what it said. It did leave, so whoever has claimed it meanwhile is not to
/// send it again; one that was deleted meanwhile stays deleted.
pub async fn sent(app: &App, claimed: &Claimed) -> Result<(), StoreError> {
    let put = closed(app, claimed, "sent_at").condition_expression("attribute_exists(pk)");
    if_held(put.send_to(&app.store).await).map(drop)
}

/// Records that nobody is to be told, as if the message had been sent.
pub async fn settled(app: &App, claimed: &Claimed) -> Result<(), StoreError> {
    close_mine(app, claimed, "sent_at").await
}

/// Records that a message was refused for good, and forgets what it said: its user may be deleted before it expires.
pub async fn refused(app: &App, claimed: &Claimed) -> Result<(), StoreError> {
    close_mine(app, claimed, "refused_at").await
}

/// Gives a claim back: the message could not be sent.
pub async fn unclaim(app: &App, claimed: &Claimed) -> Result<(), StoreError> {
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let update = update
        .set_key(Some(Message::key(claimed.message.id).into_item()))
        .update_expression("REMOVE claimed_until")
        .condition_expression(MINE)
        .expression_attribute_values(":mine", number(claimed.claimed_until.millis()));
    if_held(update.send_to(&app.store).await).map(drop)
}

/// The claim is one's own: otherwise it is for someone else to say what becomes of the message.
const MINE: &str = "claimed_until = :mine";

async fn close_mine(app: &App, claimed: &Claimed, how: &str) -> Result<(), StoreError> {
    let put = closed(app, claimed, how).condition_expression(MINE);
    let put = put.expression_attribute_values(":mine", number(claimed.claimed_until.millis()));
    if_held(put.send_to(&app.store).await).map(drop)
}

/// Puts in place of a message what became of it, and when.
fn closed(app: &App, claimed: &Claimed, how: &str) -> PutItemInputBuilder {
    let mut item = Message::key(claimed.message.id).into_item();
    item.insert(how.to_owned(), number(app.now().millis()));
    item.insert("expires".to_owned(), number(claimed.message.expires));
    PutItemInput::builder().table_name(&app.store.tables.tokens).set_item(Some(item))
}

/// Every message that is still to be sent, for a start after a time without a mailer.
pub async fn unsent(app: &App) -> Result<Vec<MessageId>, StoreError> {
    let mut ids = Vec::new();
    let mut start = None;
    loop {
        let scan = ScanInput::builder().table_name(&app.store.tables.tokens);
        let output = scan
            .filter_expression(
                "sk = :outbox AND expires > :now AND attribute_not_exists(sent_at) AND attribute_not_exists(refused_at)",
            )
            .expression_attribute_values(":outbox", AttributeValue::S("OUTBOX".to_owned()))
            .expression_attribute_values(":now", number(app.now().seconds()))
            .projection_expression("pk")
            .set_exclusive_start_key(start)
            .send_to(&app.store)
            .await?;
        let found = output.items.unwrap_or_default();
        ids.extend(found.iter().filter_map(|item| message_id(item.get("pk")?.as_s().ok()?)));
        start = output.last_evaluated_key;
        if start.is_none() {
            return Ok(ids);
        }
    }
}
