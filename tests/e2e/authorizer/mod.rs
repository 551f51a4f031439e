//! The authorizer: what other APIs are told about a token, in both modes.

mod identity;
mod revoked;
mod unavailable;

use std::sync::Arc;

use authorizer::Failure;
use guard::{Guard, Mode};
use serde_json::{Value, json};
use shared::App;
use shared::store::Store;
use tests::Service;

use crate::verify_token::World;

/// A guard of its own process over a service's storage, with the service's clock.
fn guard(service: &Service, mode: Mode) -> Guard {
    let (config, store) = (&service.app.config, &service.app.store);
    Guard::new(App::new(config.clone(), Store::clone(store), Arc::clone(&service.clock)), mode)
}

/// One that has read the keys.
async fn warm(service: &Service, mode: Mode) -> Guard {
    let guard = guard(service, mode);
    guard.warm_up().await;
    service.calls.reset();
    guard
}

/// What an HTTP API is told about a token.
async fn asked(guard: &Guard, token: &str) -> Result<Value, Failure> {
    let authorization = format!("Bearer {token}");
    let event = json!({ "version": "2.0", "type": "REQUEST", "headers": { "authorization": authorization } });
    authorizer::handle(guard, event).await
}

/// The same by the cookie.
async fn asked_by_cookie(guard: &Guard, token: &str) -> Result<Value, Failure> {
    let cookies = ["theme=dark".to_owned(), format!("JSESSIONID={token}")];
    let event = json!({ "version": "2.0", "type": "REQUEST", "headers": {}, "cookies": cookies });
    authorizer::handle(guard, event).await
}

/// The context of an allowed request.
fn context(answer: Result<Value, Failure>) -> Value {
    let answer = answer.expect("an answer");
    assert_eq!(answer["isAuthorized"], true, "{answer}");
    answer["context"].clone()
}

async fn allows(guard: &Guard, token: &str) -> bool {
    let answer = asked(guard, token).await.expect("an answer");
    answer["isAuthorized"].as_bool().expect("a decision")
}

/// Every token of a world that opens something, with its name.
fn tokens(world: &World) -> Vec<(&'static str, &str)> {
    let of_account = ("account token", world.for_account.as_str());
    world.of_user().into_iter().chain([of_account]).collect()
}

/// Those of them that say when they expire.
fn jwts(world: &World) -> Vec<(&'static str, &str)> {
    tokens(world).into_iter().filter(|(_, token)| token.matches('.').count() == 2).collect()
}
