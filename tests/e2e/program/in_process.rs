//! The server's way to its store, without a socket, gives what the SDK gives of the same store over one.

use std::collections::HashMap;
use std::fmt::Debug;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput};
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput};
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsInput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, ReturnValue,
    ReturnValuesOnConditionCheckFailure, Select, TransactWriteItem, Update, WriteRequest,
};
use latchkey::embedded::{Embedded, Place};
use shared::config::TableNames;
use shared::store::{Answer, Call, Item, Key, Store, check, number};

const TABLE: &str = "tokens";
const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// Two stores with the same past: one behind a socket, one without.
struct Both {
    behind_a_socket: Store,
    without: Store,
    _open: [Embedded; 2],
}

impl Both {
    /// Each with three items, `a`, `b` and `c`, of one partition.
    async fn new() -> Self {
        let tables =
            TableNames { accounts: "accounts".to_owned(), tokens: TABLE.to_owned(), keys: "keys".to_owned() };
        let open = async || Embedded::with_tables(&Place::Memory, &tables).await.unwrap();
        let open = [open().await, open().await];
        let both = Self {
            behind_a_socket: open[0].endpoint.store(tables.clone()),
            without: open[1].store(tables),
            _open: open,
        };
        for (sk, n) in [("a", 1), ("b", 2), ("c", 3)] {
            both.same(PutItemInput::builder().table_name(TABLE).set_item(Some(item(sk, n)))).await.unwrap();
        }
        both
    }

    /// What both give, which must be the same.
    async fn same<C>(&self, call: C) -> Answer<C::Output, C::Error>
    where
        C: Call + Clone + Debug,
        C::Output: PartialEq + Debug,
        C::Error: ProvideErrorMetadata + Debug,
    {
        let over_socket = call.clone().send_to(&self.behind_a_socket).await;
        let direct = call.clone().send_to(&self.without).await;
        match (&over_socket, &direct) {
            (Ok(over_socket), Ok(direct)) => assert_eq!(over_socket, direct, "{call:?}"),
            (Err(over_socket), Err(direct)) => assert_eq!(told(over_socket), told(direct), "{call:?}"),
            _ => panic!("{call:?}: {over_socket:?} over a socket, {direct:?} without"),
        }
        direct
    }
}

/// What an error says, and the status that it came with.
fn told<E: ProvideErrorMetadata>(error: &SdkError<E>) -> (Option<&str>, Option<&str>, Option<u16>) {
    let status = error.raw_response().map(|response| response.status().as_u16());
    (error.code(), error.message(), status)
}

fn key(sk: &str) -> Item {
    Key::new("partition", sk).into_item()
}

fn item(sk: &str, n: u32) -> Item {
    let mut item = key(sk);
    item.insert("n".to_owned(), number(n));
    item
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn items_of_every_type_come_back_as_they_were_written() {
    let both = Both::new().await;
    let values = [
        ("text", text("é\n\"\\")),
        ("empty", text("")),
        ("number", AttributeValue::N("-12.5".to_owned())),
        ("bytes", AttributeValue::B(Blob::new([0, 255]))),
        ("yes", AttributeValue::Bool(true)),
        ("nothing", AttributeValue::Null(true)),
        ("texts", AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()])),
        ("numbers", AttributeValue::Ns(vec!["1".to_owned(), "2".to_owned()])),
        ("blobs", AttributeValue::Bs(vec![Blob::new("a"), Blob::new("b")])),
        ("list", AttributeValue::L(vec![text("a"), AttributeValue::M(item("x", 1))])),
        ("map", AttributeValue::M(HashMap::from([("deep".to_owned(), AttributeValue::L(vec![number(1)]))]))),
    ];
    let mut written = key("types");
    written.extend(values.map(|(name, value)| (name.to_owned(), value)));
    let put = PutItemInput::builder().table_name(TABLE).set_item(Some(written.clone()));
    both.same(put).await.unwrap();
    let get = GetItemInput::builder().table_name(TABLE).set_key(Some(key("types"))).consistent_read(true);
    assert_eq!(both.same(get.clone()).await.unwrap().item, Some(written));
    let part = get.projection_expression("#list[1].n, bytes").expression_attribute_names("#list", "list");
    assert_eq!(both.same(part).await.unwrap().item.unwrap().len(), 2);
    let none = GetItemInput::builder().table_name(TABLE).set_key(Some(key("none")));
    assert_eq!(both.same(none).await.unwrap().item, None);
}

#[tokio::test]
async fn reads_of_many_items_are_alike() {
    let both = Both::new().await;
    let keys = KeysAndAttributes::builder().keys(key("a")).keys(key("none")).keys(key("c"));
    let keys = keys.projection_expression("#n").expression_attribute_names("#n", "n").consistent_read(true);
    let batch = BatchGetItemInput::builder().request_items(TABLE, keys.build().unwrap());
    assert_eq!(both.same(batch).await.unwrap().responses.unwrap()[TABLE].len(), 2);

    let query = QueryInput::builder()
        .table_name(TABLE)
        .key_condition_expression("pk = :pk AND sk >= :first")
        .expression_attribute_values(":pk", text("partition"))
        .expression_attribute_values(":first", text("a"));
    assert_eq!(both.same(query.clone()).await.unwrap().count, 3);
    let page = both.same(query.clone().limit(2)).await.unwrap();
    assert_eq!(page.last_evaluated_key, Some(key("b")));
    let rest = query.clone().set_exclusive_start_key(page.last_evaluated_key).consistent_read(true);
    assert_eq!(both.same(rest).await.unwrap().items.unwrap(), [item("c", 3)]);
    let backwards = query.clone().scan_index_forward(false).projection_expression("sk").limit(1);
    assert_eq!(both.same(backwards).await.unwrap().items.unwrap()[0]["sk"], text("c"));
    let counted = query.select(Select::Count).filter_expression("n > :n");
    let counted = both.same(counted.expression_attribute_values(":n", number(1))).await.unwrap();
    assert_eq!((counted.count, counted.scanned_count, counted.items), (2, 3, None));

    let scan = ScanInput::builder().table_name(TABLE).limit(2);
    let page = both.same(scan.clone()).await.unwrap();
    let rest = scan.set_exclusive_start_key(page.last_evaluated_key).filter_expression("n = :n");
    let rest = both.same(rest.expression_attribute_values(":n", number(3))).await.unwrap();
    assert_eq!((rest.count, rest.items.unwrap()), (1, vec![item("c", 3)]));
}

#[tokio::test]
async fn more_than_one_answer_can_hold_is_left_for_the_next() {
    let both = Both::new().await;
    let mut keys = KeysAndAttributes::builder();
    for number in 0..45 {
        let mut large = key(&format!("large{number:02}"));
        large.insert("bytes".to_owned(), text(&"x".repeat(390_000)));
        both.same(PutItemInput::builder().table_name(TABLE).set_item(Some(large))).await.unwrap();
        keys = keys.keys(key(&format!("large{number:02}")));
    }
    let batch = BatchGetItemInput::builder().request_items(TABLE, keys.build().unwrap());
    let output = both.same(batch).await.unwrap();
    let (read, left) = (&output.responses.unwrap()[TABLE], &output.unprocessed_keys.unwrap()[TABLE].keys);
    assert!(!left.is_empty());
    assert_eq!(read.len() + left.len(), 45);
}

#[tokio::test]
async fn writes_and_their_conditions_are_alike() {
    let both = Both::new().await;
    let update = UpdateItemInput::builder()
        .table_name(TABLE)
        .set_key(Some(key("a")))
        .update_expression("SET #n = #n + :one")
        .expression_attribute_names("#n", "n")
        .expression_attribute_values(":one", number(1));
    let new = both.same(update.clone().return_values(ReturnValue::AllNew)).await.unwrap();
    assert_eq!(new.attributes, Some(item("a", 2)));
    let nothing_said = both.same(update.clone().condition_expression("#n > :one")).await.unwrap();
    assert_eq!(nothing_said.attributes, None);
    let refused = update.condition_expression("#n = :one").return_values_on_condition_check_failure(ALL_OLD);
    let refused = both.same(refused).await.unwrap_err().into_service_error();
    let UpdateItemError::ConditionalCheckFailedException(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused.item, Some(item("a", 3)));

    let put = PutItemInput::builder().table_name(TABLE).set_item(Some(item("b", 9)));
    let old = both.same(put.clone().return_values(ReturnValue::AllOld)).await.unwrap();
    assert_eq!(old.attributes, Some(item("b", 2)));
    let refused = both.same(put.clone().condition_expression("attribute_not_exists(pk)")).await;
    let refused = refused.unwrap_err().into_service_error();
    let PutItemError::ConditionalCheckFailedException(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused.item, None);

    let delete = DeleteItemInput::builder().table_name(TABLE).set_key(Some(key("c")));
    let refused = delete.clone().condition_expression("n = :n").expression_attribute_values(":n", number(0));
    let refused = both.same(refused.return_values_on_condition_check_failure(ALL_OLD)).await;
    let refused = refused.unwrap_err().into_service_error();
    let DeleteItemError::ConditionalCheckFailedException(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused.item, Some(item("c", 3)));
    let old = both.same(delete.clone().return_values(ReturnValue::AllOld)).await.unwrap();
    assert_eq!(old.attributes, Some(item("c", 3)));
    assert_eq!(both.same(delete).await.unwrap().attributes, None);

    let put = PutRequest::builder().set_item(Some(item("d", 4))).build().unwrap();
    let delete = DeleteRequest::builder().set_key(Some(key("b"))).build().unwrap();
    let writes = [
        WriteRequest::builder().put_request(put).build(),
        WriteRequest::builder().delete_request(delete).build(),
    ];
    let batch = BatchWriteItemInput::builder().request_items(TABLE, writes.to_vec());
    assert!(both.same(batch).await.unwrap().unprocessed_items.unwrap_or_default().is_empty());
    let left = both.same(ScanInput::builder().table_name(TABLE)).await.unwrap().items.unwrap();
    assert_eq!(left, [item("a", 3), item("d", 4)]);
}

#[tokio::test]
async fn transactions_are_alike() {
    let both = Both::new().await;
    let put = Put::builder().table_name(TABLE).set_item(Some(item("d", 4))).build().unwrap();
    let delete = Delete::builder().table_name(TABLE).set_key(Some(key("b"))).build().unwrap();
    let update = |condition: &str| {
        let update = Update::builder()
            .table_name(TABLE)
            .set_key(Some(key("a")))
            .update_expression("SET n = n + :one")
            .condition_expression(condition)
            .expression_attribute_values(":one", number(1))
            .return_values_on_condition_check_failure(ALL_OLD);
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    };
    let with = |condition: &str| {
        TransactWriteItemsInput::builder()
            .transact_items(TransactWriteItem::builder().put(put.clone()).build())
            .transact_items(TransactWriteItem::builder().delete(delete.clone()).build())
            .transact_items(check(TABLE, Key::new("partition", "c"), "attribute_exists(pk)", &[]).unwrap())
            .transact_items(update(condition))
    };
    let refused = both.same(with("n > :one")).await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(refused) = refused else { panic!("{refused}") };
    let reasons = refused.cancellation_reasons();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "None", "None", "ConditionalCheckFailed"]);
    assert_eq!(reasons[3].item, Some(item("a", 1)));
    let all = ScanInput::builder().table_name(TABLE);
    assert_eq!(both.same(all.clone()).await.unwrap().count, 3);

    // Over the socket the token makes a second one a repetition; within the process none is kept, and it is another one.
    let once = with("n = :one").client_request_token("once");
    both.same(once.clone()).await.unwrap();
    once.clone().send_to(&both.behind_a_socket).await.unwrap();
    let refused = once.send_to(&both.without).await.unwrap_err();
    assert_eq!(refused.code(), Some("TransactionCanceledException"));
    let left = both.same(all).await.unwrap().items.unwrap();
    assert_eq!(left, [item("a", 2), item("c", 3), item("d", 4)]);
}

#[tokio::test]
async fn what_is_wrong_is_refused_alike() {
    let both = Both::new().await;
    let no_table = GetItemInput::builder().table_name("none").set_key(Some(key("a")));
    let refused = both.same(no_table).await.unwrap_err();
    assert_eq!(refused.code(), Some("ResourceNotFoundException"));
    let no_sort_key = GetItemInput::builder().table_name(TABLE).key("pk", text("partition"));
    assert_eq!(both.same(no_sort_key).await.unwrap_err().code(), Some("ValidationException"));
    let no_expression = QueryInput::builder().table_name(TABLE).key_condition_expression("pk = = :pk");
    assert_eq!(both.same(no_expression).await.unwrap_err().code(), Some("ValidationException"));
    let nothing = TransactWriteItemsInput::builder().set_transact_items(Some(Vec::new()));
    assert_eq!(both.same(nothing).await.unwrap_err().code(), Some("ValidationException"));

    // Over the socket it is refused in other words: docs/decisions/0002-the-local-store-has-a-key.md.
    let mut damaged = key("damaged");
    damaged.insert("nothing".to_owned(), AttributeValue::Null(false));
    let damaged = PutItemInput::builder().table_name(TABLE).set_item(Some(damaged));
    let refused = damaged.send_to(&both.without).await.unwrap_err();
    assert_eq!(refused.code(), Some("ValidationException"));
}
