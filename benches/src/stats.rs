//! Medians.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a number of measurements come to, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// A tenth was quicker than this.
    pub(crate) p10: f64,
    /// A tenth was slower than this.
    pub(crate) p90: f64,
    /// How many there were.
    pub(crate) n: usize,
}

impl Spread {
    pub(crate) fn of(times: &[Duration]) -> Self {
        let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        sorted.sort_by(f64::total_cmp);
        let at =
            |tenths: usize| sorted.get(sorted.len().saturating_sub(1) * tenths / 10).copied().unwrap_or(0.0);
        Self { median: at(5), p10: at(1), p90: at(9), n: sorted.len() }
    }
}

/// The one in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_of_what_was_measured() {
        let times: Vec<Duration> = (0..=10).rev().map(Duration::from_millis).collect();
        let spread = Spread::of(&times);
        let near = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
        assert!(near(spread.median, 5.0) && near(spread.p10, 1.0) && near(spread.p90, 9.0), "{spread:?}");
        assert!(near(median(vec![3.0, 1.0, 2.0]), 2.0));
    }
}
