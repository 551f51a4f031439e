//! `latchkey` without a command: serve.

use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use dynoxide::Database;
use mailer::MailConfigError;
use shared::clock::SystemClock;
use shared::config::{Config, ConfigError};
use shared::keyring::rotation;
use shared::password::HashError;
use shared::random::RandomUnavailable;
use shared::{App, log};

use crate::banner;
use crate::bootstrap;
use crate::cli::Serve;
use crate::cors::{Cors, CorsError};
use crate::embedded::{Embedded, OpenError, Place};
use crate::mail::{self, MailFolder, Way};
use crate::operator::OperatorError;
use crate::routes::{Routes, RoutesError};
use crate::server::{self, ListenError, Site};
use crate::template::TEMPLATE;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The routes.
    #[error(transparent)]
    Routes(#[from] RoutesError),
    /// Whose pages may call it.
    #[error(transparent)]
    Cors(#[from] CorsError),
    /// The port.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The first account, user and key.
    #[error("the first run failed")]
    Bootstrap(#[from] OperatorError),
    /// The way mails take.
    #[error(transparent)]
    Mail(#[from] MailConfigError),
    /// The keys.
    #[error("the keyring cannot be used")]
    Keyring(#[from] shared::keyring::KeyringError),
    /// The name of the folder of mails.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The processor.
    #[error("passwords cannot be hashed")]
    Hash(#[from] HashError),
}

/// Serves until the process is told to stop.
pub async fn run(options: &Serve) -> Result<(), StartError> {
    log::set_sink(log_for_people);
    // The port first: a second start by mistake must not touch the first one's data.
    let listener = server::listen(options.port).await?;
    let port = listener.local_addr().map_or(options.port, |address| address.port());
    let mut config = Config::from_env()?;
    if config.public_url.is_none() {
        config.public_url = format!("http://localhost:{port}").parse().ok();
    }

    let place = if options.memory { Place::Memory } else { Place::Folder(options.data.clone()) };
    let mut embedded = Embedded::with_tables(&place, &config.tables).await?;
    let store = embedded.store(config.tables.clone());
    let folder = if options.memory { "memory, gone at the end".to_owned() } else { shown(&options.data) };

    let app: &'static App = Box::leak(Box::new(App::new(config, store, SystemClock)));
    app.passwords.check()?;
    rotation::rotate_due(app).await?;
    app.keyring().await?;
    tokio::spawn(rotate_daily(app));
    let routes = Routes::new(TEMPLATE)?;
    let cors = Cors::from_env(TEMPLATE)?;
    let mails = if options.memory { MailFolder::temporary()? } else { MailFolder::in_data(&options.data) };
    let way = Way::from_env();
    let mailer = way.mailer(&mails, &app.config)?;
    if let Some(messages) = embedded.messages.take() {
        tokio::spawn(mail::deliver(app, mailer, messages));
    }
    embedded.publish()?;
    let database = embedded.engine.database.clone();
    thread::spawn(move || sweep_hourly(&database));
    let url = format!("http://localhost:{port}");
    // Last of all that can fail: its secrets are shown once, below.
    let first = bootstrap::bootstrap(app).await?;
    // A server that nobody signs in to stays small.
    app.passwords.release_memory();
    let text = banner::text(&url, &folder, &way.shown(&url), app.config.default_account, first.as_ref());
    // A reader that has gone away is no reason to stop.
    let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());

    let shown = matches!(way, Way::Page).then(|| mails.path().to_owned());
    let site = Site { mail: shown, cors, log: !options.quiet, ..Site::new(app, routes) };
    server::serve(site, listener, server::interrupted()).await;
    Ok(())
}

/// What the schedule does in AWS, for a server that runs for weeks.
async fn rotate_daily(app: &App) {
    loop {
        tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
        if let Err(error) = rotation::rotate_due(app).await {
            log::error("the keys were not rotated", &error);
        }
    }
}

/// What DynamoDB does of itself, by the machine's clock as well. On a thread of its own, because the end of the process must
/// not wait for a store that has much to delete.
fn sweep_hourly(database: &Database) {
    loop {
        if let Err(error) = database.sweep_ttl() {
            log::error("what has expired was not deleted", &error);
        }
        thread::sleep(Duration::from_secs(3600));
    }
}

fn shown(folder: &Path) -> String {
    folder.display().to_string()
}

fn log_for_people(record: &log::Record) {
    eprintln!("{} {}: {}", record.level, record.message, record.causes.join(": "));
}
