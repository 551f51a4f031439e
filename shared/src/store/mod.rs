//! DynamoDB: the client, and the calls that more than one concept makes.

mod call;
mod transaction;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, TransactWriteItem, WriteRequest,
};
use serde::de::DeserializeOwned;

use crate::aws;
use crate::config::{Config, TableNames};
use crate::random::{self, RandomUnavailable};

pub use call::{Answer, Call, Engine};
pub use transaction::{Transaction, check, delete, delete_if, new_item, put_if, update};

use transaction::{Cancelled, cancelled_because};

/// One item as the SDK knows it.
pub type Item = HashMap<String, AttributeValue>;

/// The tables, and the client that speaks to them.
#[derive(Debug, Clone)]
pub struct Store {
    /// The SDK's client, with timeouts and a retry budget.
    pub client: Client,
    /// What answers instead of the client, if the tables are in this process.
    pub engine: Option<Arc<dyn Engine>>,
    /// The names of the tables.
    pub tables: TableNames,
}

/// The key of an item; every table has the same two string attributes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// The keys of an item that is never there.
pub const NO_ITEM: &str = "CONNECTION";

/// Why a call to storage failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out or out of reach, after the retries: the same request may succeed later.
    #[error("storage is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Refused for a reason that a repetition does not change.
    #[error("storage refused a request")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// The table has another name, or is elsewhere.
    #[error("there is no such table")]
    NoTable(#[source] Box<dyn Error + Send + Sync>),
    /// An item that does not have the shape it was written with.
    #[error("an item cannot be read")]
    Damaged(#[source] serde_dynamo::Error),
}

impl StoreError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let code = match &error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
                return Self::Unavailable(Box::new(error));
            }
            SdkError::ServiceError(service) => service.err().code(),
            _ => None,
        };
        match code {
            Some(code) if is_passing(code) => Self::Unavailable(Box::new(error)),
            Some("ResourceNotFoundException") => Self::NoTable(Box::new(error)),
            _ => Self::Refused(Box::new(error)),
        }
    }
}

impl From<serde_dynamo::Error> for StoreError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Damaged(error)
    }
}

impl From<BuildError> for StoreError {
    fn from(error: BuildError) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl From<RandomUnavailable> for StoreError {
    fn from(error: RandomUnavailable) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// The codes under "Retry? Yes" of DynamoDB's error handling page, and those of a credential that is being renewed.
fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "Throttling"
            | "InternalServerError"
            | "InternalFailure"
            | "ServiceUnavailable"
            | "LimitExceededException"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "TransactionCanceledException"
            | "ExpiredTokenException"
    )
}

impl Key {
    /// The key of an item whose sort key says only what it is.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// The key as the SDK takes it.
    #[must_use]
    pub fn into_item(self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

impl Store {
    /// A client for a function: credentials and region from Lambda's environment and nothing else, so that a cold
    /// start reads no files and asks no other service.
    #[must_use]
    pub fn from_lambda_env(config: &Config) -> Self {
        let endpoint = aws::endpoint("AWS_ENDPOINT_URL_DYNAMODB");
        let mut client = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws::region()))
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
            .http_client(aws::client_for(endpoint.as_deref(), config.ca_bundle.as_ref()))
            .retry_config(aws::retries())
            .timeout_config(aws::timeouts());
        client.set_endpoint_url(endpoint);
        Self { client: Client::from_conf(client.build()), engine: None, tables: config.tables.clone() }
    }

    /// Opens a connection, by asking for an item that nobody has; the role of a function that only writes lets it ask for this one.
    pub async fn open_connection(&self) {
        let key = Key::new(NO_ITEM, NO_ITEM).into_item();
        let get = GetItemInput::builder().table_name(&self.tables.tokens).set_key(Some(key));
        // Where it fails, there is no connection yet, and nothing is lost.
        let _ = get.send_to(self).await;
    }

    /// One item, strongly consistent; `None` if there is none.
    pub async fn get<T: DeserializeOwned>(&self, table: &str, key: Key) -> Result<Option<T>, StoreError> {
        let get =
            GetItemInput::builder().table_name(table).set_key(Some(key.into_item())).consistent_read(true);
        let output = get.send_to(self).await?;
        Ok(output.item.map(serde_dynamo::from_item).transpose()?)
    }

    /// Several items of any tables in one call, strongly consistent. What DynamoDB leaves unprocessed is asked for
    /// again.
    pub async fn get_all(&self, wanted: Vec<(&str, Key)>) -> Result<Found, StoreError> {
        let mut requests: HashMap<String, KeysAndAttributes> = HashMap::new();
        for (table, key) in wanted {
            let request = requests.remove(table).map_or_else(KeysAndAttributes::builder, |request| {
                KeysAndAttributes::builder().set_keys(Some(request.keys))
            });
            let request = request.keys(key.into_item()).consistent_read(true).build();
            requests.insert(table.to_owned(), request?);
        }
        let mut found = Found::default();
        for wait in BATCH_WAITS {
            pause(wait).await;
            let output = BatchGetItemInput::builder().set_request_items(Some(requests)).send_to(self).await?;
            found.0.extend(output.responses.into_iter().flatten().flat_map(|(_, items)| items));
            requests = output.unprocessed_keys.unwrap_or_default();
            if requests.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::Unavailable("keys remained unprocessed".into()))
    }

    /// The keys of every item of a partition.
    pub async fn keys_of(&self, table: &str, pk: &str) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let query = QueryInput::builder().table_name(table).key_condition_expression("pk = :pk");
            let output = query
                .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                .projection_expression("pk, sk")
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send_to(self)
                .await?;
            let found = output.items.unwrap_or_default();
            keys.extend(found.iter().filter_map(|item| Some(Key::new(pk, item.get("sk")?.as_s().ok()?))));
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(keys);
            }
        }
    }

    /// Sets one attribute of an item that is there; false if it is not.
    pub async fn set_attribute(
        &self,
        table: &str,
        key: Key,
        name: &str,
        value: AttributeValue,
    ) -> Result<bool, StoreError> {
        let result = UpdateItemInput::builder()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .update_expression("SET #name = :value")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value)
            .send_to(self)
            .await;
        if_held(result).map(|held| held.is_some())
    }

    /// Writes in one transaction: everything or, if a condition does not hold, nothing.
    pub async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Transaction, StoreError> {
        // The token makes a repetition after a lost answer the same transaction and not a second one.
        let token: [u8; 16] = random::bytes()?;
        let transaction = TransactWriteItemsInput::builder()
            .set_transact_items(Some(items))
            .client_request_token(hex::encode(token));
        for wait in BATCH_WAITS {
            pause(wait).await;
            match transaction.clone().send_to(self).await {
                Ok(_) => return Ok(Transaction::Done),
                Err(error) => match cancelled_because(&error) {
                    Cancelled::Refused(at) => return Ok(Transaction::Refused(at)),
                    Cancelled::Conflict => {}
                    Cancelled::Otherwise => return Err(error.into()),
                },
            }
        }
        Err(StoreError::Unavailable("the transaction met others every time".into()))
    }

    /// Writes up to 25 items of one table in one call; what DynamoDB leaves unprocessed is written again.
    pub async fn write_all(&self, table: &str, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        let mut requests = HashMap::from([(table.to_owned(), requests)]);
        for wait in BATCH_WAITS {
            pause(wait).await;
            let output =
                BatchWriteItemInput::builder().set_request_items(Some(requests)).send_to(self).await?;
            requests = output.unprocessed_items.unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("writes remained unprocessed".into()))
    }

    /// Makes an update, and again as long as a transaction holds its item, which the SDK does not do by itself.
    pub async fn update_past_transactions(
        &self,
        update: UpdateItemInputBuilder,
    ) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
        for wait in BATCH_WAITS.into_iter().skip(1) {
            match update.clone().send_to(self).await {
                Err(error) if error.code() == Some("TransactionConflictException") => {
                    tokio::time::sleep(wait).await;
                }
                result => return result,
            }
        }
        update.send_to(self).await
    }
}

/// Deletes an item, for [`Store::write_all`].
pub fn delete_request(key: Key) -> Result<WriteRequest, StoreError> {
    let delete = DeleteRequest::builder().set_key(Some(key.into_item())).build()?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}

/// How long to wait before each try of a batch: a batch that is throttled in part succeeds in part.
const BATCH_WAITS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
];

/// Waits this long. Tokio's clock ticks in milliseconds: a sleep of nothing would wait for the next tick.
async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

/// The outcome of a write that has a condition: `None` if the condition did not hold.
pub fn if_held<T, E, R>(result: Result<T, SdkError<E, R>>) -> Result<Option<T>, StoreError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What became of an update with a condition that was to give back the old item if the condition does not hold.
#[derive(Debug)]
pub enum Updated {
    /// It was made; the item as it is now, if that was asked for.
    Yes(Item),
    /// The condition did not hold; the item as it stands, if there is one.
    No(Option<Item>),
}

/// Tells a condition that did not hold from a failure.
pub fn updated<R>(
    result: Result<UpdateItemOutput, SdkError<UpdateItemError, R>>,
) -> Result<Updated, StoreError>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match result {
        Ok(output) => Ok(Updated::Yes(output.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Updated::No(refused.item.clone()))
            }
            _ => Err(error.into()),
        },
    }
}

/// A number as the SDK takes it.
#[must_use]
pub fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The items of [`Store::get_all`].
#[derive(Debug, Default)]
pub struct Found(Vec<Item>);

impl Found {
    /// Takes out the item with this key.
    pub fn take<T: DeserializeOwned>(&mut self, key: &Key) -> Result<Option<T>, StoreError> {
        let has = |item: &Item, name: &str, value: &str| matches!(item.get(name), Some(AttributeValue::S(text)) if text == value);
        let Some(at) = self.0.iter().position(|item| has(item, "pk", &key.pk) && has(item, "sk", &key.sk))
        else {
            return Ok(None);
        };
        Ok(Some(serde_dynamo::from_item(self.0.swap_remove(at))?))
    }
}
