//! Functions otherwise than a deployment begins with.

use crate::built;
use crate::fixture::Fixture;
use crate::report::ColdStart;
use crate::tls::TlsStore;

use super::{Runs, Starts};

/// A function with settings of its own, and the lines of its figures.
struct Kind {
    function: &'static str,
    line: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

const KINDS: [Kind; 2] = [
    Kind { function: "oauth-token", line: "oauth-token, ES256", settings: &[("SIGNING_ALGORITHM", "ES256")] },
    // Nobody waits for its init then; cold less init is what the first request takes.
    Kind {
        function: "login",
        line: "login, made ready ahead",
        settings: &[("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency")],
    },
];

/// One of them, over a store of its own.
pub(super) struct Variant {
    kind: &'static Kind,
    fixture: Fixture,
    tls: Option<TlsStore>,
    runs: Runs,
}

impl Variant {
    /// Those of these functions.
    pub(super) fn of(functions: &[String]) -> Vec<Self> {
        let kinds = KINDS.iter().filter(|kind| functions.iter().any(|function| function == kind.function));
        let variants = kinds.map(|kind| {
            let fixture = Fixture::with(kind.settings);
            let tls = TlsStore::start(&fixture).ok();
            Self { kind, fixture, tls, runs: Runs::default() }
        });
        variants.collect()
    }

    pub(super) fn is_of(&self, function: &str) -> bool {
        self.kind.function == function
    }

    pub(super) fn add(&mut self, starts: &Starts<'_>) {
        let start = |tls| starts.function(&self.fixture, self.kind.function, tls);
        self.runs.add(&start(None));
        self.runs.tls.extend(self.tls.as_ref().map(|tls| start(Some(tls)).total));
    }

    pub(super) fn figures(&self) -> ColdStart {
        self.runs.figures(self.kind.line, &built::path(self.kind.function))
    }
}
