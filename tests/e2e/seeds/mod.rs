//! The examples of the five documents, as facts: their requests are taken, their answers have the shapes that they
//! show, and their errors come back byte for byte.

mod access_key;
mod account;
mod scoped;
mod user_session;
mod verify;

use serde_json::{Map, Value};

/// Holds an answer against an example: the same members in the same order, each of the same type. Objects may have
/// more members than the example where `more` names them.
#[track_caller]
fn has_shape_of(answer: &Value, example: &str, more: &[&str]) {
    same_shape(answer, &serde_json::from_str(example).unwrap(), more, "the answer");
}

#[track_caller]
fn same_shape(answer: &Value, example: &Value, more: &[&str], at: &str) {
    match (answer, example) {
        (Value::Object(answer), Value::Object(example)) => {
            let known: Vec<&String> = answer.keys().filter(|name| !more.contains(&name.as_str())).collect();
            assert_eq!(known, names(example), "{at}");
            for (name, example) in example {
                same_shape(&answer[name], example, more, &format!("{at}.{name}"));
            }
        }
        (Value::Array(answer), Value::Array(example)) => {
            for value in answer {
                same_shape(value, &example[0], more, at);
            }
        }
        _ => assert_eq!(kind(answer), kind(example), "{at}: {answer}"),
    }
}

fn names(object: &Map<String, Value>) -> Vec<&String> {
    object.keys().collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The text of an example without its white space between members.
fn compact(example: &str) -> String {
    serde_json::from_str::<Value>(example).unwrap().to_string()
}
