//! The parts of a transaction, and what became of it.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};
use serde::Serialize;

use super::{Item, Key, StoreError};

/// The outcome of [`Store::transact`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// Everything was written.
    Done,
    /// Nothing was written: the condition at this place of the list did not hold.
    Refused(usize),
}

/// An item that must not exist yet, for [`Store::transact`].
pub fn new_item(table: &str, key: Key, value: &impl Serialize) -> Result<TransactWriteItem, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value)?;
    item.extend(key.into_item());
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)");
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

/// An item that must be so, for [`Store::transact`].
pub fn check(
    table: &str,
    key: Key,
    condition: &str,
    values: &[(&str, AttributeValue)],
) -> Result<TransactWriteItem, StoreError> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Item>();
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .condition_expression(condition)
        // An empty map is refused.
        .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()));
    Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
}

/// Why a transaction did not go through.
pub(super) enum Cancelled {
    Refused(usize),
    /// Another transaction held one of the items: what becomes of it is not known yet.
    Conflict,
    Otherwise,
}

pub(super) fn cancelled_because<R>(error: &SdkError<TransactWriteItemsError, R>) -> Cancelled {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return Cancelled::Conflict,
        _ => return Cancelled::Otherwise,
    };
    let at = |code| reasons.iter().position(|reason| reason.code() == Some(code));
    match (at("ConditionalCheckFailed"), at("TransactionConflict")) {
        (Some(at), _) => Cancelled::Refused(at),
        (None, Some(_)) => Cancelled::Conflict,
        (None, None) => Cancelled::Otherwise,
    }
}
