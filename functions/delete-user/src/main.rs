//! The Lambda function `delete-user`.

use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(delete_user::handle, WarmUp::KEYRING.and_hash()).await
}
