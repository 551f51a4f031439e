//! Delete my account: a signed-in user who knows their password removes everything of themselves. The names are free
//! again.

use serde_json::json;
use shared::App;
use shared::door::own_password;
use shared::door::user_session::{clear_session_cookie, fields, required, shape};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};

/// `DELETE /auth/me`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = delete(app, &request).await;
    response::finish(&id, shape, result)
}

async fn delete(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = fields(request).await?;
    let [password] = required(&fields, ["password"])?;
    let confirmed = own_password::confirm(app, request, password).await?;
    confirmed.user.delete(app, confirmed.hash).await?;
    let mut response = response::json(StatusCode::OK, &json!({ "message": "Your account is deleted." }));
    clear_session_cookie(app, &mut response);
    Ok(response)
}
