//! The way of a call: over the SDK's client, or straight to the tables where they are in this process.

use std::fmt;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::{
    BatchWriteItemError, BatchWriteItemInput, BatchWriteItemOutput,
};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanInput, ScanOutput};
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};

use super::Store;

/// What the SDK gives for a call.
pub type Answer<T, E> = Result<T, SdkError<E>>;

/// A call to storage: the input of one of the SDK's operations.
pub trait Call {
    /// What the operation gives.
    type Output;
    /// Why it may be refused.
    type Error;

    /// Makes the call.
    fn send_to(self, store: &Store) -> impl Future<Output = Answer<Self::Output, Self::Error>> + Send;
}

/// Declares what tables in this process have to answer, and how each call finds its way.
macro_rules! calls {
    ($($call:ident: $builder:ty, $input:ty => $output:ty, $error:ty;)*) => {
        /// Tables in this process, which answer as DynamoDB does: docs/decisions/0012-the-local-server-calls-its-engine.md.
        #[expect(clippy::result_large_err, reason = "the SDK's own")]
        pub trait Engine: fmt::Debug + Send + Sync {
            $(
                /// The operation of this name.
                fn $call(&self, input: $input) -> Answer<$output, $error>;
            )*
        }

        $(
            impl Call for $builder {
                type Output = $output;
                type Error = $error;

                async fn send_to(self, store: &Store) -> Answer<$output, $error> {
                    match &store.engine {
                        None => self.send_with(&store.client).await,
                        Some(engine) => engine.$call(self.build().map_err(SdkError::construction_failure)?),
                    }
                }
            }
        )*
    };
}

calls! {
    batch_get_item: BatchGetItemInputBuilder, BatchGetItemInput => BatchGetItemOutput, BatchGetItemError;
    batch_write_item: BatchWriteItemInputBuilder, BatchWriteItemInput => BatchWriteItemOutput, BatchWriteItemError;
    delete_item: DeleteItemInputBuilder, DeleteItemInput => DeleteItemOutput, DeleteItemError;
    get_item: GetItemInputBuilder, GetItemInput => GetItemOutput, GetItemError;
    put_item: PutItemInputBuilder, PutItemInput => PutItemOutput, PutItemError;
    query: QueryInputBuilder, QueryInput => QueryOutput, QueryError;
    scan: ScanInputBuilder, ScanInput => ScanOutput, ScanError;
    transact_write_items: TransactWriteItemsInputBuilder, TransactWriteItemsInput => TransactWriteItemsOutput, TransactWriteItemsError;
    update_item: UpdateItemInputBuilder, UpdateItemInput => UpdateItemOutput, UpdateItemError;
}
