//! The Lambda function `password-reset`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(password_reset::handle, WarmUp::KEYRING.and_hash()).await
}
