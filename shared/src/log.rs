//! What the service writes about itself: one line of JSON per fault, in the form that CloudWatch Logs reads.
//!
//! Never logged: passwords, secrets, tokens, cookies, request bodies, the `Authorization` header.

use std::error::Error;
use std::io::Write;
use std::sync::OnceLock;

use serde::Serialize;

/// One line of the log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    /// `ERROR` or `WARN`.
    pub level: &'static str,
    /// What happened, in a few words.
    pub message: &'a str,
    /// The id that the caller was told in `x-request-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// The status that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error and what caused it, outermost first.
    pub causes: Vec<String>,
}

static SINK: OnceLock<fn(&Record)> = OnceLock::new();

/// Sends the log somewhere else than standard error as JSON. The first call counts.
pub fn set_sink(sink: fn(&Record)) {
    let _ = SINK.set(sink);
}

/// Writes one line.
pub fn write(record: &Record) {
    SINK.get().copied().unwrap_or(write_json)(record);
}

/// Writes a line about something that went wrong and that no caller is told of.
pub fn warn(message: &str, error: &(dyn Error + 'static)) {
    write(&Record { level: "WARN", message, request_id: None, status: None, causes: causes(error) });
}

/// As [`warn`], of something that has to be looked after.
pub fn error(message: &str, error: &(dyn Error + 'static)) {
    write(&Record { level: "ERROR", message, request_id: None, status: None, causes: causes(error) });
}

fn write_json(record: &Record) {
    if let Ok(mut line) = serde_json::to_vec(record) {
        line.push(b'\n');
        // A log that cannot be written must not fail the request.
        let _ = std::io::stderr().lock().write_all(&line);
    }
}

/// The texts of an error and of everything beneath it.
#[must_use]
pub fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        next = error.source();
    }
    causes
}
