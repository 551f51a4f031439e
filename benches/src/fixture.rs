//! The store that functions are measured over, and the events that they are measured with.

use std::future::Future;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use benches::{SCRIPT, Script};
use serde_json::Value;
use shared::session::{self, Session};
use shared::store::{Item, Key};
use shared::user::{Credential, User};
use tempfile::TempDir;
use tests::events::{self, AUTHORIZER, MAILER, StoreState};
use tests::seeded::{PUBLIC_URL, Seeded, USERNAME};
use tokio::runtime::Runtime;

use crate::process::Environment;

/// The data that `events/README.md` describes, behind an embedded store, with hashes of the default parameters.
pub(crate) struct Fixture {
    pub(crate) seeded: Seeded,
    runtime: Runtime,
    mails: TempDir,
    /// What the owner of this deployment has decided otherwise.
    settings: &'static [(&'static str, &'static str)],
}

/// What the two tables hold that requests change.
pub(crate) type Data = Vec<(String, Vec<Item>)>;

/// The event that a function answers with success.
pub(crate) struct Success {
    event: Value,
    /// The status of the answer; `None` for a function that no route leads to.
    status: Option<u64>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With the deployment's parameters set to these values.
    pub(crate) fn with(settings: &'static [(&'static str, &'static str)]) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let hash = [("ARGON2_MEMORY_KIB", "19456"), ("ARGON2_ITERATIONS", "2")];
        let seeded = runtime.block_on(Seeded::with(&[&hash, settings].concat()));
        // It is never dropped, and would keep the memory of a hash with it.
        seeded.0.app.passwords.release_memory();
        Self { seeded, runtime, mails: TempDir::new().expect("a folder"), settings }
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
        environment.extend(self.settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
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

    /// The session and the user that the values of most functions belong to.
    pub(crate) fn keys(&self) -> [Key; 2] {
        let app = self.seeded.0.app;
        self.wait(async {
            let credential = app.store.get(&app.store.tables.accounts, Credential::key(USERNAME)).await;
            let credential: Option<Credential> = credential.expect("a store");
            let user = credential.expect("the user").user;
            let sessions = session::list(app, user).await.expect("a store");
            [Session::key(user, sessions.first().expect("a session").id), User::key(user)]
        })
    }

    /// The environment of the function that has nothing but the stack.
    pub(crate) fn stack(&self, script: &Script) -> Environment {
        let mut environment = self.seeded.environment(StoreState::Seeded);
        environment.push((SCRIPT, serde_json::to_string(script).expect("JSON")));
        environment
    }

    /// All that is there but the keyring.
    pub(crate) fn data(&self) -> Data {
        let tables = &self.seeded.0.app.store.tables;
        let data = [&tables.accounts, &tables.tokens]
            .map(|table| (table.clone(), self.wait(self.seeded.0.items(table))));
        data.into()
    }

    /// Puts this in place of all that is there.
    pub(crate) fn put_back(&self, data: &Data) {
        self.wait(self.seeded.clear());
        for (table, items) in data {
            for item in items {
                self.put(table, item.clone());
            }
        }
    }

    /// Stores an item.
    pub(crate) fn put(&self, table: &str, item: Item) {
        let put = self.seeded.0.app.store.client.put_item().table_name(table).set_item(Some(item));
        self.wait(put.send()).expect("a store");
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
