//! The Lambda function `password-change`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(password_change::handle, WarmUp::KEYRING.and_hash()).await
}
