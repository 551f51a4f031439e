//! Requests and responses, before and after the concept that a function is about.

pub mod body;
pub mod credentials;
pub mod fault;
pub mod json;
pub mod page;
pub mod peer;
pub mod response;

pub use fault::{Fault, Shape};
pub use lambda_http::http::{HeaderMap, HeaderValue, StatusCode, header};
pub use lambda_http::{Body, Request};

/// What every handler gives back.
pub type Response = lambda_http::Response<Body>;
