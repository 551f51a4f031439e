//! Mailer: takes the messages of the outbox from the table's stream and sends each one once.
//!
//! A message is claimed by a conditional write before it is sent, and marked as sent after; however often the stream
//! delivers it, it is sent once. If sending fails, the record is reported as failed and the stream delivers it again.

mod compose;
mod render;
mod transport;

use serde::{Deserialize, Serialize};
use shared::App;
use shared::log;
use shared::outbox::{self, Claim};
use shared::store::StoreError;

pub use compose::{ComposeError, Mail};
pub use transport::{MailConfigError, Mailer, SendError};

/// What a DynamoDB stream sends to a function; only the keys are read.
#[derive(Debug, Default, Deserialize)]
pub struct Event {
    /// The changes, oldest first.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
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

/// Sends the messages that these changes are about.
pub async fn handle(app: &App, mailer: &Mailer, event: Event) -> Failures {
    let mut failures = Failures::default();
    for record in event.records {
        let Some(id) = outbox::message_id(&record.dynamodb.keys.pk.s) else { continue };
        if let Err(error) = deliver(app, mailer, id).await {
            log::write(&log::Record {
                level: "WARN",
                message: "a mail was not sent and will be tried again",
                request_id: None,
                status: None,
                causes: log::causes(&error),
            });
            failures.batch_item_failures.push(Failure { item_identifier: record.dynamodb.sequence_number });
        }
    }
    failures
}

/// Sends one message, unless it was sent before.
pub async fn deliver(app: &App, mailer: &Mailer, id: outbox::MessageId) -> Result<(), DeliverError> {
    let message = match outbox::claim(app, id).await? {
        Claim::Yours(message) => message,
        Claim::Taken => return Err(DeliverError::Claimed),
        Claim::Done => return Ok(()),
    };
    let sent = match compose::compose(app, &message).await {
        Ok(Some(mail)) => mailer.send(&mail, id).await.map_err(DeliverError::from),
        // Nobody is to be told: the address has no owner, or the user is gone.
        Ok(None) => Ok(()),
        Err(error) => Err(error.into()),
    };
    match sent {
        Ok(()) => Ok(outbox::sent(app, &message).await?),
        Err(error) => {
            outbox::unclaim(app, id).await?;
            Err(error)
        }
    }
}
