//! The documents that must agree with each other, as JSON.

use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value};

/// The root of the project.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the project.
#[must_use]
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `template.yaml`, with `!Ref x` as `{"Ref": "x"}` and `!GetAtt x.y` as `{"Fn::GetAtt": "x.y"}`.
#[must_use]
pub fn template() -> Value {
    yaml("template.yaml")
}

/// `openapi.yaml`.
#[must_use]
pub fn openapi() -> Value {
    yaml("openapi.yaml")
}

/// What `cargo metadata` says about the workspace's own packages. Asks no registry.
#[must_use]
pub fn workspace() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo");
    serde_json::from_slice(&output.stdout).expect("the metadata of the workspace")
}

fn yaml(path: &str) -> Value {
    let text = text(path);
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    json(documents.first().expect("a document"))
}

/// A node as JSON. What has no place in JSON, such as a key that is no text, fails the test.
fn json(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::FloatingPoint(value)) => f64::from(*value).into(),
        Yaml::Value(Scalar::String(value)) => value.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.as_str().expect("a key that is a text").to_owned(), json(value)));
            Value::Object(members.collect())
        }
        Yaml::Tagged(tag, node) => {
            let function = match tag.suffix.as_str() {
                "Ref" => "Ref".to_owned(),
                name => format!("Fn::{name}"),
            };
            Value::Object(Map::from_iter([(function, json(node))]))
        }
        other => panic!("no JSON: {other:?}"),
    }
}
