//! The operator's commands: on the store of a local server, running or not, or on AWS.

mod access_key;
mod account;
mod clock;
mod keys;
mod list;
mod output;
mod target;
mod transfer;
mod user;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use shared::account::AccountStatus;
use shared::clock::Timestamp;
use shared::config::ConfigError;
use shared::id::NotAnObjectId;
use shared::identifier::{NotAnEmail, UsernameError};
use shared::keyring::KeyringError;
use shared::keyring::rotation::{RetireError, Start};
use shared::password::HashError;
use shared::random::RandomUnavailable;
use shared::store::StoreError;
use shared::user::{ChangeError, CreateUserError};

use crate::cli::{AccessKeyCommand, AccountCommand, KeysCommand, Target, UserCommand};
use crate::embedded::OpenError;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// An argument, or what it names, is not as it must be.
    #[error("{0}")]
    Argument(String),
    /// The environment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An id.
    #[error(transparent)]
    Id(#[from] NotAnObjectId),
    /// A username.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// An e-mail address.
    #[error(transparent)]
    Email(#[from] NotAnEmail),
    /// A user.
    #[error(transparent)]
    User(CreateUserError),
    /// A password.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The keyring.
    #[error(transparent)]
    Keyring(KeyringError),
    /// Standard input, or a file that is named.
    #[error("the input cannot be read")]
    Input(#[source] std::io::Error),
    /// Standard output.
    #[error("standard output cannot be written")]
    Output(#[source] std::io::Error),
    /// Storage.
    #[error(transparent)]
    Store(StoreError),
    /// The table has another name, or is elsewhere.
    #[error(
        "no such table: ACCOUNTS_TABLE, TOKENS_TABLE and KEYS_TABLE name the tables, and the AWS configuration says where they are"
    )]
    NoTable,
}

impl From<StoreError> for OperatorError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoTable(_) => Self::NoTable,
            error => Self::Store(error),
        }
    }
}

impl From<KeyringError> for OperatorError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Store(error) => error.into(),
            error => Self::Keyring(error),
        }
    }
}

impl From<RetireError> for OperatorError {
    fn from(error: RetireError) -> Self {
        match error {
            RetireError::Keyring(error) => error.into(),
            error @ RetireError::Unknown(_) => Self::Argument(error.to_string()),
        }
    }
}

impl From<ChangeError> for OperatorError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::Random(error) => error.into(),
            error => Self::Argument(format!("{error}: try again")),
        }
    }
}

impl From<CreateUserError> for OperatorError {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::Store(error) => error.into(),
            error => Self::User(error),
        }
    }
}

/// An error and its causes in one line. Some errors say their cause in a sentence of their own: it is not said again.
#[must_use]
pub fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    for cause in shared::log::causes(error) {
        if !told.iter().any(|earlier| earlier.contains(&cause)) {
            told.push(cause);
        }
    }
    told.join(": ")
}

/// A secret of the command line; `-` stands for one line of standard input, which no other user of the machine sees.
fn secret(given: Option<String>) -> Result<Option<String>, OperatorError> {
    if given.as_deref() != Some("-") {
        return Ok(given);
    }
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|error| OperatorError::Argument(format!("standard input cannot be read: {error}")))?;
    let end = line.trim_end_matches('\n');
    Ok(Some(end.strip_suffix('\r').unwrap_or(end).to_owned()))
}

/// A date, which means its end in UTC, or a moment.
fn moment(text: &str) -> Result<Timestamp, OperatorError> {
    let full = if text.len() == 10 { format!("{text}T23:59:59Z") } else { text.to_owned() };
    let parsed = DateTime::from_str(&full, DateTimeFormat::DateTimeWithOffset);
    let millis = parsed.ok().and_then(|moment| moment.to_millis().ok());
    millis.map(Timestamp::from_millis).ok_or_else(|| {
        OperatorError::Argument(format!("{text:?} is no moment: write 2027-12-31 or 2027-12-31T23:59:59Z"))
    })
}

/// `latchkey account …`
pub async fn account(command: AccountCommand) -> Result<(), OperatorError> {
    match command {
        AccountCommand::Create { name, id, secret, target } => {
            account::create(name, id.as_deref(), self::secret(secret)?, &target).await
        }
        AccountCommand::List { page, target } => account::list(&page, &target).await,
        AccountCommand::Show { id, target } => account::show(&id, &target).await,
        AccountCommand::Disable { id, target } => {
            account::set_status(&id, AccountStatus::Disabled, &target).await
        }
        AccountCommand::Enable { id, target } => {
            account::set_status(&id, AccountStatus::Active, &target).await
        }
        AccountCommand::Unlock { id, target } => account::unlock(&id, &target).await,
        AccountCommand::NewSecret { id, secret, target } => {
            account::new_secret(&id, self::secret(secret)?, &target).await
        }
    }
}

/// `latchkey user …`
pub async fn user(command: UserCommand) -> Result<(), OperatorError> {
    match command {
        UserCommand::Create { account, username, email, password, sub_type, scopes, target } => {
            let password = secret(password)?;
            let wanted = user::NewUser { account, username, email, password, sub_type, scopes };
            user::create(wanted, &target).await
        }
        UserCommand::List { page, target } => user::list(&page, &target).await,
        UserCommand::Show { user, target } => user::show(&user, &target).await,
        UserCommand::Update { user, sub_type, scopes, no_scopes, target } => {
            let scopes = (no_scopes || !scopes.is_empty()).then_some(scopes);
            user::update(&user, sub_type, scopes, &target).await
        }
        UserCommand::Suspend { user, target } => user::suspend(&user, &target).await,
        UserCommand::Activate { user, target } => user::activate(&user, &target).await,
        UserCommand::Unlock { user, target } => user::unlock(&user, &target).await,
        UserCommand::SetPassword { user, password, target } => {
            user::set_password(&user, secret(password)?, &target).await
        }
        UserCommand::Delete { user, yes, target } => user::delete(&user, yes, &target).await,
        UserCommand::Import { file, check, target } => {
            transfer::import(transfer::Import { file, check }, &target).await
        }
        UserCommand::Export { data, aws } => transfer::export(&Target { data, aws, json: true }).await,
    }
}

/// `latchkey access-key …`
pub async fn access_key(command: AccessKeyCommand) -> Result<(), OperatorError> {
    match command {
        AccessKeyCommand::Create { user, roles, realm, ca, cid, domain, scopes, state, expires, target } => {
            let wanted = access_key::NewKey { user, roles, realm, ca, cid, domain, scopes, state, expires };
            access_key::create(wanted, &target).await
        }
        AccessKeyCommand::List { page, target } => access_key::list(&page, &target).await,
        AccessKeyCommand::Show { key, target } => access_key::show(&key, &target).await,
        AccessKeyCommand::Activate { key, target } => access_key::activate(&key, &target).await,
        AccessKeyCommand::Revoke { key, target } => access_key::revoke(&key, &target).await,
    }
}

/// `latchkey keys …`
pub async fn keys(command: KeysCommand) -> Result<(), OperatorError> {
    match command {
        KeysCommand::List { target } => keys::list(&target).await,
        KeysCommand::Rotate { only, soon, target } => {
            keys::rotate(only, if soon { Start::Soon } else { Start::Published }, &target).await
        }
        KeysCommand::Retire { kid, target } => keys::retire(&kid, &target).await,
    }
}
