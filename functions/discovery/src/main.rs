//! The Lambda function `discovery`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(discovery::handle, WarmUp::NOTHING).await
}
