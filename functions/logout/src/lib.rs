//! Logout: ends the session that a token belongs to, or every session of its user.

use serde_json::{Value, json};
use shared::App;
use shared::door::user_session::{self, bad_request, clear_session_cookie, credential, fields};
use shared::http::body::{self, Fields};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::session::{self, SessionToken, TokenKind};

/// `POST /auth/logout`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = log_out(app, &request).await;
    response::finish(&id, user_session::shape, result)
}

async fn log_out(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = if body::is_empty(request) { Fields::new() } else { fields(request).await? };
    let everywhere = match fields.get("all") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(Value::String(text)) if text == "true" || text == "false" => text == "true",
        Some(_) => return Err(bad_request(&[("all", "must be true or false".to_owned())])),
    };
    let token = presented(app, request, &fields).await?;
    if everywhere {
        // Only a token that is still good may end the others.
        let sessions = session::list(app, token.user).await?;
        let invalid = || Fault::unauthorized("The token is not valid.", true);
        let (grace, now) = (app.config.session.grace, app.now());
        let present = sessions
            .iter()
            .find(|session| session.id == token.session)
            .filter(|session| session.accepts(&token, grace, now) || session.renews(&token, grace, now))
            .ok_or_else(invalid)?;
        if !session::end_all(app, present, &sessions).await? {
            return Err(invalid());
        }
    } else {
        session::end(app, token.user, token.session).await?;
    }
    let mut response = response::json(StatusCode::OK, &json!({ "message": "Logout success" }));
    clear_session_cookie(app, &mut response);
    Ok(response)
}

/// The session token of the request, wherever it stands. To end a session it is enough that the token is authentic: a
/// session that has ended already is as good as one that ends now.
async fn presented(app: &App, request: &Request, fields: &Fields) -> Result<SessionToken, Fault> {
    let text = match fields.get("refresh_token") {
        Some(Value::String(token)) => Some(token.as_str()),
        Some(_) => return Err(bad_request(&[("refresh_token", "must be text".to_owned())])),
        None => credential(request)?,
    };
    let text = text.ok_or_else(|| Fault::unauthorized("Sign in first.", false))?;
    let token = session::authentic(app, text, &TokenKind::OF_SESSION).await?;
    token.ok_or_else(|| Fault::unauthorized("This is not a token of a session.", true))
}
