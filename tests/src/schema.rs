//! As much of JSON Schema as `openapi.yaml` uses, but for `pattern` and `format`.

use serde_json::{Map, Value};

/// What is wrong with a value, one text for each fault. `document` is what a `$ref` points into.
#[must_use]
pub fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "", &mut faults);
    faults
}

/// The place of a document that a node stands for.
#[must_use]
pub fn resolve<'d>(document: &'d Value, node: &'d Value) -> &'d Value {
    match node["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("a reference into this document");
            resolve(document, document.pointer(pointer).unwrap_or_else(|| panic!("{reference} is nowhere")))
        }
        None => node,
    }
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let schema = resolve(document, schema);
    let mut expect = |holds: bool, rule: &str| {
        if !holds {
            faults.push(format!("{at}: {rule} {}, but it is {value}", schema[rule]));
        }
    };
    let number = |rule: &str| schema[rule].as_u64();
    if let Some(types) = schema.get("type") {
        expect(is_type(types, value), "type");
    }
    if let Some(constant) = schema.get("const") {
        expect(constant == value, "const");
    }
    if let Some(values) = schema["enum"].as_array() {
        expect(values.contains(value), "enum");
    }
    if let Some(text) = value.as_str() {
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        expect(number("minLength").is_none_or(|least| length >= least), "minLength");
        expect(number("maxLength").is_none_or(|most| length <= most), "maxLength");
    }
    if let Some(value) = value.as_u64() {
        expect(number("minimum").is_none_or(|least| value >= least), "minimum");
        expect(number("maximum").is_none_or(|most| value <= most), "maximum");
    }
    if let Some(schemas) = schema["oneOf"].as_array() {
        let fitting = schemas.iter().filter(|schema| self::faults(document, schema, value).is_empty());
        expect(fitting.count() == 1, "oneOf");
    }
    for schema in schema["allOf"].as_array().into_iter().flatten() {
        check(document, schema, value, at, faults);
    }
    match value {
        Value::Array(items) => check_items(document, schema, items, at, faults),
        Value::Object(members) => check_members(document, schema, members, at, faults),
        _ => {}
    }
}

fn is_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => panic!("no such type: {name}"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

fn check_items(document: &Value, schema: &Value, items: &[Value], at: &str, faults: &mut Vec<String>) {
    if schema["minItems"].as_u64().is_some_and(|least| (items.len() as u64) < least) {
        faults.push(format!("{at}: minItems {}", schema["minItems"]));
    }
    if let Some(schema) = schema.get("items") {
        for (place, item) in items.iter().enumerate() {
            check(document, schema, item, &format!("{at}/{place}"), faults);
        }
    }
}

fn check_members(
    document: &Value,
    schema: &Value,
    members: &Map<String, Value>,
    at: &str,
    faults: &mut Vec<String>,
) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            faults.push(format!("{at}: {name} is required"));
        }
    }
    let known = properties(document, schema);
    let closed = schema["additionalProperties"] == false || schema["unevaluatedProperties"] == false;
    for (name, value) in members {
        match known.iter().find(|(property, _)| *property == name) {
            Some((_, schema)) => check(document, schema, value, &format!("{at}/{name}"), faults),
            None if closed => faults.push(format!("{at}: {name} is not in the schema")),
            None => {}
        }
    }
}

/// The properties of a schema and of those that it is made of.
fn properties<'d>(document: &'d Value, schema: &'d Value) -> Vec<(&'d String, &'d Value)> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let inherited = parts.flat_map(|part| properties(document, resolve(document, part)));
    schema["properties"].as_object().into_iter().flatten().chain(inherited).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_of_each_kind_is_found() {
        let document = json!({"schemas": {"base": {"type": "object", "properties": {"id": {"type": "integer", "minimum": 1}}}}});
        let schema = json!({
            "allOf": [{"$ref": "#/schemas/base"}],
            "required": ["name"],
            "properties": {"name": {"type": ["string", "null"], "minLength": 2}, "kind": {"enum": ["a"]}, "many": {"minItems": 1, "items": {"const": 1}}},
            "unevaluatedProperties": false,
        });
        let count = |value: Value| faults(&document, &schema, &value).len();
        assert_eq!(count(json!({"name": null, "id": 1, "kind": "a", "many": [1]})), 0);
        for bad in [
            json!({}),
            json!([]),
            json!({"name": "x"}),
            json!({"name": null, "id": 0}),
            json!({"name": null, "kind": "b"}),
        ] {
            assert_ne!(count(bad.clone()), 0, "{bad}");
        }
        for bad in [
            json!({"name": null, "many": []}),
            json!({"name": null, "many": [2]}),
            json!({"name": null, "more": 1}),
        ] {
            assert_eq!(count(bad.clone()), 1, "{bad}");
        }
        assert_eq!(
            faults(&document, &json!({"oneOf": [{"type": "null"}, {"type": "string"}]}), &json!(1)).len(),
            1
        );
    }
}
