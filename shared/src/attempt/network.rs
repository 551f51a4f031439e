//! How many wrong guesses came from one network: a second limit, on failures only.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use serde::Deserialize;

use crate::app::App;
use crate::clock::Timestamp;
use crate::store::{Call, Key, StoreError, number};

/// Over how long the failures of one network are added up.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// The failures of one network in the present quarter of an hour.
#[derive(Debug, Deserialize)]
pub(super) struct NetworkFailures {
    n: u32,
}

impl NetworkFailures {
    /// The key of the count of a network (see [`crate::http::peer::Peer::network`]).
    #[must_use]
    pub(super) fn key(network: &str, now: Timestamp) -> Key {
        Key::new(format!("ADDRESS#{network}#{}", window(now)), "ADDRESS")
    }

    /// How long this network has to wait, if its failures have reached `limit`.
    #[must_use]
    pub(super) fn wait(&self, limit: u32, now: Timestamp) -> Option<Duration> {
        (self.n >= limit).then(|| window_end(now).since(now))
    }

    /// Counts one more failure.
    pub(super) async fn add(app: &App, network: &str) -> Result<(), StoreError> {
        let now = app.now();
        let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
        update
            .set_key(Some(Self::key(network, now).into_item()))
            .update_expression("ADD n :one SET expires = :expires")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":expires", number(window_end(now).seconds()))
            .send_to(&app.store)
            .await?;
        Ok(())
    }
}

fn window(now: Timestamp) -> i64 {
    now.seconds().div_euclid(WINDOW.as_secs().cast_signed())
}

fn window_end(now: Timestamp) -> Timestamp {
    Timestamp::from_seconds((window(now) + 1) * WINDOW.as_secs().cast_signed())
}
