//! The next tokens of a session, by the rules of its own refresh.

use serde_json::json;
use shared::App;
use shared::door::oauth::{Credentials, PUBLIC_CLIENT, Parameters, Refusal, client};
use shared::http::response::json;
use shared::http::{Fault, Response, StatusCode};
use shared::session::{self, SessionError, TokenKind};

pub(crate) async fn refresh(
    app: &App,
    parameters: &Parameters,
    credentials: &Credentials,
) -> Result<Response, Fault> {
    // Whatever is wrong with the request must be found before the token is spent.
    let token = parameters.required("refresh_token")?;
    check_client(app, credentials, token).await?;
    if parameters.get("scope").is_some() {
        return Err(Refusal::InvalidScope.because("A session has no scopes."));
    }
    let issuer = app.issuer()?;
    if parameters.get("resource").is_some_and(|resource| resource != issuer) {
        return Err(Refusal::InvalidTarget.because("The tokens of a session are for this server alone."));
    }
    let session = session::refresh(app, token).await.map_err(|error| match error {
        SessionError::Invalid => invalid(),
        error => error.into(),
    })?;
    let tokens = session.tokens(app).await?;
    let body = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": session.access_left(app.now()),
        "refresh_token": tokens.refresh,
    });
    Ok(json(StatusCode::OK, &body))
}

/// A session belongs to the public client. An access key may stand in for it if it is of the session's own user
/// (RFC 6749 section 6).
async fn check_client(app: &App, credentials: &Credentials, token: &str) -> Result<(), Fault> {
    match credentials {
        Credentials::Nothing => Ok(()),
        Credentials::Id(id) if id == PUBLIC_CLIENT => Ok(()),
        Credentials::Id(_) => Err(client::unknown()),
        Credentials::Secret { .. } => {
            let client = client::authenticate(app, credentials).await?;
            let token = session::authentic(app, token, &TokenKind::REFRESH).await?.ok_or_else(invalid)?;
            if token.user == client.user.id { Ok(()) } else { Err(invalid()) }
        }
    }
}

fn invalid() -> Fault {
    Refusal::InvalidGrant.because("The refresh token is not valid, or not of this client.")
}
