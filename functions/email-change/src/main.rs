//! The Lambda function `email-change`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(email_change::handle, WarmUp::KEYRING.and_hash()).await
}
