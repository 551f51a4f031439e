//! The Lambda function `rotate-keys`.

use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Error, service_fn};
use rotate_keys::Event;
use shared::App;
use shared::lambda::cannot_start;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Error> {
    let app = App::from_lambda_env().inspect_err(|error| cannot_start(error))?;
    let app = &app;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| async move {
        rotate_keys::handle(app, event.payload).await.map_err(Error::from)
    }))
    .await
}
