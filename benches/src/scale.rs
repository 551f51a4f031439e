//! A store with many users beside one with few: what a check of a token takes in each.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue as Sdk;
use dynoxide::{AttributeValue, Item};
use latchkey::embedded::{Embedded, Place};
use shared::App;
use shared::clock::SystemClock;
use shared::config::{Config, TableNames};
use shared::id::ObjectId;
use shared::random;
use shared::session::{Session, SessionId};
use shared::store::{self, Key};
use shared::user::{Credential, EmailOwner, Profile, User, UserStatus};
use tests::seeded::PUBLIC_URL;
use tokio::runtime::Runtime;

use crate::built;
use crate::cli::Effort;
use crate::fixture::Success;
use crate::process::{Environment, Process};
use crate::progress;
use crate::report::{Scale, Setting};
use crate::stats::Spread;

const FEW: usize = 1000;
/// Users that are imported in one transaction.
const BATCH: usize = 5000;
/// Requests before the first one that counts.
const BEFORE: usize = 20;

pub(crate) fn measure(runtime: &Runtime, effort: Effort) -> Scale {
    let asked = BEFORE + effort.requests;
    let mut small = Filled::new(runtime, FEW, asked);
    let mut large = Filled::new(runtime, effort.users, asked);
    progress(&format!("verify-token over {FEW} and over {} users", effort.users));
    let success = Success::of("verify-token");
    let (mut in_small, mut in_large) = (Vec::new(), Vec::new());
    for request in 0..asked {
        let pair = [small.check(&success, request), large.check(&success, request)];
        if request >= BEFORE {
            in_small.push(pair[0]);
            in_large.push(pair[1]);
        }
    }
    Scale {
        setting: Setting::here(),
        small_users: FEW,
        large_users: effort.users,
        small: Spread::of(&in_small),
        large: Spread::of(&in_large),
    }
}

/// A store with users, some of their access tokens, and the function that checks them.
struct Filled {
    tokens: Vec<String>,
    function: Process,
    _embedded: Embedded,
}

impl Filled {
    fn new(runtime: &Runtime, users: usize, tokens: usize) -> Self {
        progress(&format!("a store with {users} users"));
        let mut config = Config::read(|_| None).expect("the default settings");
        config.public_url = PUBLIC_URL.parse().ok();
        let tables = config.tables.clone();
        let embedded = runtime.block_on(Embedded::with_tables(&Place::Memory, &tables)).expect("a store");
        let app = App::new(config, embedded.store(tables.clone()), SystemClock);
        let tokens = fill(runtime, &app, &embedded, users, tokens);
        let mut environment: Environment =
            embedded.endpoint.environment().map(|(name, value)| (name, value.to_owned())).to_vec();
        environment.extend(names(&tables));
        let function = Process::start(&built::path("verify-token"), &environment);
        Self { tokens, function, _embedded: embedded }
    }

    fn check(&mut self, success: &Success, request: usize) -> Duration {
        let token = self.tokens[request % self.tokens.len()].clone();
        let event = success.filled(&[("access_token", token)]);
        let (time, answer) = self.function.invoke(&event);
        success.check("verify-token", &answer);
        time
    }
}

fn names(tables: &TableNames) -> [(&'static str, String); 3] {
    [
        ("ACCOUNTS_TABLE", tables.accounts.clone()),
        ("TOKENS_TABLE", tables.tokens.clone()),
        ("KEYS_TABLE", tables.keys.clone()),
    ]
}

/// Writes users with a session each, past the SDK. Gives back the tokens of some that lie far apart.
fn fill(runtime: &Runtime, app: &App, embedded: &Embedded, users: usize, tokens: usize) -> Vec<String> {
    let database = &embedded.engine.database;
    database.enable_bulk_loading().expect("a store");
    let keyring = runtime.block_on(app.keyring()).expect("a keyring");
    let key = keyring.session_key(app.now()).kid.clone();
    let every = (users / tokens).max(1);
    let mut kept = Vec::new();
    for start in (0..users).step_by(BATCH) {
        let (mut accounts, mut sessions) = (Vec::new(), Vec::new());
        for number in start..users.min(start + BATCH) {
            let user = user(app, number);
            let session = session(app, user.id, &key);
            accounts.extend(items_of(&user));
            sessions.push(item(Session::key(user.id, session.id), &session));
            if number % every == 0 && kept.len() < tokens {
                kept.push(runtime.block_on(session.tokens(app)).expect("tokens").access);
            }
        }
        let tables = &app.store.tables;
        for (table, items) in [(&tables.accounts, accounts), (&tables.tokens, sessions)] {
            database.import_items(table, items, dynoxide::ImportOptions::default()).expect("room");
        }
    }
    database.disable_bulk_loading().expect("a store");
    kept
}

fn user(app: &App, number: usize) -> User {
    let now = app.now();
    User {
        id: ObjectId::new(now).expect("an id"),
        account: app.config.default_account,
        username: format!("user{number}").parse().expect("a name"),
        email: format!("user{number}@example.com").parse().expect("an address"),
        sub_type: "user".to_owned(),
        scopes: vec!["sleep:read".to_owned(), "sleep:write".to_owned()],
        status: UserStatus::Active,
        profile: Profile::default(),
        created_at: now,
        updated_at: None,
        tokens_valid_after: shared::clock::Timestamp::default(),
    }
}

fn session(app: &App, user: ObjectId, key: &str) -> Session {
    let (now, lifetimes) = (app.now(), app.config.session);
    Session {
        id: SessionId::from_bytes(random::bytes().expect("randomness")),
        user,
        generation: 0,
        key: key.to_owned(),
        created: now,
        authenticated: now,
        rotated: now,
        expires: (now + lifetimes.absolute).seconds(),
        idle_expires: (now + lifetimes.idle).seconds(),
        address: "203.0.113.7".to_owned(),
        user_agent: "bench".to_owned(),
    }
}

/// The three items that a user is.
fn items_of(user: &User) -> [Item; 3] {
    let username = user.username.canonical();
    let credential = Credential {
        user: user.id,
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4".to_owned(),
        sub_type: user.sub_type.clone(),
        scopes: user.scopes.clone(),
        status: user.status,
    };
    [
        item(Credential::key(&username), &credential),
        item(EmailOwner::key(&user.email.canonical()), &EmailOwner { username }),
        item(User::key(user.id), user),
    ]
}

/// An item as the engine knows it.
fn item(key: Key, value: &impl serde::Serialize) -> Item {
    let mut item: store::Item = serde_dynamo::to_item(value).expect("an item");
    item.extend(key.into_item());
    item.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}

fn attribute(value: Sdk) -> AttributeValue {
    match value {
        Sdk::S(text) => AttributeValue::S(text),
        Sdk::N(number) => AttributeValue::N(number),
        Sdk::Bool(value) => AttributeValue::BOOL(value),
        Sdk::Null(value) => AttributeValue::NULL(value),
        Sdk::L(items) => AttributeValue::L(items.into_iter().map(attribute).collect()),
        other => panic!("no item of ours has {other:?}"),
    }
}
