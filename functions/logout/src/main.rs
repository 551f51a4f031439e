//! The Lambda function `logout`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(logout::handle, WarmUp::KEYRING).await
}
