//! `latchkey`: see `latchkey --help`.

use std::process::ExitCode;

use clap::Parser;
use latchkey::cli::{Cli, Command};
use latchkey::operator::describe;
use latchkey::{environment, operator, start};
use mimalloc::MiMalloc;

/// Nearly a fifth of a request's time went into the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => start::run(&cli.serve).await.map_err(|error| describe(&error)),
        Some(Command::Account(command)) => operator::account(command).await.map_err(|error| describe(&error)),
        Some(Command::User(command)) => operator::user(command).await.map_err(|error| describe(&error)),
        Some(Command::AccessKey(command)) => {
            operator::access_key(command).await.map_err(|error| describe(&error))
        }
        Some(Command::Keys(command)) => operator::keys(command).await.map_err(|error| describe(&error)),
        Some(Command::Env { data, json }) => {
            environment::print(&data, json).map_err(|error| describe(&error))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("latchkey: {message}");
            ExitCode::FAILURE
        }
    }
}
