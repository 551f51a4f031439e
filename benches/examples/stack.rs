//! A function of the stack that all functions are made of, with nothing of Latchkey in it: `lambda_http`, the SDK's client, Argon2
//! and aws-lc. It makes the calls and computations of a [`Script`], which was recorded from one of Latchkey's functions, and gives
//! a fixed answer. What that function takes above this is its own.

use std::env;
use std::sync::{Mutex, PoisonError};

use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Hasher, Params, Version};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use benches::{Call, SCRIPT, Script};
use futures_util::future::try_join_all;
use lambda_http::{Error, Response, service_fn};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Error> {
    let script: &'static Script = Box::leak(Box::new(serde_json::from_str(&env::var(SCRIPT)?)?));
    let client = &client()?;
    let hasher = &Mutex::new(hasher(script)?);
    let key = match &script.signs_with {
        Some(key) => Some(KeyPair::from_pkcs8(&STANDARD.decode(key)?)?),
        None => None,
    };
    let key = key.as_ref();
    play(client, &script.init).await?;
    lambda_http::run(service_fn(|_| async move {
        let (first, others) = script.request.split_at(script.request.len().min(1));
        play(client, first).await?;
        if let Some(hasher) = hasher.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            (0..script.hashes).try_for_each(|_| hash(hasher))?;
        }
        play(client, others).await?;
        if let Some(key) = key {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[7; 512], &mut signature)?;
        }
        Ok::<_, Error>(Response::builder().header("content-type", "application/json").body("{}".to_owned())?)
    }))
    .await
}

fn client() -> Result<Client, Error> {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(Credentials::new(
            env::var("AWS_ACCESS_KEY_ID")?,
            env::var("AWS_SECRET_ACCESS_KEY")?,
            None,
            None,
            "stack",
        ))
        .endpoint_url(env::var("AWS_ENDPOINT_URL_DYNAMODB")?)
        .http_client(shared::aws::client_for(env::var("AWS_ENDPOINT_URL_DYNAMODB").ok().as_deref()))
        .retry_config(shared::aws::retries())
        .timeout_config(shared::aws::timeouts());
    Ok(Client::from_conf(config.build()))
}

/// With its memory in place, if it is needed: one pass touches it all.
fn hasher(script: &Script) -> Result<Option<Hasher>, Error> {
    if script.hashes == 0 {
        return Ok(None);
    }
    let argon2 = |passes| {
        let params = Params::builder().memory(Memory::kib(19_456)).passes(passes).build()?;
        Ok::<_, Error>(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    };
    let mut hasher = argon2(1)?.hasher();
    hash(&mut hasher)?;
    hasher.set_argon2(argon2(2)?);
    Ok(Some(hasher))
}

fn hash(hasher: &mut Hasher) -> Result<(), Error> {
    Ok(hasher.hash_into(b"correct horse battery", &[7; 16], &mut [0; 32])?)
}

async fn play(client: &Client, steps: &'static [Vec<Call>]) -> Result<(), Error> {
    for step in steps {
        try_join_all(step.iter().map(|call| repeat(client, call))).await?;
    }
    Ok(())
}

/// Makes a call as the SDK makes it, with the recorded body in place of one of its own.
async fn repeat(client: &Client, Call { operation, body }: &'static Call) -> Result<(), Error> {
    let recorded = |request: &mut HttpRequest| {
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body.as_str());
    };
    macro_rules! send {
        ($call:expr) => {
            $call.customize().mutate_request(recorded).send().await.map(drop)?
        };
    }
    // The SDK wants a name in place before there is a body.
    match operation.as_str() {
        "GetItem" => send!(client.get_item().table_name("-")),
        "BatchGetItem" => send!(client.batch_get_item()),
        "Query" => send!(client.query().table_name("-")),
        "PutItem" => send!(client.put_item().table_name("-")),
        "UpdateItem" => send!(client.update_item().table_name("-")),
        "DeleteItem" => send!(client.delete_item().table_name("-")),
        "BatchWriteItem" => send!(client.batch_write_item()),
        "TransactWriteItems" => send!(client.transact_write_items()),
        other => return Err(format!("{other} is not known").into()),
    }
    Ok(())
}
