//! The Lambda function `oauth-revoke`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(oauth_revoke::handle, WarmUp::KEYRING).await
}
