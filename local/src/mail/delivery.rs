//! The mailer is told of new messages as Lambda tells it of them by the table's stream
//! (docs/decisions/0011-the-local-store-has-no-stream.md).

use std::time::Duration;

use mailer::{Event, Mailer};
use serde_json::json;
use shared::App;
use shared::outbox::{self, MessageId};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

/// How long to wait before mails that were not taken are tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Sends what waits in the outbox, and then what comes, until the process ends.
pub async fn deliver(app: &'static App, mailer: Mailer, mut messages: UnboundedReceiver<MessageId>) {
    let mut try_waiting = Some(Instant::now());
    loop {
        let again = async {
            match try_waiting {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = messages.recv() => {
                let Some(message) = message else { return };
                if !taken(app, &mailer, message).await {
                    try_waiting.get_or_insert_with(|| Instant::now() + AGAIN);
                }
            }
            () = again => {
                try_waiting = (!send_waiting(app, &mailer).await).then(|| Instant::now() + AGAIN);
            }
        }
    }
}

/// Calls the mailer as Lambda calls it with a change from the table's stream; whether it took the message.
async fn taken(app: &App, mailer: &Mailer, message: MessageId) -> bool {
    let keys = json!({ "pk": { "S": outbox::Message::key(message).pk } });
    let record = json!({ "dynamodb": { "Keys": keys, "SequenceNumber": "1" } });
    let Ok(event) = Event::read(json!({ "Records": [record] })) else { return false };
    mailer::handle(app, mailer, event).await.batch_item_failures.is_empty()
}

/// Whether nothing waits any more.
async fn send_waiting(app: &App, mailer: &Mailer) -> bool {
    let Ok(ids) = outbox::unsent(app).await else { return false };
    let mut all = true;
    for id in ids {
        all &= mailer::deliver(app, mailer, id).await.is_ok();
    }
    all
}
