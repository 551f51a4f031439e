//! The Lambda function `scoped-token`.

use shared::jwt::ScopedClaims;
use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(scoped_token::handle, WarmUp::KEYRING.and_key_for::<ScopedClaims>().and_hash()).await
}
