//! The mails of a service: what waits in its outbox is delivered to a folder of its own, and read from there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mail_parser::MessageParser;
use mailer::{Event, Mailer};
use serde_json::json;
use shared::App;
use shared::outbox::{self, MessageId};
use tempfile::TempDir;

use crate::Service;

const FROM: &str = "Latchkey <no-reply@example.com>";

/// A mailer, and the folder that its mails end up in.
pub struct Post {
    /// Sends to the folder.
    pub mailer: Mailer,
    app: &'static App,
    folder: TempDir,
    read: HashSet<PathBuf>,
}

/// A mail as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The one recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The body as text.
    pub text: String,
    /// The file as it was sent.
    pub source: String,
}

impl Service {
    /// A mailer for what this service writes to its outbox.
    #[must_use]
    pub fn post_office(&self) -> Post {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = mailer_to(folder.path());
        Post { mailer, app: self.app, folder, read: HashSet::new() }
    }
}

/// A mailer to a folder.
fn mailer_to(folder: &Path) -> Mailer {
    Mailer::new(&format!("folder:{}", folder.display()), FROM).expect("a mailer")
}

impl Post {
    /// The messages that wait.
    pub async fn waiting(&self) -> Vec<MessageId> {
        outbox::unsent(self.app).await.expect("a scan")
    }

    /// Delivers all that waits; the mails that have come since the last time.
    pub async fn deliver(&mut self) -> Vec<Letter> {
        for id in self.waiting().await {
            mailer::deliver(self.app, &self.mailer, id).await.expect("a delivered message");
        }
        self.new_letters()
    }

    /// The same if there must be just one.
    pub async fn deliver_one(&mut self) -> Letter {
        let mut letters = self.deliver().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        letters.remove(0)
    }

    /// Gives the mailer what the stream would give it for these messages; the places of those that failed.
    pub async fn stream(&self, ids: &[MessageId]) -> Vec<String> {
        stream_to(self.app, &self.mailer, ids).await
    }

    /// The same with a mailer that has another way out.
    pub async fn stream_over(&self, transport: &str, ids: &[MessageId]) -> Vec<String> {
        let mailer = Mailer::new(transport, FROM).expect("a mailer");
        stream_to(self.app, &mailer, ids).await
    }

    /// The same with a mailer that waits for its provider only so long.
    pub async fn stream_within(&self, within: Duration, transport: &str, ids: &[MessageId]) -> Vec<String> {
        let mailer = Mailer::new(transport, FROM).expect("a mailer").within(within);
        stream_to(self.app, &mailer, ids).await
    }

    /// The mails that were not read yet.
    pub fn new_letters(&mut self) -> Vec<Letter> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let files = entries.map(|entry| entry.expect("a file").path());
        let new: Vec<PathBuf> = files.filter(|file| self.read.insert(file.clone())).collect();
        new.iter().map(|file| Letter::read(file)).collect()
    }
}

async fn stream_to(app: &App, mailer: &Mailer, ids: &[MessageId]) -> Vec<String> {
    let record = |(place, id): (usize, &MessageId)| {
        let key = outbox::Message::key(*id);
        let keys = json!({ "pk": { "S": key.pk }, "sk": { "S": key.sk } });
        json!({ "eventName": "INSERT", "dynamodb": { "Keys": keys, "SequenceNumber": place.to_string() } })
    };
    let records: Vec<_> = ids.iter().enumerate().map(record).collect();
    let event = Event::read(json!({ "Records": records })).expect("an event");
    let failures = mailer::handle(app, mailer, event).await;
    failures.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

impl Letter {
    fn read(file: &Path) -> Self {
        Self::of(&std::fs::read(file).expect("a mail"))
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let message = MessageParser::default().parse(bytes).expect("a mail that can be read");
        let to: Vec<_> = message.to().expect("a recipient").iter().filter_map(|to| to.address()).collect();
        assert_eq!(to.len(), 1, "one recipient");
        assert!(message.cc().is_none() && message.bcc().is_none());
        Self {
            to: to.concat(),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: message.body_text(0).unwrap_or_default().into_owned(),
            source: String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// The link in it.
    #[must_use]
    pub fn link(&self) -> &str {
        let link = self.text.lines().map(str::trim).find(|line| line.starts_with("http"));
        link.unwrap_or_else(|| panic!("no link: {}", self.text))
    }

    /// The token of the link.
    #[must_use]
    pub fn token(&self) -> &str {
        self.link().split_once("?token=").expect("a token").1
    }
}
