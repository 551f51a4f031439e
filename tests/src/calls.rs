//! Counts the calls that the SDK makes, and how many of them wait for one another.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// The calls since the last reset.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    steps: usize,
    under_way: usize,
}

impl Calls {
    /// Starts counting at zero.
    pub fn reset(&self) {
        *self.lock() = Counts::default();
    }

    /// How many calls there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.lock().total
    }

    /// How many calls one after the other: those that run at the same time are one step.
    #[must_use]
    pub fn in_sequence(&self) -> usize {
        self.lock().steps
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_signing(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut counts = self.lock();
        counts.total += 1;
        counts.steps += usize::from(counts.under_way == 0);
        counts.under_way += 1;
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut counts = self.lock();
        counts.under_way = counts.under_way.saturating_sub(1);
        Ok(())
    }
}
