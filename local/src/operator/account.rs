//! `latchkey account …`

use serde_json::{Value, json};
use shared::account::{Account, AccountStatus};
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
    if secret.as_deref() == Some("") {
        return Err(OperatorError::Argument(
            "the secret is empty; leave --secret out for a random one".to_owned(),
        ));
    }
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let secret = secret.map_or_else(readable_secret, Ok)?;
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
    let store = &operator.app.store;
    let account: Option<Account> = store.get(&store.tables.accounts, Account::key(id)).await?;
    let account = account.ok_or_else(|| {
        OperatorError::Argument(format!("there is no account {id}; `latchkey account list` shows all"))
    })?;
    output::object(&describe(&account), target.json);
    Ok(())
}

fn describe(account: &Account) -> Value {
    json!({ "id": account.id, "name": account.name, "status": account.status, "created_at": account.created_at.to_rfc3339() })
}
