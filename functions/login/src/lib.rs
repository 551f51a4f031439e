//! Login: a user shows a name and a password and gets the tokens and the cookie of a new session.

use serde_json::json;
use shared::App;
use shared::authentication::{self, AuthenticationError};
use shared::door::user_session::{self, fields, not_acceptable, required, set_cookies};
use shared::http::credentials::{self, DEVICE_COOKIE, SESSION_COOKIE};
use shared::http::peer::Peer;
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::identifier::SignInName;
use shared::log;
use shared::password::Password;
use shared::session::{self, Session, SessionToken, TokenKind};

/// `POST /auth/login`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = log_in(app, &request).await;
    response::finish(&id, user_session::shape, result)
}

async fn log_in(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = fields(request).await?;
    let [name, password] = required(&fields, ["username", "password"])?;
    let peer = Peer::of(request);
    let device = cookie_token(app, request, DEVICE_COOKIE, TokenKind::Device).await?;
    let authenticated =
        authentication::authenticate(app, SignInName::parse(name), &Password::new(password), &peer, device)
            .await
            .map_err(|error: AuthenticationError| error.into_fault(not_acceptable))?;

    let replaced = cookie_token(app, request, SESSION_COOKIE, TokenKind::Cookie).await?;
    let (session, (), ()) = tokio::join!(
        Session::begin(app, authenticated.credential.user, &peer, authenticated.since),
        authenticated.settle(app),
        end(app, replaced),
    );
    let session = session?;

    let tokens = session.tokens(app).await?;
    let body = json!({ "message": "Login success", "tokens": user_session::tokens(&tokens, "auth_grant") });
    let mut response = response::json(StatusCode::OK, &body);
    // A form on another site may sign its visitor in as someone else. Such a page gets no cookie that would be sent back to it.
    if !credentials::is_cross_site(request) {
        set_cookies(app, &mut response, &session.cookies(app, authenticated.device_tag()).await?);
    }
    Ok(response)
}

async fn cookie_token(
    app: &App,
    request: &Request,
    name: &str,
    kind: TokenKind,
) -> Result<Option<SessionToken>, Fault> {
    match credentials::cookie(request, name) {
        Some(cookie) => Ok(session::authentic(app, cookie, &[kind]).await?),
        None => Ok(None),
    }
}

/// A browser that signs in again leaves its old session behind (ASVS 7.2.4). The new one has begun by then, whatever becomes
/// of that.
async fn end(app: &App, replaced: Option<SessionToken>) {
    if let Some(token) = replaced
        && let Err(error) = session::end(app, token.user, token.session).await
    {
        log::warn("the session before was not ended", &error);
    }
}
