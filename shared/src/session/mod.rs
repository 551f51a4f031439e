//! Sessions: one refresh family is one item.
//!
//! An item holds the generation that its live tokens have; the tokens themselves are computed from it. A refresh is one
//! conditional write that raises the generation. Who presents the spent refresh token again within the grace time (a
//! lost answer, a second tab) is given the same successor; later it is taken for theft and ends the session.

mod ending;
mod lifetime;
mod limit;
mod token;

use std::time::Duration;

use aws_lc_rs::hmac;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Timestamp;
use crate::http::peer::Peer;
use crate::id::ObjectId;
use crate::keyring::{Keyring, KeyringError};
use crate::random::{self, RandomUnavailable};
use crate::store::{self, Call, Item, Key, StoreError, Transaction, Updated, if_held, number};
use crate::user::User;

pub use ending::{end, end_all, end_others, end_until};
pub use lifetime::Lifetime;
pub use limit::MOST_SESSIONS;
pub use token::{SessionId, SessionToken, TokenKind};

use limit::Age;

/// How long an access token is said to be valid.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(7200);
/// How long a session cookie is valid.
pub const COOKIE_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How long a device is known.
pub const DEVICE_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);
/// A session as it is stored.
#[expect(clippy::unsafe_derive_deserialize, reason = "the unsafe code is inside tokio::join!")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Which of the user's sessions.
    pub id: SessionId,
    /// Whose it is.
    pub user: ObjectId,
    /// How often it was refreshed.
    pub generation: u32,
    /// When it began: the moment at which the password was compared.
    pub created: Timestamp,
    /// The id of the key that its tokens are made with, so that a repeated refresh gives the same ones whichever key is
    /// the newest by then.
    #[serde(default)]
    pub key: String,
    /// When its user last showed the password: what refuses all tokens from before a moment refuses it if this is before.
    pub authenticated: Timestamp,
    /// When the present generation was issued.
    pub rotated: Timestamp,
    /// When it ends however it is used, in seconds; also the TTL attribute.
    pub expires: i64,
    /// When it ends if it is not refreshed before, in seconds.
    pub idle_expires: i64,
    /// Where it was begun from; empty where that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// With what; empty where the client did not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
}

/// The tokens that a client gets.
#[derive(Debug)]
pub struct Tokens {
    /// For requests.
    pub access: String,
    /// For the next tokens.
    pub refresh: String,
}

/// The cookies of a browser that has signed in.
#[derive(Debug)]
pub struct Cookies {
    /// The session cookie.
    pub session: String,
    /// Tells that this device has signed in before.
    pub device: String,
}

/// Why a session did not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The refresh token is unknown, expired, revoked or reused.
    #[error("the refresh token is not valid")]
    Invalid,
    /// Since the password was compared, the user was deleted or everything from before was ended.
    #[error("the user changed while they signed in")]
    Overtaken,
    /// No key to make or read tokens with.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No id.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl Session {
    /// The key of a session's item.
    #[must_use]
    pub fn key(user: ObjectId, session: SessionId) -> Key {
        Key::new(User::partition(user), format!("SESSION#{session}"))
    }

    /// Begins a session. `since` is when the password was compared: what ends all sessions after that ends this one.
    pub async fn begin(
        app: &App,
        user: ObjectId,
        peer: &Peer,
        since: Timestamp,
    ) -> Result<Self, SessionError> {
        let lifetimes = app.config.session;
        let key = app.keyring().await?.session_key(app.now()).kid.clone();
        let session = Self {
            id: SessionId::from_bytes(random::bytes()?),
            user,
            generation: 0,
            key,
            created: since,
            authenticated: since,
            rotated: since,
            expires: (since + lifetimes.absolute).seconds(),
            idle_expires: (since + lifetimes.idle).seconds(),
            address: peer.address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: peer.user_agent.clone(),
        };
        let (put, others) = tokio::join!(session.put(app), Age::list(app, user));
        put?;
        limit::end_oldest(app, &session, others?).await?;
        Ok(session)
    }

    /// Written only if the user still allows it, so that what ends a user leaves no session of theirs behind.
    async fn put(&self, app: &App) -> Result<(), SessionError> {
        let key = Self::key(self.user, self.id);
        let put = store::new_item(&app.store.tables.tokens, key, self)?;
        let allowed = User::allows(app, self.user, self.authenticated)?;
        match app.store.transact(vec![put, allowed]).await? {
            Transaction::Done => Ok(()),
            Transaction::Refused(_) => Err(SessionError::Overtaken),
        }
    }

    /// The tokens of the present generation.
    pub async fn tokens(&self, app: &App) -> Result<Tokens, KeyringError> {
        let keyring = app.keyring().await?;
        let refresh = if self.generation == 0 { TokenKind::FirstRefresh } else { TokenKind::NextRefresh };
        let key = self.key_in(&keyring, app.now());
        let encode = |kind| self.token(kind, self.generation).encode(key);
        Ok(Tokens { access: encode(TokenKind::Access), refresh: encode(refresh) })
    }

    /// The cookies of this session, which do not change with its generation. `device_tag` stands for the username in
    /// the token of the device.
    pub async fn cookies(&self, app: &App, device_tag: ObjectId) -> Result<Cookies, KeyringError> {
        let keyring = app.keyring().await?;
        let key = self.key_in(&keyring, app.now());
        let session = self.token(TokenKind::Cookie, 0);
        let device = SessionToken { kind: TokenKind::Device, user: device_tag, ..session };
        Ok(Cookies { session: session.encode(key), device: device.encode(key) })
    }

    /// The key that the tokens are made with: a session whose key was retired goes on with the newest.
    fn key_in<'k>(&self, keyring: &'k Keyring, now: Timestamp) -> &'k hmac::Key {
        &keyring.find_session_key(&self.key).unwrap_or_else(|| keyring.session_key(now)).hmac
    }

    const fn token(&self, kind: TokenKind, generation: u32) -> SessionToken {
        SessionToken { kind, user: self.user, session: self.id, generation }
    }

    /// Whether an authentic token of this session may be used at this moment.
    #[must_use]
    pub fn accepts(&self, token: &SessionToken, grace: Duration, now: Timestamp) -> bool {
        let age = now.since(self.rotated);
        self.is_live(now)
            && match token.kind {
                // A repeated refresh brings the same token up to `grace` late, still said to be valid for its whole life.
                TokenKind::Access if token.generation == self.generation => {
                    age < ACCESS_TOKEN_LIFETIME + grace
                }
                TokenKind::Access => self.replaced(token) && age < grace,
                TokenKind::Cookie => now < self.created + COOKIE_LIFETIME,
                _ => false,
            }
    }

    /// Whether the session has not expired. Items outlive their TTL by days.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        is_live([self.expires, self.idle_expires], now)
    }
}

/// Whether neither of the two ends of a session, in seconds, has come.
const fn is_live([expires, idle_expires]: [i64; 2], now: Timestamp) -> bool {
    now.seconds() < expires && now.seconds() < idle_expires
}

/// Reads a session token of one of these kinds; a forged one costs no call to storage.
pub async fn authentic(
    app: &App,
    text: &str,
    kinds: &[TokenKind],
) -> Result<Option<SessionToken>, KeyringError> {
    let keyring = app.keyring().await?;
    let token = SessionToken::parse(text, keyring.session_keys());
    Ok(token.filter(|token| kinds.contains(&token.kind)))
}

/// Exchanges a refresh token for the session's next tokens.
pub async fn refresh(app: &App, refresh_token: &str) -> Result<Session, SessionError> {
    let token = authentic(app, refresh_token, &TokenKind::REFRESH).await?.ok_or(SessionError::Invalid)?;
    let (grace, now) = (app.config.session.grace, app.now());
    match rotate(app, &token, now).await? {
        Rotation::Done(session) => Ok(session),
        // A live session with the token's own generation is not refused: this is the token that it has just replaced.
        Rotation::Refused(Some(session)) if session.renews(&token, grace, now) => Ok(session),
        Rotation::Refused(Some(session)) if session.is_live(now) => {
            end(app, session.user, session.id).await?;
            Err(SessionError::Invalid)
        }
        Rotation::Refused(_) => Err(SessionError::Invalid),
    }
}

enum Rotation {
    Done(Session),
    /// The condition did not hold; with the item as it stands.
    Refused(Option<Session>),
}

async fn rotate(app: &App, token: &SessionToken, now: Timestamp) -> Result<Rotation, SessionError> {
    let key = app.keyring().await?.session_key(now).kid.clone();
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(Session::key(token.user, token.session).into_item()))
        .update_expression("SET generation = :next, #key = :key, rotated = :now, idle_expires = :idle")
        .condition_expression("generation = :g AND expires > :seconds AND idle_expires > :seconds")
        .expression_attribute_names("#key", "key")
        .expression_attribute_values(":key", AttributeValue::S(key))
        .expression_attribute_values(":g", number(token.generation))
        .expression_attribute_values(
            ":next",
            number(token.generation.checked_add(1).ok_or(SessionError::Invalid)?),
        )
        .expression_attribute_values(":now", number(now.millis()))
        .expression_attribute_values(":seconds", number(now.seconds()))
        .expression_attribute_values(":idle", number((now + app.config.session.idle).seconds()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send_to(&app.store)
        .await;
    let read = |item: Item| serde_dynamo::from_item::<_, Session>(item).map_err(StoreError::from);
    match store::updated(result)? {
        Updated::Yes(item) => Ok(Rotation::Done(read(item)?)),
        Updated::No(item) => Ok(Rotation::Refused(item.map(read).transpose()?)),
    }
}

/// All sessions of a user, expired ones among them.
pub async fn list(app: &App, user: ObjectId) -> Result<Vec<Session>, StoreError> {
    query(app, user, None).await
}

/// All sessions of a user, or these attributes of each.
async fn query<T: DeserializeOwned>(
    app: &App,
    user: ObjectId,
    attributes: Option<&str>,
) -> Result<Vec<T>, StoreError> {
    let mut sessions = Vec::new();
    let mut start = None;
    loop {
        let query = QueryInput::builder().table_name(&app.store.tables.tokens);
        let output = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :session)")
            .expression_attribute_values(":pk", AttributeValue::S(User::partition(user)))
            .expression_attribute_values(":session", AttributeValue::S("SESSION#".to_owned()))
            .set_projection_expression(attributes.map(str::to_owned))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send_to(&app.store)
            .await?;
        for item in output.items.unwrap_or_default() {
            sessions.push(serde_dynamo::from_item(item)?);
        }
        start = output.last_evaluated_key;
        if start.is_none() {
            return Ok(sessions);
        }
    }
}

/// Lets a session outlive the end of all tokens from before `now`: its user has just shown the password.
pub async fn renew(app: &App, user: ObjectId, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
    let update = UpdateItemInput::builder().table_name(&app.store.tables.tokens);
    let result = update
        .set_key(Some(Session::key(user, session).into_item()))
        .update_expression("SET authenticated = :now")
        .condition_expression("attribute_exists(pk)")
        .expression_attribute_values(":now", number(now.millis()))
        .send_to(&app.store)
        .await;
    if_held(result).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);
    const START: Timestamp = Timestamp::from_seconds(1_000_000);

    fn session(generation: u32) -> Session {
        Session {
            id: SessionId::from_bytes([1; 4]),
            user: ObjectId::from_bytes([2; 12]),
            generation,
            key: String::new(),
            created: START,
            authenticated: START,
            rotated: START,
            expires: START.seconds() + 30 * 86_400,
            idle_expires: START.seconds() + 14 * 86_400,
            address: String::new(),
            user_agent: String::new(),
        }
    }

    fn accepts(session: &Session, kind: TokenKind, generation: u32, after_seconds: u64) -> bool {
        session.accepts(&session.token(kind, generation), GRACE, START + Duration::from_secs(after_seconds))
    }

    #[test]
    fn an_access_token_lives_two_hours_and_its_predecessor_the_grace_time() {
        let session = session(4);
        assert!(accepts(&session, TokenKind::Access, 4, 7199));
        assert!(!accepts(&session, TokenKind::Access, 4, 7210));
        assert!(accepts(&session, TokenKind::Access, 3, 9));
        assert!(!accepts(&session, TokenKind::Access, 3, 10));
        assert!(!accepts(&session, TokenKind::Access, 2, 0));
        assert!(!accepts(&session, TokenKind::Access, 5, 0));
    }

    #[test]
    fn a_cookie_lives_a_day() {
        assert!(accepts(&session(9), TokenKind::Cookie, 0, 86_399));
        assert!(!accepts(&session(9), TokenKind::Cookie, 0, 86_400));
    }

    #[test]
    fn refresh_and_device_tokens_open_nothing() {
        for kind in [TokenKind::FirstRefresh, TokenKind::NextRefresh, TokenKind::Device] {
            assert!(!accepts(&session(0), kind, 0, 0));
        }
    }

    #[test]
    fn an_expired_item_is_refused_before_it_is_deleted() {
        let mut idle = session(0);
        idle.idle_expires = START.seconds();
        assert!(!accepts(&idle, TokenKind::Access, 0, 0));
    }
}
