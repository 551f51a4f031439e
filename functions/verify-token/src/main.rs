//! The Lambda function `verify-token`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(verify_token::handle, WarmUp::KEYRING).await
}
