//! The rules that every endpoint keeps, and what strangers send to break them.

mod body;
mod random;
mod request;
mod socket;

/// What API Gateway answers where there is no route.
const NOT_FOUND: &str = r#"{"message":"Not Found"}"#;
