//! Messages that are to be sent: written in the same transaction as the change that they tell of, so that a mail
//! provider that is down can neither fail a request nor lose a mail.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::id::{self, ObjectId};
use crate::identifier::{Email, Username};
use crate::random::RandomUnavailable;
use crate::store::Key;

/// How long a message that was not sent is kept.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// A message that is to be sent once. It holds no secret: the link in it is made when it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// The id under which it is sent at most once.
    pub id: Uuid,
    /// What it is about.
    pub kind: MessageKind,
    /// Whom it is about.
    pub user: ObjectId,
    /// Where it goes.
    pub to: Email,
    /// How the recipient is addressed.
    pub username: Username,
    /// When it was written.
    pub created_at: Timestamp,
    expires: i64,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    /// Asks the owner of an address to confirm it.
    VerifyEmail,
}

impl Message {
    /// A new message.
    pub fn new(
        kind: MessageKind,
        user: ObjectId,
        to: Email,
        username: Username,
        now: Timestamp,
    ) -> Result<Self, RandomUnavailable> {
        let expires = (now + KEPT_FOR).seconds();
        Ok(Self { id: id::token_id(now)?, kind, user, to, username, created_at: now, expires })
    }

    /// The key of its item.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::new(format!("OUTBOX#{}", self.id), "OUTBOX")
    }
}
