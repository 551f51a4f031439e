//! E-mail change: a signed-in user who knows their password names a new address. It counts once they have confirmed it.

use serde_json::json;
use shared::App;
use shared::door::own_password;
use shared::door::user_session::{bad_request, fields, required, shape};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::identifier::{Email, NotAnEmail};
use shared::outbox::{self, Content};

/// `POST /auth/email/change`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = change(app, &request).await;
    response::finish(&id, shape, result)
}

async fn change(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = fields(request).await?;
    let [password, email] = required(&fields, ["password", "email"])?;
    let email: Email =
        email.parse().map_err(|error: NotAnEmail| bad_request(&[("email", error.to_string())]))?;
    let confirmed = own_password::confirm(app, request, password).await?;
    if email == confirmed.user.email {
        return Err(bad_request(&[("email", "is your address already".to_owned())]));
    }
    // Whether someone else has the address shows only when it is confirmed, to whoever reads its mail.
    let content = Content::ConfirmEmail { user: confirmed.user.id, email };
    outbox::request(app, content, confirmed.since).await?;
    let message = "A mail is on its way to the new address. It counts once you have confirmed it.";
    Ok(response::json(StatusCode::OK, &json!({ "message": message })))
}
