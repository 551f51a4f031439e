//! The first hash of a process, whose memory the system has yet to give.

use std::time::Duration;

use crate::launch::Launch;
use crate::stats::Spread;

use super::Starts;

/// How long a function that hashes and does nothing else takes to its first answer, and one that does nothing at all.
#[derive(Default)]
pub(super) struct FirstHash {
    with: Vec<Duration>,
    without: Vec<Duration>,
}

impl FirstHash {
    /// Starts both, as they are beside this function, which hashes.
    pub(super) fn add(&mut self, starts: &Starts<'_>, function: &str) {
        let fixture = starts.recorder.fixture;
        let start = |hashes| starts.start(&Launch::of_hashes(fixture, hashes), function).total;
        self.with.push(start(1));
        self.without.push(start(0));
    }

    /// What the hash adds, in milliseconds; nothing if no function that hashes was measured.
    pub(super) fn ms(&self) -> Option<f64> {
        let measured = !self.with.is_empty();
        measured.then(|| Spread::of(&self.with).median - Spread::of(&self.without).median)
    }
}
