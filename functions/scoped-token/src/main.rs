//! The Lambda function `scoped-token`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(scoped_token::handle, WarmUp::KeyringAndHash).await
}
