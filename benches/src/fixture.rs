//! The store that functions are measured over, and the events that they are measured with.

use std::future::Future;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use serde_json::Value;
use tempfile::TempDir;
use tests::events::{self, AUTHORIZER, MAILER, StoreState};
use tests::seeded::{PUBLIC_URL, Seeded};
use tokio::runtime::Runtime;

use crate::process::Environment;

/// The data that `events/README.md` describes, behind an embedded store, with hashes of the default parameters.
pub(crate) struct Fixture {
    pub(crate) seeded: Seeded,
    runtime: Runtime,
    mails: TempDir,
}

/// The event that a function answers with success.
pub(crate) struct Success {
    event: Value,
    /// The status of the answer; `None` for a function that no route leads to.
    status: Option<u64>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let settings = [("ARGON2_MEMORY_KIB", "19456"), ("ARGON2_ITERATIONS", "2")];
        let seeded = runtime.block_on(Seeded::with(&settings));
        Self { seeded, runtime, mails: TempDir::new().expect("a folder") }
    }

    /// Runs what waits for the store.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The environment of a function.
    pub(crate) fn environment(&self, function: &str) -> Environment {
        let mut environment = self.seeded.environment(StoreState::Seeded);
        if function == MAILER {
            environment.extend([
                ("PUBLIC_URL", PUBLIC_URL.to_owned()),
                ("MAIL_FROM", "Latchkey <no-reply@example.com>".to_owned()),
                ("MAIL_TRANSPORT", format!("folder:{}", self.mails.path().display())),
            ]);
        }
        if function == AUTHORIZER {
            let mode = ("AUTHORIZER_MODE", "checked".to_owned());
            environment.extend([("PUBLIC_URL", PUBLIC_URL.to_owned()), mode]);
        }
        environment
    }

    /// Puts the data in place anew; a value for each placeholder of an event.
    pub(crate) fn values(&self, function: &str) -> Vec<(&'static str, String)> {
        self.wait(self.seeded.values(function))
    }

    /// A client such as the functions have, for calls that are made one after the other from this thread.
    pub(crate) fn bare_client(&self) -> Client {
        let environment = self.seeded.environment(StoreState::Seeded);
        let value = |wanted: &str| {
            let found = environment.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.clone()).expect("a variable of the store")
        };
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(value("AWS_REGION")))
            .credentials_provider(Credentials::new(value("AWS_ACCESS_KEY_ID"), "local", None, None, "bench"))
            .endpoint_url(value("AWS_ENDPOINT_URL_DYNAMODB"))
            .http_client(shared::aws::plain_client())
            .retry_config(shared::aws::retries())
            .timeout_config(shared::aws::timeouts());
        Client::from_conf(config.build())
    }
}

impl Success {
    pub(crate) fn of(function: &str) -> Self {
        let name = if function == AUTHORIZER { "http-2-accepted" } else { "success" };
        let mut cases = events::cases::<Value>(function).into_iter().filter(|case| case.name == name);
        let case = cases.next().unwrap_or_else(|| panic!("events/{function}/{name}.json is missing"));
        Self { event: case.event, status: case.expected["status"].as_u64() }
    }

    /// The event as it is sent.
    pub(crate) fn filled(&self, values: &[(&'static str, String)]) -> Vec<u8> {
        events::fill(&self.event, values).to_string().into_bytes()
    }

    /// Ends the program if this is not the answer: a refusal is quick, and no measurement.
    pub(crate) fn check(&self, function: &str, answer: &Value) {
        assert!(self.status.is_none_or(|status| answer["statusCode"] == status), "{function}: {answer}");
    }
}
