//! Sends the verification mail again. The answer is the same, and takes the same one write, whoever owns the address and
//! whether anyone does; the mailer finds out.

use shared::App;
use shared::door::{mail_request, user_session};
use shared::http::response::{self, RequestId};
use shared::http::{Request, Response};
use shared::outbox::Content;

/// `POST /auth/verify-email/resend`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = mail_request::accept(app, &request, |email| Content::VerifyEmailAgain { email }).await;
    response::finish(&id, user_session::shape, result)
}
