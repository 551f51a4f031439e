//! E-mail confirm: the link in the mail to a new address opens a page with a button; the button changes the address.

use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::App;
use shared::door::mail_link;
use shared::door::user_session::shape;
use shared::http::page::{self, page};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::one_time::{OneTime, Purpose};
use shared::user::User;

const TITLE: &str = "Your new e-mail address";

/// `GET /auth/email/confirm` and `POST /auth/email/confirm`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = if request.method() == Method::POST {
        mail_link::answer(app, &request, TITLE, confirm(app, &request).await)
    } else {
        let form = mail_link::form("confirm", &page::link_token(&request), "", "Use this address");
        Ok(page(StatusCode::OK, &app.config.product, TITLE, &form))
    };
    response::finish(&id, shape, result)
}

async fn confirm(app: &App, request: &Request) -> Result<Value, Fault> {
    let fields = mail_link::fields(request).await?;
    let token = mail_link::token(&fields)?;
    let one_time = OneTime::find(app, Purpose::ConfirmEmail, token).await?.ok_or_else(mail_link::invalid)?;
    let user = User::by_id(app, one_time.user).await?.ok_or_else(mail_link::invalid)?;
    user.set_email(app, &one_time).await.map_err(mail_link::fault)?;
    Ok(json!({ "message": "Your e-mail address is changed." }))
}
