//! Items, from the SDK's type to the engine's and back. Nothing is copied but what holds them.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::AttributeValue as Value;
use shared::store::Item;

pub(super) fn given(item: Item) -> HashMap<String, Value> {
    item.into_iter().map(|(name, value)| (name, value_given(value))).collect()
}

pub(super) fn given_all(items: Vec<Item>) -> Vec<HashMap<String, Value>> {
    items.into_iter().map(given).collect()
}

pub(super) fn taken(item: HashMap<String, Value>) -> Item {
    item.into_iter().map(|(name, value)| (name, value_taken(value))).collect()
}

pub(super) fn taken_all(items: Vec<HashMap<String, Value>>) -> Vec<Item> {
    items.into_iter().map(taken).collect()
}

fn value_given(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(number) => Value::N(number),
        AttributeValue::B(bytes) => Value::B(bytes.into_inner()),
        AttributeValue::Bool(value) => Value::BOOL(value),
        AttributeValue::Null(value) => Value::NULL(value),
        AttributeValue::Ss(texts) => Value::SS(texts),
        AttributeValue::Ns(numbers) => Value::NS(numbers),
        AttributeValue::Bs(all) => Value::BS(all.into_iter().map(Blob::into_inner).collect()),
        AttributeValue::L(values) => Value::L(values.into_iter().map(value_given).collect()),
        AttributeValue::M(values) => Value::M(given(values)),
        // The SDK's other one stands for what an older version than the service's cannot read; nobody writes it.
        _ => Value::NULL(true),
    }
}

fn value_taken(value: Value) -> AttributeValue {
    match value {
        Value::S(text) => AttributeValue::S(text),
        Value::N(number) => AttributeValue::N(number),
        Value::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Value::BOOL(value) => AttributeValue::Bool(value),
        Value::NULL(value) => AttributeValue::Null(value),
        Value::SS(texts) => AttributeValue::Ss(texts),
        Value::NS(numbers) => AttributeValue::Ns(numbers),
        Value::BS(all) => AttributeValue::Bs(all.into_iter().map(Blob::new).collect()),
        Value::L(values) => AttributeValue::L(values.into_iter().map(value_taken).collect()),
        Value::M(values) => AttributeValue::M(taken(values)),
    }
}
