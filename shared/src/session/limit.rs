//! At most 50 sessions a user: the oldest goes first, after those that have expired and are not deleted yet.

use std::cmp::Reverse;

use serde::Deserialize;

use super::ending::end_each;
use super::{Session, SessionId, is_live, query};
use crate::app::App;
use crate::clock::Timestamp;
use crate::id::ObjectId;
use crate::store::StoreError;

/// How many sessions a user has at most.
pub const MOST_SESSIONS: usize = 50;

/// How many sign-ins with one name are taken to be under way at once, and not to see one another.
const AT_ONCE: usize = 10;

/// What has to be known of a session to tell which goes first. A sign-in reads it of them all.
#[derive(Deserialize)]
pub(super) struct Age {
    id: SessionId,
    created: Timestamp,
    expires: i64,
    idle_expires: i64,
}

impl Age {
    /// Of all sessions of a user.
    pub(super) async fn list(app: &App, user: ObjectId) -> Result<Vec<Self>, StoreError> {
        query(app, user, Some("id, created, expires, idle_expires")).await
    }

    const fn is_live(&self, now: Timestamp) -> bool {
        is_live([self.expires, self.idle_expires], now)
    }
}

/// Ends the oldest sessions beyond the limit, once `session` is written. `seen` was read at the same time.
pub(super) async fn end_oldest(app: &App, session: &Session, seen: Vec<Age>) -> Result<(), StoreError> {
    let mut others = seen;
    if others.len() + AT_ONCE >= MOST_SESSIONS {
        // Close to the limit it counts who else signed in at this moment: whoever writes last sees them all.
        others = Age::list(app, session.user).await?;
    }
    others.retain(|other| other.id != session.id);
    let now = app.now();
    others.sort_by_key(|other| Reverse((other.is_live(now), other.created)));
    let beyond = others.get(MOST_SESSIONS - 1..).unwrap_or_default();
    end_each(app, session.user, beyond.iter().map(|other| other.id)).await
}
