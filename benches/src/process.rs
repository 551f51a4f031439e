//! A function's process, as Lambda runs it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::launch::Launch;
use crate::stub::{Report, Stub};

/// The variables that a function runs with.
pub(crate) type Environment = Vec<(&'static str, String)>;

/// A function that runs. It is killed when it is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    stub: Stub,
}

/// The first answer of a process.
pub(crate) struct Cold {
    /// From the start of the process until it asks for an event.
    pub(crate) init: Duration,
    /// From the start of the process until its answer is there.
    pub(crate) total: Duration,
    pub(crate) answer: Value,
    pub(crate) memory: Memory,
}

/// What a process has in memory, in KiB.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: u64,
    /// At most, so far.
    pub(crate) peak: u64,
}

impl Process {
    /// Starts a binary with the variables that Lambda sets, these, and nothing of this machine's environment.
    pub(crate) fn start(binary: &Path, environment: &Environment) -> Self {
        Self::spawn(Command::new(binary), &name_of(binary), environment, Stub::start())
    }

    /// Starts a binary that finds an event waiting, and waits for its answer.
    pub(crate) fn start_cold(binary: &Path, environment: &Environment, event: &[u8]) -> Cold {
        let mut stub = Stub::start();
        stub.send(event);
        let started = Instant::now();
        let process = Self::spawn(Command::new(binary), &name_of(binary), environment, stub);
        let report = process.report();
        Cold {
            init: process.stub.first_poll().map_or(Duration::ZERO, |at| at - started),
            total: report.at - started,
            answer: process.answer(&report),
            memory: Memory::of(process.child.id()),
        }
    }

    /// Starts something by way of this command, and asks it to end once it has answered its event: the answer, and how it ended.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    pub(crate) fn answer_once(command: Command, launch: &Launch) -> io::Result<(Value, ExitStatus)> {
        let mut stub = Stub::start();
        stub.send(&launch.event);
        let mut process = Self::spawn(command, &name_of(&launch.binary), &launch.environment, stub);
        let answer = process.answer(&process.report());
        Command::new("kill").arg(process.child.id().to_string()).status()?;
        Ok((answer, process.child.wait()?))
    }

    fn spawn(mut command: Command, name: &str, environment: &Environment, stub: Stub) -> Self {
        let api = stub.address.to_string();
        command.env_clear().envs([
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/latchkey/bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ]);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("{name}: {error}")), name: name.to_owned(), stub }
    }

    /// Sends an event and waits for the answer.
    pub(crate) fn invoke(&mut self, event: &[u8]) -> (Duration, Value) {
        let sent = Instant::now();
        self.stub.send(event);
        let report = self.report();
        (report.at - sent, self.answer(&report))
    }

    /// For how long all its threads have run, so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let run = threads.filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(run.sum())
    }

    fn report(&self) -> Report {
        self.stub.report().unwrap_or_else(|| panic!("{} does not answer", self.name))
    }

    fn answer(&self, report: &Report) -> Value {
        let body = String::from_utf8_lossy(&report.body);
        assert!(report.path.ends_with("/response"), "{} fails: {body}", self.name);
        serde_json::from_slice(&report.body).unwrap_or(Value::Null)
    }
}

fn name_of(binary: &Path) -> String {
    binary.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Memory {
    /// Of a running process; zeros where the system does not tell.
    pub(crate) fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let field = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Self { resident: field("VmRSS:").unwrap_or(0), peak: field("VmHWM:").unwrap_or(0) }
    }
}
