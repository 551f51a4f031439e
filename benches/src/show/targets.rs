//! What was to be reached, and what was.

use tests::events;

use crate::report::{ColdStart, Report};
use crate::table::Table;

use super::{millions, thousands};
use crate::record;

/// What the documents allow in sequence, without the keyring of a cold start.
const BUDGETS: [(&str, usize); 8] = [
    ("verify-token", 1),
    ("refresh", 1),
    ("access-key-login", 1),
    ("account-token", 2),
    ("login", 2),
    ("scoped-token", 2),
    ("signup", 1),
    ("jwks", 0),
];

pub(crate) fn table(report: &Report) -> String {
    let mut table = Table::new(["what", "to reach", "measured", "reached"]);
    let mut row = |what: &str, figure: &str, measured: Option<(String, bool)>| {
        let (measured, reached) = match measured {
            Some((measured, _)) if figure.is_empty() => (measured, ""),
            Some((measured, true)) => (measured, "yes"),
            Some((measured, false)) => (measured, "no"),
            None => (String::new(), "not measured"),
        };
        table.row([what, figure, &measured, reached].map(str::to_owned));
    };
    let storeless = |start: &ColdStart| start.function == events::STORELESS;
    row("without storage, cold (discovery)", "≤ 1.4 × floor", cold(report, 1.4, &storeless, false));
    row("… over `lambda_http` alone", "", over_yardstick(report, &storeless, false));
    // JWKS is here: its keys come from storage.
    let others = |start: &ColdStart| !storeless(start) && !hashes(start);
    // What the figures were measured with makes one call for a request.
    let one_call = |start: &ColdStart| others(start) && waits_once(report, &start.function) == Some(true);
    let more_calls = |start: &ColdStart| others(start) && waits_once(report, &start.function) == Some(false);
    row(
        "with storage and one call, cold, store without TLS",
        "≤ 3 × floor",
        cold(report, 3.0, &one_call, false),
    );
    row("the same, store behind TLS", "≤ 4 × floor", cold(report, 4.0, &one_call, true));
    row("with calls in sequence, store without TLS", "≤ 3 × floor", cold(report, 3.0, &more_calls, false));
    row("the same, store behind TLS", "≤ 4 × floor", cold(report, 4.0, &more_calls, true));
    row("all these over the stack with the same calls", "", over_yardstick(report, &others, false));
    row("… over that behind TLS", "", over_yardstick(report, &others, true));
    row(
        "a function that hashes, cold, over the stack with the same calls and hashes",
        "",
        over_yardstick(report, &hashes, false),
    );
    row("instructions of a cold start, over the stack's", "", instructions(report));
    row("RSS after the first answer", "≤ 9 MiB", resident(report, 9.0, false));
    row("… of a function that hashes", "≤ 29 MiB", resident(report, 29.0, true));
    row("zip", "≤ 3.2 MB", zip(report));
    row("… of the stack alone", "", stack_zip(report));
    for (function, limit) in
        [("login", 1.15), ("scoped-token", 1.15), ("verify-token", 1.3), ("refresh", 1.3)]
    {
        let door = report.warm.as_ref().and_then(|warm| warm.door(function));
        let ratio = door.map(|door| {
            let ratio = door.door.median / door.limit.median;
            let in_a_function = door.stack.map(|stack| door.door.median / stack.median);
            let beside = in_a_function.map(|times| format!("; {times:.2} × the stack"));
            (format!("{ratio:.2} ×{}", beside.unwrap_or_default()), ratio <= limit)
        });
        let what = format!("{function}, warm, over {}", door.map_or("its limit", |door| &door.limited_by));
        row(&what, &format!("≤ {limit} ×"), ratio);
    }
    row("storage calls in sequence", "the budgets", calls(report));
    table.to_string()
}

/// Whether a request of this function waits for storage once at most, if its calls were counted. Of the functions that no
/// route leads to the authorizer alone does, which makes the call of verify-token.
fn waits_once(report: &Report, function: &str) -> Option<bool> {
    let mut rows = report.capacity.as_ref()?.rows.iter().filter(|row| row.in_sequence <= 1);
    Some(function == events::AUTHORIZER || rows.any(|row| row.function == function))
}

fn hashes(start: &ColdStart) -> bool {
    record::hashes(&start.function) > 0
}

/// The slowest of some functions, as a multiple of the floor.
fn cold(
    report: &Report,
    limit: f64,
    of: &dyn Fn(&ColdStart) -> bool,
    over_tls: bool,
) -> Option<(String, bool)> {
    let cold = report.cold.as_ref()?;
    let time =
        |start: &ColdStart| if over_tls { start.tls.map(|tls| tls.median) } else { Some(start.total.median) };
    let times = cold.functions.iter().filter(|start| of(start));
    let times: Vec<(f64, &str)> = times
        .filter_map(|start| Some((time(start)? / cold.floor.total.median, start.function.as_str())))
        .collect();
    span(&times, limit, "×")
}

/// The slowest and the fastest of some functions, as a multiple of what the same calls and computations take without anything
/// of ours.
fn over_yardstick(
    report: &Report,
    of: &dyn Fn(&ColdStart) -> bool,
    over_tls: bool,
) -> Option<(String, bool)> {
    let functions = report.cold.as_ref()?.functions.iter().filter(|start| of(start));
    let ratio = |start: &ColdStart| {
        Some(if over_tls {
            start.tls?.median / start.yardstick_tls?.median
        } else {
            start.total.median / start.yardstick?.median
        })
    };
    let ratios: Vec<_> =
        functions.filter_map(|start| Some((ratio(start)?, start.function.as_str()))).collect();
    span(&ratios, f64::INFINITY, "×")
}

/// What a function executes from its start to its first answer, its hashes left out, as a multiple of what its stack does.
fn instructions(report: &Report) -> Option<(String, bool)> {
    let counted = report.instructions.as_ref()?;
    let ratios = counted.rows.iter().filter_map(|row| {
        let (ours, stack) = counted.without_hashes(row);
        Some((millions(ours) / millions(stack?), row.function.as_str()))
    });
    span(&ratios.collect::<Vec<_>>(), f64::INFINITY, "×")
}

/// From the least to the most.
fn span(values: &[(f64, &str)], limit: f64, unit: &str) -> Option<(String, bool)> {
    let least = values.iter().min_by(|one, other| one.0.total_cmp(&other.0))?;
    let most = values.iter().max_by(|one, other| one.0.total_cmp(&other.0))?;
    let text = if values.len() == 1 {
        format!("{:.2} {unit}", most.0)
    } else {
        format!("{:.2} ({}) to {:.2} {unit} ({})", least.0, least.1, most.0, most.1)
    };
    Some((text, most.0 <= limit))
}

fn resident(report: &Report, limit: f64, of_hashing: bool) -> Option<(String, bool)> {
    let functions = report.cold.as_ref()?.functions.iter().filter(|start| hashes(start) == of_hashing);
    let sizes = functions.map(|start| (thousands(start.memory.resident), start.function.as_str()));
    span(&sizes.collect::<Vec<_>>(), limit, "MiB")
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files")]
fn zip(report: &Report) -> Option<(String, bool)> {
    let functions = report.cold.as_ref()?.functions.iter();
    let sizes = functions.map(|start| (start.zip_bytes as f64 / 1e6, start.function.as_str()));
    span(&sizes.collect::<Vec<_>>(), 3.2, "MB")
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files")]
fn stack_zip(report: &Report) -> Option<(String, bool)> {
    let bytes = report.cold.as_ref()?.stack_zip_bytes;
    Some((format!("{:.2} MB", bytes as f64 / 1e6), true))
}

fn calls(report: &Report) -> Option<(String, bool)> {
    let rows = &report.capacity.as_ref()?.rows;
    let over = BUDGETS.iter().filter_map(|(function, budget)| {
        let row = rows.iter().find(|row| row.function == *function)?;
        (row.in_sequence > *budget).then(|| format!("{function} {}", row.in_sequence))
    });
    let over: Vec<String> = over.collect();
    Some(if over.is_empty() { ("each within its own".to_owned(), true) } else { (over.join(", "), false) })
}
