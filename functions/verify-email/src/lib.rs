//! Verify e-mail: the link in the mail opens a page with a button, so that a mail scanner that follows links spends
//! nothing; the button, or a program, spends the token.

use lambda_http::http::Method;
use serde_json::json;
use shared::App;
use shared::door::mail_link;
use shared::door::user_session::shape;
use shared::http::page::{self, page};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::one_time::Purpose;

/// `GET /auth/verify-email` and `POST /auth/verify-email`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = if request.method() == Method::POST {
        mail_link::answer(app, &request, "E-mail address", verify(app, &request).await)
    } else {
        Ok(ask(app, &request))
    };
    response::finish(&id, shape, result)
}

/// The page behind the link. It says the same whatever the token is worth.
fn ask(app: &App, request: &Request) -> Response {
    let form = mail_link::form("verify-email", &page::link_token(request), "", "Verify my address");
    page(StatusCode::OK, &app.config.product, "Verify your e-mail address", &form)
}

async fn verify(app: &App, request: &Request) -> Result<serde_json::Value, Fault> {
    let fields = mail_link::fields(request).await?;
    let token = mail_link::token(&fields)?;
    let (one_time, user) = mail_link::redeem(app, Purpose::VerifyEmail, token).await?;
    let spend = one_time.spend(app, Purpose::VerifyEmail)?;
    user.verify_email(app, spend).await.map_err(mail_link::fault)?;
    Ok(json!({ "message": "Your e-mail address is verified." }))
}
