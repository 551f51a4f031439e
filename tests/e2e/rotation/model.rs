//! Rotation against a small model: whatever a client sends in whatever order, the service does what the model does.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use serde_json::Value;
use tests::{PASSWORD, Service, text};

const GRACE: u64 = 10;
const ACCESS: u64 = 7200;
const IDLE: u64 = 14 * 86_400;
const ABSOLUTE: u64 = 30 * 86_400;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Presents the refresh token of so many generations ago.
    Refresh(usize),
    Wait(u64),
}

/// What is known of one session from outside.
struct Model {
    alive: bool,
    now: u64,
    rotated: u64,
    /// The tokens of each generation, oldest first: access and refresh.
    tokens: Vec<(String, String)>,
}

impl Model {
    fn of(login: &Value) -> Self {
        Self { alive: true, now: 0, rotated: 0, tokens: vec![pair(login)] }
    }

    fn live(&self) -> bool {
        self.alive && self.now < ABSOLUTE && self.now < self.rotated + IDLE
    }

    /// Whether the token of so many generations ago brings tokens, and if so whether they are new ones.
    fn refresh(&mut self, back: usize) -> Option<bool> {
        let live = self.live();
        match back {
            _ if !live => None,
            0 => {
                self.rotated = self.now;
                Some(true)
            }
            1 if self.now - self.rotated <= GRACE => Some(false),
            _ => {
                self.alive = false;
                None
            }
        }
    }

    fn accepts(&self, back: usize) -> bool {
        let age = self.now - self.rotated;
        self.live()
            && match back {
                0 => age < ACCESS + GRACE,
                1 => age < GRACE,
                _ => false,
            }
    }
}

fn pair(tokens: &Value) -> (String, String) {
    (text(&tokens["access_token"]), text(&tokens["refresh_token"]))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Refresh(0)),
        4 => Just(Step::Refresh(1)),
        1 => (2..4_usize).prop_map(Step::Refresh),
        3 => (0..14_u64).prop_map(Step::Wait),
        1 => prop_oneof![Just(ACCESS), Just(9 * 86_400), Just(IDLE), Just(IDLE - 1)].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..14)
}

async fn follow(service: &Service, steps: Vec<Step>) -> TestCaseResult {
    let login = service.try_log_in("alice", PASSWORD).await;
    let mut model = Model::of(&login.body["tokens"]);
    for step in steps {
        match step {
            Step::Wait(seconds) => {
                service.wait(seconds);
                model.now += seconds;
            }
            Step::Refresh(back) => {
                let Some(at) = model.tokens.len().checked_sub(back + 1) else { continue };
                let answer = service.refresh(&model.tokens[at].1).await;
                let expected = model.refresh(back);
                prop_assert_eq!(answer.status.as_u16(), if expected.is_some() { 200 } else { 406 });
                match expected {
                    Some(true) => model.tokens.push(pair(&answer.body["tokens"])),
                    Some(false) => prop_assert_eq!(Some(&pair(&answer.body["tokens"])), model.tokens.last()),
                    None => {}
                }
            }
        }
        for (back, (access, _)) in model.tokens.iter().rev().take(3).enumerate() {
            prop_assert_eq!(service.accepts(access).await, model.accepts(back), "{} back", back);
        }
    }
    Ok(())
}

#[test]
fn refresh_does_what_the_model_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = runtime.block_on(async {
        let service = Service::start().await;
        service.user("alice").await;
        service
    });
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| runtime.block_on(follow(&service, steps)));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
