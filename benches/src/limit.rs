//! What a door cannot do without: one hash, one call to storage, one signature.

use std::hint::black_box;
use std::time::{Duration, Instant};

use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Hasher, Params, Version};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use shared::access_key::{AccessKey, AccessKeyId};
use shared::store::{Item, Key, number};
use tokio::runtime::{Builder, Runtime};

use crate::fixture::Fixture;

/// The one thing that a door is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// A raw Argon2id hash in a buffer that is kept.
    Hash,
    /// A bare `BatchGetItem` of a session and its user.
    BatchRead,
    /// A bare `UpdateItem` of a session that gives the item back.
    Update,
    /// A bare `GetItem` of an access key, and an HMAC-SHA384.
    ReadAndSign,
    /// Two bare `GetItem` one after the other, of an access key and its user, and an RS256.
    ReadsAndSignRsa,
    /// A function that does nothing.
    Floor,
}

impl Limit {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hash => "one Argon2id hash (m=19456, t=2, p=1)",
            Self::BatchRead => "one BatchGetItem",
            Self::Update => "one UpdateItem",
            Self::ReadAndSign => "one GetItem and one HS384",
            Self::ReadsAndSignRsa => "two GetItem and one RS256",
            Self::Floor => "the floor",
        }
    }
}

/// Reaches the limits from one thread, with the client that the functions have.
pub(crate) struct Limits {
    runtime: Runtime,
    client: Client,
    hash: RawHash,
    hmac: hmac::Key,
    rsa: KeyPair,
    tokens: String,
    accounts: String,
    session: Key,
    user: Key,
    access_key: Key,
}

impl Limits {
    /// Over the data that these values belong to.
    pub(crate) fn new(fixture: &Fixture, values: &[(&'static str, String)]) -> Self {
        let tables = &fixture.seeded.0.app.store.tables;
        let [session, user] = fixture.keys();
        let key_id = values.iter().find(|(name, _)| *name == "access_key").expect("a key");
        let key_id: AccessKeyId = key_id.1.parse().expect("an access key");
        Self {
            runtime: Builder::new_current_thread().enable_all().build().expect("a runtime"),
            client: fixture.bare_client(),
            hash: RawHash::new(),
            rsa: KeyPair::generate(KeySize::Rsa2048).expect("a key"),
            hmac: hmac::Key::new(hmac::HMAC_SHA384, &[7; 48]),
            tokens: tables.tokens.clone(),
            accounts: tables.accounts.clone(),
            session,
            user,
            access_key: AccessKey::key(key_id.ak()),
        }
    }

    /// How long it takes now; nothing for the floor, which is a process of its own.
    pub(crate) fn time(&mut self, limit: Limit) -> Duration {
        let started = Instant::now();
        match limit {
            Limit::Hash => self.hash.compute(),
            Limit::BatchRead => self.runtime.block_on(self.batch_read()),
            Limit::Update => self.runtime.block_on(self.update()),
            Limit::ReadAndSign => {
                self.runtime.block_on(self.read(&self.access_key));
                black_box(hmac::sign(&self.hmac, &[7; 512]));
            }
            Limit::ReadsAndSignRsa => {
                self.runtime.block_on(self.read(&self.access_key));
                self.runtime.block_on(self.read(&self.user));
                let mut signature = [0; 256];
                let random = SystemRandom::new();
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, &[7; 512], &mut signature).expect("a signature");
                black_box(signature);
            }
            Limit::Floor => return Duration::ZERO,
        }
        started.elapsed()
    }

    async fn batch_read(&self) {
        let keys = |key: &Key| {
            let keys = KeysAndAttributes::builder().keys(key.clone().into_item()).consistent_read(true);
            keys.build().expect("keys")
        };
        let read = self.client.batch_get_item().request_items(&self.tokens, keys(&self.session));
        let output = read.request_items(&self.accounts, keys(&self.user)).send().await.expect("items");
        assert_eq!(output.responses.into_iter().flatten().flat_map(|(_, items)| items).count(), 2);
    }

    async fn update(&self) {
        let update = self.client.update_item().table_name(&self.tokens);
        let output = update
            .set_key(Some(self.session.clone().into_item()))
            .update_expression("SET idle_expires = :idle")
            .condition_expression("generation >= :zero")
            .expression_attribute_values(":idle", number(4_000_000_000_u64))
            .expression_attribute_values(":zero", number(0))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        black_box(output.expect("an item"));
    }

    async fn read(&self, key: &Key) {
        let get = self.client.get_item().table_name(&self.accounts).consistent_read(true);
        let item: Option<Item> =
            get.set_key(Some(key.clone().into_item())).send().await.expect("an item").item;
        assert!(matches!(item.expect("an item").get("pk"), Some(AttributeValue::S(_))));
    }
}

/// Argon2id with the default parameters and nothing around it.
pub(crate) struct RawHash(Hasher);

impl RawHash {
    pub(crate) fn new() -> Self {
        Self::of(19_456, 2)
    }

    /// In this many KiB, with as many passes over them.
    pub(crate) fn of(memory: u64, passes: u32) -> Self {
        let params =
            Params::builder().memory(Memory::kib(memory)).passes(passes).build().expect("parameters");
        Self(Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hasher())
    }

    pub(crate) fn compute(&mut self) {
        let mut output = [0; 32];
        self.0.hash_into(b"correct horse battery", &[7; 16], &mut output).expect("a hash");
        black_box(output);
    }
}
