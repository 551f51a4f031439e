//! The Lambda function `login`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(login::handle, WarmUp::KEYRING.and_hash()).await
}
