//! Users as lines of JSON, one each: how they come from another system, and how they leave.

mod export;
mod import;

use serde::{Deserialize, Serialize};
use shared::id::ObjectId;

pub(super) use export::export;
pub(super) use import::{Import, import};

/// One line. Whatever is left out has a default, but for the address.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
}
