//! A call that waits until a test lets it go on, so that what is to happen meanwhile has happened.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// Longer than any call takes to come, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The test's end: it waits for the call and lets it go on. A dropped one lets it go on too.
pub struct Held {
    arrived: Arc<Notify>,
    open: watch::Sender<bool>,
}

/// The call's end.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    arrived: Arc<Notify>,
    open: watch::Receiver<bool>,
}

impl Held {
    pub(crate) fn new() -> (Self, Gate) {
        let (arrived, (open, opened)) = (Arc::new(Notify::new()), watch::channel(false));
        (Self { arrived: Arc::clone(&arrived), open }, Gate { arrived, open: opened })
    }

    /// Waits until a call waits.
    pub async fn arrived(&self) {
        tokio::time::timeout(PATIENCE, self.arrived.notified()).await.expect("a call that waits");
    }

    /// Lets it go on.
    pub fn release(self) {
        let _ = self.open.send(true);
    }
}

impl Gate {
    pub(crate) async fn pass(mut self) {
        self.arrived.notify_one();
        // Whoever dropped the other end has let it go on.
        let _ = self.open.wait_for(|open| *open).await;
    }
}
