//! The Lambda function `verify-email-resend`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(verify_email_resend::handle, WarmUp::CONNECTION).await
}
