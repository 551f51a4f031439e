//! The page `/local/mail`, where the mails that were sent can be read.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use shared::http::page::escape;

/// The page that shows the mails.
pub const PATH: &str = "/local/mail";

/// Whether a request is for the page. It must name this machine: a name that someone else has let point here is another
/// origin, whose pages could read the mails.
#[must_use]
pub fn is_wanted<B>(request: &Request<B>) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "localhost" | "127.0.0.1");
    request.method() == Method::GET && request.uri().path() == PATH && local
}

/// The mails of a folder, newest first, as a page or, for scripts, as JSON.
#[must_use]
pub fn page<B>(folder: &Path, request: &Request<B>) -> Response<Full<Bytes>> {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let as_json = accept.is_some_and(|accept| accept.contains("application/json"));
    let mails = mails(folder);
    let (content_type, body) = if as_json {
        ("application/json", json!({ "mails": mails }).to_string())
    } else {
        ("text/html; charset=utf-8", html(&mails))
    };
    let mut response = Response::new(Full::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        // Browsers ask for a source of frames even where their content is part of the page.
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'"),
    );
    response
}

fn mails(folder: &Path) -> Vec<Value> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<(SystemTime, PathBuf)> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "eml"))
        .filter_map(|file| Some((fs::metadata(&file).ok()?.modified().ok()?, file)))
        .collect();
    files.sort();
    files.iter().rev().take(100).filter_map(|(_, file)| describe(file)).collect()
}

fn describe(file: &Path) -> Option<Value> {
    let bytes = fs::read(file).ok()?;
    let message = MessageParser::default().parse(&bytes)?;
    let text = message.body_text(0).unwrap_or_default();
    let html = message.body_html(0).unwrap_or_default();
    let link = text.lines().map(str::trim).find(|line| line.starts_with("http"));
    Some(json!({
        "id": file.file_stem().and_then(|stem| stem.to_str()),
        "to": message.to().and_then(|to| to.first()).and_then(|to| to.address()),
        "subject": message.subject(),
        "date": message.date().map(mail_parser::DateTime::to_rfc3339),
        "text": text,
        "html": html,
        "link": link,
    }))
}

/// A mail is shown in a frame that can do nothing but follow a link that someone presses.
const ALLOWED: &str = "allow-top-navigation-by-user-activation";
/// Its links open in place of the whole page. What comes before them is the beginning of the document.
const TOP: &str = "<!doctype html><base target=\"_top\">";

fn html(mails: &[Value]) -> String {
    let text = |mail: &Value, name: &str| escape(mail.get(name).and_then(Value::as_str).unwrap_or_default());
    let line = |line: &str| {
        if line.starts_with("http") { format!("<a href=\"{line}\">{line}</a>") } else { line.to_owned() }
    };
    let mut list = String::new();
    for mail in mails {
        let body: Vec<String> = text(mail, "text").lines().map(line).collect();
        let _ = write!(
            list,
            "<article><h2>{subject}</h2><p class=\"meta\">to {} · {}</p><pre>{}</pre><details><summary>As HTML</summary>\
             <iframe title=\"{subject}\" sandbox=\"{ALLOWED}\" srcdoc=\"{TOP}{}\"></iframe></details></article>",
            text(mail, "to"),
            text(mail, "date"),
            body.join("\n"),
            text(mail, "html"),
            subject = text(mail, "subject"),
            TOP = escape(TOP),
        );
    }
    if list.is_empty() {
        list.push_str("<p>No mail yet. Sign someone up, and reload.</p>");
    }
    include_str!("page.html").replace("{{mails}}", &list)
}
