//! The time by the clock of AWS. What a command ends is all that began before now: on a laptop that is minutes slow, whoever
//! has just got in would stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use shared::clock::{Clock, SystemClock, Timestamp};

/// A `Date` has whole seconds, and was on its way.
const TOLERATED_MILLIS: i64 = 2_000;

/// The machine's clock, corrected by the `Date` of the last answer (RFC 9110 section 6.6.1).
#[derive(Debug, Clone, Default)]
pub(super) struct ServerClock {
    /// In milliseconds.
    behind: Arc<AtomicI64>,
}

impl ServerClock {
    fn hear(&self, date: &str) {
        let Ok(date) = DateTime::from_str(date, DateTimeFormat::HttpDate) else { return };
        let behind = date.secs().saturating_mul(1_000) - SystemClock.now().millis();
        let behind = if behind.abs() < TOLERATED_MILLIS { 0 } else { behind };
        self.behind.store(behind, Ordering::Relaxed);
    }
}

impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock.now().millis() + self.behind.load(Ordering::Relaxed))
    }
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "ServerClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.hear(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn date(at: Timestamp) -> String {
        DateTime::from_secs(at.seconds()).fmt(DateTimeFormat::HttpDate).unwrap()
    }

    #[test]
    fn a_clock_that_is_minutes_off_is_corrected_and_one_that_is_nearly_right_is_not() {
        let clock = ServerClock::default();
        let off = |clock: &ServerClock| clock.now().millis() - SystemClock.now().millis();
        clock.hear(&date(SystemClock.now() + Duration::from_secs(180)));
        assert!((178_000..=180_100).contains(&off(&clock)), "{}", off(&clock));
        clock.hear(&date(SystemClock.now() - Duration::from_secs(180)));
        assert!((-182_000..=-179_900).contains(&off(&clock)), "{}", off(&clock));
        clock.hear("yesterday");
        assert!(off(&clock) < -170_000, "what says no time corrects nothing");
        clock.hear(&date(SystemClock.now()));
        assert!(off(&clock).abs() < 100, "{}", off(&clock));
    }
}
