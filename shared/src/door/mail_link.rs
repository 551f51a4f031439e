//! What the functions behind the links of mails share: a page with a form, and an answer as a page or as JSON.

use serde_json::Value;

use super::user_session::{self, bad_request};
use crate::app::App;
use crate::http::body::{self, Fields};
use crate::http::fault::{Details, Reason};
use crate::http::page::{self, escape, page};
use crate::http::response::json;
use crate::http::{Fault, Request, Response, StatusCode};
use crate::one_time::{OneTime, OneTimeError, Purpose};
use crate::user::{ChangeError, User};

/// A form that goes to `action` with the token, more inputs, which are HTML, and a button.
#[must_use]
pub fn form(action: &str, token: &str, inputs: &str, button: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"token\" value=\"{}\">{inputs}<button>{}</button></form>",
        escape(token),
        escape(button)
    )
}

/// The fields of the form, or of JSON with the same names.
pub async fn fields(request: &Request) -> Result<Fields, Fault> {
    user_session::fields(request).await
}

/// The token among them.
pub fn token(fields: &Fields) -> Result<&str, Fault> {
    let [token] = user_session::required(fields, ["token"])?;
    Ok(token)
}

/// The one-time token of a link, and its user, whose address is still the one that the mail went to.
pub async fn redeem(app: &App, purpose: Purpose, token: &str) -> Result<(OneTime, User), Fault> {
    let one_time = OneTime::find(app, purpose, token).await?.ok_or_else(invalid)?;
    let user = User::by_id(app, one_time.user).await?;
    let user = user.filter(|user| user.email.canonical() == one_time.email.canonical());
    Ok((one_time, user.ok_or_else(invalid)?))
}

/// 400 for a token that is forged, spent, expired or replaced: which of these is nobody's business.
#[must_use]
pub fn invalid() -> Fault {
    bad_request(&[("token", INVALID.to_owned())])
}

const INVALID: &str = "is not valid any more: ask for a new mail";

/// The fault of a change that a link was to make: what overtook it has spent the link.
#[must_use]
pub fn fault(error: ChangeError) -> Fault {
    match error {
        ChangeError::Overtaken => invalid(),
        error => error.into(),
    }
}

/// The outcome as a page for people and as JSON for programs. On our side's faults programs and people are told alike.
pub fn answer(
    app: &App,
    request: &Request,
    title: &str,
    result: Result<Value, Fault>,
) -> Result<Response, Fault> {
    if !page::wanted(request) {
        return result.map(|body| json(StatusCode::OK, &body));
    }
    match result {
        Ok(body) => {
            let message = body["message"].as_str().unwrap_or_default();
            Ok(page(StatusCode::OK, &app.config.product, title, &paragraph(message, "")))
        }
        Err(fault) if fault.status.is_server_error() => Err(fault),
        Err(fault) => {
            let content = paragraph(&reasons(&fault), " class=\"wrong\" role=\"alert\"");
            Ok(page(fault.status, &app.config.product, title, &content))
        }
    }
}

/// The reasons of a refusal in one sentence for people.
#[must_use]
pub fn reasons(fault: &Fault) -> String {
    let Some(Details::Reasons(reasons)) = &fault.details else { return fault.message.clone().into_owned() };
    let sentences = reasons.iter().map(|Reason { field, reason }| match field.as_deref() {
        Some("token") => USED_UP.to_owned(),
        Some(field) if reason.starts_with("is ") || reason.starts_with("must ") => {
            body::sentence(&format!("the {field} {reason}"))
        }
        _ => body::sentence(reason),
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// Who opens a link twice is told the same as who opens an old one: what it was worth is nobody's business.
const USED_UP: &str = "This link is not valid any more. If you have used it already, nothing is left to do. If not, ask for a new mail.";

/// A paragraph of text.
#[must_use]
pub fn paragraph(text: &str, attributes: &str) -> String {
    format!("<p{attributes}>{}</p>", escape(text))
}

impl From<OneTimeError> for Fault {
    fn from(error: OneTimeError) -> Self {
        match error {
            OneTimeError::Keyring(error) => error.into(),
            OneTimeError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeError> for Fault {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Overtaken => {
                Self::new(StatusCode::CONFLICT, "The account changed just now. Try again.")
            }
            ChangeError::EmailTaken => Self::new(StatusCode::CONFLICT, "This e-mail address is taken."),
            ChangeError::Store(error) => error.into(),
            ChangeError::Random(error) => error.into(),
        }
    }
}
