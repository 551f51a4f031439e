//! The same few lines for every function: build the process once, then answer events until Lambda ends it.

use std::future::Future;

use lambda_http::{Error, Request, RequestExt, service_fn};

use crate::app::App;
use crate::http::Response;
use crate::log;

/// What a function does before its first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// Nothing: it needs neither keys nor passwords.
    Nothing,
    /// Reads the keyring, which also opens the connection to storage.
    Keyring,
    /// The keyring, and the memory of one password hash.
    KeyringAndHash,
    /// The memory of one password hash.
    Hash,
}

/// Says in the log why a function does not start.
pub fn cannot_start(error: &(dyn std::error::Error + 'static)) {
    log::write(&log::Record {
        level: "ERROR",
        message: "the function cannot start",
        request_id: None,
        status: None,
        causes: log::causes(error),
    });
}

/// Serves events until the process is ended.
///
/// # Errors
/// An environment variable that cannot be used, or a Runtime API that does not answer.
pub async fn run<H, F>(handler: H, warm_up: WarmUp) -> Result<(), Error>
where
    H: Fn(&'static App, Request) -> F,
    F: Future<Output = Response> + Send,
{
    let app: &'static App =
        Box::leak(Box::new(App::from_lambda_env().inspect_err(|error| cannot_start(error))?));
    if matches!(warm_up, WarmUp::Hash | WarmUp::KeyringAndHash) {
        app.passwords.warm_up();
    }
    if matches!(warm_up, WarmUp::Keyring | WarmUp::KeyringAndHash) {
        // The first request tries again and answers for it.
        let _ = app.keyring().await;
    }
    let handler = &handler;
    lambda_http::run(service_fn(move |request: Request| {
        if let Some(url) = request.stage_variables_ref().and_then(|variables| variables.first("publicUrl")) {
            app.learn_public_url(url);
        }
        let answer = handler(app, request);
        async move { Ok::<_, Error>(answer.await) }
    }))
    .await
}
