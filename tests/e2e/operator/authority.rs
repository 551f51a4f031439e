//! AWS behind a proxy that ends its TLS, with an authority that no system knows.

use std::net::Ipv4Addr;
use std::sync::Arc;

use latchkey::embedded::Embedded;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tempfile::tempdir;
use tests::Service;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::on_aws;

/// What a server at 127.0.0.1 shows, and the certificate in PEM of the authority that has signed it.
fn certificates() -> (ServerConfig, String) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    (config.unwrap(), authority.pem())
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_where_it_is_named() {
    let folder = tempdir().unwrap();
    let service = Service::start().await;
    service.user("ada").await;
    let (config, authority) = certificates();
    let bundle = folder.path().join("authority.pem");
    std::fs::write(&bundle, authority).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let store = service.embedded.as_ref().map(Embedded::connections);
    let Some(store) = store else { return };
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let proxy = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            if let Ok(client) = acceptor.accept(client).await {
                tokio::spawn(store.clone().serve(client));
            }
        }
    });
    let list = || {
        on_aws(folder.path(), &service, &["user", "list", "--json"])
            .env("AWS_ENDPOINT_URL_DYNAMODB", format!("https://{address}"))
    };
    let listed = list().env("AWS_CA_BUNDLE", &bundle).finish().await.json();
    assert_eq!(listed["items"][0]["username"], "ada");
    let stranger = list().finish().await;
    assert!(stranger.failed().starts_with("latchkey: storage is unavailable"), "{}", stranger.stderr);
    proxy.abort();
}
