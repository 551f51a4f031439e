//! The Lambda function `account-token`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(account_token::handle, WarmUp::KeyringAndHash).await
}
