//! The figures as people read them.

pub(crate) mod cost;
pub(crate) mod docs;
mod others;
pub(crate) mod plot;
mod targets;

use std::fmt::Write;

use crate::load::AT_ONCE;
use crate::report::{Capacity, ColdStarts, Instructions, Load, Report, Scale, Setting, WarmDoors};
use crate::table::Table;

/// A part of the report: its name, its heading and its text.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

/// The parts that were measured, in the order in which they are read.
pub(crate) fn sections(report: &Report) -> Vec<Section> {
    let section = |name, text: Option<String>| text.map(|text| Section { name, text });
    let parts = [
        section("cold", report.cold.as_ref().map(cold)),
        section("instructions", report.instructions.as_ref().map(instructions)),
        section("warm", report.warm.as_ref().map(warm)),
        section("load", report.load.as_ref().map(load)),
        section("scale", report.scale.as_ref().map(scale)),
        section("capacity", report.capacity.as_ref().map(capacity)),
        section("targets", Some(targets::table(report))),
        section("others", report.load.as_ref().map(|load| others::table(load, report))),
        section("cost", cost::table(report)),
    ];
    parts.into_iter().flatten().collect()
}

fn setting(setting: &Setting) -> String {
    let Setting { date, processor, cores, system, compiler } = setting;
    format!("Measured on {date}: {processor}, {cores} cores, {system}, {compiler}.\n\n")
}

fn times(measured: f64, by: f64) -> String {
    if by > 0.0 { format!("{:.2}", measured / by) } else { String::new() }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and processes")]
fn thousands(number: u64) -> f64 {
    number as f64 / 1024.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of instructions")]
fn millions(number: u64) -> f64 {
    number as f64 / 1e6
}

fn cold(cold: &ColdStarts) -> String {
    let floor = cold.floor.total.median;
    let mut table = Table::new([
        "function", "KiB", "zip KiB", "init ms", "cold ms", "× floor", "× stack", "TLS ms", "× floor",
        "× stack", "RSS MiB", "peak MiB",
    ]);
    for start in std::iter::once(&cold.floor).chain(&cold.functions).chain(&cold.variants) {
        table.row([
            start.function.clone(),
            format!("{:.0}", thousands(start.binary_bytes)),
            format!("{:.0}", thousands(start.zip_bytes)),
            format!("{:.2}", start.init.median),
            format!("{:.2}", start.total.median),
            times(start.total.median, floor),
            start.yardstick.map_or_else(String::new, |stack| times(start.total.median, stack.median)),
            start.tls.map_or_else(String::new, |tls| format!("{:.2}", tls.median)),
            start.tls.map_or_else(String::new, |tls| times(tls.median, floor)),
            start
                .tls
                .zip(start.yardstick_tls)
                .map_or_else(String::new, |(tls, stack)| times(tls.median, stack.median)),
            format!("{:.1}", thousands(start.memory.resident)),
            format!("{:.1}", thousands(start.memory.peak)),
        ]);
    }
    let mut text = setting(&cold.setting);
    let runs = cold.functions.first().map_or(0, |function| function.total.n);
    let _ = write!(text, "Medians of {runs} interleaved runs of each function.\n\n{table}");
    if let Some(hash) = cold.first_hash_ms {
        let _ = write!(
            text,
            "\nOne Argon2id hash, the first of its process, takes {hash:.2} ms of a cold start.\n"
        );
    }
    if let Some(reason) = &cold.no_tls {
        let _ = write!(text, "\nNo figures over TLS: {reason}.\n");
    }
    text
}

fn instructions(counted: &Instructions) -> String {
    let millions = |count: u64| format!("{:.2}", millions(count));
    let mut table = Table::new(["function", "hashes", "million instructions", "its stack's", "× stack"]);
    for row in &counted.rows {
        let (ours, stack) = counted.without_hashes(row);
        table.row([
            row.function.clone(),
            row.hashes.to_string(),
            millions(ours),
            stack.map_or_else(String::new, millions),
            stack.map_or_else(String::new, |stack| times(self::millions(ours), self::millions(stack))),
        ]);
    }
    let mut text = setting(&counted.setting);
    text.push_str("From the start of the process to its first answer, without the hashes");
    if let Some(hash) = counted.hash {
        let _ = write!(text, "; one takes {:.1} million", self::millions(hash));
    }
    let _ = write!(text, ".\n\n{table}");
    if let Some(reason) = &counted.none {
        let _ = write!(text, "\nNot counted: {reason}.\n");
    }
    text
}

fn warm(warm: &WarmDoors) -> String {
    let mut table = Table::new([
        "function",
        "ms",
        "p10",
        "p90",
        "CPU ms",
        "limit",
        "limit ms",
        "× limit",
        "× limit + floor",
        "× stack",
    ]);
    for row in &warm.doors {
        let on_floor = row.limited_by == "the floor";
        let with_floor = row.limit.median + if on_floor { 0.0 } else { warm.floor.median };
        table.row([
            row.function.clone(),
            format!("{:.3}", row.door.median),
            format!("{:.3}", row.door.p10),
            format!("{:.3}", row.door.p90),
            format!("{:.3}", row.cpu_ms),
            row.limited_by.clone(),
            format!("{:.3}", row.limit.median),
            times(row.door.median, row.limit.median),
            times(row.door.median, with_floor),
            row.stack.map_or_else(String::new, |stack| times(row.door.median, stack.median)),
        ]);
    }
    let mut text = setting(&warm.setting);
    let requests = warm.doors.first().map_or(0, |row| row.door.n);
    let _ = write!(
        text,
        "Medians of {requests} requests, by turns with the limit. A function that does nothing answers in {:.3} ms.\n\n{table}",
        warm.floor.median
    );
    text
}

fn load(load: &Load) -> String {
    let head = load
        .clients
        .iter()
        .map(|count| if *count == 1 { "1 client".to_owned() } else { format!("{count} clients") });
    let limited = ["limit", "× limit"].map(str::to_owned);
    let mut table = Table::headed(std::iter::once("what".to_owned()).chain(head).chain(limited));
    for row in &load.rows {
        let cells = row.per_second.iter().zip(&row.latency);
        let cells =
            cells.map(|(rate, latency)| format!("{rate:.0} ({:.2}, {:.2})", latency.median, latency.p90));
        let limit = row.limit.map(|limit| format!("{limit:.0}"));
        let share = load.of_limit(&row.what).map(|share| format!("{share:.2}"));
        let limited = [limit, share].map(Option::unwrap_or_default);
        table.row(std::iter::once(row.what.clone()).chain(cells).chain(limited));
    }
    let mut text = setting(&load.setting);
    let _ = write!(
        text,
        "Requests a second (median and ninth decile of one request, in ms); the limit with {AT_ONCE} clients, by turns.\n\n{}\n\
         First start, which makes keys and secrets: {:.0} ms to the first answer; on a folder that has them: {:.0} ms.\n\
         RSS: {:.1} MiB idle, {:.1} MiB after the load, {:.1} MiB at most. One Argon2id hash on the same core: {:.2} ms; \
         the making of one RSA key: {:.0} ms ({:.0} to {:.0}).\n",
        table,
        load.first_start_ms,
        load.later_start_ms,
        thousands(load.idle.resident),
        thousands(load.loaded.resident),
        thousands(load.loaded.peak),
        load.hash.median,
        load.rsa_key.median,
        load.rsa_key.p10,
        load.rsa_key.p90,
    );
    text
}

fn scale(scale: &Scale) -> String {
    let mut table = Table::new(["users", "verify-token, ms", "×"]);
    table.row([scale.small_users.to_string(), format!("{:.3}", scale.small.median), "1".to_owned()]);
    let ratio = times(scale.large.median, scale.small.median);
    table.row([scale.large_users.to_string(), format!("{:.3}", scale.large.median), ratio]);
    format!(
        "{}Medians of {} requests, by turns, users far apart.\n\n{table}",
        setting(&scale.setting),
        scale.small.n
    )
}

fn capacity(capacity: &Capacity) -> String {
    let mut table = Table::new(["function", "in sequence", "read units", "write units", "calls"]);
    for row in &capacity.rows {
        table.row([
            row.function.clone(),
            row.in_sequence.to_string(),
            // A sum of nothing is -0.
            format!("{}", row.read_units + 0.0),
            format!("{}", row.write_units + 0.0),
            row.calls.join(", "),
        ]);
    }
    table.to_string()
}
