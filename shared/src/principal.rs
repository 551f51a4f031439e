//! Whom a token stands for: every kind of token that the service issues, checked against storage in one call.

use serde_json::Value;
use uuid::Uuid;

use crate::access_key::AccessKey;
use crate::account::{Account, AccountStatus};
use crate::app::{App, NoPublicUrl};
use crate::clock::Timestamp;
use crate::id::{ObjectId, token_id_time};
use crate::jwt::{self, AccessKeyClaims, AccountClaims, Claims, ScopedClaims, TokenError};
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

/// Finds out whom a token stands for.
pub async fn identify(app: &App, token: &str) -> Result<Principal, PrincipalError> {
    // A session token has one dot and a JWT two.
    if token.matches('.').count() == 1 {
        let kinds = [TokenKind::Access, TokenKind::Cookie];
        let token = session::authentic(app, token, &kinds).await?.ok_or(PrincipalError::Invalid)?;
        return of_session(app, token).await;
    }
    match jwt::read(app, token).await? {
        Claims::Account(claims) => of_account(app, claims).await,
        Claims::Scoped(claims) => of_scoped(app, claims).await,
        Claims::AccessKey(claims) => of_access_key(app, claims, &jwt::fingerprint(token)).await,
    }
}

async fn of_session(app: &App, token: SessionToken) -> Result<Principal, PrincipalError> {
    let tables = &app.store.tables;
    let (session_key, user_key) = (Session::key(token.user, token.session), User::key(token.user));
    let wanted =
        vec![(tables.tokens.as_str(), session_key.clone()), (tables.accounts.as_str(), user_key.clone())];
    let mut found = app.store.get_all(wanted).await?;
    let session: Session = found.take(&session_key)?.ok_or(PrincipalError::Invalid)?;
    let user = live_user(found.take(&user_key)?, session.authenticated)?;
    if !session.accepts(&token, app.config.session.grace, app.now()) {
        return Err(PrincipalError::Invalid);
    }
    Ok(Principal { user: Some(user), session: Some(session), bearer: Bearer::Session(token) })
}

async fn of_scoped(app: &App, claims: ScopedClaims) -> Result<Principal, PrincipalError> {
    let user_key = User::key(claims.sub);
    let denied_key = denied_key(&claims.jti.to_string());
    let accounts = app.store.tables.accounts.as_str();
    let wanted = vec![(accounts, user_key.clone()), (app.store.tables.tokens.as_str(), denied_key.clone())];
    let mut found = app.store.get_all(wanted).await?;
    refuse_denied(&mut found, &denied_key)?;
    let user = live_user(found.take(&user_key)?, issued(claims.iat, Some(claims.jti)))?;
    Ok(Principal { user: Some(user), session: None, bearer: Bearer::Scoped(claims) })
}

async fn of_account(app: &App, claims: AccountClaims) -> Result<Principal, PrincipalError> {
    let accounts = app.store.tables.accounts.as_str();
    let (account_key, user_key) = (Account::key(claims.sub), claims.user_id.map(User::key));
    let denied_key = denied_key(&claims.jti.to_string());
    let mut wanted =
        vec![(accounts, account_key.clone()), (app.store.tables.tokens.as_str(), denied_key.clone())];
    wanted.extend(user_key.clone().map(|key| (accounts, key)));
    let mut found = app.store.get_all(wanted).await?;
    refuse_denied(&mut found, &denied_key)?;
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
    fingerprint: &str,
) -> Result<Principal, PrincipalError> {
    let owner: ObjectId = claims.uid.parse().map_err(|_| PrincipalError::Invalid)?;
    let accounts = app.store.tables.accounts.as_str();
    let (key_key, user_key, denied_key) =
        (AccessKey::key(claims.ak), User::key(owner), denied_key(fingerprint));
    let wanted = vec![
        (accounts, key_key.clone()),
        (accounts, user_key.clone()),
        (app.store.tables.tokens.as_str(), denied_key.clone()),
    ];
    let mut found = app.store.get_all(wanted).await?;
    refuse_denied(&mut found, &denied_key)?;
    let key: AccessKey = found
        .take(&key_key)?
        .filter(|key: &AccessKey| key.is_usable(app.now()))
        .ok_or(PrincipalError::Invalid)?;
    let user = live_user(found.take(&user_key)?, issued(claims.iat, None))?;
    let bearer = Bearer::AccessKey(Box::new(claims), Box::new(key));
    Ok(Principal { user: Some(user), session: None, bearer })
}

/// The key of the item that refuses one token before it expires.
fn denied_key(id: &str) -> Key {
    Key::new(format!("DENY#{id}"), "DENY")
}

fn refuse_denied(found: &mut Found, key: &Key) -> Result<(), PrincipalError> {
    if found.take::<Value>(key)?.is_some() { Err(PrincipalError::Invalid) } else { Ok(()) }
}

/// When a token was issued: to the millisecond by its `jti`, otherwise to the second by `iat`.
fn issued(iat: i64, jti: Option<Uuid>) -> Timestamp {
    jti.and_then(token_id_time).unwrap_or(Timestamp::from_seconds(iat))
}

/// The user, unless gone, suspended, or rid of all tokens since this one was issued.
fn live_user(user: Option<User>, since: Timestamp) -> Result<User, PrincipalError> {
    user.filter(|user| user.status != UserStatus::Suspended && since >= user.tokens_valid_after)
        .ok_or(PrincipalError::Invalid)
}
