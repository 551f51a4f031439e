//! The instructions of a cold start, counted by valgrind: what comes out is the same on every machine, however busy it is.

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::fixture::{Fixture, Success};
use crate::launch::Launch;
use crate::process::Process;
use crate::progress;
use crate::record::{Recorder, hashes};
use crate::report::{Instructions, InstructionsRow, Setting};

/// Counts those of each function and of what it is made of.
pub(crate) fn measure(fixture: &Fixture, functions: &[String]) -> Instructions {
    let mut counted = Instructions { setting: Setting::here(), hash: None, rows: Vec::new(), none: None };
    if let Err(error) = fill(&mut counted, fixture, functions) {
        counted.none = Some(error.to_string());
    }
    counted
}

fn fill(counted: &mut Instructions, fixture: &Fixture, functions: &[String]) -> io::Result<()> {
    let valgrind = Valgrind::find()?;
    let recorder = Recorder::new(fixture);
    if functions.iter().any(|function| hashes(function) > 0) {
        let of = |hashes| valgrind.count(&Launch::of_hashes(fixture, hashes)).map(|(count, _)| count);
        counted.hash = Some(of(1)?.saturating_sub(of(0)?));
    }
    for function in functions {
        progress(&format!("instructions of {function}"));
        let stack = Launch::of_yardstick(&recorder, function);
        let stack = stack.map(|launch| valgrind.count(&launch)).transpose()?.map(|(count, _)| count);
        let (ours, answer) = valgrind.count(&Launch::of_function(fixture, function))?;
        Success::of(function).check(function, &answer);
        counted.rows.push(InstructionsRow {
            function: function.clone(),
            hashes: hashes(function),
            ours,
            stack,
        });
    }
    Ok(())
}

/// The program that counts, which runs another and goes its way with it.
struct Valgrind {
    program: PathBuf,
    folder: TempDir,
}

impl Valgrind {
    fn find() -> io::Result<Self> {
        // A function has no PATH to find it by.
        let path = env::var_os("PATH").unwrap_or_default();
        let program =
            env::split_paths(&path).map(|folder| folder.join("valgrind")).find(|file| file.is_file());
        let program = program.ok_or_else(|| io::Error::other("valgrind is not installed"))?;
        Ok(Self { program, folder: TempDir::new()? })
    }

    /// From the start of the process until it asks for a second event, with its answer to the first.
    fn count(&self, launch: &Launch) -> io::Result<(u64, Value)> {
        let counts = self.folder.path().join("counts");
        let mut valgrind = Command::new(&self.program);
        valgrind.args(["--quiet", "--tool=callgrind"]);
        valgrind.arg(format!("--callgrind-out-file={}", counts.display())).arg(&launch.binary);
        let (answer, ended) = Process::answer_once(valgrind, launch)?;
        let text = fs::read_to_string(&counts)?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total = total.and_then(|total| total.trim().parse().ok());
        let total = total
            .ok_or_else(|| io::Error::other(format!("valgrind has counted nothing, and ended with {ended}")));
        Ok((total?, answer))
    }
}
