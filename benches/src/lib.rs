//! What the benchmark and its yardstick, the example `stack`, have in common.

use serde::{Deserialize, Serialize};

/// The variable in which the stack finds its [`Script`], in JSON.
pub const SCRIPT: &str = "STACK_SCRIPT";

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
