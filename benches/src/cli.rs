//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures what the service takes, each part beside its own limit, and prints the ratios.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    after_help = "Examples:\n  cargo run --release -p benches                                  everything, about 30 minutes with the builds\n  cargo run --release -p benches -- --quick                       everything, with few repetitions\n  cargo run --release -p benches -- --only cold --functions login,jwks\n  cargo run --release -p benches -- --only instructions           what does not depend on the machine; needs Valgrind\n  cargo run --release -p benches -- --only scale --users 1000000\n  cargo run --release -p benches -- --only load --write-docs      and bring docs/ up to date\n\nA part that is not measured keeps the figures that the JSON file has of it. Measure on a machine that does nothing else."
)]
pub(crate) struct Cli {
    /// Measure these parts alone
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
    /// How many cold starts of each function
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// How many requests to each warm function
    #[arg(long, default_value_t = 300)]
    requests: usize,
    /// How many users the large store has
    #[arg(long, default_value_t = 100_000)]
    users: usize,
    /// Few repetitions, for a first look
    #[arg(long)]
    quick: bool,
    /// These functions alone
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) functions: Vec<String>,
    /// Where the figures go
    #[arg(long, value_name = "FILE", default_value = "target/bench/report.json")]
    pub(crate) json: PathBuf,
    /// Where the plot goes
    #[arg(long, value_name = "FILE", default_value = "target/bench/latency.svg")]
    pub(crate) plot: PathBuf,
    /// Put the figures into docs/performance.md and docs/cost.md, and the plot beside them
    #[arg(long)]
    pub(crate) write_docs: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Cold starts, memory, sizes
    Cold,
    /// Instructions of a cold start, counted by valgrind
    Instructions,
    /// Latency of a function that is kept
    Warm,
    /// Throughput of the local server
    Load,
    /// A large store beside a small one
    Scale,
    /// Calls to storage, and what they are charged as
    Capacity,
    /// Nothing: tables from the figures of an earlier run
    None,
}

/// How often things are repeated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) runs: usize,
    pub(crate) requests: usize,
    pub(crate) users: usize,
    /// How often each load is put on the server.
    pub(crate) rounds: usize,
    /// And for how long.
    pub(crate) seconds: f64,
}

impl Cli {
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    pub(crate) fn effort(&self) -> Effort {
        if self.quick {
            return Effort { runs: 3, requests: 40, users: 10_000, rounds: 1, seconds: 0.5 };
        }
        Effort { runs: self.runs, requests: self.requests, users: self.users, rounds: 3, seconds: 2.0 }
    }
}
