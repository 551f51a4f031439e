//! The end-to-end suites: every door over real HTTP, as its clients see it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod access_key_login;
mod account_token;
mod authorizer;
mod contract;
mod elsewhere;
mod faults;
mod keys;
mod life;
mod limits;
mod oauth;
mod operator;
mod program;
mod rotation;
mod rules;
mod runtime;
mod scoped_token;
mod seeds;
mod support;
mod user_session;
mod verify_token;
