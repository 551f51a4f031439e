//! Whom a token stands for: every kind of token that the service issues, checked against storage in one call.

use serde_json::Value;
use uuid::Uuid;

use crate::access_key::AccessKey;
use crate::account::{Account, AccountStatus};
use crate::app::{App, NoPublicUrl};
use crate::clock::Timestamp;
use crate::denial;
use crate::id::{ObjectId, token_id_time};
use crate::jwt::{self, AccessClaims, AccessKeyClaims, AccountClaims, Claims, ScopedClaims, TokenError};
use crate::keyring::KeyringError;
use crate::session::{self, Session, SessionToken, TokenKind};
use crate::store::{Found, Key, StoreError};
use crate::user::{User, UserStatus};

/// Whom an accepted token stands for.
#[derive(Debug)]
pub struct Principal {
    /// The user, if the token belongs to one.
    pub user: Option<User>,
    /// The session that the token is part of, if any.
    pub session: Option<Session>,
    /// What the token belongs to.
    pub bearer: Bearer,
}

/// What a token belongs to, and what it says.
#[derive(Debug)]
pub enum Bearer {
    /// A user's session.
    Session(SessionToken),
    /// A user, with scopes.
    Scoped(ScopedClaims),
    /// An account.
    Account(AccountClaims, Box<Account>),
    /// An access key.
    AccessKey(Box<AccessKeyClaims>, Box<AccessKey>),
    /// An access key, by OAuth.
    Access(Box<AccessClaims>),
}

impl Principal {
    /// The account that the token is of, or its user.
    #[must_use]
    pub fn account(&self) -> Option<ObjectId> {
        match (&self.user, &self.bearer) {
            (_, Bearer::Account(_, account)) => Some(account.id),
            (user, _) => user.as_ref().map(|user| user.account),
        }
    }
}

/// Why a token stands for nobody.
#[derive(Debug, thiserror::Error)]
pub enum PrincipalError {
    /// It is forged, expired, revoked, or what it belonged to is gone or suspended.
    #[error("the token is not valid")]
    Invalid,
    /// No key to check it with.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Storage: nobody knows whether it is still valid, so it is not accepted.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody has said who the issuer is.
    #[error(transparent)]
    Issuer(#[from] NoPublicUrl),
}

impl From<TokenError> for PrincipalError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::Invalid,
            TokenError::Keyring(error) => error.into(),
            TokenError::Issuer(error) => error.into(),
        }
    }
}

/// A token that this service issued and that has not expired by itself. Whether it still holds, storage knows.
#[derive(Debug)]
pub enum Presented {
    /// Of a session.
    Session(SessionToken),
    /// A JWT, with what it is denied by.
    Jwt(Claims, String),
}

impl Presented {
    /// Reads a token of any kind, refresh tokens among them. A forged one costs no call to storage.
    pub async fn read(app: &App, token: &str) -> Result<Self, PrincipalError> {
        read(app, token, &TokenKind::OF_SESSION).await
    }

    /// Whom it stands for, in one call to storage.
    pub async fn principal(self, app: &App) -> Result<Principal, PrincipalError> {
        match self {
            Self::Session(token) => of_session(app, token).await,
            Self::Jwt(Claims::Account(claims), denied_by) => of_account(app, claims, &denied_by).await,
            Self::Jwt(Claims::Scoped(claims), denied_by) => of_scoped(app, claims, &denied_by).await,
            Self::Jwt(Claims::AccessKey(claims), denied_by) => of_access_key(app, claims, &denied_by).await,
            Self::Jwt(Claims::Access(claims), denied_by) => of_access(app, claims, &denied_by).await,
        }
    }
}

/// Finds out whom a token stands for that is to open something.
pub async fn identify(app: &App, token: &str) -> Result<Principal, PrincipalError> {
    read(app, token, &TokenKind::OPENING).await?.principal(app).await
}

async fn read(app: &App, text: &str, kinds: &[TokenKind]) -> Result<Presented, PrincipalError> {
    // A session token has one dot and a JWT two.
    if text.matches('.').count() == 1 {
        let token = session::authentic(app, text, kinds).await?;
        return token.map(Presented::Session).ok_or(PrincipalError::Invalid);
    }
    let claims = jwt::read(app, text).await?;
    let denied_by = claims.denied_by(text);
    Ok(Presented::Jwt(claims, denied_by))
}

async fn of_session(app: &App, token: SessionToken) -> Result<Principal, PrincipalError> {
    let tables = &app.store.tables;
    let (session_key, user_key) = (Session::key(token.user, token.session), User::key(token.user));
    let wanted =
        vec![(tables.tokens.as_str(), session_key.clone()), (tables.accounts.as_str(), user_key.clone())];
    let mut found = app.store.get_all(wanted).await?;
    let session: Session = found.take(&session_key)?.ok_or(PrincipalError::Invalid)?;
    let user = live_user(found.take(&user_key)?, session.authenticated)?;
    let (grace, now) = (app.config.session.grace, app.now());
    let holds = if TokenKind::OPENING.contains(&token.kind) {
        session.accepts(&token, grace, now)
    } else {
        session.renews(&token, grace, now)
    };
    if !holds {
        return Err(PrincipalError::Invalid);
    }
    Ok(Principal { user: Some(user), session: Some(session), bearer: Bearer::Session(token) })
}

async fn of_scoped(app: &App, claims: ScopedClaims, denied_by: &str) -> Result<Principal, PrincipalError> {
    let user_key = User::key(claims.sub);
    let wanted = vec![(app.store.tables.accounts.as_str(), user_key.clone())];
    let mut found = undenied(app, denied_by, wanted).await?;
    let user = live_user(found.take(&user_key)?, issued(claims.iat, Some(claims.jti)))?;
    Ok(Principal { user: Some(user), session: None, bearer: Bearer::Scoped(claims) })
}

async fn of_account(app: &App, claims: AccountClaims, denied_by: &str) -> Result<Principal, PrincipalError> {
    let accounts = app.store.tables.accounts.as_str();
    let (account_key, user_key) = (Account::key(claims.sub), claims.user_id.map(User::key));
    let mut wanted = vec![(accounts, account_key.clone())];
    wanted.extend(user_key.clone().map(|key| (accounts, key)));
    let mut found = undenied(app, denied_by, wanted).await?;
    let account: Account = found.take(&account_key)?.ok_or(PrincipalError::Invalid)?;
    if account.status == AccountStatus::Disabled {
        return Err(PrincipalError::Invalid);
    }
    let since = issued(claims.iat, Some(claims.jti));
    let user = user_key.map(|key| live_user(found.take(&key)?, since)).transpose()?;
    Ok(Principal { user, session: None, bearer: Bearer::Account(claims, Box::new(account)) })
}

async fn of_access_key(
    app: &App,
    claims: AccessKeyClaims,
    denied_by: &str,
) -> Result<Principal, PrincipalError> {
    let owner: ObjectId = claims.uid.parse().map_err(|_| PrincipalError::Invalid)?;
    let (key, user) = usable_key(app, claims.ak, owner, issued(claims.iat, None), denied_by).await?;
    let bearer = Bearer::AccessKey(Box::new(claims), Box::new(key));
    Ok(Principal { user: Some(user), session: None, bearer })
}

async fn of_access(app: &App, claims: AccessClaims, denied_by: &str) -> Result<Principal, PrincipalError> {
    let since = issued(claims.iat, Some(claims.jti));
    let (_, user) = usable_key(app, claims.client_id.ak(), claims.uid, since, denied_by).await?;
    Ok(Principal { user: Some(user), session: None, bearer: Bearer::Access(Box::new(claims)) })
}

/// An access key that may be used, and the live user whose it is.
async fn usable_key(
    app: &App,
    ak: Uuid,
    owner: ObjectId,
    since: Timestamp,
    denied_by: &str,
) -> Result<(AccessKey, User), PrincipalError> {
    let accounts = app.store.tables.accounts.as_str();
    let (key_key, user_key) = (AccessKey::key(ak), User::key(owner));
    let wanted = vec![(accounts, key_key.clone()), (accounts, user_key.clone())];
    let mut found = undenied(app, denied_by, wanted).await?;
    let key: AccessKey = found
        .take(&key_key)?
        .filter(|key: &AccessKey| key.is_usable(app.now()) && key.user == owner)
        .ok_or(PrincipalError::Invalid)?;
    Ok((key, live_user(found.take(&user_key)?, since)?))
}

/// Reads these items together with what would refuse the token.
async fn undenied(app: &App, denied_by: &str, mut wanted: Vec<(&str, Key)>) -> Result<Found, PrincipalError> {
    let denied_key = denial::key(denied_by);
    wanted.push((app.store.tables.tokens.as_str(), denied_key.clone()));
    let mut found = app.store.get_all(wanted).await?;
    match found.take::<Value>(&denied_key)? {
        Some(_) => Err(PrincipalError::Invalid),
        None => Ok(found),
    }
}

/// When a token was issued: to the millisecond by its `jti`, otherwise to the second by `iat`.
fn issued(iat: i64, jti: Option<Uuid>) -> Timestamp {
    jti.and_then(token_id_time).unwrap_or(Timestamp::from_seconds(iat))
}

/// The user, unless gone, suspended, or rid of all tokens since this one was issued.
fn live_user(user: Option<User>, since: Timestamp) -> Result<User, PrincipalError> {
    user.filter(|user| user.status != UserStatus::Suspended && user.takes_tokens_of(since))
        .ok_or(PrincipalError::Invalid)
}
