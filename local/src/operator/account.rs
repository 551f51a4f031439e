//! `latchkey account …`

use serde_json::{Value, json};
use shared::App;
use shared::account::{Account, AccountStatus};
use shared::attempt;
use shared::id::ObjectId;
use shared::password::Password;
use shared::store::Transaction;

use super::target::Operator;
use super::{OperatorError, list, output};
use crate::bootstrap::readable_secret;
use crate::cli::{Page, Target};

pub(super) async fn create(
    name: String,
    id: Option<&str>,
    secret: Option<String>,
    target: &Target,
) -> Result<(), OperatorError> {
    let id: Option<ObjectId> = id.map(str::parse).transpose()?;
    let secret = chosen(secret)?;
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let account = Account {
        id: id.map_or_else(|| ObjectId::new(app.now()), Ok)?,
        name,
        secret_hash: app.passwords.hash(&Password::new(&secret)).await?,
        status: AccountStatus::Active,
        created_at: app.now(),
    };
    if let Transaction::Refused(_) = app.store.transact(vec![account.item(&app.store)?]).await? {
        return Err(OperatorError::Argument(format!("there is an account {} already", account.id)));
    }
    output::object(&json!({ "id": account.id, "secret": secret }), target.json);
    Ok(())
}

pub(super) async fn list(page: &Page, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let (accounts, after): (Vec<Account>, _) = list::page(&operator.app, "ACCOUNT", page).await?;
    let rows: Vec<Value> = accounts.iter().map(describe).collect();
    output::list(&["id", "name", "status", "created_at"], &rows, after.as_deref(), target.json);
    Ok(())
}

pub(super) async fn show(id: &str, target: &Target) -> Result<(), OperatorError> {
    let id: ObjectId = id.parse()?;
    let operator = Operator::connect(target).await?;
    output::object(&describe(&find(&operator.app, id).await?), target.json);
    Ok(())
}

async fn find(app: &App, id: ObjectId) -> Result<Account, OperatorError> {
    let account: Option<Account> = app.store.get(&app.store.tables.accounts, Account::key(id)).await?;
    account.ok_or_else(|| unknown(id))
}

pub(super) async fn set_status(
    id: &str,
    status: AccountStatus,
    target: &Target,
) -> Result<(), OperatorError> {
    let id: ObjectId = id.parse()?;
    let operator = Operator::connect(target).await?;
    if !Account::set_status(&operator.app, id, status).await? {
        return Err(unknown(id));
    }
    output::object(&json!({ "id": id, "status": status }), target.json);
    Ok(())
}

pub(super) async fn new_secret(
    id: &str,
    secret: Option<String>,
    target: &Target,
) -> Result<(), OperatorError> {
    let id: ObjectId = id.parse()?;
    let secret = chosen(secret)?;
    let operator = Operator::connect(target).await?;
    let hash = operator.app.passwords.hash(&Password::new(&secret)).await?;
    if !Account::set_secret_hash(&operator.app, id, hash).await? {
        return Err(unknown(id));
    }
    // Whoever has the new one has guessed nothing.
    attempt::forget_account(&operator.app, id).await?;
    output::object(&json!({ "id": id, "secret": secret }), target.json);
    Ok(())
}

pub(super) async fn unlock(id: &str, target: &Target) -> Result<(), OperatorError> {
    let id: ObjectId = id.parse()?;
    let operator = Operator::connect(target).await?;
    let account = find(&operator.app, id).await?;
    attempt::forget_account(&operator.app, id).await?;
    output::object(&describe(&account), target.json);
    Ok(())
}

/// The secret that was given, or a random one.
fn chosen(secret: Option<String>) -> Result<String, OperatorError> {
    if secret.as_deref() == Some("") {
        return Err(OperatorError::Argument(
            "the secret is empty; leave --secret out for a random one".to_owned(),
        ));
    }
    Ok(secret.map_or_else(readable_secret, Ok)?)
}

pub(super) fn unknown(id: ObjectId) -> OperatorError {
    OperatorError::Argument(format!("there is no account {id}; `latchkey account list` shows all"))
}

fn describe(account: &Account) -> Value {
    json!({ "id": account.id, "name": account.name, "status": account.status, "created_at": account.created_at.to_rfc3339() })
}
