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
}

/// An open store. It is served until the process ends.
pub struct Embedded {
    /// Where it is reached.
    pub url: String,
    folder: Option<PathBuf>,
    _lock: Option<File>,
}

const STORE: &str = "store.db";
const LOCK: &str = "lock";
const ENDPOINT: &str = "endpoint";

impl Embedded {
    /// Opens the store and serves it on a loopback port that the system picks.
    pub async fn open(place: &Place) -> Result<Self, OpenError> {
        let (database, folder, lock) = match place {
            Place::Memory => {
                let database = Database::memory()
                    .map_err(|error| OpenError::Port(io::Error::other(error.to_string())))?;
                (database, None, None)
            }
            Place::Folder(folder) => {
                let lock = lock(folder)?;
                let file = folder.join(STORE);
                (open_file(&file)?, Some(folder.clone()), Some(lock))
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(OpenError::Port)?;
        let url = format!("http://{}", listener.local_addr().map_err(OpenError::Port)?);
        tokio::spawn(dynoxide::server::serve_on(listener, database));
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
