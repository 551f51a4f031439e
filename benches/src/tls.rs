//! The embedded store with TLS, with a certificate of an authority made for this run.

use std::fs;
use std::io;
use std::path::PathBuf;

use tempfile::TempDir;
use tests::tls;

use crate::fixture::Fixture;
use crate::process::Environment;

const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// The store, as it is reached by TLS.
pub(crate) struct TlsStore {
    store: tls::TlsStore,
    authority: PathBuf,
    _files: TempDir,
}

impl TlsStore {
    pub(crate) fn start(fixture: &Fixture) -> io::Result<Self> {
        let store = fixture.wait(tls::TlsStore::start(&fixture.seeded.0));
        let store = store.ok_or_else(|| io::Error::other("the store is elsewhere"))?;
        let files = TempDir::new()?;
        let authority = files.path().join("ca.pem");
        fs::write(&authority, store.authority())?;
        Ok(Self { store, authority, _files: files })
    }

    /// The environment of a function, with this store in place of the plain one.
    pub(crate) fn environment(&self, mut environment: Environment) -> Environment {
        environment.retain(|(name, _)| *name != ENDPOINT);
        environment.push((ENDPOINT, self.store.url()));
        environment.push(("AWS_CA_BUNDLE", self.authority.display().to_string()));
        environment
    }
}
