//! The Lambda function `discovery`.

use shared::lambda;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run_without_storage(discovery::handle).await
}
