//! Password change: a signed-in user who knows the old password chooses a new one. This session goes on; all others end.

use serde_json::json;
use shared::App;
use shared::door::own_password;
use shared::door::user_session::{bad_request, fields, required, shape};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::password::{self, Password};
use shared::user::Permit;

/// `POST /auth/password/change`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = change(app, &request).await;
    response::finish(&id, shape, result)
}

async fn change(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = fields(request).await?;
    let [current, password] = required(&fields, ["current_password", "new_password"])?;
    let confirmed = own_password::confirm(app, request, current).await?;
    let password = Password::new(password);
    password::check_new(&password, &app.config, &confirmed.user.own_names())
        .map_err(|refusal| bad_request(&[("new_password", refusal.to_string())]))?;
    let hash = app.passwords.hash(&password).await?;
    let permit = Permit::OldPassword { hash: confirmed.hash, keep: confirmed.session };
    confirmed.user.set_password(app, hash, permit).await?;
    let message = "Your password is changed. Other sessions have ended.";
    Ok(response::json(StatusCode::OK, &json!({ "message": message })))
}
