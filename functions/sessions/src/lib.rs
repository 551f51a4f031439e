//! Sessions: a user sees where they are signed in, and ends one session or all others.

use lambda_http::RequestExt;
use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::App;
use shared::door::user_session::{no_user, principal, shape};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::principal::Principal;
use shared::session::{self, Session, SessionId};
use shared::user::User;

/// `GET /auth/sessions`, `DELETE /auth/sessions` and `DELETE /auth/sessions/{id}`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let all = request.raw_http_path().ends_with("/auth/sessions");
    let result = match (request.method() == Method::DELETE, all) {
        (true, true) => end_others(app, &request).await,
        (true, false) => end_one(app, &request).await,
        (false, _) => list(app, &request).await,
    };
    response::finish(&id, shape, result)
}

fn session_id(request: &Request) -> Option<String> {
    Some(request.path_parameters_ref()?.first("id")?.to_owned())
}

async fn list(app: &App, request: &Request) -> Result<Response, Fault> {
    let principal = principal(app, request).await?;
    let live = live_sessions(app, &principal).await?;
    let present = present(&principal);
    let shown: Vec<Value> = live.iter().map(|session| describe(session, present)).collect();
    Ok(response::json(StatusCode::OK, &json!({ "sessions": shown })))
}

async fn end_one(app: &App, request: &Request) -> Result<Response, Fault> {
    let principal = principal(app, request).await?;
    let wanted = session_id(request);
    let live = live_sessions(app, &principal).await?;
    // Another user's session is answered as one that does not exist.
    let found = live.iter().find(|session| Some(session.id.to_string()) == wanted);
    let found = found.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "There is no such session."))?;
    session::end(app, found.user, found.id).await?;
    Ok(response::json(StatusCode::OK, &json!({ "message": "The session has ended." })))
}

async fn end_others(app: &App, request: &Request) -> Result<Response, Fault> {
    let principal = principal(app, request).await?;
    session::end_others(app, user(&principal)?.id, present(&principal)).await?;
    Ok(response::json(StatusCode::OK, &json!({ "message": "All other sessions have ended." })))
}

fn user(principal: &Principal) -> Result<&User, Fault> {
    principal.user.as_ref().ok_or_else(no_user)
}

/// The session of the request.
fn present(principal: &Principal) -> Option<SessionId> {
    principal.session.as_ref().map(|session| session.id)
}

/// The live sessions of the token's user, newest first.
async fn live_sessions(app: &App, principal: &Principal) -> Result<Vec<Session>, Fault> {
    let user = user(principal)?;
    let mut sessions = session::list(app, user.id).await?;
    let now = app.now();
    sessions.retain(|session| session.is_live(now) && session.authenticated >= user.tokens_valid_after);
    sessions.sort_by_key(|session| std::cmp::Reverse(session.rotated));
    Ok(sessions)
}

fn describe(session: &Session, present: Option<SessionId>) -> Value {
    json!({
        "id": session.id,
        "created_at": session.created.to_rfc3339(),
        "last_used_at": session.rotated.to_rfc3339(),
        "address": session.address,
        "device": session.user_agent,
        "current": present == Some(session.id),
    })
}
