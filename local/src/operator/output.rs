//! What commands print: a table for people, JSON for scripts.

use serde_json::Value;

/// Prints one object: its fields one below the other, or as JSON.
pub(super) fn object(value: &Value, json: bool) {
    if json {
        println!("{value}");
        return;
    }
    let fields: Vec<(&String, String)> =
        value.as_object().into_iter().flatten().map(|(name, value)| (name, text(value))).collect();
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in fields {
        println!("{name:width$}  {value}");
    }
}

/// Prints a list with these columns, and how to see more of it.
pub(super) fn list(columns: &[&str], rows: &[Value], after: Option<&str>, json: bool) {
    if json {
        println!("{}", serde_json::json!({ "items": rows, "after": after }));
        return;
    }
    let cell = |row: &Value, column: &str| row.get(column).map(text).unwrap_or_default();
    let width = |column: &&str| {
        rows.iter()
            .map(|row| cell(row, column).chars().count())
            .chain([column.len()])
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        println!("{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    line(columns.iter().map(|column| column.to_uppercase()).collect());
    for row in rows {
        line(columns.iter().map(|column| cell(row, column)).collect());
    }
    if let Some(after) = after {
        eprintln!("There are more: go on with --after {after}");
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
