//! The embedded store behind TLS, with an authority that no system knows.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use latchkey::engine::Connections;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::Service;

/// The store of a service, as it is reached by TLS until this is dropped.
pub struct TlsStore {
    address: SocketAddr,
    authority: String,
    serving: JoinHandle<()>,
}

impl TlsStore {
    /// `None` if the store of the service is elsewhere.
    pub async fn start(service: &Service) -> Option<Self> {
        let store = service.embedded.as_ref()?.connections();
        let (config, authority) = certificates();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), store));
        Some(Self { address, authority, serving })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of its authority, in PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl Drop for TlsStore {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, store: Connections) {
    while let Ok((client, _)) = listener.accept().await {
        let (acceptor, store) = (acceptor.clone(), store.clone());
        tokio::spawn(async move {
            client.set_nodelay(true)?;
            store.serve(acceptor.accept(client).await?).await;
            std::io::Result::Ok(())
        });
    }
}

/// What the server shows, of RSA as Amazon's are, and the certificate of who has signed it.
fn certificates() -> (ServerConfig, String) {
    let key = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    let mut authority = CertificateParams::new([]).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
    let own = key();
    let certificate = CertificateParams::new([Ipv4Addr::LOCALHOST.to_string()]).expect("an address");
    let certificate = certificate.signed_by(&own, &authority).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], PrivateKeyDer::Pkcs8(own.serialize_der().into()))
        .expect("a key of its certificate");
    (config, authority.pem())
}
