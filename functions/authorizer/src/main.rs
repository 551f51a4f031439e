//! The Lambda function `authorizer`.

use guard::Guard;
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Error, service_fn};
use serde_json::Value;
use shared::lambda::cannot_start;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Error> {
    let guard = Guard::from_env().inspect_err(|error| cannot_start(error))?;
    guard.warm_up().await;
    let guard = &guard;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        authorizer::handle(guard, event.payload).await
    }))
    .await
}
