//! The cases of `events/`: what API Gateway or a stream sends, and what a function answers.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A stream calls this function.
pub const MAILER: &str = "mailer";
/// Other APIs call this function.
pub const AUTHORIZER: &str = "authorizer";
/// A schedule and CloudFormation call this function.
pub const ROTATE_KEYS: &str = "rotate-keys";
/// The functions that no route leads to.
pub const UNROUTED: [&str; 3] = [AUTHORIZER, MAILER, ROTATE_KEYS];

/// The one function that asks no storage: it answers whether or not the store does.
pub const STORELESS: &str = "discovery";

/// One event and what is expected: an [`Answer`], an [`Outcome`] or a [`Decision`].
pub struct Case<E = Answer> {
    /// As in `login`.
    pub function: String,
    /// As in `wrong-password`.
    pub name: String,
    /// What is sent, with placeholders.
    pub event: Value,
    /// What the function answers.
    pub expected: E,
}

/// The `.expect.json` of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Whether the store answers.
    #[serde(default)]
    pub store: StoreState,
    /// The status.
    pub status: u16,
    /// Headers that the answer has at least.
    pub headers: HashMap<String, String>,
    /// Every cookie that is set.
    #[serde(default)]
    pub cookies: Vec<String>,
    /// The body: a pattern.
    pub body: Value,
}

/// The `.expect.json` of a stream's event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Whether the store answers.
    #[serde(default)]
    pub store: StoreState,
    /// All that the function returns: a pattern.
    pub body: Value,
}

/// The `.expect.json` of an authorizer's event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether the store answers.
    #[serde(default)]
    pub store: StoreState,
    /// All that the function returns: a pattern.
    #[serde(default)]
    pub body: Option<Value>,
    /// The text that it fails with.
    #[serde(default)]
    pub error: Option<String>,
}

/// The store that a case is about.
#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum StoreState {
    /// It has the data that events/README.md describes.
    #[default]
    Seeded,
    /// It does not answer.
    Unreachable,
}

/// The names of the folders of `events/`: the functions.
#[must_use]
pub fn functions() -> Vec<String> {
    let folders = entries(&root()).into_iter().filter(|path| path.is_dir());
    folders.map(|path| stem(&path)).collect()
}

/// The functions that a route leads to.
#[must_use]
pub fn routed() -> Vec<String> {
    functions().into_iter().filter(|function| !UNROUTED.contains(&function.as_str())).collect()
}

/// The cases of a function, in the order of their names.
#[must_use]
pub fn cases<E: DeserializeOwned>(function: &str) -> Vec<Case<E>> {
    let files = entries(&root().join(function)).into_iter();
    let events = files.filter(|path| !path.to_string_lossy().ends_with(".expect.json"));
    let case = |path: PathBuf| Case {
        function: function.to_owned(),
        name: stem(&path),
        event: read(&path),
        expected: serde_json::from_value(read(&path.with_extension("expect.json")))
            .unwrap_or_else(|error| panic!("{function}/{}.expect.json: {error}", stem(&path))),
    };
    events.map(case).collect()
}

/// The event with its placeholders filled, also those inside a base64 body.
#[must_use]
pub fn fill(event: &Value, values: &[(&str, String)]) -> Value {
    let mut event = fill_texts(event, values);
    let Some(body) = event["body"].as_str().map(str::to_owned) else { return event };
    let length = if event["isBase64Encoded"] == true {
        let text = String::from_utf8(STANDARD.decode(&body).expect("base64")).expect("text");
        let text = fill_text(&text, values);
        event["body"] = STANDARD.encode(&text).into();
        text.len()
    } else {
        body.len()
    };
    event["headers"]["content-length"] = length.to_string().into();
    event
}

fn fill_texts(value: &Value, values: &[(&str, String)]) -> Value {
    match value {
        Value::String(text) => fill_text(text, values).into(),
        Value::Array(items) => items.iter().map(|item| fill_texts(item, values)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), fill_texts(value, values)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

fn fill_text(text: &str, values: &[(&str, String)]) -> String {
    let filled = values
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value));
    assert!(!filled.contains("{{"), "a placeholder that nothing fills: {filled}");
    filled
}

/// Whether a value is what a pattern says: the same, or of the kind that `<…>` names.
#[must_use]
pub fn fits(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::String(kind), Value::Number(number)) => kind == "<integer>" && number.is_u64(),
        (Value::String(pattern), Value::String(text)) => fits_text(pattern, text),
        (Value::Array(patterns), Value::Array(items)) => {
            patterns.len() == items.len()
                && patterns.iter().zip(items).all(|(pattern, item)| fits(pattern, item))
        }
        (Value::Object(patterns), Value::Object(members)) => {
            patterns.len() == members.len()
                && patterns
                    .iter()
                    .all(|(name, pattern)| members.get(name).is_some_and(|value| fits(pattern, value)))
        }
        _ => pattern == value,
    }
}

/// A text pattern has at most one `<kind>`.
#[must_use]
pub fn fits_text(pattern: &str, text: &str) -> bool {
    let split = pattern.split_once('<').and_then(|(before, rest)| Some((before, rest.rsplit_once('>')?)));
    let Some((before, (kind, after))) = split else { return pattern == text };
    let part = text.strip_prefix(before).and_then(|text| text.strip_suffix(after));
    part.is_some_and(|part| is_of_kind(kind, part))
}

fn is_of_kind(kind: &str, text: &str) -> bool {
    let is_hex =
        |count: usize| text.len() == count && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    let is_base64url = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    match kind {
        "integer" => false, // a text is none
        "string" => !text.is_empty(),
        "jwt" => text.split('.').count() == 3 && text.split('.').all(is_base64url),
        "object id" => is_hex(24),
        "time" => text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T',
        kind => match kind.strip_suffix(" hex").and_then(|count| count.parse().ok()) {
            Some(count) => is_hex(count),
            None => panic!("no such kind: <{kind}>"),
        },
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_fits_its_kind_and_nothing_else() {
        assert!(fits(&json!({"id": "<24 hex>", "n": "<integer>"}), &json!({"n": 1, "id": "0".repeat(24)})));
        assert!(!fits(&json!({"n": "<integer>"}), &json!({"n": 1, "more": 2})));
        assert!(!fits(&json!("<integer>"), &json!("1")));
        assert!(fits_text("a=<2 hex>; b", "a=0f; b"));
        assert!(!fits_text("a=<2 hex>; b", "a=0g; b"));
        assert!(!fits_text("<jwt>", "a.b"));
    }

    #[test]
    fn a_base64_body_is_filled_inside() {
        let event = json!({"isBase64Encoded": true, "body": STANDARD.encode("t={{t}}"), "headers": {}});
        let filled = fill(&event, &[("t", "xyz".to_owned())]);
        assert_eq!(filled["body"], STANDARD.encode("t=xyz"));
        assert_eq!(filled["headers"]["content-length"], "5");
    }
}
