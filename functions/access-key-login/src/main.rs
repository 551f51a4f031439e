//! The Lambda function `access-key-login`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(access_key_login::handle, WarmUp::KEYRING).await
}
