//! The Lambda function `current-user`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(current_user::handle, WarmUp::KEYRING).await
}
