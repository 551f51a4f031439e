//! Mailer: takes the messages of the outbox from the table's stream and sends each one once.
//!
//! A message is claimed by a conditional write before it is sent, and marked as sent after; however often the stream
//! delivers it, it is sent once. If sending fails, the record is reported as failed and the stream delivers it again; if
//! the provider refuses it for good, it is marked as refused, and holds up no other.

mod compose;
mod refusal;
mod render;
mod smtp;
mod transport;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::App;
use shared::log;
use shared::outbox::{self, Claim, Claimed, MessageId};
use shared::store::StoreError;

pub use compose::{ComposeError, Mail};
pub use transport::{MailConfigError, Mailer, SENT_WITHIN, SendError};

/// What a DynamoDB stream sends to a function; only the keys are read.
#[derive(Debug, Default, Deserialize)]
pub struct Event {
    /// The changes, oldest first.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// An event of another shape: taken for one without changes, it would be a mail that nobody misses.
#[derive(Debug, thiserror::Error)]
#[error(
    r#"an event that is none of the table's stream: expected {{"Records":[{{"dynamodb":{{"Keys":{{"pk":{{"S":"OUTBOX#…"}}}},"SequenceNumber":"…"}}}}]}}"#
)]
pub struct NoStreamEvent(#[from] serde_json::Error);

impl Event {
    /// Reads what a function was called with.
    pub fn read(payload: Value) -> Result<Self, NoStreamEvent> {
        Ok(serde_json::from_value(payload)?)
    }
}

/// One change of an item.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// What changed.
    pub dynamodb: Change,
}

/// The changed item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    /// Its key.
    pub keys: Keys,
    /// The place of the change in the stream.
    pub sequence_number: String,
}

/// The key of an item.
#[derive(Debug, Deserialize)]
pub struct Keys {
    /// The partition key.
    pub pk: Text,
}

/// A string as DynamoDB writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Text {
    /// The string.
    pub s: String,
}

/// The records that the stream is to deliver again, in the form of Lambda's partial batch response.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    /// Each by its sequence number.
    pub batch_item_failures: Vec<Failure>,
}

/// A record that is to be delivered again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its sequence number.
    pub item_identifier: String,
}

/// Why a message was not sent. It will be tried again.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// Someone else is sending it, or did not come to the end of it.
    #[error("the message is being sent")]
    Claimed,
    /// It could not be written.
    #[error("the message cannot be written")]
    Compose(#[from] ComposeError),
    /// The provider did not take it.
    #[error("the message was not taken")]
    Send(#[from] SendError),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One message that waits, for the log: whoever runs the service may have to delete it.
#[derive(Debug, thiserror::Error)]
#[error("the message {0} waits")]
struct Waiting(MessageId, #[source] DeliverError);

/// The provider will not take it, ever: nothing for whoever called, and a line in the log.
#[derive(Debug, thiserror::Error)]
#[error("the message {0} was refused")]
struct Refused(MessageId, #[source] SendError);

/// Sends the messages that these changes are about.
pub async fn handle(app: &App, mailer: &Mailer, event: Event) -> Failures {
    let mut failures = Failures::default();
    for record in event.records {
        let Some(id) = outbox::message_id(&record.dynamodb.keys.pk.s) else { continue };
        if let Err(error) = deliver(app, mailer, id).await {
            log::warn("a mail was not sent and will be tried again", &Waiting(id, error));
            failures.batch_item_failures.push(Failure { item_identifier: record.dynamodb.sequence_number });
        }
    }
    failures
}

/// Sends one message, unless it was sent before.
pub async fn deliver(app: &App, mailer: &Mailer, id: MessageId) -> Result<(), DeliverError> {
    let claimed = match outbox::claim(app, id).await? {
        Claim::Yours(claimed) => claimed,
        Claim::Taken => return Err(DeliverError::Claimed),
        Claim::Done => return Ok(()),
    };
    let mail = match compose::compose(app, &claimed.message).await {
        Ok(Some(mail)) => mail,
        // Nobody is to be told: the address has no owner, the user is gone, or a newer mail says it.
        Ok(None) => return Ok(outbox::settled(app, &claimed).await?),
        Err(error) => return Err(again(app, &claimed, error.into()).await),
    };
    match mailer.send(&mail, id).await {
        Ok(()) => Ok(outbox::sent(app, &claimed).await?),
        Err(error) if mailer.is_final(&error, &mail) => {
            outbox::refused(app, &claimed).await?;
            log::warn("a mail was refused for good and will not be tried again", &Refused(id, error));
            Ok(())
        }
        Err(error) => Err(again(app, &claimed, error.into()).await),
    }
}

/// Gives the message back, so that it can be tried again. Gives `error` back too.
async fn again(app: &App, claimed: &Claimed, error: DeliverError) -> DeliverError {
    if let Err(lost) = outbox::unclaim(app, claimed).await {
        log::warn("a message could not be given back and waits for the end of its claim", &lost);
    }
    error
}
