//! Introspection (RFC 7662): a client learns whether a token of its account is good, and for what.

mod description;

use serde_json::{Value, json};
use shared::App;
use shared::door::oauth::{self, Credentials, Parameters, client};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::principal::{Presented, Principal, PrincipalError};

/// `POST /oauth/introspect`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = introspect(app, &request).await;
    oauth::finish(&id, result)
}

async fn introspect(app: &App, request: &Request) -> Result<Response, Fault> {
    let parameters = Parameters::of(request).await?;
    let key = client::key(app, &Credentials::of(request, &parameters)?).await?;
    let token = parameters.required("token")?;
    let (caller, principal) = tokio::join!(client::owner(app, &key), principal(app, token));
    let account = caller?.account;
    let body = match principal {
        Ok(principal) if principal.account() == Some(account) => description::of(app, &principal)?,
        Ok(_) | Err(PrincipalError::Invalid) => inactive(),
        // Nobody knows whether the token is good: neither answer would be true.
        Err(error) => return Err(error.into()),
    };
    Ok(response::json(StatusCode::OK, &body))
}

async fn principal(app: &App, token: &str) -> Result<Principal, PrincipalError> {
    Presented::read(app, token).await?.principal(app).await
}

/// All that is said of a token that is not good, or another account's (RFC 7662 section 2.2).
fn inactive() -> Value {
    json!({ "active": false })
}
