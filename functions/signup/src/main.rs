//! The Lambda function `signup`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(signup::handle, WarmUp::CONNECTION.and_hash()).await
}
