//! The parts of a transaction, and what became of it.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};
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
    put_if(table, key, value, "attribute_not_exists(pk)", &[])
}

/// An item that takes the place of one that is so, or of none, for [`Store::transact`].
pub fn put_if(
    table: &str,
    key: Key,
    value: &impl Serialize,
    condition: &str,
    values: &[(&str, AttributeValue)],
) -> Result<TransactWriteItem, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value)?;
    item.extend(key.into_item());
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(condition)
        .set_expression_attribute_names(names_in(&[condition]))
        .set_expression_attribute_values(named(values));
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

/// An item that must be so, for [`Store::transact`].
pub fn check(
    table: &str,
    key: Key,
    condition: &str,
    values: &[(&str, AttributeValue)],
) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .condition_expression(condition)
        .set_expression_attribute_names(names_in(&[condition]))
        .set_expression_attribute_values(named(values));
    Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
}

/// An item that changes if it is so, for [`Store::transact`].
pub fn update(
    table: &str,
    key: Key,
    expression: &str,
    condition: &str,
    values: &[(&str, AttributeValue)],
) -> Result<TransactWriteItem, StoreError> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .update_expression(expression)
        .condition_expression(condition)
        .set_expression_attribute_names(names_in(&[expression, condition]))
        .set_expression_attribute_values(named(values));
    Ok(TransactWriteItem::builder().update(update.build()?).build())
}

/// An item that goes, if there is one, for [`Store::transact`].
pub fn delete(table: &str, key: Key) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder().table_name(table).set_key(Some(key.into_item()));
    Ok(TransactWriteItem::builder().delete(delete.build()?).build())
}

/// An item that goes if it is so, for [`Store::transact`].
pub fn delete_if(
    table: &str,
    key: Key,
    condition: &str,
    values: &[(&str, AttributeValue)],
) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .condition_expression(condition)
        .set_expression_attribute_names(names_in(&[condition]))
        .set_expression_attribute_values(named(values));
    Ok(TransactWriteItem::builder().delete(delete.build()?).build())
}

/// The values of an expression. An empty map is refused.
fn named(values: &[(&str, AttributeValue)]) -> Option<Item> {
    let values: Item = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Some(values).filter(|values| !values.is_empty())
}

/// The attributes that expressions name with a `#`, because DynamoDB reserves the word: `#status` is `status`.
fn names_in(expressions: &[&str]) -> Option<HashMap<String, String>> {
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
    let names: HashMap<String, String> = expressions
        .iter()
        .flat_map(|expression| expression.split('#').skip(1))
        .filter_map(|rest| rest.split(ends).next())
        .map(|name| (format!("#{name}"), name.to_owned()))
        .collect();
    Some(names).filter(|names| !names.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_hash_stands_for_the_attribute() {
        let names = names_in(&["SET a = :a, #status = :b", "(#status <> :b) AND #idle_at < :c"]).unwrap();
        let expected = [("#status", "status"), ("#idle_at", "idle_at")];
        assert_eq!(names, HashMap::from(expected.map(|(name, is)| (name.to_owned(), is.to_owned()))));
        assert_eq!(names_in(&["attribute_exists(pk)"]), None);
    }
}
