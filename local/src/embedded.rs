//! The embedded store: a DynamoDB engine in this process, on a file or in memory. The server calls it; the operator's commands
//! reach it over a loopback port, by the same SDK that speaks to AWS.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::Database;
use shared::aws;
use shared::config::TableNames;
use shared::outbox::MessageId;
use shared::random;
use shared::store::Store;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::engine::{self, Connections, Engine};
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
    #[error("the data folder {} is in use by another latchkey{}: stop that one, or name another folder with --data", folder.display(), at.as_deref().map(|url| format!(" (its store is at {url})")).unwrap_or_default())]
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

/// Where a store is reached, and the access key id that it asks for.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// As in `http://127.0.0.1:4711`.
    pub url: String,
    key_id: String,
}

/// An open store. It is served until the process ends.
pub struct Embedded {
    /// Where it is reached.
    pub endpoint: Endpoint,
    /// The engine itself.
    pub engine: Engine,
    /// The messages that are written into the outbox, until someone takes them.
    pub messages: Option<UnboundedReceiver<MessageId>>,
    folder: Option<PathBuf>,
    /// Held while the endpoint file is true.
    serving: Option<File>,
    _lock: Option<File>,
}

const STORE: &str = "store.db";
const UNFINISHED: &str = "store.new";
const LOCK: &str = "lock";
/// Two lines, the URL and the access key id, while a server runs.
const ENDPOINT: &str = "endpoint";
/// Locked while a server runs, and no longer: a server that is killed leaves its endpoint file behind.
const SERVING: &str = "serving";
const REGION: &str = "us-east-1";

impl Embedded {
    /// Opens the store with every table of the template.
    pub async fn with_tables(place: &Place, names: &TableNames) -> Result<Self, OpenError> {
        let (database, folder, lock) = match place {
            Place::Memory => (memory()?, None, None),
            Place::Folder(folder) => {
                let lock = lock(folder).await?;
                let file = folder.join(STORE);
                if !file.exists() {
                    create_file(folder, &file, names).await?;
                }
                (open_file(&file)?, Some(folder.clone()), Some(lock))
            }
        };
        let (engine, messages) = Engine::new(database);
        let (endpoint, _serving) = serve(engine.clone()).await?;
        // A store of an earlier version may lack some.
        tables::create(&endpoint.store(names.clone()), TEMPLATE).await?;
        Ok(Self { endpoint, engine, messages: Some(messages), folder, serving: None, _lock: lock })
    }

    /// Lets other processes of the folder's owner find the store, until this one ends.
    pub fn publish(&mut self) -> Result<(), OpenError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let write = || {
            // Whoever looks for it finds a whole one or none.
            let unfinished = folder.join(format!("{ENDPOINT}.new"));
            let mut file = create_private_file(&unfinished)?;
            writeln!(file, "{}\n{}", self.endpoint.url, self.endpoint.key_id)?;
            fs::rename(&unfinished, folder.join(ENDPOINT))?;
            let serving = create_private_file(&folder.join(SERVING))?;
            serving.lock().map(|()| serving)
        };
        let serving = write().map_err(|source| OpenError::Folder { folder: folder.clone(), source })?;
        self.serving = Some(serving);
        Ok(())
    }

    /// For a listener of one's own, as with TLS.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections::new(self.engine.clone(), self.endpoint.key_id.clone())
    }

    /// The store without the socket: calls go straight to the engine.
    #[must_use]
    pub fn store(&self, tables: TableNames) -> Store {
        Store { engine: Some(Arc::new(self.engine.clone())), ..self.endpoint.store(tables) }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.as_ref().filter(|_| self.serving.is_some()) {
            let _ = fs::remove_file(folder.join(ENDPOINT));
        }
    }
}

impl Endpoint {
    /// A store that takes any key id, such as `DynamoDB` Local, which keeps the data of each apart.
    #[must_use]
    pub fn open_to_all(url: String, key_id: String) -> Self {
        Self { url, key_id }
    }

    /// Reads the endpoint file of a folder.
    fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(ENDPOINT)).ok()?;
        let (url, key_id) = text.trim_end().split_once('\n')?;
        Some(Self { url: url.to_owned(), key_id: key_id.to_owned() })
    }

    /// The environment with which any AWS SDK reaches the store.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.url),
            ("AWS_ACCESS_KEY_ID", &self.key_id),
            // Signatures are not checked: the key id is the secret, and this has to be something.
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_REGION", REGION),
            // Version 1 of the AWS CLI and boto3 know no other name.
            ("AWS_DEFAULT_REGION", REGION),
        ]
    }

    /// A client of the store.
    #[must_use]
    pub fn store(&self, tables: TableNames) -> Store {
        let config = client_config(&self.url)
            .credentials_provider(Credentials::new(&self.key_id, "local", None, None, "latchkey"))
            .http_client(aws::plain_client())
            .retry_config(aws::retries())
            .timeout_config(aws::timeouts());
        Store { client: Client::from_conf(config.build()), engine: None, tables }
    }
}

fn client_config(url: &str) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(url)
}

/// Where a running server serves the store of this folder.
#[must_use]
pub fn running(folder: &Path) -> Option<Endpoint> {
    let serving = File::open(folder.join(SERVING)).ok()?;
    match serving.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Endpoint::read(folder),
        _ => None,
    }
}

/// Makes the folder, readable by its owner alone, and holds its lock for as long as the file is open. A server that
/// has the lock says where it is; a command has it for a moment, and is waited for.
async fn lock(folder: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    if folder.is_file() {
        return Err(failed(io::Error::other("it is a file")));
    }
    create_private_folder(folder).map_err(failed)?;
    let mut options = File::options();
    options.create(true).truncate(false).write(true).read(true);
    let lock = options.open(folder.join(LOCK)).map_err(failed)?;
    let mut tries = 400;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) => {
                let at = running(folder).map(|endpoint| endpoint.url);
                tries -= 1;
                if at.is_some() || tries == 0 {
                    return Err(OpenError::InUse { folder: folder.to_owned(), at });
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    Ok(lock)
}

fn memory() -> Result<Database, OpenError> {
    Database::memory().map_err(|error| OpenError::Engine(error.to_string()))
}

/// Serves a database to those who know a key id that nobody can guess.
async fn serve(engine: Engine) -> Result<(Endpoint, JoinHandle<()>), OpenError> {
    let key_id = random::bytes::<20>().map_err(|error| OpenError::Engine(error.to_string()))?;
    let key_id = hex::encode(key_id);
    let (url, serving) = engine::serve(engine, key_id.clone()).await.map_err(OpenError::Port)?;
    Ok((Endpoint { url, key_id }, serving))
}

/// Makes the file of a new store. The engine takes several steps to make a table, and a process that is killed between
/// them leaves a store that cannot be opened. So the tables are made in memory, and the file appears with all of them.
async fn create_file(folder: &Path, file: &Path, names: &TableNames) -> Result<(), OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let database = memory()?;
    let (engine, _) = Engine::new(database.clone());
    let (endpoint, serving) = serve(engine).await?;
    tables::create(&endpoint.store(names.clone()), TEMPLATE).await?;
    serving.abort();
    let unfinished = folder.join(UNFINISHED);
    // The engine fills an empty file, and would make one that others can read.
    let copy = create_private_file(&unfinished).map_err(failed)?;
    let copied = database.vacuum_into(&unfinished.to_string_lossy());
    copied.map_err(|error| failed(io::Error::other(error.to_string())))?;
    copy.sync_all().and_then(|()| fs::rename(&unfinished, file)).map_err(failed)
}

fn open_file(file: &Path) -> Result<Database, OpenError> {
    let damaged = |reason: String| {
        // The engine takes whatever is no database for an encrypted one, and speaks of its own functions.
        let foreign = reason.contains("encrypted");
        let reason = if foreign { "not a database" } else { reason.trim_end_matches('.') };
        OpenError::Damaged { file: file.to_owned(), reason: reason.to_owned() }
    };
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

/// A new and empty file, in place of any old one, that its owner alone can read.
fn create_private_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
