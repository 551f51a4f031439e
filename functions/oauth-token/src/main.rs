//! The Lambda function `oauth-token`.

use shared::jwt::AccessClaims;
use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(oauth_token::handle, WarmUp::KEYRING.and_key_for::<AccessClaims>()).await
}
