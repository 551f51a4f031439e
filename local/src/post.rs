//! Mail on a laptop: the mailer is told of new messages as Lambda tells it of them by the table's stream, and what it sends can
//! be read at `/local/mail`. docs/decisions/0011-the-local-store-has-no-stream.md.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response};
use mail_parser::MessageParser;
use mailer::{Event, Mailer};
use serde_json::{Value, json};
use shared::App;
use shared::http::page::escape;
use shared::outbox::{self, MessageId};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

/// How long to wait before mails that were not taken are tried again.
const AGAIN: Duration = Duration::from_secs(2);
/// The page that shows the mails.
pub const PATH: &str = "/local/mail";

/// Sends what waits in the outbox, and then what comes, until the process ends.
pub async fn run(app: &'static App, mailer: Mailer, mut messages: UnboundedReceiver<MessageId>) {
    let mut try_waiting = Some(Instant::now());
    loop {
        let again = async {
            match try_waiting {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = messages.recv() => {
                let Some(message) = message else { return };
                if !taken(app, &mailer, message).await {
                    try_waiting.get_or_insert_with(|| Instant::now() + AGAIN);
                }
            }
            () = again => {
                try_waiting = (!send_waiting(app, &mailer).await).then(|| Instant::now() + AGAIN);
            }
        }
    }
}

/// Calls the mailer as Lambda calls it with a change from the table's stream; whether it took the message.
async fn taken(app: &App, mailer: &Mailer, message: MessageId) -> bool {
    let keys = json!({ "pk": { "S": outbox::Message::key(message).pk } });
    let record = json!({ "dynamodb": { "Keys": keys, "SequenceNumber": "1" } });
    let Ok(event) = Event::read(json!({ "Records": [record] })) else { return false };
    mailer::handle(app, mailer, event).await.batch_item_failures.is_empty()
}

/// Whether nothing waits any more.
async fn send_waiting(app: &App, mailer: &Mailer) -> bool {
    let Ok(ids) = outbox::unsent(app).await else { return false };
    let mut all = true;
    for id in ids {
        all &= mailer::deliver(app, mailer, id).await.is_ok();
    }
    all
}

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
    include_str!("post.html").replace("{{mails}}", &list)
}
