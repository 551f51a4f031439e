//! Lists of everything of one kind: a scan of the accounts table, page by page. For an operator now and then; no request
//! of the service ever scans.

use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use shared::App;
use shared::store::{Call, Item, Key, StoreError};

use super::OperatorError;
use crate::cli::Page;

/// One page of the items with this sort key, and where the next one begins.
pub(super) async fn page<T: DeserializeOwned>(
    app: &App,
    kind: &str,
    page: &Page,
) -> Result<(Vec<T>, Option<String>), OperatorError> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let mut start = page.after.as_deref().map(|pk| Key::new(pk, kind).into_item());
    let mut found = Vec::new();
    loop {
        let (items, next) = scan(app, kind, start).await?;
        for item in items {
            if found.len() == limit {
                return Ok((read(&found)?, found.last().and_then(cursor)));
            }
            found.push(item);
        }
        start = next;
        if start.is_none() {
            return Ok((read(&found)?, None));
        }
    }
}

/// What DynamoDB reads in one call, and the key after which the next one begins.
pub(super) async fn scan(
    app: &App,
    kind: &str,
    start: Option<Item>,
) -> Result<(Vec<Item>, Option<Item>), StoreError> {
    let scan = ScanInput::builder().table_name(&app.store.tables.accounts);
    let output = scan
        .filter_expression("sk = :kind")
        .expression_attribute_values(":kind", AttributeValue::S(kind.to_owned()))
        .set_exclusive_start_key(start)
        .send_to(&app.store)
        .await?;
    Ok((output.items.unwrap_or_default(), output.last_evaluated_key))
}

pub(super) fn read<T: DeserializeOwned>(items: &[Item]) -> Result<Vec<T>, StoreError> {
    Ok(items.iter().cloned().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

fn cursor(item: &Item) -> Option<String> {
    item.get("pk")?.as_s().ok().cloned()
}
