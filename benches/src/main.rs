//! `cargo run --release -p benches`: measures the service, and everything beside its own limit, because ratios carry from
//! machine to machine and milliseconds do not.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot be set up ends the program"
)]

mod built;
mod capacity;
mod cli;
mod cold;
mod cores;
mod fixture;
mod instructions;
mod launch;
mod limit;
mod load;
mod process;
mod record;
mod report;
mod scale;
mod show;
mod stats;
mod stub;
mod table;
mod tls;
mod warm;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tests::events;

use cli::{Cli, Part};
use fixture::Fixture;
use report::Report;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let known = events::functions();
    if let Some(unknown) = cli.functions.iter().find(|name| !known.contains(name)) {
        eprintln!("there is no function {unknown}; there are: {}", known.join(", "));
        return ExitCode::from(2);
    }
    if cfg!(debug_assertions) {
        eprintln!("figures of a debug build say nothing: cargo run --release -p benches");
        if cli.write_docs {
            return ExitCode::from(2);
        }
    }
    let functions = if cli.functions.is_empty() { known } else { cli.functions.clone() };
    let json = in_project(&cli.json);
    let mut report = Report::read(&json);
    measure(&cli, &functions, &mut report);

    let sections = show::sections(&report);
    for section in &sections {
        println!("\n## {}\n\n{}", section.name, section.text);
    }
    let written = report.write(&json).and_then(|()| {
        let Some(warm) = &report.warm else { return Ok(()) };
        let plot = show::plot::svg(warm);
        if cli.write_docs {
            report::write(&in_project(Path::new("docs/images/latency.svg")), &plot)?;
        }
        report::write(&in_project(&cli.plot), &plot)
    });
    let written = written.and_then(|()| if cli.write_docs { show::docs::write(&sections) } else { Ok(()) });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the figures cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Puts the parts that are wanted into the report, in place of what it has of them.
fn measure(cli: &Cli, functions: &[String], report: &mut Report) {
    let effort = cli.effort();
    let over_binaries =
        [Part::Cold, Part::Instructions, Part::Warm, Part::Scale].iter().any(|part| cli.wants(*part));
    if over_binaries {
        built::functions(functions);
        built::yardsticks();
    }
    if cli.wants(Part::Load) {
        built::server();
    }
    if over_binaries || cli.wants(Part::Capacity) {
        let fixture = Fixture::new();
        if cli.wants(Part::Capacity) {
            report.capacity = Some(capacity::measure(&fixture, functions));
        }
        if cli.wants(Part::Cold) {
            report.cold = Some(cold::measure(functions, effort));
        }
        if cli.wants(Part::Instructions) {
            report.instructions = Some(instructions::measure(&fixture, functions));
        }
        if cli.wants(Part::Warm) {
            report.warm = Some(warm::measure(&fixture, functions, effort));
        }
        if cli.wants(Part::Scale) && functions.iter().any(|name| name == "verify-token") {
            report.scale = Some(scale::measure(fixture.runtime(), effort));
        }
    }
    if cli.wants(Part::Load) {
        report.load = Some(load::measure(effort));
    }
}

/// Says what goes on: a whole run takes its time.
fn progress(text: &str) {
    eprintln!("» {text}");
}

/// A path of the command line: from the root of the project, wherever the program was started.
fn in_project(path: &Path) -> PathBuf {
    built::root().join(path)
}
