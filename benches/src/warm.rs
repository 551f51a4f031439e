//! Latency of functions that are kept, each beside its own limit, by turns.

use serde_json::Value;
use shared::session;
use shared::user::Credential;
use tests::seeded::USERNAME;

use crate::built::{self, Yardstick};
use crate::cli::Effort;
use crate::fixture::{Fixture, Success};
use crate::limit::{Limit, Limits};
use crate::process::{Environment, Process};
use crate::progress;
use crate::record::Recorder;
use crate::report::{Setting, WarmDoor, WarmDoors};
use crate::stats::Spread;

/// The doors, and what each is held against.
const DOORS: [(&str, Limit); 9] = [
    ("login", Limit::Hash),
    ("scoped-token", Limit::Hash),
    ("verify-token", Limit::BatchRead),
    ("refresh", Limit::Update),
    ("authorizer", Limit::BatchRead),
    ("access-key-login", Limit::ReadAndSign),
    ("oauth-token", Limit::ReadsAndSignRsa),
    ("jwks", Limit::Floor),
    ("discovery", Limit::Floor),
];
/// Requests before the first one that counts.
const BEFORE: usize = 20;
/// As many as a person may have; a login reads them all, and what it is held against reads those of its record.
const SESSIONS: usize = 5;

pub(crate) fn measure(fixture: &Fixture, functions: &[String], effort: Effort) -> WarmDoors {
    let recorder = &Recorder::new(fixture);
    let wanted = DOORS.iter().filter(|(name, _)| functions.iter().any(|function| function == name));
    let mut all_floor = Vec::new();
    let doors = wanted.map(|(name, limit)| door(recorder, name, *limit, effort, &mut all_floor)).collect();
    WarmDoors { setting: Setting::here(), floor: Spread::of(&all_floor), doors }
}

fn door(
    recorder: &Recorder<'_>,
    name: &str,
    limit: Limit,
    effort: Effort,
    all_floor: &mut Vec<std::time::Duration>,
) -> WarmDoor {
    progress(&format!("{name}, warm: {} requests", effort.requests));
    let fixture = recorder.fixture;
    let success = Success::of(name);
    let mut values = fixture.values(name);
    let script = recorder.script(name, &values);
    let event_of_stack = Success::of("verify-token").filled(&values);
    let mut limits = Limits::new(fixture, &values);
    let mut function = Process::start(&built::path(name), &fixture.environment(name));
    let mut floor = Process::start(&Yardstick::Floor.path(), &Environment::new());
    let mut stack = script.map(|script| Process::start(&Yardstick::Stack.path(), &fixture.stack(&script)));
    let (mut door, mut limited, mut on_stack) = (Vec::new(), Vec::new(), Vec::new());
    let mut cpu_before = function.cpu_time();
    for request in 0..BEFORE + effort.requests {
        if request % SESSIONS == SESSIONS - 1 && name == "login" {
            end_sessions(fixture);
        }
        if request == BEFORE {
            cpu_before = function.cpu_time();
        }
        let event = success.filled(&values);
        let (taken, answer) = function.invoke(&event);
        success.check(name, &answer);
        carry_on(&mut values, &answer);
        let (on_floor, _) = floor.invoke(&event);
        let bare = stack.as_mut().map(|stack| stack.invoke(&event_of_stack).0);
        let at_limit = if limit == Limit::Floor { on_floor } else { limits.time(limit) };
        if request >= BEFORE {
            door.push(taken);
            limited.push(at_limit);
            on_stack.extend(bare);
            all_floor.push(on_floor);
        }
    }
    let cpu = function.cpu_time().saturating_sub(cpu_before);
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let cpu_ms = cpu.as_secs_f64() * 1000.0 / effort.requests as f64;
    WarmDoor {
        function: name.to_owned(),
        door: Spread::of(&door),
        limit: Spread::of(&limited),
        limited_by: limit.name().to_owned(),
        stack: (!on_stack.is_empty()).then(|| Spread::of(&on_stack)),
        cpu_ms,
    }
}

/// The next refresh is made with the token of the last.
fn carry_on(values: &mut [(&'static str, String)], answer: &Value) {
    let body: Value =
        answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let next = body["tokens"]["refresh_token"].as_str();
    let kept = values.iter_mut().find(|(name, _)| *name == "refresh_token");
    if let (Some(next), Some((_, kept))) = (next, kept) {
        next.clone_into(kept);
    }
}

fn end_sessions(fixture: &Fixture) {
    let app = fixture.seeded.0.app;
    fixture.wait(async {
        let credential =
            app.store.get::<Credential>(&app.store.tables.accounts, Credential::key(USERNAME)).await;
        let user = credential.expect("a store").expect("the user").user;
        session::end_others(app, user, None).await.expect("a store");
    });
}
