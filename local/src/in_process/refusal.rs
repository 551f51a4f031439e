//! What the engine refuses, as the SDK's errors. Those that callers tell apart by their type have it; the others have their
//! code, as in the SDK those that no type is known for.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use aws_smithy_runtime_api::client::result::CreateUnhandledError;
use aws_smithy_types::body::SdkBody;
use dynoxide::DynoxideError;

use super::item::taken;

pub(super) fn refused<E: CreateUnhandledError>(error: DynoxideError) -> SdkError<E> {
    let (status, metadata) = (error.status_code(), metadata(&error));
    answered(status, E::create_unhandled_error(Box::new(error), Some(metadata)))
}

/// Refused, or a condition that does not hold.
pub(super) fn refused_or<E: CreateUnhandledError>(
    not_held: impl FnOnce(ConditionalCheckFailedException) -> E,
) -> impl FnOnce(DynoxideError) -> SdkError<E> {
    |error| {
        let (status, metadata) = (error.status_code(), metadata(&error));
        match error {
            DynoxideError::ConditionalCheckFailedException(message, item) => {
                let failed = ConditionalCheckFailedException::builder().message(message).meta(metadata);
                answered(status, not_held(failed.set_item(item.map(taken)).build()))
            }
            other => refused(other),
        }
    }
}

/// Refused, or a transaction of which a part could not be done.
pub(super) fn refused_or_cancelled(error: DynoxideError) -> SdkError<TransactWriteItemsError> {
    let (status, metadata) = (error.status_code(), metadata(&error));
    match error {
        DynoxideError::TransactionCanceledException(message, reasons) => {
            let reasons = reasons.into_iter().map(|reason| {
                let item = reason.item.map(taken);
                CancellationReason::builder()
                    .code(reason.code)
                    .set_message(reason.message)
                    .set_item(item)
                    .build()
            });
            let cancelled = TransactionCanceledException::builder().message(message).meta(metadata);
            let cancelled = cancelled.set_cancellation_reasons(Some(reasons.collect())).build();
            answered(status, TransactWriteItemsError::TransactionCanceledException(cancelled))
        }
        other => refused(other),
    }
}

/// The code is the last part of the type: `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`.
fn metadata(error: &DynoxideError) -> ErrorMetadata {
    let code = error.error_type().rsplit('#').next().unwrap_or_default();
    ErrorMetadata::builder().code(code).message(error.to_string()).build()
}

fn answered<E>(status: u16, error: E) -> SdkError<E> {
    match status.try_into() {
        Ok(status) => SdkError::service_error(error, HttpResponse::new(status, SdkBody::empty())),
        Err(invalid) => SdkError::construction_failure(invalid),
    }
}
