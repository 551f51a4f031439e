//! Revocation (RFC 7009): a client ends a token of its own before it expires.

use shared::App;
use shared::denial;
use shared::door::oauth::client::{self, Client};
use shared::door::oauth::{self, Credentials, Parameters, Refusal};
use shared::http::response::RequestId;
use shared::http::{Body, Fault, Request, Response};
use shared::jwt::Claims;
use shared::principal::{Presented, PrincipalError};
use shared::session;
use shared::store::StoreError;

/// `POST /oauth/revoke`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = revoke(app, &request).await;
    oauth::finish(&id, result)
}

async fn revoke(app: &App, request: &Request) -> Result<Response, Fault> {
    let parameters = Parameters::of(request).await?;
    let client = client::authenticate(app, &Credentials::of(request, &parameters)?).await?;
    match Presented::read(app, parameters.required("token")?).await {
        Ok(token) if belongs(&token, &client) => end(app, &token).await?,
        Ok(_) => return Err(Refusal::InvalidGrant.because("The token is not of this client.")),
        // What is no token, or none any more, is as good as revoked (section 2.2).
        Err(PrincipalError::Invalid) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Response::new(Body::Empty))
}

/// Whether a client may end a token: one of its own, of its user, or of its user's account.
fn belongs(token: &Presented, Client { key, user }: &Client) -> bool {
    match token {
        Presented::Session(token) => token.user == user.id,
        Presented::Jwt(Claims::Scoped(claims), _) => claims.sub == user.id,
        Presented::Jwt(Claims::Account(claims), _) => {
            claims.sub == user.account || claims.user_id == Some(user.id)
        }
        Presented::Jwt(Claims::AccessKey(claims), _) => claims.ak == key.access_key.ak(),
        Presented::Jwt(Claims::Access(claims), _) => claims.client_id == key.access_key,
    }
}

/// Ends the session with all its tokens, or denies the JWT for as long as it would have lasted.
async fn end(app: &App, token: &Presented) -> Result<(), StoreError> {
    match token {
        Presented::Session(token) => session::end(app, token.user, token.session).await,
        Presented::Jwt(claims, denied_by) => denial::deny(app, denied_by, claims.expires()).await,
    }
}
