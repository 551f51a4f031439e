//! What the benchmark and its yardsticks, the examples `stack` and `engine`, have in common.

mod player;

use serde::{Deserialize, Serialize};
use shared::config::TableNames;

pub use player::{Player, Storage};

/// The variable in which the stack finds its [`Script`], in JSON.
pub const SCRIPT: &str = "STACK_SCRIPT";

/// Stands in a recorded transaction for the token that makes it another one each time.
pub const TOKEN: &str = "00000000000000000000000000000000";

/// What a function cannot do without, in steps: whatever is in one step is done at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Script {
    /// Before the first request.
    pub init: Vec<Vec<Call>>,
    /// For each request.
    pub request: Vec<Vec<Call>>,
    /// How many Argon2id hashes of the default parameters a request takes, once its first step is done.
    pub hashes: usize,
    /// The RSA key, as PKCS #8 in Base64, that signs once for each request, in the end.
    pub signs_with: Option<String>,
}

/// A call to storage.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// As in `GetItem`.
    pub operation: String,
    /// What the SDK sends.
    pub body: String,
}

/// What the example `engine` finds on its standard input, in JSON.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scripts {
    /// What it can be asked to do.
    pub scripts: Vec<Script>,
    /// The name of the table of accounts that the calls are for.
    pub accounts: String,
    /// The same of the tokens.
    pub tokens: String,
    /// The same of the keys.
    pub keys: String,
}

impl Scripts {
    /// The names of the tables that the calls are for.
    #[must_use]
    pub fn tables(&self) -> TableNames {
        let Self { accounts, tokens, keys, .. } = self;
        TableNames { accounts: accounts.clone(), tokens: tokens.clone(), keys: keys.clone() }
    }
}
