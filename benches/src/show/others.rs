//! What others do, beside ours. Their figures were measured on one machine of this kind in 2026, one server process on
//! one core, the load generator and the store on the other, medians of three runs; ours has its store on its own core
//! as well.

use crate::limit::Limit;
use crate::report::{ColdStarts, Load, Report, WarmDoors};
use crate::table::Table;

use super::thousands;
use crate::record::hashes;

pub(crate) fn table(load: &Load, report: &Report) -> String {
    let mut table = Table::new([
        "what",
        "better-auth 1.7 (SQLite)",
        "OpenAuth 0.4 (dynoxide)",
        "oidc-provider 9.13 (memory)",
        "to reach",
        "ours",
        "reached",
    ]);
    for rate in rates(0.9 * 1000.0 / fastest_hash(load, report.warm.as_ref())) {
        let ours = rate.clients.map(|clients| load.rate(rate.what, clients).unwrap_or(0.0));
        let reached = ours.iter().zip(rate.wanted).all(|(ours, wanted)| *ours >= wanted);
        let shown = match (rate.clients, ours) {
            ([one, other], [ours, _]) if one == other => format!("{ours:.0}"),
            (_, [one, other]) => format!("{one:.0}, {other:.0}"),
        };
        let share = if reached { None } else { load.of_limit(rate.what) };
        let beside = share.map(|share| format!("; {share:.2} × its limit")).unwrap_or_default();
        row(&mut table, rate.theirs, &rate.figure, &format!("{shown}{beside}"), Some(reached));
    }
    let (idle, most) = (thousands(load.idle.resident), thousands(load.loaded.peak));
    let start = ["start to first answer, ms", "568", "245", "254"];
    let ours = format!(
        "{:.0} the first time, {:.0} of it for an RSA key; {:.0} later",
        load.first_start_ms, load.rsa_key.median, load.later_start_ms
    );
    row(&mut table, start, "< 100", &ours, Some(load.first_start_ms < 100.0));
    let memory = ["RSS idle, under load, MiB", "102, 160–303", "71, 87–259", "75, 137–156"];
    row(&mut table, memory, "< 30, < 60", &format!("{idle:.0}, {most:.0}"), Some(idle < 30.0 && most < 60.0));
    cold_start(&mut table, report.cold.as_ref());
    table.to_string()
}

/// One hash where the machine was not slowed down, in milliseconds: the figure is not to be reached because it was slow for a moment.
fn fastest_hash(load: &Load, warm: Option<&WarmDoors>) -> f64 {
    let doors = warm.into_iter().flat_map(|warm| &warm.doors);
    let hashes = doors.filter(|door| door.limited_by == Limit::Hash.name()).map(|door| door.limit.median);
    hashes.fold(load.hash.median, f64::min)
}

/// A row of requests a second.
struct Rate {
    /// Its name, and what the others reach.
    theirs: [&'static str; 4],
    /// What is to be reached, in words.
    figure: String,
    /// What is measured of ours, and with how many clients.
    what: &'static str,
    clients: [usize; 2],
    wanted: [f64; 2],
}

/// The rows, on a machine that can make this many sign-ins.
fn rates(sign_ins: f64) -> [Rate; 6] {
    let rate = |theirs, figure: &str, (what, clients), wanted| Rate {
        theirs,
        figure: figure.to_owned(),
        what,
        clients,
        wanted,
    };
    [
        rate(
            ["sign-in per second, 1 and 16 clients", "76, 75", "70, 77", "–"],
            &format!("≥ {sign_ins:.0}"),
            ("sign-in", [1, 16]),
            [sign_ins, sign_ins],
        ),
        rate(
            ["check of a session, 1 and 32 clients", "576, 798", "–", "5139, 8866 (introspection)"],
            "≥ 5,000, 10,000",
            ("check of a session", [1, 32]),
            [5000.0, 10_000.0],
        ),
        rate(
            ["refresh, 1 and 16 clients", "221, 318", "276, 437", "995, 1523"],
            "≥ 2,500, 4,000",
            ("refresh", [1, 16]),
            [2500.0, 4000.0],
        ),
        rate(
            ["machine token, 1 and 16 clients", "491, 559", "613, 1006", "5129, 8906 (opaque)"],
            "≥ 5,000 (HS384)",
            ("machine token, HS384", [1, 16]),
            [5000.0, 5000.0],
        ),
        rate(["… with RS256", "", "", ""], "≥ 1,500", ("machine token, RS256", [1, 16]), [1500.0, 1500.0]),
        rate(
            ["JWKS, 32 clients", "1460", "14,783", "21,187"],
            "≥ 30,000",
            ("JWKS", [32, 32]),
            [30_000.0, 30_000.0],
        ),
    ]
}

fn cold_start(table: &mut Table, cold: Option<&ColdStarts>) {
    let Some(cold) = cold else { return };
    let floor = cold.floor.total.median;
    let others = cold.functions.iter().filter(|start| hashes(&start.function) == 0);
    let slowest = others.map(|start| start.total.median / floor).fold(0.0, f64::max);
    let login = cold.function("login").map(|login| login.total.median);
    let theirs = [
        "cold start in the Lambda shape, × floor",
        "142 (session check), 171 (sign-in)",
        "80 (JWKS), 138 (sign-in)",
        "–",
    ];
    let sign_in = login.zip(cold.first_hash_ms).map(|(login, hash)| (login / floor, (login - hash) / floor));
    let within = sign_in.is_none_or(|(_, without)| without <= 4.0);
    let sign_in = sign_in.map_or_else(String::new, |(with, without)| {
        format!("; sign-in {with:.1}, without its hash {without:.1}")
    });
    let ours = format!("{slowest:.1} at most{sign_in}");
    row(table, theirs, "≤ 4 (sign-in: + its hash)", &ours, Some(slowest <= 4.0 && within));
}

fn row(table: &mut Table, theirs: [&str; 4], figure: &str, ours: &str, reached: Option<bool>) {
    let reached = match reached {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    table.row(theirs.into_iter().chain([figure, ours, reached]).map(str::to_owned));
}
