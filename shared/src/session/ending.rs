//! How sessions end before they expire: one, some, or all of a user.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;

use super::{Session, SessionId, list};
use crate::app::App;
use crate::clock::Timestamp;
use crate::id::ObjectId;
use crate::log;
use crate::store::{self, Call, Key, StoreError, if_held};
use crate::user::User;

/// Ends one session.
pub async fn end(app: &App, user: ObjectId, session: SessionId) -> Result<(), StoreError> {
    let delete = DeleteItemInput::builder().table_name(&app.store.tables.tokens);
    if_held(delete.set_key(Some(Session::key(user, session).into_item())).send_to(&app.store).await).map(drop)
}

/// Ends all of a user's sessions, which [`list`] gave, if `by` is one that is still good. What is checked with the user's
/// record is refused from the first write on, whatever becomes of the rest: it could not be asked for again, with a token that
/// is refused.
pub async fn end_all(app: &App, by: &Session, sessions: &[Session]) -> Result<bool, StoreError> {
    if !User::end_all_tokens(app, by.user, by.authenticated, app.now()).await? {
        return Ok(false);
    }
    if let Err(error) = end_each(app, by.user, ids(sessions)).await {
        log::warn("sessions that are refused were not deleted", &error);
    }
    Ok(true)
}

/// Ends all of a user's sessions but one.
pub async fn end_others(app: &App, user: ObjectId, keep: Option<SessionId>) -> Result<(), StoreError> {
    let mut sessions = list(app, user).await?;
    sessions.retain(|session| Some(session.id) != keep);
    end_each(app, user, ids(&sessions)).await
}

/// Ends a user's sessions from up to a moment, but for one.
pub async fn end_until(
    app: &App,
    user: ObjectId,
    moment: Timestamp,
    keep: Option<SessionId>,
) -> Result<(), StoreError> {
    let mut sessions = list(app, user).await?;
    sessions.retain(|session| session.authenticated <= moment && Some(session.id) != keep);
    end_each(app, user, ids(&sessions)).await
}

fn ids(sessions: &[Session]) -> impl Iterator<Item = SessionId> {
    sessions.iter().map(|session| session.id)
}

pub(super) async fn end_each(
    app: &App,
    user: ObjectId,
    sessions: impl Iterator<Item = SessionId>,
) -> Result<(), StoreError> {
    let keys: Vec<Key> = sessions.map(|session| Session::key(user, session)).collect();
    for chunk in keys.chunks(25) {
        let requests = chunk.iter().cloned().map(store::delete_request).collect::<Result<_, _>>()?;
        app.store.write_all(&app.store.tables.tokens, requests).await?;
    }
    Ok(())
}
