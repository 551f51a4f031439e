//! A function of the stack that all functions are made of, with nothing of Latchkey in it: `lambda_http`, the SDK's client, Argon2
//! and aws-lc. It makes the calls and computations of a [`Script`], which was recorded from one of Latchkey's functions, and gives
//! a fixed answer. What that function takes above this is its own.

use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use benches::{Player, SCRIPT, Script};
use lambda_http::{Error, Response, service_fn};
use shared::roots::CaBundle;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Error> {
    let script: &'static Script = Box::leak(Box::new(serde_json::from_str(&env::var(SCRIPT)?)?));
    let player = &Player::new(client()?, script)?;
    player.init().await?;
    lambda_http::run(service_fn(|_| async move {
        player.request().await?;
        Ok::<_, Error>(Response::builder().header("content-type", "application/json").body("{}".to_owned())?)
    }))
    .await
}

fn client() -> Result<Client, Error> {
    let endpoint = env::var("AWS_ENDPOINT_URL_DYNAMODB")?;
    let bundle: Option<CaBundle> = env::var("AWS_CA_BUNDLE").ok().map(|path| path.parse()).transpose()?;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(Credentials::new(
            env::var("AWS_ACCESS_KEY_ID")?,
            env::var("AWS_SECRET_ACCESS_KEY")?,
            None,
            None,
            "stack",
        ))
        .http_client(shared::aws::client_for(Some(&endpoint), bundle.as_ref()))
        .endpoint_url(endpoint)
        .retry_config(shared::aws::retries())
        .timeout_config(shared::aws::timeouts());
    Ok(Client::from_conf(config.build()))
}
