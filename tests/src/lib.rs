//! What the suites share: a whole service on loopback, with a clock that they move and storage calls that they count
//! and disturb.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

pub mod binaries;
mod calls;
mod client;
pub mod documents;
pub mod events;
mod faults;
mod held;
mod post;
pub mod program;
pub mod runtime_api;
pub mod schema;
pub mod seeded;
pub mod ses;
pub mod smtp;
pub mod tls;

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryPartition;
use latchkey::embedded::{Embedded, Endpoint, Place};
use latchkey::routes::Routes;
use latchkey::server::{self, Site};
use latchkey::tables;
use latchkey::template::TEMPLATE;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use shared::App;
use shared::access_key::{self, AccessKey, AccessKeyId, AccessKeyState};
use shared::account::{Account, AccountStatus};
use shared::clock::{Clock, ManualClock, SystemClock, Timestamp};
use shared::config::{Config, TableNames};
use shared::id::ObjectId;
use shared::keyring::rotation;
use shared::password::{HashParameters, Password};
use shared::store::{Item, Key, Store};
use shared::user::{Profile, User, UserStatus};

pub use calls::{Call, Calls, Permission};
pub use client::{Answer, at_once, text, with_status};
pub use faults::{Fault, Faults};
pub use held::Held;
pub use post::{Letter, Post};

/// When every test begins: in 2096, because a store deletes what has expired by its own clock.
pub const START: Timestamp = Timestamp::from_seconds(4_000_000_000);
/// A password that anyone may have.
pub const PASSWORD: &str = "correct horse battery";

thread_local! {
    /// A test has a thread of its own, and so has its service.
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What the service of this test has logged since the last call.
#[must_use]
pub fn logged() -> Vec<String> {
    LOG.take()
}

/// A service of its own for one test.
pub struct Service {
    /// Where it listens, as in `http://127.0.0.1:4711`.
    pub url: String,
    /// The process behind it.
    pub app: &'static App,
    /// Its clock, which stands still.
    pub clock: Arc<ManualClock>,
    /// Its calls to storage.
    pub calls: Calls,
    /// What goes wrong between it and storage.
    pub faults: Faults,
    /// A client that follows no redirects and keeps no cookies.
    pub http: reqwest::Client,
    /// The store, which is served until the test is over; nothing if it is elsewhere.
    pub embedded: Option<Embedded>,
    endpoint: Endpoint,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Service {
    /// A service with the default settings, but for a hash that takes a millisecond.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A service with these settings of the environment.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::beginning(START, settings).await
    }

    /// A service whose clock stands at the machine's present moment, so that other processes can use what it issues.
    pub async fn at_present(settings: &[(&str, &str)]) -> Self {
        Self::beginning(SystemClock.now(), settings).await
    }

    /// The same service behind another server, changed before it starts.
    pub async fn behind(mut self, change: impl FnOnce(&mut Site)) -> Self {
        let listener = server::listen(0).await.expect("a port");
        self.url = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = Routes::new(TEMPLATE).expect("routes");
        let mut site = Site::new(self.app, routes);
        change(&mut site);
        tokio::spawn(server::serve(site, listener, std::future::pending()));
        self
    }

    async fn beginning(start: Timestamp, settings: &[(&str, &str)]) -> Self {
        // Faults are what many tests are about; their log lines would bury what a failing test says.
        shared::log::set_sink(|record| LOG.with_borrow_mut(|log| log.push(format!("{record:?}"))));
        let setting = |name: &str| {
            let given = settings.iter().find(|(given, _)| *given == name);
            given.map(|(_, value)| (*value).to_owned())
        };
        let mut config = Config::read(setting).expect("settings of a test");
        if setting("ARGON2_MEMORY_KIB").is_none() {
            // Less than any deployment may have: a hash takes a millisecond.
            config.argon2 = HashParameters { memory_kib: 7168, iterations: 1, parallelism: 1 };
        }
        let calls = Calls::default();
        let faults = Faults::default();
        let (endpoint, embedded) = endpoint(&mut config.tables).await;
        let store = store(&endpoint, &config.tables, &calls, &faults);
        tables::create(&store, TEMPLATE).await.expect("tables");
        if start == START {
            seed_keyring(&store).await;
        }

        let listener = server::listen(0).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        config.public_url.get_or_insert_with(|| url.parse().expect("a loopback URL"));
        let clock = Arc::new(ManualClock::new(start));
        let app: &'static App = Box::leak(Box::new(App::new(config, store, Arc::clone(&clock))));
        // The key of an algorithm that this test chose, too.
        rotation::rotate_due(app).await.expect("keys");
        app.keyring().await.expect("a keyring");
        calls.reset();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let routes = Routes::new(TEMPLATE).expect("routes");
        tokio::spawn(server::serve(Site::new(app, routes), listener, async {
            let _ = stopped.await;
        }));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let http = http.build().expect("a client");
        Self { url, app, clock, calls, faults, http, embedded, endpoint, stop: Some(stop) }
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// A GET.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// POSTs JSON and gives back the status and the JSON that was answered.
    pub async fn post_json(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.post(path).json(body)).await
    }

    /// POSTs a form and gives back the status and the JSON that was answered.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        answer(self.post(path).form(fields)).await
    }

    /// The environment with which another process reaches the same store as it would reach AWS.
    #[must_use]
    pub fn store_env(&self) -> Vec<(&'static str, String)> {
        self.endpoint.environment().map(|(name, value)| (name, value.to_owned())).to_vec()
    }

    /// Moves the clock forward.
    pub fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A user with [`PASSWORD`], made as an operator makes one.
    pub async fn user(&self, username: &str) -> User {
        self.user_with(username, |_| {}).await
    }

    /// A user with [`PASSWORD`], changed before it is stored.
    pub async fn user_with(&self, username: &str, change: impl FnOnce(&mut User)) -> User {
        let now = self.app.now();
        let mut user = User {
            id: ObjectId::new(now).expect("an id"),
            account: self.app.config.default_account,
            username: username.parse().expect("a username"),
            email: format!("{}@example.com", username.to_lowercase()).parse().expect("an address"),
            sub_type: "user".to_owned(),
            scopes: vec!["sleep:read".to_owned(), "sleep:write".to_owned()],
            status: UserStatus::Active,
            profile: Profile::default(),
            created_at: now,
            updated_at: None,
            tokens_valid_after: now,
        };
        change(&mut user);
        let hash = self.app.passwords.hash(&Password::new(PASSWORD)).await.expect("a hash");
        user.create(&self.app.store, hash, None).await.expect("a new user");
        user
    }

    /// An account with this secret.
    pub async fn account(&self, secret: &str) -> Account {
        let account = Account {
            id: ObjectId::new(self.app.now()).expect("an id"),
            name: "Hubler".to_owned(),
            secret_hash: self.app.passwords.hash(&Password::new(secret)).await.expect("a hash"),
            status: AccountStatus::Active,
            created_at: self.app.now(),
        };
        self.put(&self.app.store.tables.accounts, Account::key(account.id), &account).await;
        account
    }

    /// An access key of a user, changed before it is stored; with its secret.
    pub async fn access_key(
        &self,
        user: ObjectId,
        change: impl FnOnce(&mut AccessKey),
    ) -> (AccessKey, String) {
        let secret = access_key::new_secret().expect("a secret").expose().clone();
        let mut key = AccessKey {
            access_key: AccessKeyId::new().expect("an id"),
            secret_sha256: AccessKey::hash_secret(&secret),
            user,
            roles: vec!["Partner".to_owned(), "PartnerAdmin".to_owned()],
            realm: "Partner".to_owned(),
            ca: "0ea70001-0f58-44a2-80ad-953633ff2cc7".to_owned(),
            cid: "29263739-2cf8-483d-af15-6151dc8448b4".to_owned(),
            domain: "/partners-int".to_owned(),
            scopes: vec!["sleep:read".to_owned(), "sleep:write".to_owned()],
            state: AccessKeyState::Active,
            valid_until: None,
            created_at: self.app.now(),
        };
        change(&mut key);
        self.put(&self.app.store.tables.accounts, AccessKey::key(key.access_key.ak()), &key).await;
        (key, secret)
    }

    /// Stores an item, whatever is there.
    pub async fn put(&self, table: &str, key: Key, value: &impl serde::Serialize) {
        let mut item: Item = serde_dynamo::to_item(value).expect("an item");
        item.extend(key.into_item());
        let put = self.app.store.client.put_item().table_name(table).set_item(Some(item));
        put.send().await.expect("a stored item");
    }

    /// Deletes what has expired, as DynamoDB does in the end.
    pub async fn sweep(&self) {
        let now = self.app.now().seconds();
        let expired = |item: &Item| {
            let expires = item.get("expires").and_then(|expires| expires.as_n().ok());
            expires.is_some_and(|expires| expires.parse::<i64>().expect("seconds") <= now)
        };
        let table = &self.app.store.tables.tokens;
        for mut item in self.items(table).await.into_iter().filter(expired) {
            item.retain(|name, _| name == "pk" || name == "sk");
            let delete = self.app.store.client.delete_item().table_name(table).set_key(Some(item));
            delete.send().await.expect("a deleted item");
        }
    }

    /// Every item of a table.
    pub async fn items(&self, table: &str) -> Vec<Item> {
        let scan = self.app.store.client.scan().table_name(table).consistent_read(true);
        scan.send().await.expect("a scan").items.unwrap_or_default()
    }

    /// Signs a user in with [`PASSWORD`]; the `tokens` of the answer.
    pub async fn log_in(&self, username: &str) -> Value {
        let (status, body) =
            self.post_form("/auth/login", &[("username", username), ("password", PASSWORD)]).await;
        assert_eq!(status, 200, "{body}");
        body["tokens"].clone()
    }

    /// What verify-token answers for a token.
    pub async fn verify(&self, token: &str) -> (StatusCode, Value) {
        answer(self.get("/auth/verify-token").bearer_auth(token)).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// Sends a request; the status and the JSON of the answer, or null if it is none.
pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Where the store of one test is: in this process, or in tables of its own at the endpoint that
/// `LATCHKEY_TEST_DYNAMODB` names.
async fn endpoint(tables: &mut TableNames) -> (Endpoint, Option<Embedded>) {
    let Ok(elsewhere) = std::env::var("LATCHKEY_TEST_DYNAMODB") else {
        let embedded = Embedded::with_tables(&Place::Memory, tables).await.expect("an embedded store");
        return (embedded.endpoint.clone(), Some(embedded));
    };
    let own = unique();
    for name in [&mut tables.accounts, &mut tables.tokens, &mut tables.keys] {
        *name = format!("{own}-{name}");
    }
    (Endpoint::open_to_all(elsewhere, own), None)
}

/// A client whose calls are counted and disturbed.
fn store(endpoint: &Endpoint, tables: &TableNames, calls: &Calls, faults: &Faults) -> Store {
    let Store { client, engine, tables } = endpoint.store(tables.clone());
    let config = client.config().to_builder().interceptor(calls.clone()).http_client(faults.clone());
    // Retries draw on a budget that clients of the same partition share: the faults of one test are not another's.
    let config = config.retry_partition(RetryPartition::new(unique())).build();
    Store { client: aws_sdk_dynamodb::Client::from_conf(config), engine, tables }
}

/// What no other test has.
fn unique() -> String {
    format!("t{}", hex::encode(shared::random::bytes::<8>().expect("randomness")))
}

/// The first test of a process makes a keyring; the others start with the same one, because an RSA key takes its time.
async fn seed_keyring(store: &Store) {
    static KEYRING: OnceLock<Item> = OnceLock::new();
    if let Some(item) = KEYRING.get() {
        let put = store.client.put_item().table_name(&store.tables.keys).set_item(Some(item.clone()));
        put.send().await.expect("a keyring");
        return;
    }
    let cache = shared::keyring::KeyringCache::new(shared::keyring::Purpose::ALWAYS.to_vec());
    cache.get(store, START).await.expect("a keyring");
    let scan = store.client.scan().table_name(&store.tables.keys).send().await.expect("the keyring");
    if let Some(item) = scan.items.unwrap_or_default().into_iter().next() {
        let _ = KEYRING.set(item);
    }
}
