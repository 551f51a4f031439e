//! A mail that anyone may ask for by an address.

use serde_json::json;

use super::user_session::{bad_request, fields, required};
use crate::app::App;
use crate::http::response::json as json_response;
use crate::http::{Fault, Request, Response, StatusCode};
use crate::identifier::Email;
use crate::outbox::{self, Content};

/// Writes down what was asked for, and answers before anyone has looked whose address it is.
pub async fn accept(
    app: &App,
    request: &Request,
    content: impl FnOnce(Email) -> Content,
) -> Result<Response, Fault> {
    let fields = fields(request).await?;
    let [email] = required(&fields, ["email"])?;
    let email: Email = email
        .parse()
        .map_err(|error: crate::identifier::NotAnEmail| bad_request(&[("email", error.to_string())]))?;
    outbox::request(app, content(email), app.now()).await?;
    let message = "If this address belongs to an account, a mail is on its way.";
    Ok(json_response(StatusCode::OK, &json!({ "message": message })))
}
