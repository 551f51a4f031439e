//! The Lambda function `sessions`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(sessions::handle, WarmUp::KEYRING).await
}
