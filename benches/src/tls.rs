//! The embedded store with TLS, with a certificate of an authority made for this run.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use latchkey::engine::Connections;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::fixture::Fixture;
use crate::process::Environment;

const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// The store, as it is reached by TLS. It serves until the program ends.
pub(crate) struct TlsStore {
    address: SocketAddr,
    authority: PathBuf,
    _files: TempDir,
}

impl TlsStore {
    pub(crate) fn start(fixture: &Fixture) -> io::Result<Self> {
        let files = TempDir::new()?;
        let config = Arc::new(certificates(files.path())?);
        let service = &fixture.seeded.0;
        let store = service.embedded.as_ref().ok_or_else(|| io::Error::other("the store is elsewhere"))?;
        let listener = fixture.wait(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        fixture.runtime().spawn(serve(listener, TlsAcceptor::from(config), store.connections()));
        Ok(Self { address, authority: files.path().join("ca.pem"), _files: files })
    }

    /// The environment of a function, with this store in place of the plain one.
    pub(crate) fn environment(&self, mut environment: Environment) -> Environment {
        environment.retain(|(name, _)| *name != ENDPOINT);
        environment.push((ENDPOINT, format!("https://{}", self.address)));
        environment.push(("AWS_CA_BUNDLE", self.authority.display().to_string()));
        environment
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, store: Connections) {
    while let Ok((client, _)) = listener.accept().await {
        let (acceptor, store) = (acceptor.clone(), store.clone());
        tokio::spawn(async move {
            client.set_nodelay(true)?;
            store.serve(acceptor.accept(client).await?).await;
            io::Result::Ok(())
        });
    }
}

/// Makes an authority and a certificate of RSA, as Amazon's are.
fn certificates(folder: &Path) -> io::Result<ServerConfig> {
    let extensions = "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n";
    fs::write(folder.join("extensions"), extensions)?;
    let new_key = ["req", "-newkey", "rsa:2048", "-nodes", "-sha256"];
    let authority =
        ["-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=bench authority"];
    openssl(folder, &[&new_key[..], &authority].concat())?;
    let request = ["-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=bench store"];
    openssl(folder, &[&new_key[..], &request].concat())?;
    let sign = ["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    let signed = ["-sha256", "-days", "30", "-extfile", "extensions", "-out", "certificate.pem"];
    openssl(folder, &[&sign[..], &signed].concat())?;

    let certificate =
        CertificateDer::from_pem_file(folder.join("certificate.pem")).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    config.with_no_client_auth().with_single_cert(vec![certificate], key).map_err(io::Error::other)
}

fn openssl(folder: &Path, arguments: &[&str]) -> io::Result<()> {
    let mut openssl = Command::new("openssl");
    openssl.args(arguments).current_dir(folder).stderr(Stdio::null());
    let status =
        openssl.status().map_err(|error| io::Error::new(error.kind(), format!("openssl: {error}")))?;
    if status.success() { Ok(()) } else { Err(io::Error::other("openssl makes no certificate")) }
}
