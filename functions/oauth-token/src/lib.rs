//! The token endpoint (RFC 6749 section 3.2): a client gets an access token for its own secret or for a refresh token.

mod client_credentials;
mod refresh_token;

use shared::App;
use shared::door::oauth::{self, Credentials, Grant, Parameters, Refusal};
use shared::http::response::RequestId;
use shared::http::{Fault, Request, Response};

/// `POST /oauth/token`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = token(app, &request).await;
    oauth::finish(&id, result)
}

async fn token(app: &App, request: &Request) -> Result<Response, Fault> {
    let parameters = Parameters::of(request).await?;
    let grant = grant(&parameters)?;
    let credentials = Credentials::of(request, &parameters)?;
    match grant {
        Grant::ClientCredentials => client_credentials::issue(app, &parameters, &credentials).await,
        Grant::RefreshToken => refresh_token::refresh(app, &parameters, &credentials).await,
    }
}

fn grant(parameters: &Parameters) -> Result<Grant, Fault> {
    let wanted = parameters.required("grant_type")?;
    let unsupported = || Refusal::UnsupportedGrantType.because("This server has no such grant.");
    Grant::ALL.into_iter().find(|grant| grant.name() == wanted).ok_or_else(unsupported)
}
