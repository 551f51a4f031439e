//! What every Latchkey function is made of, by concept of the field: passwords, sessions, access keys, JWTs, the
//! keyring, accounts, users, and the request and response they travel in. Nothing here knows a route.

pub mod access_key;
pub mod account;
pub mod app;
pub mod attempt;
pub mod authentication;
pub mod aws;
pub mod clock;
pub mod config;
pub mod denial;
pub mod door;
pub mod http;
pub mod id;
pub mod identifier;
pub mod jwt;
pub mod keyring;
pub mod lambda;
pub mod log;
pub mod one_time;
pub mod outbox;
pub mod password;
pub mod principal;
pub mod random;
pub mod roots;
pub mod scope;
pub mod secret;
pub mod session;
pub mod store;
pub mod user;

pub use app::App;
