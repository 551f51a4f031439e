//! The figures, as they are kept.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::load::AT_ONCE;
use crate::process::Memory;
use crate::stats::Spread;

/// All that was measured; a part that was not is missing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
    pub(crate) cold: Option<ColdStarts>,
    pub(crate) instructions: Option<Instructions>,
    pub(crate) warm: Option<WarmDoors>,
    pub(crate) load: Option<Load>,
    pub(crate) scale: Option<Scale>,
    pub(crate) capacity: Option<Capacity>,
}

/// Where and when a part was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) date: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) system: String,
    pub(crate) compiler: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ColdStarts {
    pub(crate) setting: Setting,
    pub(crate) floor: ColdStart,
    pub(crate) functions: Vec<ColdStart>,
    /// Some of them, otherwise than a deployment begins with.
    #[serde(default)]
    pub(crate) variants: Vec<ColdStart>,
    /// What one Argon2id hash adds to the cold start of a function that does nothing else, in milliseconds: the first hash of a
    /// process, whose memory the system has yet to give.
    #[serde(default)]
    pub(crate) first_hash_ms: Option<f64>,
    /// What a zip of the stack has, which serves every function: all that any of them is made of but what is Latchkey's.
    #[serde(default)]
    pub(crate) stack_zip_bytes: u64,
    /// Why there are no figures over TLS.
    pub(crate) no_tls: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ColdStart {
    pub(crate) function: String,
    pub(crate) init: Spread,
    pub(crate) total: Spread,
    /// The same with the store behind TLS.
    pub(crate) tls: Option<Spread>,
    /// The stack with the same calls and computations and nothing else; of a function without storage, the runtime alone.
    #[serde(default)]
    pub(crate) yardstick: Option<Spread>,
    /// And that with the store behind TLS.
    #[serde(default)]
    pub(crate) yardstick_tls: Option<Spread>,
    pub(crate) memory: Memory,
    pub(crate) binary_bytes: u64,
    pub(crate) zip_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Instructions {
    pub(crate) setting: Setting,
    /// Of one Argon2id hash, if a function that hashes was counted.
    pub(crate) hash: Option<u64>,
    pub(crate) rows: Vec<InstructionsRow>,
    /// Why there are none, or not all.
    pub(crate) none: Option<String>,
}

/// From the start of a process to its first answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InstructionsRow {
    pub(crate) function: String,
    /// How many hashes are among them.
    pub(crate) hashes: usize,
    pub(crate) ours: u64,
    /// Of the stack with the same calls and computations; of a function without storage, of the runtime alone.
    pub(crate) stack: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WarmDoors {
    pub(crate) setting: Setting,
    pub(crate) floor: Spread,
    pub(crate) doors: Vec<WarmDoor>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WarmDoor {
    pub(crate) function: String,
    pub(crate) door: Spread,
    /// What no such door can do without.
    pub(crate) limit: Spread,
    /// In words.
    pub(crate) limited_by: String,
    /// The stack with the same calls and computations, and nothing else.
    pub(crate) stack: Option<Spread>,
    /// What the process had of a processor for one request.
    pub(crate) cpu_ms: f64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) setting: Setting,
    /// Without data: the first keys and the first secrets are made.
    pub(crate) first_start_ms: f64,
    /// On a folder that has them.
    pub(crate) later_start_ms: f64,
    pub(crate) idle: Memory,
    pub(crate) loaded: Memory,
    /// One hash, on the server's core.
    pub(crate) hash: Spread,
    /// And the making of one RSA key.
    pub(crate) rsa_key: Spread,
    pub(crate) clients: Vec<usize>,
    pub(crate) rows: Vec<LoadRow>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadRow {
    pub(crate) what: String,
    /// Requests a second, for each number of clients.
    pub(crate) per_second: Vec<f64>,
    /// And how long one took.
    pub(crate) latency: Vec<Spread>,
    /// The rate at which the same core makes its calls, hashes and signatures without Latchkey, for `AT_ONCE` clients; nothing for
    /// a request that takes none.
    pub(crate) limit: Option<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Scale {
    pub(crate) setting: Setting,
    pub(crate) small_users: usize,
    pub(crate) large_users: usize,
    pub(crate) small: Spread,
    pub(crate) large: Spread,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Capacity {
    pub(crate) setting: Setting,
    pub(crate) rows: Vec<CapacityRow>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CapacityRow {
    pub(crate) function: String,
    pub(crate) calls: Vec<String>,
    pub(crate) in_sequence: usize,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
}

impl Report {
    /// What an earlier run has left, if it has left any.
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        write(path, &text)
    }
}

/// Writes a file, and the folder that it is in.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

impl ColdStarts {
    pub(crate) fn function(&self, name: &str) -> Option<&ColdStart> {
        self.functions.iter().find(|function| function.function == name)
    }
}

impl Instructions {
    /// Of a function, and of its stack, without those of their hashes.
    pub(crate) fn without_hashes(&self, row: &InstructionsRow) -> (u64, Option<u64>) {
        let hashes = self.hash.unwrap_or_default() * row.hashes as u64;
        (row.ours.saturating_sub(hashes), row.stack.map(|stack| stack.saturating_sub(hashes)))
    }
}

impl WarmDoors {
    pub(crate) fn door(&self, name: &str) -> Option<&WarmDoor> {
        self.doors.iter().find(|door| door.function == name)
    }
}

impl Load {
    pub(crate) fn rate(&self, what: &str, clients: usize) -> Option<f64> {
        let at = self.clients.iter().position(|given| *given == clients)?;
        self.rows.iter().find(|row| row.what == what)?.per_second.get(at).copied()
    }

    /// What the server makes of its limit, as a share of it, with [`AT_ONCE`] clients.
    pub(crate) fn of_limit(&self, what: &str) -> Option<f64> {
        let limit = self.rows.iter().find(|row| row.what == what)?.limit?;
        Some(self.rate(what, AT_ONCE)? / limit)
    }
}

impl Setting {
    /// This machine, today.
    pub(crate) fn here() -> Self {
        use shared::clock::{Clock, SystemClock};
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str, sign: char| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(sign)?.1.trim().trim_matches('"').to_owned())
        };
        let unknown = || std::env::consts::ARCH.to_owned();
        let mut compiler = std::process::Command::new("rustc");
        let compiler = compiler.arg("--version").output().map(|output| output.stdout).unwrap_or_default();
        Self {
            date: SystemClock.now().to_rfc3339().split('T').next().unwrap_or_default().to_owned(),
            processor: field(&read("/proc/cpuinfo"), "model name", ':').unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            system: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
            compiler: String::from_utf8_lossy(&compiler).trim().to_owned(),
        }
    }
}
