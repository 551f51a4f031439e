//! What a million requests cost, from what was measured and from list prices.

use std::fmt::Write;

use ::tests::documents;

use crate::report::Report;
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

/// What a user does in a month, for the comparison by users: with which function, and how often.
const MONTH: [(&str, f64); 2] = [("login", 4.0), ("refresh", 60.0)];
/// And how often someone asks the service whether a token of theirs is still good.
const CHECKS: f64 = 1000.0;
const USERS: [(f64, &str); 2] = [(100_000.0, "100,000 users"), (1_000_000.0, "1,000,000 users")];

/// What a service that is paid by active users costs in a month.
struct Managed {
    service: &'static str,
    read: &'static str,
    monthly: f64,
    /// Up to how many users, and what each of them costs; as far as months are compared.
    brackets: &'static [(f64, f64)],
}

const MANAGED: [Managed; 4] = [
    Managed {
        service: "Amazon Cognito, Lite",
        read: "September 2026",
        monthly: 0.0,
        brackets: &[(10_000.0, 0.0), (100_000.0, 0.0055), (1_000_000.0, 0.0046)],
    },
    Managed {
        service: "Amazon Cognito, Essentials",
        read: "September 2026",
        monthly: 0.0,
        brackets: &[(10_000.0, 0.0), (f64::INFINITY, 0.015)],
    },
    Managed {
        service: "Amazon Cognito, Plus",
        read: "September 2026",
        monthly: 0.0,
        brackets: &[(f64::INFINITY, 0.02)],
    },
    Managed {
        service: "Supabase Auth, Pro",
        read: "2026",
        monthly: 25.0,
        brackets: &[(100_000.0, 0.0), (f64::INFINITY, 0.003_25)],
    },
];

impl Managed {
    fn of(&self, users: f64) -> f64 {
        let mut below = 0.0;
        let in_bracket = self.brackets.iter().map(|(until, price)| {
            let within = (users.min(*until) - below).max(0.0);
            below = *until;
            within * price
        });
        self.monthly + in_bracket.sum::<f64>()
    }
}

/// What a million requests to a function cost on one kind of processor.
struct Cost {
    memory: f64,
    cpu_ms: f64,
    in_sequence: usize,
    billed_ms: f64,
    compute: [f64; 2],
    storage: f64,
}

pub(crate) fn table(report: &Report) -> Option<String> {
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
        let cost = cost(report, function)?;
        let total = cost.total();
        table.row([
            what.to_owned(),
            function.to_owned(),
            format!("{:.0}", cost.memory),
            format!("{:.2}", cost.cpu_ms),
            cost.in_sequence.to_string(),
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
        "A million tokens for machines cost ${COGNITO_MACHINE_TOKENS:.0} at Amazon Cognito in its first tier ($2.25 a thousand), besides its price per app client.\n"
    );
    let _ = write!(
        text,
        "A month of users who each sign in {:.0} times and refresh {:.0} times, in dollars; a check is a question to the service, which nobody needs \
         who verifies JWTs by the published keys:\n\n{}",
        MONTH[0].1,
        MONTH[1].1,
        by_users(report)?
    );
    Some(text)
}

/// A month of Latchkey on arm64, beside services that are paid by active users.
fn by_users(report: &Report) -> Option<Table> {
    let head = USERS.map(|(_, users)| users.to_owned());
    let mut table =
        Table::headed(std::iter::once("service".to_owned()).chain(head).chain(["read".to_owned()]));
    let mut row = |service: &str, month: &dyn Fn(f64) -> f64, read: &str| {
        let months = USERS.map(|(users, _)| format!("{:.0}", month(users)));
        table.row(std::iter::once(service.to_owned()).chain(months).chain([read.to_owned()]));
    };
    let a_request = |function| Some(cost(report, function)?.total()[0] / 1e6);
    let mut user = 0.0;
    for (function, times) in MONTH {
        user += a_request(function)? * times;
    }
    let checked = user + a_request("verify-token")? * CHECKS;
    row("Latchkey", &|users| users * user, "");
    row(&format!("Latchkey, and {CHECKS:.0} checks of each user"), &|users| users * checked, "");
    for managed in &MANAGED {
        row(managed.service, &|users| managed.of(users), managed.read);
    }
    Some(table)
}

fn cost(report: &Report, function: &str) -> Option<Cost> {
    let cpu_ms = report.warm.as_ref()?.door(function)?.cpu_ms;
    let row = report.capacity.as_ref()?.rows.iter().find(|row| row.function == function)?;
    let memory = memory_of(function);
    #[expect(clippy::cast_precision_loss, reason = "a few calls")]
    let waiting = row.in_sequence as f64 * CALL_MS;
    let billed_ms = (cpu_ms * (WHOLE_PROCESSOR / memory).max(1.0) + waiting).ceil();
    Some(Cost {
        memory,
        cpu_ms,
        in_sequence: row.in_sequence,
        billed_ms,
        compute: LAMBDA.map(|(_, price)| billed_ms / 1000.0 * memory / 1024.0 * price * 1e6),
        storage: row.read_units * READ_UNITS + row.write_units * WRITE_UNITS,
    })
}

impl Cost {
    fn total(&self) -> [f64; 2] {
        self.compute.map(|compute| GATEWAY + LAMBDA_REQUESTS + compute + self.storage)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_costs_what_their_bracket_says() {
        let of = |service: &str, users| {
            let managed = MANAGED.iter().find(|managed| managed.service == service).expect("a service");
            managed.of(users).round()
        };
        for (service, users, price) in [
            ("Amazon Cognito, Lite", 10_000.0, 0.0),
            ("Amazon Cognito, Lite", 100_000.0, 495.0),
            ("Amazon Cognito, Lite", 1_000_000.0, 4635.0),
            ("Amazon Cognito, Essentials", 100_000.0, 1350.0),
            ("Amazon Cognito, Plus", 1000.0, 20.0),
            ("Supabase Auth, Pro", 50_000.0, 25.0),
            ("Supabase Auth, Pro", 1_000_000.0, 2950.0),
        ] {
            assert!((of(service, users) - price).abs() < 1.0, "{service} {users}: {}", of(service, users));
        }
    }
}
