//! `latchkey access-key …`

use std::time::Duration;

use serde_json::{Value, json};
use shared::App;
use shared::access_key::{self, AccessKey, AccessKeyId, AccessKeyState, Standing};
use shared::clock::Timestamp;
use shared::outbox::{Content, Message};

use shared::store::{StoreError, Transaction};
use shared::user::User;
use uuid::Uuid;

use super::target::Operator;
use super::{OperatorError, list, moment, output, user};
use crate::cli::{Page, State, Target};

pub(super) struct NewKey {
    pub(super) user: String,
    pub(super) roles: Vec<String>,
    pub(super) realm: String,
    pub(super) ca: String,
    pub(super) cid: String,
    pub(super) domain: String,
    pub(super) scopes: Vec<String>,
    pub(super) state: State,
    pub(super) expires: Option<String>,
}

pub(super) async fn create(wanted: NewKey, target: &Target) -> Result<(), OperatorError> {
    let expires = wanted.expires.as_deref().map(moment).transpose()?;
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let owner = user::find(app, &wanted.user).await?;
    let scopes = scopes(wanted.scopes, &owner)?;
    let now = app.now();
    let (state, valid_until) = match wanted.state {
        State::Pending => (AccessKeyState::Pending, expires),
        State::Active => (AccessKeyState::Active, expires),
        State::Revoked => (AccessKeyState::Revoked, expires),
        // An expired key is an active one whose date has passed.
        State::Expired => {
            (AccessKeyState::Active, Some(expires.unwrap_or(now).min(now - Duration::from_secs(1))))
        }
    };
    let (id, secret) = (AccessKeyId::new()?, access_key::new_secret()?);
    let key = AccessKey {
        access_key: id,
        secret_sha256: AccessKey::hash_secret(secret.expose()),
        user: owner.id,
        roles: wanted.roles,
        realm: wanted.realm,
        ca: wanted.ca,
        cid: wanted.cid,
        domain: wanted.domain,
        scopes,
        state,
        valid_until,
        created_at: now,
    };
    let mut items = key.items(&app.store)?;
    // A key that is over before it begins signs in nobody.
    if matches!(key.standing(now), Standing::Active | Standing::Pending) {
        items.push(Message::new(Content::AccessKeyCreated { user: owner.id }, now)?.item(&app.store)?);
    }
    if let Transaction::Refused(_) = app.store.transact(items).await? {
        return Err(OperatorError::Argument("the new key met an existing one; try again".to_owned()));
    }
    let shown = json!({
        "accessKey": key.access_key,
        "secret": secret.expose(),
        "ak": key.access_key.ak(),
        "state": key.standing(now),
    });
    output::object(&shown, target.json);
    Ok(())
}

pub(super) async fn list(page: &Page, target: &Target) -> Result<(), OperatorError> {
    let operator = Operator::connect(target).await?;
    let (keys, after): (Vec<AccessKey>, _) = list::page(&operator.app, "KEY", page).await?;
    let now = operator.app.now();
    let rows: Vec<Value> = keys.iter().map(|key| describe(key, now)).collect();
    output::list(
        &["accessKey", "state", "user", "roles", "scopes", "expires"],
        &rows,
        after.as_deref(),
        target.json,
    );
    Ok(())
}

pub(super) async fn show(text: &str, target: &Target) -> Result<(), OperatorError> {
    let ak = ak(text)?;
    let operator = Operator::connect(target).await?;
    let key = find(&operator.app, ak).await?.ok_or_else(|| unknown(text))?;
    output::object(&describe(&key, operator.app.now()), target.json);
    Ok(())
}

async fn find(app: &App, ak: Uuid) -> Result<Option<AccessKey>, StoreError> {
    app.store.get(&app.store.tables.accounts, AccessKey::key(ak)).await
}

pub(super) async fn activate(text: &str, target: &Target) -> Result<(), OperatorError> {
    let ak = ak(text)?;
    let operator = Operator::connect(target).await?;
    let app = &operator.app;
    let activated = AccessKey::activate(app, ak).await?;
    let state = find(app, ak).await?.ok_or_else(|| unknown(text))?.standing(app.now());
    if !activated {
        return Err(OperatorError::Argument(format!(
            "the access key {text} is {state}: only a pending one can be activated"
        )));
    }
    output::object(&json!({ "ak": ak, "state": state }), target.json);
    Ok(())
}

pub(super) async fn revoke(text: &str, target: &Target) -> Result<(), OperatorError> {
    let ak = ak(text)?;
    let operator = Operator::connect(target).await?;
    if !AccessKey::revoke(&operator.app, ak).await? {
        return Err(unknown(text));
    }
    output::object(&json!({ "ak": ak, "state": "revoked" }), target.json);
    Ok(())
}

/// The `ak` of a key that is named by it or by the access key.
fn ak(text: &str) -> Result<Uuid, OperatorError> {
    match (text.parse::<Uuid>(), text.parse::<AccessKeyId>()) {
        (Ok(ak), _) => Ok(ak),
        (_, Ok(id)) => Ok(id.ak()),
        (_, Err(error)) => Err(OperatorError::Argument(format!("{error}, or name it by its ak, a UUID"))),
    }
}

fn unknown(text: &str) -> OperatorError {
    OperatorError::Argument(format!("there is no access key {text}; `latchkey access-key list` shows all"))
}

/// The scopes of a new key: a key can do nothing that its user cannot.
fn scopes(wanted: Vec<String>, owner: &User) -> Result<Vec<String>, OperatorError> {
    if wanted.is_empty() {
        return Ok(owner.scopes.clone());
    }
    match wanted.iter().find(|scope| !owner.scopes.contains(scope)) {
        None => Ok(wanted),
        Some(scope) => Err(OperatorError::Argument(format!(
            "the user {} does not have the scope {scope:?}, but: {}",
            owner.username.as_str(),
            if owner.scopes.is_empty() { "none".to_owned() } else { owner.scopes.join(" ") }
        ))),
    }
}

fn describe(key: &AccessKey, now: Timestamp) -> Value {
    json!({
        "accessKey": key.access_key,
        "ak": key.access_key.ak(),
        "state": key.standing(now),
        "user": key.user,
        "roles": key.roles,
        "realm": key.realm,
        "ca": key.ca,
        "cid": key.cid,
        "domain": key.domain,
        "scopes": key.scopes,
        "expires": key.valid_until.map(Timestamp::to_rfc3339),
        "created_at": key.created_at.to_rfc3339(),
    })
}
