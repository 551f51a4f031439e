//! The embedded store: a DynamoDB engine in this process, on a file or in memory, reached over a loopback port by the
//! same SDK that speaks to AWS.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::Database;
use shared::config::TableNames;
use shared::store::{self, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::tables::{self, TablesError};
use crate::template::TEMPLATE;

/// Where the store keeps its data.
#[derive(Debug, Clone)]
pub enum Place {
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere: it is gone with the process.
    Memory,
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written to.
    #[error("cannot write to the data folder {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("the data folder {} is in use by another latchkey{}", folder.display(), at.as_deref().map(|url| format!(" (its store is at {url})")).unwrap_or_default())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Where the other process serves the store.
        at: Option<String>,
    },
    /// The file is no store, or is damaged.
    #[error("the store {} is damaged or no store: {reason}. Move it away to start with an empty one", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What the engine says.
        reason: String,
    },
    /// No loopback port.
    #[error("no loopback port for the store: {0}")]
    Port(io::Error),
    /// The engine does not start.
    #[error("the store does not start: {0}")]
    Engine(String),
    /// The tables.
    #[error("the store cannot be used")]
    Tables(#[from] TablesError),
}

/// An open store. It is served until the process ends.
pub struct Embedded {
    /// Where it is reached.
    pub url: String,
    folder: Option<PathBuf>,
    _lock: Option<File>,
}

const STORE: &str = "store.db";
const UNFINISHED: &str = "store.new";
const LOCK: &str = "lock";
const ENDPOINT: &str = "endpoint";

impl Embedded {
    /// Opens the store with every table of the template.
    pub async fn with_tables(place: &Place, names: &TableNames) -> Result<Self, OpenError> {
        let (database, folder, lock) = match place {
            Place::Memory => (memory()?, None, None),
            Place::Folder(folder) => {
                let lock = lock(folder)?;
                let file = folder.join(STORE);
                if !file.exists() {
                    create_file(folder, &file, names).await?;
                }
                (open_file(&file)?, Some(folder.clone()), Some(lock))
            }
        };
        let (url, _serving) = serve(database).await?;
        // A store of an earlier version may lack some.
        tables::create(&local_store(&url, names.clone()), TEMPLATE).await?;
        if let Some(folder) = &folder {
            fs::write(folder.join(ENDPOINT), &url)
                .map_err(|source| OpenError::Folder { folder: folder.clone(), source })?;
        }
        Ok(Self { url, folder, _lock: lock })
    }

    /// A client of this store.
    #[must_use]
    pub fn store(&self, tables: TableNames) -> Store {
        local_store(&self.url, tables)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = fs::remove_file(folder.join(ENDPOINT));
        }
    }
}

/// Where a running process serves the store of this folder.
#[must_use]
pub fn running(folder: &Path) -> Option<String> {
    let lock = File::open(folder.join(LOCK)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => fs::read_to_string(folder.join(ENDPOINT)).ok(),
        _ => None,
    }
}

/// A client of a store on this machine, which takes any credentials.
#[must_use]
pub fn local_store(url: &str, tables: TableNames) -> Store {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(url)
        .http_client(store::plain_client())
        .retry_config(store::retries())
        .timeout_config(store::timeouts());
    Store { client: Client::from_conf(config.build()), tables }
}

/// Makes the folder, readable by its owner alone, and holds its lock for as long as the file is open.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    create_private_folder(folder).map_err(failed)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .read(true)
        .open(folder.join(LOCK))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            folder: folder.to_owned(),
            at: fs::read_to_string(folder.join(ENDPOINT)).ok(),
        }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn memory() -> Result<Database, OpenError> {
    Database::memory().map_err(|error| OpenError::Engine(error.to_string()))
}

/// Serves a database on a loopback port that the system picks.
async fn serve(database: Database) -> Result<(String, JoinHandle<()>), OpenError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(OpenError::Port)?;
    let url = format!("http://{}", listener.local_addr().map_err(OpenError::Port)?);
    Ok((url, tokio::spawn(dynoxide::server::serve_on(listener, database))))
}

/// Makes the file of a new store. The engine takes several steps to make a table, and a process that is killed between
/// them leaves a store that cannot be opened. So the tables are made in memory, and the file appears with all of them.
async fn create_file(folder: &Path, file: &Path, names: &TableNames) -> Result<(), OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let database = memory()?;
    let (url, serving) = serve(database.clone()).await?;
    tables::create(&local_store(&url, names.clone()), TEMPLATE).await?;
    serving.abort();
    let unfinished = folder.join(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let copied = database.vacuum_into(&unfinished.to_string_lossy());
    copied.map_err(|error| failed(io::Error::other(error.to_string())))?;
    let synced = File::options().write(true).open(&unfinished).and_then(|copy| copy.sync_all());
    synced.and_then(|()| fs::rename(&unfinished, file)).map_err(failed)
}

fn open_file(file: &Path) -> Result<Database, OpenError> {
    let damaged = |reason: String| OpenError::Damaged { file: file.to_owned(), reason };
    let database = Database::new(&file.to_string_lossy()).map_err(|error| damaged(error.to_string()))?;
    // Damage beyond the first page shows only when something is read.
    database.database_info().map_err(|error| damaged(error.to_string()))?;
    Ok(database)
}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
