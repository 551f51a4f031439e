//! The Lambda function `sessions`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(sessions::handle, WarmUp::KEYRING).await
}
