//! AWS behind a proxy that ends its TLS, with an authority that no system knows.

use tempfile::tempdir;
use tests::Service;
use tests::tls::TlsStore;

use super::on_aws;

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_where_it_is_named() {
    let folder = tempdir().unwrap();
    let service = Service::start().await;
    service.user("ada").await;
    // Over a store elsewhere there is nothing to put TLS before.
    let Some(store) = TlsStore::start(&service).await else { return };
    let bundle = folder.path().join("authority.pem");
    std::fs::write(&bundle, store.authority()).unwrap();
    let list = || {
        on_aws(folder.path(), &service, &["user", "list", "--json"])
            .env("AWS_ENDPOINT_URL_DYNAMODB", store.url())
    };
    let listed = list().env("AWS_CA_BUNDLE", &bundle).finish().await.json();
    assert_eq!(listed["items"][0]["username"], "ada");
    let stranger = list().finish().await;
    assert!(stranger.failed().starts_with("latchkey: storage is unavailable"), "{}", stranger.stderr);
}
