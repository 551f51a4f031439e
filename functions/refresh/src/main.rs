//! The Lambda function `refresh`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(refresh::handle, WarmUp::KEYRING).await
}
