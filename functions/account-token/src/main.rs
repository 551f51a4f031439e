//! The Lambda function `account-token`.

use shared::jwt::AccountClaims;
use shared::lambda::{self, WarmUp};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda::run(account_token::handle, WarmUp::KEYRING.and_key_for::<AccountClaims>().and_hash()).await
}
