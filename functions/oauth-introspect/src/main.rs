//! The Lambda function `oauth-introspect`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(oauth_introspect::handle, WarmUp::KEYRING).await
}
