//! The first run: a default account, an admin and an access key, so that every door can be tried at once.

use shared::access_key::{self, AccessKey, AccessKeyId, AccessKeyState};
use shared::account::{Account, AccountStatus};
use shared::clock::Timestamp;
use shared::id::ObjectId;
use shared::password::Password;
use shared::store::Transaction;
use shared::user::{Profile, User, UserStatus};
use shared::{App, random};

use crate::operator::OperatorError;

/// What the first run made. The secrets exist nowhere else.
pub struct Bootstrapped {
    /// The default account.
    pub account: ObjectId,
    /// Its secret.
    pub account_secret: String,
    /// The admin's password.
    pub password: String,
    /// The access key.
    pub access_key: String,
    /// Its secret.
    pub access_key_secret: String,
}

/// The admin's username.
pub const ADMIN: &str = "admin";

/// Makes the first account, user and key; `None` if there is a default account already.
pub async fn bootstrap(app: &App) -> Result<Option<Bootstrapped>, OperatorError> {
    let account_key = Account::key(app.config.default_account);
    if app.store.get::<Account>(&app.store.tables.accounts, account_key).await?.is_some() {
        return Ok(None);
    }
    let (account_secret, password) = (readable_secret()?, readable_secret()?);
    let now = app.now();
    let account = Account {
        id: app.config.default_account,
        name: "Default".to_owned(),
        secret_hash: app.passwords.hash(&Password::new(&account_secret)).await?,
        status: AccountStatus::Active,
        created_at: now,
    };
    let user = admin(account.id, now)?;
    let hash = app.passwords.hash(&Password::new(&password)).await?;
    let (access_key, secret) = (AccessKeyId::new()?, access_key::new_secret()?);
    let key = key_of(&user, access_key.clone(), AccessKey::hash_secret(secret.expose()));
    // All or nothing: a process that dies here starts afresh the next time.
    let mut items = vec![account.item(&app.store)?];
    items.extend(key.items(&app.store)?);
    items.extend(user.items(&app.store, hash)?);
    match app.store.transact(items).await? {
        Transaction::Done => {}
        Transaction::Refused(_) => return Ok(None),
    }
    Ok(Some(Bootstrapped {
        account: account.id,
        account_secret,
        password,
        access_key: access_key.to_string(),
        access_key_secret: secret.expose().clone(),
    }))
}

fn admin(account: ObjectId, now: Timestamp) -> Result<User, OperatorError> {
    Ok(User {
        id: ObjectId::new(now)?,
        account,
        username: ADMIN.parse()?,
        email: "admin@example.com".parse()?,
        sub_type: "admin".to_owned(),
        scopes: ["admin", "users:read", "users:write"].map(str::to_owned).to_vec(),
        status: UserStatus::Active,
        profile: Profile { display_name: "Admin".to_owned(), ..Profile::default() },
        created_at: now,
        updated_at: None,
        tokens_valid_after: Timestamp::default(),
    })
}

fn key_of(user: &User, access_key: AccessKeyId, secret_sha256: String) -> AccessKey {
    AccessKey {
        access_key,
        secret_sha256,
        user: user.id,
        roles: vec!["Partner".to_owned(), "PartnerAdmin".to_owned()],
        realm: "Partner".to_owned(),
        ca: String::new(),
        cid: String::new(),
        domain: "/demo".to_owned(),
        scopes: user.scopes.clone(),
        state: AccessKeyState::Active,
        valid_until: None,
        created_at: user.created_at,
    }
}

/// A secret of 100 bits in letters and digits that no shell and no reader mistakes.
pub fn readable_secret() -> Result<String, random::RandomUnavailable> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 20] = random::bytes()?;
    let letters = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let groups: Vec<String> =
        letters.collect::<Vec<_>>().chunks(5).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}
