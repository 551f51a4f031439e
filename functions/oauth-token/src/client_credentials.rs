//! An access key's own token: a JWT of RFC 9068.

use serde_json::json;
use shared::App;
use shared::door::oauth::client::{self, Client};
use shared::door::oauth::{Credentials, PUBLIC_CLIENT, Parameters, Refusal};
use shared::http::response::json;
use shared::http::{Fault, Response, StatusCode};
use shared::jwt::{self, AccessClaims, Audiences, HOUR, Validity};
use shared::session::SessionError;

pub(crate) async fn issue(
    app: &App,
    parameters: &Parameters,
    credentials: &Credentials,
) -> Result<Response, Fault> {
    if matches!(credentials, Credentials::Id(id) if id == PUBLIC_CLIENT) {
        // RFC 6749 section 4.4.
        return Err(Refusal::UnauthorizedClient.because("This grant is for clients with a secret."));
    }
    let since = app.now();
    let Client { key, user } = client::authenticate(app, credentials).await?;
    if !user.takes_tokens_of(since) {
        // Of a new password that refuses ahead: nobody would ever take the token.
        return Err(SessionError::Overtaken.into());
    }
    let scope = granted(&key.scopes_with(&user), parameters.get("scope"))?;
    let audience = audience(app, parameters.get("resource"))?;
    let validity = Validity::since(since, HOUR)?;
    let claims = AccessClaims {
        iss: app.issuer()?.to_owned(),
        exp: validity.expires,
        aud: Audiences::One(audience.to_owned()),
        sub: key.access_key.clone(),
        client_id: key.access_key,
        iat: validity.issued,
        jti: validity.id,
        scope,
        account: user.account,
        uid: user.id,
    };
    let body = json!({
        "access_token": jwt::sign(app, &claims).await?,
        "token_type": "Bearer",
        "expires_in": HOUR.as_secs(),
        "scope": claims.scope,
    });
    Ok(json(StatusCode::OK, &body))
}

/// The scopes that were asked for, if the client has them all; without a question all that it has.
fn granted(has: &[&str], asked: Option<&str>) -> Result<String, Fault> {
    let Some(asked) = asked else { return Ok(has.join(" ")) };
    let asked: Vec<&str> = asked.split(' ').collect();
    if asked.iter().any(|scope| !has.contains(scope)) {
        return Err(Refusal::InvalidScope.because("The client does not have every scope that it asks for."));
    }
    let granted: Vec<&str> = has.iter().copied().filter(|scope| asked.contains(scope)).collect();
    Ok(granted.join(" "))
}

/// Whom the token is for. There is one audience, and who names another gets no token that it would refuse (RFC 8707).
fn audience<'a>(app: &'a App, resource: Option<&str>) -> Result<&'a str, Fault> {
    let audience = jwt::audience(app)?;
    match resource {
        Some(resource) if resource != audience => {
            Err(Refusal::InvalidTarget.because("This server issues no tokens for that resource."))
        }
        _ => Ok(audience),
    }
}
