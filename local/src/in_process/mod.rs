//! The short way from a call to the tables in the same process: no socket, no HTTP, no JSON.
//! docs/decisions/0012-the-local-server-calls-its-engine.md.
//!
//! The parameters that expressions have replaced are left out, and so is what is only said on request: capacity and metrics.

mod item;
mod refusal;

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{
    BatchWriteItemError, BatchWriteItemInput, BatchWriteItemOutput,
};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanInput, ScanOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{KeysAndAttributes, TransactWriteItem, WriteRequest};
use dynoxide::actions::batch_get_item::{self, BatchGetItemRequest};
use dynoxide::actions::batch_write_item::{self, BatchWriteItemRequest};
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::actions::transact_write_items::{self as transaction, TransactWriteItemsRequest};
use dynoxide::actions::update_item::UpdateItemRequest;
use shared::store::{self, Answer};

use crate::engine::Engine;

use item::{given, given_all, taken, taken_all};
use refusal::{refused, refused_or, refused_or_cancelled};

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Engine")
    }
}

impl store::Engine for Engine {
    fn get_item(&self, input: GetItemInput) -> Answer<GetItemOutput, GetItemError> {
        let request = GetItemRequest {
            table_name: input.table_name.unwrap_or_default(),
            key: input.key.map(given).unwrap_or_default(),
            consistent_read: input.consistent_read,
            projection_expression: input.projection_expression,
            expression_attribute_names: input.expression_attribute_names,
            ..GetItemRequest::default()
        };
        let answer = self.database.get_item(request).map_err(refused)?;
        Ok(GetItemOutput::builder().set_item(answer.item.map(taken)).build())
    }

    fn batch_get_item(&self, input: BatchGetItemInput) -> Answer<BatchGetItemOutput, BatchGetItemError> {
        let wanted = input.request_items.unwrap_or_default();
        let wanted = wanted.into_iter().map(|(table, keys)| (table, keys_given(keys))).collect();
        let request = BatchGetItemRequest { request_items: wanted, ..BatchGetItemRequest::default() };
        let answer = self.database.batch_get_item(request).map_err(refused)?;
        let responses = answer.responses.into_iter().map(|(table, items)| (table, taken_all(items)));
        let left = answer.unprocessed_keys.into_iter().map(|(table, keys)| Ok((table, keys_left(keys)?)));
        let left: HashMap<_, _> = left.collect::<Result<_, dynoxide::DynoxideError>>().map_err(refused)?;
        let output = BatchGetItemOutput::builder().set_responses(Some(responses.collect()));
        Ok(output.set_unprocessed_keys(Some(left)).build())
    }

    fn put_item(&self, input: PutItemInput) -> Answer<PutItemOutput, PutItemError> {
        let request = PutItemRequest {
            table_name: input.table_name.unwrap_or_default(),
            item: input.item.map(given).unwrap_or_default(),
            return_values: name(input.return_values),
            condition_expression: input.condition_expression,
            expression_attribute_names: input.expression_attribute_names,
            expression_attribute_values: input.expression_attribute_values.map(given),
            return_values_on_condition_check_failure: name(input.return_values_on_condition_check_failure),
            ..PutItemRequest::default()
        };
        let not_held = PutItemError::ConditionalCheckFailedException;
        let answer = self.database.put_item(request).map_err(refused_or(not_held))?;
        Ok(PutItemOutput::builder().set_attributes(answer.attributes.map(taken)).build())
    }

    fn update_item(&self, input: UpdateItemInput) -> Answer<UpdateItemOutput, UpdateItemError> {
        let request = UpdateItemRequest {
            table_name: input.table_name.unwrap_or_default(),
            key: input.key.map(given).unwrap_or_default(),
            update_expression: input.update_expression,
            condition_expression: input.condition_expression,
            expression_attribute_names: input.expression_attribute_names,
            expression_attribute_values: input.expression_attribute_values.map(given),
            return_values: name(input.return_values),
            return_values_on_condition_check_failure: name(input.return_values_on_condition_check_failure),
            ..UpdateItemRequest::default()
        };
        let not_held = UpdateItemError::ConditionalCheckFailedException;
        let answer = self.database.update_item(request).map_err(refused_or(not_held))?;
        Ok(UpdateItemOutput::builder().set_attributes(answer.attributes.map(taken)).build())
    }

    fn delete_item(&self, input: DeleteItemInput) -> Answer<DeleteItemOutput, DeleteItemError> {
        let request = DeleteItemRequest {
            table_name: input.table_name.unwrap_or_default(),
            key: input.key.map(given).unwrap_or_default(),
            return_values: name(input.return_values),
            condition_expression: input.condition_expression,
            expression_attribute_names: input.expression_attribute_names,
            expression_attribute_values: input.expression_attribute_values.map(given),
            return_values_on_condition_check_failure: name(input.return_values_on_condition_check_failure),
            ..DeleteItemRequest::default()
        };
        let not_held = DeleteItemError::ConditionalCheckFailedException;
        let answer = self.database.delete_item(request).map_err(refused_or(not_held))?;
        Ok(DeleteItemOutput::builder().set_attributes(answer.attributes.map(taken)).build())
    }

    fn query(&self, input: QueryInput) -> Answer<QueryOutput, QueryError> {
        let request = QueryRequest {
            table_name: input.table_name.unwrap_or_default(),
            key_condition_expression: input.key_condition_expression,
            filter_expression: input.filter_expression,
            projection_expression: input.projection_expression,
            expression_attribute_names: input.expression_attribute_names,
            expression_attribute_values: input.expression_attribute_values.map(given),
            scan_index_forward: input.scan_index_forward.unwrap_or(true),
            limit: input.limit.map(limit),
            exclusive_start_key: input.exclusive_start_key.map(given),
            select: name(input.select),
            consistent_read: input.consistent_read,
            index_name: input.index_name,
            ..QueryRequest::default()
        };
        let answer = self.database.query(request).map_err(refused)?;
        let output = QueryOutput::builder()
            .set_items(answer.items.map(taken_all))
            .set_last_evaluated_key(answer.last_evaluated_key.map(taken));
        Ok(output.count(count(answer.count)).scanned_count(count(answer.scanned_count)).build())
    }

    fn scan(&self, input: ScanInput) -> Answer<ScanOutput, ScanError> {
        let request = ScanRequest {
            table_name: input.table_name.unwrap_or_default(),
            filter_expression: input.filter_expression,
            projection_expression: input.projection_expression,
            expression_attribute_names: input.expression_attribute_names,
            expression_attribute_values: input.expression_attribute_values.map(given),
            limit: input.limit.map(limit),
            exclusive_start_key: input.exclusive_start_key.map(given),
            select: name(input.select),
            consistent_read: input.consistent_read,
            index_name: input.index_name,
            ..ScanRequest::default()
        };
        let answer = self.database.scan(request).map_err(refused)?;
        let output = ScanOutput::builder()
            .set_items(answer.items.map(taken_all))
            .set_last_evaluated_key(answer.last_evaluated_key.map(taken));
        Ok(output.count(count(answer.count)).scanned_count(count(answer.scanned_count)).build())
    }

    fn transact_write_items(
        &self,
        input: TransactWriteItemsInput,
    ) -> Answer<TransactWriteItemsOutput, TransactWriteItemsError> {
        let request = TransactWriteItemsRequest {
            transact_items: input.transact_items.into_iter().flatten().map(part_given).collect(),
            // No answer is lost within a process, so nothing is repeated under its token; and the engine would look at those of the
            // last ten minutes each time.
            client_request_token: None,
            ..TransactWriteItemsRequest::default()
        };
        self.transact(request).map_err(refused_or_cancelled)?;
        Ok(TransactWriteItemsOutput::builder().build())
    }

    fn batch_write_item(
        &self,
        input: BatchWriteItemInput,
    ) -> Answer<BatchWriteItemOutput, BatchWriteItemError> {
        let writes = input.request_items.unwrap_or_default().into_iter();
        let writes = writes.map(|(table, writes)| (table, writes.into_iter().map(write_given).collect()));
        let request =
            BatchWriteItemRequest { request_items: writes.collect(), ..BatchWriteItemRequest::default() };
        // This engine leaves no write unprocessed.
        self.database.batch_write_item(request).map_err(refused)?;
        Ok(BatchWriteItemOutput::builder().set_unprocessed_items(Some(HashMap::new())).build())
    }
}

fn keys_given(wanted: KeysAndAttributes) -> batch_get_item::KeysAndAttributes {
    batch_get_item::KeysAndAttributes {
        keys: given_all(wanted.keys),
        projection_expression: wanted.projection_expression,
        expression_attribute_names: wanted.expression_attribute_names,
        consistent_read: wanted.consistent_read,
        attributes_to_get: wanted.attributes_to_get,
    }
}

/// The keys that a batch left unprocessed, because the items before them were too many bytes.
fn keys_left(left: serde_json::Value) -> Result<KeysAndAttributes, dynoxide::DynoxideError> {
    let damaged = |error: &dyn fmt::Display| dynoxide::DynoxideError::InternalServerError(error.to_string());
    let left: batch_get_item::KeysAndAttributes =
        serde_json::from_value(left).map_err(|error| damaged(&error))?;
    KeysAndAttributes::builder()
        .set_keys(Some(taken_all(left.keys)))
        .set_projection_expression(left.projection_expression)
        .set_expression_attribute_names(left.expression_attribute_names)
        .set_consistent_read(left.consistent_read)
        .set_attributes_to_get(left.attributes_to_get)
        .build()
        .map_err(|error| damaged(&error))
}

fn part_given(part: TransactWriteItem) -> transaction::TransactWriteItem {
    transaction::TransactWriteItem {
        put: part.put.map(|put| transaction::TransactPut {
            table_name: put.table_name,
            item: given(put.item),
            condition_expression: put.condition_expression,
            expression_attribute_names: put.expression_attribute_names,
            expression_attribute_values: put.expression_attribute_values.map(given),
            return_values_on_condition_check_failure: name(put.return_values_on_condition_check_failure),
        }),
        update: part.update.map(|update| transaction::TransactUpdate {
            table_name: update.table_name,
            key: given(update.key),
            update_expression: update.update_expression,
            condition_expression: update.condition_expression,
            expression_attribute_names: update.expression_attribute_names,
            expression_attribute_values: update.expression_attribute_values.map(given),
            return_values_on_condition_check_failure: name(update.return_values_on_condition_check_failure),
        }),
        delete: part.delete.map(|delete| transaction::TransactDelete {
            table_name: delete.table_name,
            key: given(delete.key),
            condition_expression: delete.condition_expression,
            expression_attribute_names: delete.expression_attribute_names,
            expression_attribute_values: delete.expression_attribute_values.map(given),
            return_values_on_condition_check_failure: name(delete.return_values_on_condition_check_failure),
        }),
        condition_check: part.condition_check.map(|check| transaction::TransactConditionCheck {
            table_name: check.table_name,
            key: given(check.key),
            condition_expression: check.condition_expression,
            expression_attribute_names: check.expression_attribute_names,
            expression_attribute_values: check.expression_attribute_values.map(given),
            return_values_on_condition_check_failure: name(check.return_values_on_condition_check_failure),
        }),
    }
}

fn write_given(write: WriteRequest) -> batch_write_item::WriteRequest {
    batch_write_item::WriteRequest {
        put_request: write.put_request.map(|put| batch_write_item::PutRequest { item: given(put.item) }),
        delete_request: write
            .delete_request
            .map(|delete| batch_write_item::DeleteRequest { key: given(delete.key) }),
    }
}

/// The name of one of the API's constants.
fn name(constant: Option<impl ToString>) -> Option<String> {
    constant.map(|constant| constant.to_string())
}

/// How many items at most. The engine refuses 0, as DynamoDB does every number below 1.
fn limit(items: i32) -> usize {
    usize::try_from(items).unwrap_or_default()
}

fn count(items: usize) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}
