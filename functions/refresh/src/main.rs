//! The Lambda function `refresh`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(refresh::handle, WarmUp::KEYRING).await
}
