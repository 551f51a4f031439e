//! The program `latchkey` as people start it: what it says, what it keeps, how it ends.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod cors;
mod curl;
mod durability;
mod failing;
mod in_process;
mod local_store;
mod mail_page;
mod mail_provider;
mod secrecy;
mod start;
