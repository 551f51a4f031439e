//! The Lambda function `jwks`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(jwks::handle, WarmUp::KEYRING).await
}
