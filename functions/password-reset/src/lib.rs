//! Password reset: the link in the mail opens a page where a new password is chosen. It ends every session and does not
//! sign in.

use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::App;
use shared::door::mail_link;
use shared::door::user_session::{bad_request, required, shape};
use shared::http::body::Fields;
use shared::http::fault::Details;
use shared::http::page::{self, page};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::one_time::Purpose;
use shared::password::{self, Password};
use shared::user::Permit;

const TITLE: &str = "Choose a new password";

/// `GET /auth/password/reset` and `POST /auth/password/reset`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = if request.method() == Method::POST {
        reset(app, &request).await
    } else {
        Ok(ask(app, &page::link_token(&request), ""))
    };
    response::finish(&id, shape, result)
}

/// The page behind the link, with what was wrong with an earlier try.
fn ask(app: &App, token: &str, wrong: &str) -> Response {
    let least = app.config.password_min_length;
    let inputs = format!(
        "<label for=\"password\">New password</label><input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"new-password\" minlength=\"{least}\" maxlength=\"{}\" required autofocus>",
        password::MAX_LENGTH
    );
    let form = mail_link::form("reset", token, &inputs, "Change password");
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page(status, &app.config.product, TITLE, &format!("{wrong}{form}"))
}

async fn reset(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = match mail_link::fields(request).await {
        Ok(fields) => fields,
        Err(fault) => return mail_link::answer(app, request, TITLE, Err(fault)),
    };
    let result = choose(app, &fields).await;
    match &result {
        // A password that is refused can be chosen again on the same page.
        Err(fault) if page::wanted(request) && is_about_password(fault) => {
            let wrong = mail_link::paragraph(&mail_link::reasons(fault), " class=\"wrong\" role=\"alert\"");
            Ok(ask(app, fields.get("token").and_then(Value::as_str).unwrap_or_default(), &wrong))
        }
        _ => mail_link::answer(app, request, TITLE, result),
    }
}

async fn choose(app: &App, fields: &Fields) -> Result<Value, Fault> {
    let [token, password] = required(fields, ["token", "password"])?;
    let (one_time, user) = mail_link::redeem(app, Purpose::ResetPassword, token).await?;
    let password = Password::new(password);
    password::check_new(&password, &app.config, &user.own_names())
        .map_err(|refusal| bad_request(&[("password", refusal.to_string())]))?;
    let hash = app.passwords.hash(&password).await?;
    let spend = one_time.spend(app, Purpose::ResetPassword)?;
    user.set_password(app, hash, Permit::Link(Box::new(spend))).await.map_err(mail_link::fault)?;
    Ok(
        json!({ "message": "Your password is changed, and you are signed out everywhere. Sign in with the new one." }),
    )
}

fn is_about_password(fault: &Fault) -> bool {
    let Some(Details::Reasons(reasons)) = &fault.details else { return false };
    reasons.iter().all(|reason| reason.field.as_deref() == Some("password"))
}
