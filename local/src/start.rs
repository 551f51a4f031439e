//! `latchkey` without a command: serve.

use std::io::Write;
use std::path::Path;

use shared::clock::SystemClock;
use shared::config::{Config, ConfigError};
use shared::{App, log};

use crate::banner;
use crate::bootstrap;
use crate::cli::Serve;
use crate::embedded::{Embedded, OpenError, Place};
use crate::operator::OperatorError;
use crate::routes::{Routes, RoutesError};
use crate::server::{self, ListenError};
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
    /// The port.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The first account, user and key.
    #[error("the first run failed")]
    Bootstrap(#[from] OperatorError),
    /// The keys.
    #[error("the keyring cannot be used")]
    Keyring(#[from] shared::keyring::KeyringError),
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
    app.passwords.warm_up();
    app.keyring().await?;
    let first = bootstrap::bootstrap(app).await?;
    let routes = Routes::new(TEMPLATE)?;
    embedded.publish()?;
    let url = format!("http://localhost:{port}");
    let text = banner::text(&url, &folder, app.config.default_account, first.as_ref());
    // A reader that has gone away is no reason to stop.
    let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());

    server::serve(app, routes, listener, !options.quiet, server::interrupted()).await;
    Ok(())
}

fn shown(folder: &Path) -> String {
    folder.display().to_string()
}

fn log_for_people(record: &log::Record) {
    eprintln!("{} {}: {}", record.level, record.message, record.causes.join(": "));
}
