//! Refresh: a client exchanges its refresh token for the session's next tokens.

use aws_lc_rs::digest;
use serde_json::json;
use shared::App;
use shared::door::user_session::{self, fields, required};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::session;

/// `POST /auth/refresh`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = refresh(app, &request).await;
    response::finish(&id, user_session::shape, result)
}

async fn refresh(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = fields(request).await?;
    let [spent] = required(&fields, ["refresh_token"])?;
    let session = session::refresh(app, spent).await?;
    let tokens = session.tokens(app).await?;
    let reference = format!("r.{}", hex::encode(digest::digest(&digest::SHA256, spent.as_bytes())));
    let body = json!({ "message": "Refresh Success", "tokens": user_session::tokens(&tokens, &reference) });
    Ok(response::json(StatusCode::OK, &body))
}
