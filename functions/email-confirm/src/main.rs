//! The Lambda function `email-confirm`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(email_confirm::handle, WarmUp::KEYRING).await
}
