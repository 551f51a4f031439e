//! The program `latchkey`: every function in one process over an embedded store, and the commands of its operators.

pub mod banner;
pub mod bootstrap;
pub mod cli;
pub mod cors;
pub mod embedded;
pub mod engine;
pub mod environment;
pub mod functions;
pub mod gateway;
mod in_process;
pub mod mail;
pub mod operator;
pub mod routes;
pub mod server;
pub mod start;
pub mod tables;
pub mod template;
