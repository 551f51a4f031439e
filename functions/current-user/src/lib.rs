//! The user record: its owner reads it, and changes what it says about them.

use lambda_http::http::Method;
use serde::Serialize;
use serde_json::Value;
use shared::App;
use shared::door::user_session::{self, Record, bad_request, fields, no_user, principal};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::identifier::Username;
use shared::user::{ProfileField, User};

/// `GET /auth/me` and `PATCH /auth/me`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = if request.method() == Method::PATCH {
        change(app, &request).await
    } else {
        read(app, &request).await
    };
    response::finish(&id, user_session::shape, result.map(|user| show(&user)))
}

async fn read(app: &App, request: &Request) -> Result<User, Fault> {
    principal(app, request).await?.user.ok_or_else(no_user)
}

async fn change(app: &App, request: &Request) -> Result<User, Fault> {
    let user = read(app, request).await?;
    let fields = fields(request).await?;
    let mut changes = Vec::new();
    let mut wrong = Vec::new();
    for field in ProfileField::ALL {
        match fields.get(field.name()).map(|value| text(value, field)) {
            None => {}
            Some(Ok(text)) => changes.push((field, text.to_owned())),
            Some(Err(reason)) => wrong.push((field.name(), reason)),
        }
    }
    if !wrong.is_empty() {
        return Err(bad_request(&wrong));
    }
    if changes.is_empty() {
        return Ok(user);
    }
    let user = User::update_profile(app, user.id, changes).await?;
    user.ok_or_else(|| Fault::unauthorized("The token is not valid.", true))
}

fn text(value: &Value, field: ProfileField) -> Result<&str, String> {
    let text = value.as_str().ok_or("must be text")?;
    field.check(text).map(|()| text)
}

/// The record as verify-token shows it, with the names that only its owner needs.
#[derive(Serialize)]
struct OwnRecord<'u> {
    #[serde(flatten)]
    record: Record<'u>,
    username: &'u Username,
    userid: u64,
}

fn show(user: &User) -> Response {
    let body = OwnRecord { record: user.into(), username: &user.username, userid: user.id.as_json_integer() };
    response::json(StatusCode::OK, &body)
}
