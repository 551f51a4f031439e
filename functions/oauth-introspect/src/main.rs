//! The Lambda function `oauth-introspect`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(oauth_introspect::handle, WarmUp::KEYRING).await
}
