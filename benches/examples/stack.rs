//! A function of the stack that all functions are made of, with nothing of Latchkey in it: `lambda_http`, the SDK's client,
//! one `GetItem` before the first event and one call for each, a fixed answer. What a function takes above this is its own.
//!
//! `STACK_INIT`, `STACK_READS` and `STACK_UPDATE` say what is asked for, each a list of `[table, pk, sk]` in JSON.

use std::collections::HashMap;
use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use lambda_http::{Error, Response, service_fn};

/// An item's table and key.
type Address = [String; 3];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = &client()?;
    for [table, pk, sk] in addresses("STACK_INIT")? {
        client.get_item().table_name(table).set_key(Some(key(pk, sk))).consistent_read(true).send().await?;
    }
    let (reads, updates) = (&addresses("STACK_READS")?, &addresses("STACK_UPDATE")?);
    lambda_http::run(service_fn(|_| async {
        if !reads.is_empty() {
            read(client, reads).await?;
        }
        for address in updates {
            update(client, address).await?;
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

fn addresses(variable: &str) -> Result<Vec<Address>, Error> {
    env::var(variable).map_or_else(|_| Ok(Vec::new()), |text| Ok(serde_json::from_str(&text)?))
}

fn key(pk: String, sk: String) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
}

async fn read(client: &Client, addresses: &[Address]) -> Result<(), Error> {
    let mut batch = client.batch_get_item();
    for [table, pk, sk] in addresses.iter().cloned() {
        let keys = KeysAndAttributes::builder().keys(key(pk, sk)).consistent_read(true).build()?;
        batch = batch.request_items(table, keys);
    }
    let found = batch.send().await?.responses.into_iter().flatten().flat_map(|(_, items)| items).count();
    if found == addresses.len() { Ok(()) } else { Err(format!("{found} items are there").into()) }
}

async fn update(client: &Client, [table, pk, sk]: &Address) -> Result<(), Error> {
    let update = client.update_item().table_name(table).set_key(Some(key(pk.clone(), sk.clone())));
    let update = update
        .update_expression("SET idle_expires = :idle")
        .condition_expression("generation >= :zero")
        .expression_attribute_values(":idle", AttributeValue::N("4000000000".to_owned()))
        .expression_attribute_values(":zero", AttributeValue::N("0".to_owned()))
        .return_values(ReturnValue::AllNew);
    update.send().await?;
    Ok(())
}
