//! `latchkey user …`

use serde_json::{Value, json};
use shared::App;
use shared::account::Account;
use shared::attempt;
use shared::clock::Timestamp;
use shared::id::ObjectId;
use shared::identifier::{Email, SignInName, Username};
use shared::password::{self, Password};
use shared::scope::is_scope;
use shared::user::{ChangeError, Credential, Permit, Profile, User, UserStatus};

use super::target::Operator;
use super::{OperatorError, account, list, output};
use crate::bootstrap::readable_secret;
use crate::cli::{Page, Target};

pub(super) struct NewUser {
    pub(super) account: Option<String>,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) password: Option<String>,
    pub(super) sub_type: String,
    pub(super) scopes: Vec<String>,
}

pub(super) async fn create(wanted: NewUser, target: &Target) -> Result<(), OperatorError> {
    let account: Option<ObjectId> = wanted.account.as_deref().map(str::parse).transpose()?;
    let (username, email): (Username, Email) = (wanted.username.parse()?, wanted.email.parse()?);
    refuse_empty(wanted.password.as_deref())?;
    check_scopes(&wanted.scopes)?;
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let account = existing_account(app, account).await?;
    let password = new_password(app, wanted.password.clone(), [username.as_str(), email.local_part()])?;
    let now = app.now();
    let user = User {
        id: ObjectId::new(now)?,
        account,
        username,
        email,
        sub_type: wanted.sub_type,
        scopes: wanted.scopes,
        status: UserStatus::Active,
        profile: Profile::default(),
        created_at: now,
        updated_at: None,
        tokens_valid_after: Timestamp::default(),
    };
    let hash = app.passwords.hash(&Password::new(&password)).await?;
    user.create(&app.store, hash, None).await?;
    let mut shown = describe(&user);
    if wanted.password.is_none() {
        shown["password"] = json!(password);
    }
    output::object(&shown, target.json);
    Ok(())
}

fn refuse_empty(password: Option<&str>) -> Result<(), OperatorError> {
    match password {
        Some("") => Err(OperatorError::Argument(
            "the password is empty; leave --password out for a random one".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// The password that was given, with a warning where its owner could not choose it; a random one if none was.
fn new_password(app: &App, given: Option<String>, names: [&str; 2]) -> Result<String, OperatorError> {
    let password = given.map_or_else(readable_secret, Ok)?;
    if let Err(refusal) = password::check_new(&Password::new(&password), &app.config, &names) {
        eprintln!("latchkey: warning: people could not choose this password themselves: {refusal}");
    }
    Ok(password)
}

pub(super) async fn set_password(
    user: &str,
    given: Option<String>,
    target: &Target,
) -> Result<(), OperatorError> {
    refuse_empty(given.as_deref())?;
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let user = find(app, user).await?;
    let is_random = given.is_none();
    let password = new_password(app, given, user.own_names())?;
    let hash = app.passwords.hash(&Password::new(&password)).await?;
    user.set_password(app, hash, Permit::Operator).await?;
    let mut shown = describe(&user);
    if is_random {
        shown["password"] = json!(password);
    }
    output::object(&shown, target.json);
    Ok(())
}

pub(super) async fn delete(user: &str, yes: bool, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let user = find(app, user).await?;
    if !yes {
        return Err(OperatorError::Argument(format!(
            "nothing was deleted: with --yes, {} <{}> goes with all sessions and access keys, and does not come back",
            user.username, user.email
        )));
    }
    let key = Credential::key(&user.username.canonical());
    let credential: Option<Credential> = app.store.get(&app.store.tables.accounts, key).await?;
    let credential = credential.ok_or(ChangeError::Overtaken)?;
    user.delete(app, credential.password_hash).await?;
    output::object(&describe(&user), target.json);
    Ok(())
}

pub(super) async fn list(page: &Page, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let (users, after): (Vec<User>, _) = list::page(&operator.app, "USER", page).await?;
    let rows: Vec<Value> = users.iter().map(describe).collect();
    output::list(
        &["id", "username", "email", "sub_type", "status", "account"],
        &rows,
        after.as_deref(),
        target.json,
    );
    Ok(())
}

pub(super) async fn show(user: &str, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    output::object(&describe(&find(&operator.app, user).await?), target.json);
    Ok(())
}

/// Changes what is given and leaves the rest.
pub(super) async fn update(
    user: &str,
    sub_type: Option<String>,
    scopes: Option<Vec<String>>,
    target: &Target,
) -> Result<(), OperatorError> {
    if sub_type.is_none() && scopes.is_none() {
        return Err(OperatorError::Argument(
            "nothing is to change: give --sub-type, --scope or --no-scopes".to_owned(),
        ));
    }
    check_scopes(scopes.as_deref().unwrap_or_default())?;
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let mut user = find(app, user).await?;
    let sub_type = sub_type.unwrap_or_else(|| user.sub_type.clone());
    let scopes = scopes.unwrap_or_else(|| user.scopes.clone());
    user.set_rights(app, sub_type, scopes).await?;
    output::object(&describe(&user), target.json);
    Ok(())
}

pub(super) async fn suspend(user: &str, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let user = find(app, user).await?;
    let revoked = user.suspend(app).await?;
    let mut shown = describe(&User { status: UserStatus::Suspended, ..user });
    shown["revoked_access_keys"] = json!(revoked);
    output::object(&shown, target.json);
    Ok(())
}

pub(super) async fn activate(user: &str, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let user = find(&operator.app, user).await?;
    user.activate(&operator.app).await?;
    output::object(&describe(&User { status: UserStatus::Active, ..user }), target.json);
    Ok(())
}

pub(super) async fn unlock(user: &str, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let user = find(&operator.app, user).await?;
    attempt::forget(&operator.app, user.id, &user.username.canonical()).await?;
    output::object(&describe(&user), target.json);
    Ok(())
}

/// A user by id, username or e-mail address.
pub(super) async fn find(app: &App, text: &str) -> Result<User, OperatorError> {
    let user = match (text.parse::<ObjectId>(), SignInName::parse(text)) {
        (Ok(id), _) => User::by_id(app, id).await?,
        (_, SignInName::Username(username)) => User::by_username(app, &username).await?,
        (_, SignInName::Email(email)) => User::by_email(app, &email).await?,
        (_, SignInName::Nobody(_)) => None,
    };
    user.ok_or_else(|| {
        OperatorError::Argument(format!(
            "there is no user {text:?}; a user is named by id, username or e-mail address, and `latchkey user list` shows all"
        ))
    })
}

pub(super) async fn existing_account(app: &App, id: Option<ObjectId>) -> Result<ObjectId, OperatorError> {
    let Some(id) = id else { return Ok(app.config.default_account) };
    let account: Option<Account> = app.store.get(&app.store.tables.accounts, Account::key(id)).await?;
    match account {
        Some(account) => Ok(account.id),
        None => Err(account::unknown(id)),
    }
}

pub(super) fn check_scopes(scopes: &[String]) -> Result<(), OperatorError> {
    match scopes.iter().find(|scope| !is_scope(scope)) {
        None => Ok(()),
        Some(scope) => Err(OperatorError::Argument(format!(
            "{scope:?} is no scope: one word of printable ASCII without \" and \\ (RFC 6749 section 3.3); each is given by itself"
        ))),
    }
}

const STATUSES: [(UserStatus, &str); 3] = [
    (UserStatus::Active, "active"),
    (UserStatus::Unverified, "unverified"),
    (UserStatus::Suspended, "suspended"),
];

/// What a status is called.
pub(super) fn status_name(status: UserStatus) -> &'static str {
    STATUSES.iter().find(|(known, _)| *known == status).map_or("", |(_, name)| name)
}

/// The status of this name.
pub(super) fn status(name: &str) -> Result<UserStatus, OperatorError> {
    let found = STATUSES.iter().find(|(_, known)| *known == name);
    found.map(|(status, _)| *status).ok_or_else(|| {
        OperatorError::Argument(format!("{name:?} is no status: there are active, unverified and suspended"))
    })
}

fn describe(user: &User) -> Value {
    json!({
        "id": user.id,
        "userid": user.id.as_json_integer(),
        "account": user.account,
        "username": user.username,
        "email": user.email,
        "sub_type": user.sub_type,
        "scopes": user.scopes,
        "status": status_name(user.status),
        "created_at": user.created_at.to_rfc3339(),
    })
}
