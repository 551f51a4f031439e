//! Does what a script says, with the libraries that the functions are made of and nothing of Latchkey.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Hasher, Params, Version};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynoxide::Database;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use futures_util::future::try_join_all;
use lambda_http::Error;

use crate::{Call, Script, TOKEN};

/// What makes the calls of a script.
pub trait Storage {
    /// Makes a call; its answer is of no interest.
    ///
    /// # Errors
    ///
    /// What storage says of it.
    fn make(&self, call: &'static Call) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Makes the calls, hashes and signatures of a script.
pub struct Player<S> {
    storage: S,
    script: &'static Script,
    hasher: Option<Mutex<Hasher>>,
    key: Option<KeyPair>,
}

impl<S: Storage> Player<S> {
    /// Reads the key that the script signs with.
    ///
    /// # Errors
    ///
    /// When the key is none.
    pub fn new(storage: S, script: &'static Script) -> Result<Self, Error> {
        let key = match &script.signs_with {
            Some(key) => Some(KeyPair::from_pkcs8(&STANDARD.decode(key)?)?),
            None => None,
        };
        Ok(Self { storage, script, hasher: hasher(script)?, key })
    }

    /// Does what comes before the first request.
    ///
    /// # Errors
    ///
    /// What storage says of a call.
    pub async fn init(&self) -> Result<(), Error> {
        self.play(&self.script.init).await
    }

    /// Does what one request takes.
    ///
    /// # Errors
    ///
    /// What storage says of a call, or aws-lc of the signature.
    pub async fn request(&self) -> Result<(), Error> {
        let (first, others) = self.script.request.split_at(self.script.request.len().min(1));
        self.play(first).await?;
        if let Some(hasher) = &self.hasher {
            let mut hasher = hasher.lock().unwrap_or_else(PoisonError::into_inner);
            (0..self.script.hashes).try_for_each(|_| hash(&mut hasher))?;
        }
        self.play(others).await?;
        if let Some(key) = &self.key {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[7; 512], &mut signature)?;
        }
        Ok(())
    }

    async fn play(&self, steps: &'static [Vec<Call>]) -> Result<(), Error> {
        for step in steps {
            try_join_all(step.iter().map(|call| self.storage.make(call))).await?;
        }
        Ok(())
    }
}

/// If one is needed. It takes its memory with the first hash, and keeps it.
fn hasher(script: &Script) -> Result<Option<Mutex<Hasher>>, Error> {
    if script.hashes == 0 {
        return Ok(None);
    }
    let params = Params::builder().memory(Memory::kib(19_456)).passes(2).build()?;
    Ok(Some(Mutex::new(Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hasher())))
}

fn hash(hasher: &mut Hasher) -> Result<(), Error> {
    Ok(hasher.hash_into(b"correct horse battery", &[7; 16], &mut [0; 32])?)
}

fn with_a_token_of_its_own(body: &'static str) -> Result<Cow<'static, str>, Error> {
    if !body.contains(TOKEN) {
        return Ok(body.into());
    }
    let mut token = [0; 16];
    rand::fill(&mut token)?;
    Ok(body.replace(TOKEN, &format!("{:032x}", u128::from_be_bytes(token))).into())
}

/// As the SDK makes a call, with the recorded body in place of one of its own.
impl Storage for Client {
    async fn make(&self, Call { operation, body }: &'static Call) -> Result<(), Error> {
        let body = with_a_token_of_its_own(body)?;
        let recorded = move |request: &mut HttpRequest| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(&*body);
        };
        macro_rules! send {
            ($call:expr) => {
                $call.customize().mutate_request(recorded).send().await.map(drop)?
            };
        }
        // The SDK wants a name in place before there is a body.
        match operation.as_str() {
            "GetItem" => send!(self.get_item().table_name("-")),
            "BatchGetItem" => send!(self.batch_get_item()),
            "Query" => send!(self.query().table_name("-")),
            "PutItem" => send!(self.put_item().table_name("-")),
            "UpdateItem" => send!(self.update_item().table_name("-")),
            "DeleteItem" => send!(self.delete_item().table_name("-")),
            "BatchWriteItem" => send!(self.batch_write_item()),
            "TransactWriteItems" => send!(self.transact_write_items()),
            other => return Err(format!("{other} is not known").into()),
        }
        Ok(())
    }
}

/// As the embedded engine takes a call, with nothing around it.
impl Storage for Database {
    async fn make(&self, Call { operation, body }: &'static Call) -> Result<(), Error> {
        match operation.as_str() {
            "GetItem" => drop(self.get_item(serde_json::from_str(body)?)?),
            "BatchGetItem" => drop(self.batch_get_item(serde_json::from_str(body)?)?),
            "Query" => drop(self.query(serde_json::from_str(body)?)?),
            "PutItem" => drop(self.put_item(serde_json::from_str(body)?)?),
            "UpdateItem" => drop(self.update_item(serde_json::from_str(body)?)?),
            "DeleteItem" => drop(self.delete_item(serde_json::from_str(body)?)?),
            "BatchWriteItem" => drop(self.batch_write_item(serde_json::from_str(body)?)?),
            "TransactWriteItems" => {
                let request: TransactWriteItemsRequest = serde_json::from_str(body)?;
                drop(self.transact_write_items(TransactWriteItemsRequest {
                    client_request_token: None,
                    ..request
                })?);
            }
            other => return Err(format!("{other} is not known").into()),
        }
        Ok(())
    }
}
