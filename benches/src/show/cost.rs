//! What a million requests cost, from what was measured and from list prices.

use std::fmt::Write;

use tests::documents;

use crate::report::{CapacityRow, Report};
use crate::table::Table;

/// When the prices below were looked up: us-east-1, first tier, without free allowances.
const PRICES_OF: &str = "2025";
/// API Gateway, a million requests to an HTTP API of up to 512 KB.
const GATEWAY: f64 = 1.00;
/// Lambda, a million requests.
const LAMBDA_REQUESTS: f64 = 0.20;
/// Lambda, a GB-second.
const LAMBDA: [(&str, f64); 2] = [("arm64", 0.000_013_333_4), ("x86_64", 0.000_016_666_7)];
/// DynamoDB on demand, a million units.
const READ_UNITS: f64 = 0.125;
const WRITE_UNITS: f64 = 0.625;
/// Cognito, a million tokens for machines in its first tier.
const COGNITO_MACHINE_TOKENS: f64 = 2250.0;

/// A whole processor, in MB of memory.
const WHOLE_PROCESSOR: f64 = 1769.0;
/// What one call to DynamoDB is taken to wait for; not measured here.
const CALL_MS: f64 = 5.0;

const DOORS: [(&str, &str); 5] = [
    ("sign-in", "login"),
    ("refresh", "refresh"),
    ("check of a token", "verify-token"),
    ("machine token, HS384", "access-key-login"),
    ("machine token, RS256", "oauth-token"),
];

/// What a million requests to a function cost on one kind of processor.
struct Cost {
    memory: f64,
    billed_ms: f64,
    compute: [f64; 2],
    storage: f64,
}

pub(crate) fn table(report: &Report) -> Option<String> {
    let (warm, capacity) = (report.warm.as_ref()?, report.capacity.as_ref()?);
    let mut table = Table::new([
        "a million",
        "function",
        "MB",
        "CPU ms",
        "calls",
        "billed ms",
        "DynamoDB $",
        "total $, arm64",
        "total $, x86_64",
    ]);
    for (what, function) in DOORS {
        let row = capacity.rows.iter().find(|row| row.function == function)?;
        let cpu_ms = warm.door(function)?.cpu_ms;
        let cost = cost(function, cpu_ms, row);
        let total = cost.compute.map(|compute| GATEWAY + LAMBDA_REQUESTS + compute + cost.storage);
        table.row([
            what.to_owned(),
            function.to_owned(),
            format!("{:.0}", cost.memory),
            format!("{cpu_ms:.2}"),
            row.in_sequence.to_string(),
            format!("{:.0}", cost.billed_ms),
            format!("{:.2}", cost.storage),
            format!("{:.2}", total[0]),
            format!("{:.2}", total[1]),
        ]);
    }
    let mut text = format!(
        "List prices of us-east-1 as they were in {PRICES_OF} (check them): first tier, without free allowances.\n\n{table}\n"
    );
    let _ = writeln!(
        text,
        "A million tokens for machines cost ${COGNITO_MACHINE_TOKENS:.0} at Amazon Cognito in its first tier ($2.25 a thousand), besides its price per app client."
    );
    Some(text)
}

fn cost(function: &str, cpu_ms: f64, row: &CapacityRow) -> Cost {
    let memory = memory_of(function);
    #[expect(clippy::cast_precision_loss, reason = "a few calls")]
    let waiting = row.in_sequence as f64 * CALL_MS;
    let billed_ms = (cpu_ms * (WHOLE_PROCESSOR / memory).max(1.0) + waiting).ceil();
    Cost {
        memory,
        billed_ms,
        compute: LAMBDA.map(|(_, price)| billed_ms / 1000.0 * memory / 1024.0 * price * 1e6),
        storage: row.read_units * READ_UNITS + row.write_units * WRITE_UNITS,
    }
}

/// The memory that the template gives a function, in MB.
fn memory_of(function: &str) -> f64 {
    let template = documents::template();
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let name: String = function.split('-').map(capital).collect();
    let own = template["Resources"][format!("{name}Function")]["Properties"]["MemorySize"].as_f64();
    own.or_else(|| template["Resources"][name]["Properties"]["MemorySize"].as_f64())
        .or_else(|| template["Globals"]["Function"]["MemorySize"].as_f64())
        .expect("a size in the template")
}
