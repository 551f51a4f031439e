//! The Lambda function `verify-email`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(verify_email::handle, WarmUp::KEYRING).await
}
