//! The Lambda function `password-forgot`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(password_forgot::handle, WarmUp::CONNECTION).await
}
