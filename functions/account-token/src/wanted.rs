//! What the request asks for.

use serde_json::Value;
use shared::http::body::{self, BodyError, Fields, Format};
use shared::http::json::JsonError;
use shared::http::{Fault, Request};
use shared::id::ObjectId;
use shared::password::Password;

use crate::refusal::Refusal;

/// A token for an account, or for one of its users.
pub(crate) struct Wanted {
    pub(crate) account: ObjectId,
    pub(crate) secret: Password,
    pub(crate) user: Option<ObjectId>,
}

/// The document's table says `account`, its text `accountid`.
const ACCOUNT: [&str; 2] = ["account", "accountid"];
const SECRET: &str = "secret";
const USER: &str = "user_id";

impl Wanted {
    pub(crate) async fn read(request: &Request) -> Result<Self, Fault> {
        let fields = body::fields(request, &[Format::Json]).await.map_err(|error| match error {
            BodyError::Json(JsonError::Repeated(name)) => Refusal::Repeated(name).into(),
            error => error.into_fault(),
        })?;
        Ok(Self::parse(&fields)?)
    }

    fn parse(fields: &Fields) -> Result<Self, Refusal> {
        let known = |name: &str| ACCOUNT.contains(&name) || name == SECRET || name == USER;
        if let Some(name) = fields.keys().find(|name| !known(name)) {
            return Err(Refusal::Unsupported(name.clone()));
        }
        let mut accounts = ACCOUNT.iter().filter_map(|name| fields.get(*name));
        let account = accounts.next().ok_or(Refusal::MissingAccount)?;
        if accounts.next().is_some() {
            return Err(Refusal::Repeated("accountid".to_owned()));
        }
        let secret = fields.get(SECRET).ok_or(Refusal::MissingSecret)?;
        let account = object_id(account).ok_or(Refusal::AccountNotObjectId)?;
        let secret = secret.as_str().ok_or(Refusal::SecretNotText)?;
        let user = match fields.get(USER) {
            None | Some(Value::Null) => None,
            Some(user) => Some(object_id(user).ok_or(Refusal::AccountNotObjectId)?),
        };
        Ok(Self { account, secret: Password::new(secret), user })
    }
}

fn object_id(value: &Value) -> Option<ObjectId> {
    value.as_str()?.parse().ok()
}
