//! The Lambda function `mailer`.

use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Error, service_fn};
use mailer::{Event, Mailer};
use serde_json::Value;
use shared::App;
use shared::lambda::cannot_start;
use shared::log;

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Error> {
    let app = App::from_lambda_env().inspect_err(|error| cannot_start(error))?;
    let mailer = Mailer::from_env(&app.config).inspect_err(|error| cannot_start(error))?;
    let (app, mailer) = (&app, &mailer);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let event =
            Event::read(event.payload).inspect_err(|error| log::warn("an event was not read", error))?;
        Ok::<_, Error>(mailer::handle(app, mailer, event).await)
    }))
    .await
}
