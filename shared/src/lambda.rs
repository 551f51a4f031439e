//! The same few lines for every function: build the process once, then answer events until Lambda ends it.

use std::future::{Future, ready};
use std::pin::Pin;

use jsonwebtoken::Algorithm;
use lambda_http::{Error, IntoResponse, Request, RequestExt, service_fn};

use crate::app::{App, Facts};
use crate::config::{Config, ConfigError};
use crate::http::Response;
use crate::jwt::Token;
use crate::log;
use crate::password::{HashError, Hasher};

/// What a function makes ready before its first request. All of it takes time that the first caller would wait for.
#[derive(Debug, Clone, Copy, Default)]
pub struct WarmUp {
    connection: bool,
    keyring: bool,
    signs_with: Option<fn(&Config) -> Algorithm>,
    /// Not a yes or no: the code that hashes is then part of those functions alone that ask for it.
    hash: Option<HashOnce>,
}

type HashOnce = fn(&Hasher) -> Result<(), HashError>;

impl WarmUp {
    /// Nothing.
    pub const NOTHING: Self = Self { connection: false, keyring: false, signs_with: None, hash: None };
    /// The connection to storage, for a function that needs no keys: [`Store::open_connection`](crate::store::Store::open_connection).
    pub const CONNECTION: Self = Self { connection: true, ..Self::NOTHING };
    /// The keyring, which also opens the connection to storage.
    pub const KEYRING: Self = Self { keyring: true, ..Self::NOTHING };

    /// And the key that signs these tokens.
    #[must_use]
    pub fn and_key_for<T: Token>(self) -> Self {
        Self { signs_with: Some(T::algorithm), ..self }
    }

    /// And what hashes a password, with its memory if nobody waits for that.
    #[must_use]
    pub const fn and_hash(self) -> Self {
        Self { hash: Some(make_ready_to_hash), ..self }
    }

    /// Makes it ready; what needs storage and what needs the processor, at once.
    ///
    /// # Errors
    /// A processor that computes Argon2 wrongly, or too little memory for a hash. Storage that does not answer is none: the first
    /// request tries again, and answers for it.
    pub async fn run(self, app: &App) -> Result<(), HashError> {
        let hash = async { self.hash.map_or(Ok(()), |make_ready| make_ready(&app.passwords)) };
        tokio::join!(self.reach_storage(app), hash).1
    }

    async fn reach_storage(self, app: &App) {
        if self.connection {
            app.store.open_connection().await;
        }
        if self.keyring
            && let (Ok(keyring), Some(algorithm)) = (app.keyring().await, self.signs_with)
        {
            keyring.prepare_to_sign(algorithm(&app.config), app.now());
        }
    }
}

/// Putting the memory of a hash in place takes a pass over it that the hash itself does not need: time won where a process is made
/// ready ahead, and lost where a request waits for it (docs/decisions/0013-the-memory-of-the-first-hash.md).
fn make_ready_to_hash(hasher: &Hasher) -> Result<(), HashError> {
    let kind = std::env::var(INITIALIZATION_TYPE).ok();
    if is_ahead_of_requests(kind.as_deref()) { hasher.warm_up() } else { hasher.check() }
}

/// How Lambda says what a process is begun for.
const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";

/// `on-demand` is for a request that waits. All else that Lambda knows (`provisioned-concurrency`, `snap-start`,
/// `lambda-managed-instances`) is ahead of any.
fn is_ahead_of_requests(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| kind != "on-demand")
}

/// Says in the log why a function does not start.
pub fn cannot_start(error: &(dyn std::error::Error + 'static)) {
    log::error("the function cannot start", error);
}

/// Serves events until the process is ended.
///
/// # Errors
/// An environment variable that cannot be used, a processor that computes Argon2 wrongly, or a Runtime API that does not answer.
pub async fn run<H, F>(handler: H, warm_up: WarmUp) -> Result<(), Error>
where
    H: Fn(&'static App, Request) -> F,
    F: Future<Output = Response> + Send,
{
    let app = kept(App::from_lambda_env())?;
    warm_up.run(app).await.inspect_err(|error| cannot_start(error))?;
    serve(app, |request| handler(app, request)).await
}

/// As [`run`], for a function that asks no storage and needs no keys: its binary is less than a third of the others',
/// and starts sooner.
pub async fn run_without_storage<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(&'static Facts, Request) -> F,
    F: Future<Output = Response> + Send,
{
    let facts = kept(Facts::from_env())?;
    serve(facts, |request| handler(facts, request)).await
}

fn kept<T>(made: Result<T, ConfigError>) -> Result<&'static T, ConfigError> {
    Ok(Box::leak(Box::new(made.inspect_err(|error| cannot_start(error))?)))
}

async fn serve<H, F>(facts: &'static Facts, handler: H) -> Result<(), Error>
where
    H: Fn(Request) -> F,
    F: Future<Output = Response> + Send,
{
    let handler = &handler;
    lambda_http::run(service_fn(move |request: Request| {
        if let Some(url) = request.stage_variables_ref().and_then(|variables| variables.first("publicUrl")) {
            facts.learn_public_url(url);
        }
        // Boxed: the runtime wraps it many times over, and would move all of it each time.
        let answer = Box::pin(handler(request));
        async move { Ok::<_, Error>(Answer(answer.await)) }
    }))
    .await
}

/// A response as Lambda is to have it. `lambda_http` would read its body once more to find out whether it is text, which
/// it says itself.
struct Answer(Response);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        Box::pin(ready(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_lambda_begins_for_a_request_has_somebody_waiting() {
        assert!(!is_ahead_of_requests(Some("on-demand")));
        for kind in ["provisioned-concurrency", "snap-start", "lambda-managed-instances"] {
            assert!(is_ahead_of_requests(Some(kind)), "{kind}");
        }
        // Anything that is not Lambda begins a function when a request comes.
        assert!(!is_ahead_of_requests(None));
    }
}
