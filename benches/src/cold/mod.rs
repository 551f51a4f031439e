//! Cold starts: from the start of a process until its first answer, beside a function that does nothing.

mod first_hash;
mod variant;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::built::{self, Unpacked, Yardstick};
use crate::cli::Effort;
use crate::fixture::{Fixture, Success};
use crate::launch::Launch;
use crate::limit::RawHash;
use crate::process::{Cold, Environment, Memory, Process};
use crate::progress;
use crate::record::{Recorder, hashes};
use crate::report::{ColdStart, ColdStarts, Setting};
use crate::stats::{Spread, median};
use crate::tls::TlsStore;
use tests::events::STORELESS;

use first_hash::FirstHash;
use variant::Variant;

/// What the runs of one function have given.
#[derive(Default)]
struct Runs {
    init: Vec<Duration>,
    total: Vec<Duration>,
    tls: Vec<Duration>,
    memory: Vec<Memory>,
}

/// What is started for each function.
#[derive(Clone, Copy)]
enum Start {
    Ours,
    OursOverTls,
    Stack,
    StackOverTls,
}

const STARTS: [Start; 4] = [Start::Ours, Start::OursOverTls, Start::Stack, Start::StackOverTls];

pub(crate) fn measure(functions: &[String], effort: Effort) -> ColdStarts {
    let mut no_tls = None;
    let mut variants = Variant::of(functions);
    let mut floor = Runs::default();
    let mut all: Vec<[Runs; 2]> = functions.iter().map(|_| Default::default()).collect();
    let mut hash = FirstHash::default();
    for run in 0..effort.runs {
        progress(&format!("cold starts, run {} of {}", run + 1, effort.runs));
        // The engine keeps the tokens of transactions for ten minutes and looks at all of them with each new one, as DynamoDB
        // does not: the later a run, the longer they would take.
        let fixture = Fixture::new();
        let tls = TlsStore::start(&fixture).map_err(|error| no_tls = Some(error.to_string())).ok();
        // A copy can start a fifth later than another one, and then does so each time.
        let starts = Starts { recorder: Recorder::new(&fixture), unpacked: Unpacked::new() };
        for (function, [runs, beside]) in functions.iter().zip(&mut all) {
            floor.add(&starts.floor());
            // Each is the first in its turn: the others find more of what they need in the processor's caches.
            for start in STARTS.into_iter().cycle().skip(run % STARTS.len()).take(STARTS.len()) {
                starts.measure(start, tls.as_ref(), function, runs, beside);
            }
            variants
                .iter_mut()
                .filter(|variant| variant.is_of(function))
                .for_each(|variant| variant.add(&starts));
            if hashes(function) > 0 {
                hash.add(&starts, function);
            }
        }
    }
    let functions = functions.iter().zip(&all).map(|(function, [runs, beside])| ColdStart {
        yardstick: beside.spread(),
        yardstick_tls: beside.spread_over_tls(),
        ..runs.figures(function, &built::path(function))
    });
    ColdStarts {
        setting: Setting::here(),
        floor: floor.figures("floor", &Yardstick::Floor.path()),
        functions: functions.collect(),
        variants: variants.iter().map(Variant::figures).collect(),
        first_hash_ms: hash.ms(),
        stack_zip_bytes: zipped(&Yardstick::Stack.path()),
        no_tls,
    }
}

/// Starts binaries, each as it would be on Lambda.
struct Starts<'f> {
    recorder: Recorder<'f>,
    unpacked: Unpacked,
}

impl Starts<'_> {
    /// Starts what does what this function does.
    fn start(&self, launch: &Launch, function: &str) -> Cold {
        if hashes(function) > 0 {
            take_memory_back();
        }
        let binary = self.unpacked.path(&launch.binary, function);
        Process::start_cold(&binary, &launch.environment, &launch.event)
    }

    fn floor(&self) -> Cold {
        let binary = Yardstick::Floor.path();
        let launch = Launch { binary, environment: Environment::new(), event: b"{}".to_vec() };
        self.start(&launch, "floor")
    }

    fn measure(
        &self,
        start: Start,
        tls: Option<&TlsStore>,
        function: &str,
        runs: &mut Runs,
        beside: &mut Runs,
    ) {
        let fixture = self.recorder.fixture;
        if let Start::Ours | Start::OursOverTls = start {
            // The store has just done for the stack what is asked of it.
            drop(self.recorder.script(function, &fixture.values(function)));
        }
        match (start, tls) {
            (Start::Ours, _) => runs.add(&self.function(fixture, function, None)),
            (Start::Stack, _) => beside.total.extend(self.yardstick(function, None)),
            (Start::OursOverTls, Some(_)) => runs.tls.push(self.function(fixture, function, tls).total),
            (Start::StackOverTls, Some(_)) => beside.tls.extend(self.yardstick(function, tls)),
            (Start::OursOverTls | Start::StackOverTls, None) => {}
        }
    }

    /// Starts a function over the plain store, or over the one behind TLS.
    fn function(&self, fixture: &Fixture, function: &str, tls: Option<&TlsStore>) -> Cold {
        let cold = self.start(&Launch::of_function(fixture, function).over(tls), function);
        Success::of(function).check(function, &cold.answer);
        cold
    }

    /// How long what this function is made of takes, with the same to do, if that is known.
    fn yardstick(&self, function: &str, tls: Option<&TlsStore>) -> Option<Duration> {
        let launch = Launch::of_yardstick(&self.recorder, function)?;
        // A function that asks no storage is held against one that cannot reach any.
        let tls = tls.filter(|_| function != STORELESS);
        Some(self.start(&launch.over(tls), function).total)
    }
}

/// Lets the system have at hand what a process that hashes will ask for. Where it is a guest, its free memory may be lent to the machine beneath,
/// which takes up to 60 ms to give back what one hash needs. So three times that is asked for here, in the way of a hash.
fn take_memory_back() {
    RawHash::of(3 * 19_456, 1).compute();
}

impl Runs {
    fn add(&mut self, cold: &Cold) {
        self.init.push(cold.init);
        self.total.push(cold.total);
        self.memory.push(cold.memory);
    }

    fn spread(&self) -> Option<Spread> {
        (!self.total.is_empty()).then(|| Spread::of(&self.total))
    }

    fn spread_over_tls(&self) -> Option<Spread> {
        (!self.tls.is_empty()).then(|| Spread::of(&self.tls))
    }

    fn figures(&self, function: &str, binary: &Path) -> ColdStart {
        ColdStart {
            function: function.to_owned(),
            init: Spread::of(&self.init),
            total: Spread::of(&self.total),
            tls: self.spread_over_tls(),
            yardstick: None,
            yardstick_tls: None,
            memory: Memory {
                resident: self.memory_of(|memory| memory.resident),
                peak: self.memory_of(|memory| memory.peak),
            },
            binary_bytes: fs::metadata(binary).map_or(0, |metadata| metadata.len()),
            zip_bytes: zipped(binary),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "some thousands of KiB"
    )]
    fn memory_of(&self, part: impl Fn(&Memory) -> u64) -> u64 {
        median(self.memory.iter().map(|memory| part(memory) as f64).collect()) as u64
    }
}

/// The size of a zip with this file alone, but for some hundred bytes of headers.
fn zipped(file: &Path) -> u64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let bytes = fs::read(file).unwrap_or_default();
    encoder.write_all(&bytes).expect("memory");
    encoder.finish().map_or(0, |zip| zip.len() as u64)
}
