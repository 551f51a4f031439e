//! The first keys of a deployment, which whoever needs them first makes.

use jsonwebtoken::Algorithm;
use shared::App;
use shared::store::Key;
use tests::Service;
use tokio::task::JoinSet;

use super::another_instance;

async fn forget_the_keyring(service: &Service) {
    let (store, key) = (&service.app.store, Key::new("KEYRING", "KEYRING").into_item());
    let delete = store.client.delete_item().table_name(&store.tables.keys).set_key(Some(key));
    delete.send().await.unwrap();
    assert!(service.items(&store.tables.keys).await.is_empty());
}

/// The ids of the keys that an instance signs with, in the order in which they are made.
async fn kids(app: App) -> Vec<String> {
    let (keyring, now) = (app.keyring().await.unwrap(), app.now());
    let kid = |algorithm| keyring.signing_key(algorithm, now).unwrap().kid.clone();
    vec![kid(Algorithm::RS256), kid(Algorithm::HS384), keyring.session_key(now).kid.clone()]
}

#[tokio::test]
async fn eight_instances_that_need_the_first_keys_at_once_have_the_same() {
    const INSTANCES: usize = 8;
    let service = Service::start().await;
    forget_the_keyring(&service).await;
    // Whoever is the first to write is overtaken by the others.
    let first = service.faults.hold(&["PutItem"]);
    let mut instances: JoinSet<_> = (0..INSTANCES).map(|_| kids(another_instance(&service))).collect();
    let mut found = Vec::new();
    while found.len() < INSTANCES - 1 {
        found.push(instances.join_next().await.unwrap().unwrap());
    }
    first.release();
    found.extend(instances.join_all().await);

    let keys = &service.app.store.tables.keys;
    assert_eq!(service.items(keys).await.len(), 1);
    let stored = service.only(keys, "KEYRING").await;
    let stored: Vec<_> =
        stored["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(found, vec![stored; INSTANCES]);
}
