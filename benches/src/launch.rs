//! What is started, with what around it and what it is asked.

use std::path::PathBuf;

use tests::events::STORELESS;

use crate::built::{self, Yardstick};
use crate::fixture::{Fixture, Success};
use crate::process::Environment;
use crate::record::Recorder;
use crate::tls::TlsStore;

/// A binary, the variables that it runs with, and the first event that it gets.
pub(crate) struct Launch {
    pub(crate) binary: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) event: Vec<u8>,
}

impl Launch {
    /// A function, with the event that it answers with success.
    pub(crate) fn of_function(fixture: &Fixture, function: &str) -> Self {
        let event = Success::of(function).filled(&fixture.values(function));
        Self { binary: built::path(function), environment: fixture.environment(function), event }
    }

    /// What this function is made of, with the same to do; nothing if that is not known.
    pub(crate) fn of_yardstick(recorder: &Recorder<'_>, function: &str) -> Option<Self> {
        let values = recorder.fixture.values(function);
        let event = Success::of("verify-token").filled(&values);
        if function == STORELESS {
            return Some(Self { binary: Yardstick::Runtime.path(), environment: Environment::new(), event });
        }
        let environment = recorder.fixture.stack(&recorder.script(function, &values)?);
        Some(Self { binary: Yardstick::Stack.path(), environment, event })
    }

    /// The stack, to compute this many hashes and do nothing else.
    pub(crate) fn of_hashes(fixture: &Fixture, hashes: usize) -> Self {
        let event = Success::of("verify-token").filled(&fixture.values("verify-token"));
        let script = benches::Script { hashes, ..benches::Script::default() };
        Self { binary: Yardstick::Stack.path(), environment: fixture.stack(&script), event }
    }

    /// With the store behind TLS, if it is to be this one.
    pub(crate) fn over(self, tls: Option<&TlsStore>) -> Self {
        match tls {
            Some(tls) => Self { environment: tls.environment(self.environment), ..self },
            None => self,
        }
    }
}
