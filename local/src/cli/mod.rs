//! The command line.
#![expect(clippy::doc_markdown, reason = "these comments are the help that people read in a terminal")]

mod access_key;
mod account;
mod keys;
mod user;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use access_key::{AccessKeyCommand, State};
pub use account::AccountCommand;
pub use keys::{KeyPurpose, KeysCommand};
pub use user::UserCommand;

/// An authentication service: every function in one process, on an embedded store.
#[derive(Debug, Parser)]
#[command(
    name = "latchkey",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  latchkey                        serve on port 3000, data in .latchkey/\n  latchkey --port 0 --memory      serve on any port, keep nothing\n  latchkey user create --username ada --email ada@example.com --password '…'\n  latchkey access-key list --json\n  eval \"$(latchkey env)\"           reach the store of the running server with any AWS tool\n\nSettings come from the environment, by the names of template.yaml:\n  PUBLIC_URL, DEFAULT_ACCOUNT, ACCOUNTS_TABLE, TOKENS_TABLE, KEYS_TABLE\n  SESSION_ABSOLUTE_SECONDS, SESSION_IDLE_SECONDS, REFRESH_GRACE_SECONDS\n  ARGON2_MEMORY_KIB, ARGON2_ITERATIONS, ARGON2_PARALLELISM\n  PASSWORD_MIN_LENGTH, UNVERIFIED_SIGN_IN (allow, refuse), ADDRESS_FAILURES, KEY_ROTATION_DAYS\n  AUDIENCE, SIGNING_ALGORITHM (RS256, ES256, EdDSA), PRODUCT_NAME, PRODUCT_COLOR\n  MAIL_TRANSPORT (smtp://…, smtps://…, ses, folder:DIR; unset: the page /local/mail), MAIL_FROM, SSL_CERT_FILE\n  ALLOWED_ORIGINS (of pages that may call it: http://localhost:5173)\n  AWS_CA_BUNDLE (with --aws: certificates to trust in place of the system's)"
)]
pub struct Cli {
    /// How to serve, without a command.
    #[command(flatten)]
    pub serve: Serve,
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How to serve.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Folder of the data
    #[arg(long, value_name = "DIR", default_value = ".latchkey")]
    pub data: PathBuf,
    /// Keep the data in memory only; nothing is written
    #[arg(long, conflicts_with = "data")]
    pub memory: bool,
    /// Port on the loopback address; 0 takes any free one
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Write no line for each request
    #[arg(long)]
    pub quiet: bool,
}

/// The operator's commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accounts: make, list, show, disable, enable, new secret
    #[command(subcommand)]
    Account(AccountCommand),
    /// Users: make, list, show, suspend, activate, unlock, new password, delete, import, export
    #[command(subcommand)]
    User(UserCommand),
    /// Access keys: make, list, show, revoke
    #[command(subcommand)]
    AccessKey(AccessKeyCommand),
    /// Signing keys: list, rotate, retire
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the environment with which other programs reach the store of a running server
    #[command(
        after_help = "The store answers only those who know its access key id, which changes with every start.\n\nExample:\n  eval \"$(latchkey env)\" && aws dynamodb list-tables"
    )]
    Env {
        /// Folder of the data of the running server
        #[arg(long, value_name = "DIR", default_value = ".latchkey")]
        data: PathBuf,
        /// Answer in JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}

/// Where a command finds the data, and how it answers.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Folder of the data of a local server, running or not
    #[arg(long, value_name = "DIR", default_value = ".latchkey")]
    pub data: PathBuf,
    /// Work on AWS, with the usual AWS configuration; ACCOUNTS_TABLE, TOKENS_TABLE and KEYS_TABLE name the tables
    #[arg(long, conflicts_with = "data")]
    pub aws: bool,
    /// Answer in JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// What part of a list to show.
#[derive(Debug, Clone, Args)]
pub struct Page {
    /// How many to show at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Go on after this one, as a list that was cut says
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}
