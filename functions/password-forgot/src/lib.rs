//! Sends a link to choose a new password. The answer is the same, and takes the same one write, whoever owns the address and
//! whether anyone does; the mailer finds out.

use shared::App;
use shared::door::{mail_request, user_session};
use shared::http::response::{self, RequestId};
use shared::http::{Request, Response};
use shared::outbox::Content;

/// `POST /auth/password/forgot`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = mail_request::accept(app, &request, |email| Content::ResetPassword { email }).await;
    response::finish(&id, user_session::shape, result)
}
