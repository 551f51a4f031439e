//! Clients that verify all the while, whatever becomes of the keys.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use reqwest::RequestBuilder;
use shared::App;
use shared::clock::Timestamp;
use shared::keyring::rotation::{self, PUBLISHED_FOR};
use shared::principal;
use shared::session::ACCESS_TOKEN_LIFETIME;
use tests::{Service, answer};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::task::JoinHandle;

use super::{DAY, another_instance, kid, scoped_token};
use crate::support::jwt::claims;
use crate::support::{access_key_token, client_token};

/// One token of each kind.
type Round = [Issued; 4];

/// A token, the key that it names if it names one, and when it expires.
#[derive(Debug, Clone)]
struct Issued {
    token: String,
    kid: Option<String>,
    expires: Timestamp,
}

/// How often a client has verified.
#[derive(Debug, Default)]
struct Verified {
    all: usize,
    /// What a key had signed that has a successor that signs.
    of_old_keys: usize,
}

#[tokio::test]
async fn keys_of_every_kind_follow_one_another_while_eight_clients_verify_and_none_is_refused() {
    let service = Service::start().await;
    let user = service.user("alice").await;
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    let key = (key.access_key.to_string(), secret);
    let (sender, _) = broadcast::channel(256);
    let clients = clients(&service, &sender).await;
    let mut kids = BTreeSet::new();
    for rotated in 0..2 {
        service.wait(90 * DAY);
        for round in 0..=20 {
            let tokens = issue(&service, &key).await;
            kids.extend(tokens.iter().filter_map(|issued| issued.kid.clone()));
            sender.send(tokens).unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            if round == 0 {
                rotation::rotate_due(service.app).await.unwrap();
            }
            // Across the moment at which the new keys begin to sign.
            service.wait(PUBLISHED_FOR.as_secs() / 15);
        }
        assert_eq!(kids.len(), 2 * (rotated + 2), "both keys that sign JWTs were succeeded");
        // Until the last token of the old keys has expired.
        for _ in 0..8 {
            service.wait(DAY / 8);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    drop(sender);
    for client in clients {
        let counts = client.await.unwrap();
        assert!(counts.all > 40 && counts.of_old_keys > 4, "a client that verified: {counts:?}");
    }
}

/// Half of the clients ask over HTTP; the others ask an instance that reads the keyring when its time comes, not when the one
/// that issues does.
async fn clients(service: &Service, rounds: &broadcast::Sender<Round>) -> Vec<JoinHandle<Verified>> {
    let instance: &'static App = Box::leak(Box::new(another_instance(service)));
    instance.keyring().await.unwrap();
    let verifiers = [Verifier::Instance(instance), Verifier::Http(service.get("/auth/verify-token").into())];
    let verifiers = verifiers.iter().cycle().take(8);
    verifiers
        .map(|verifier| tokio::spawn(verify_all(verifier.clone(), service.app, rounds.subscribe())))
        .collect()
}

async fn issue(service: &Service, (id, secret): &(String, String)) -> Round {
    let session = service.log_in("alice").await["access_token"].as_str().unwrap().to_owned();
    [
        Issued { token: session, kid: None, expires: service.app.now() + ACCESS_TOKEN_LIFETIME },
        Issued::jwt(scoped_token(service).await),
        Issued::jwt(access_key_token(service, id, secret).await),
        Issued::jwt(client_token(service, id, secret).await),
    ]
}

impl Issued {
    fn jwt(token: String) -> Self {
        let expires = Timestamp::from_seconds(claims(&token)["exp"].as_i64().unwrap());
        Self { kid: Some(kid(&token)), token, expires }
    }
}

/// Who says whether a token is good.
enum Verifier {
    Instance(&'static App),
    Http(Box<RequestBuilder>),
}

impl Clone for Verifier {
    fn clone(&self) -> Self {
        match self {
            Self::Instance(app) => Self::Instance(app),
            Self::Http(request) => Self::Http(request.try_clone().expect("a request without a body").into()),
        }
    }
}

impl Verifier {
    async fn accepts(&self, token: &str) -> bool {
        match self.clone() {
            Self::Instance(app) => principal::identify(app, token).await.is_ok(),
            Self::Http(request) => answer(request.bearer_auth(token)).await.0 == 200,
        }
    }
}

/// Verifies the oldest and the newest token of each kind in turn, until no more are sent.
async fn verify_all(
    verifier: Verifier,
    app: &'static App,
    mut rounds: broadcast::Receiver<Round>,
) -> Verified {
    let mut known: [VecDeque<Issued>; 4] = Default::default();
    let mut counts = Verified::default();
    for turn in 0.. {
        match rounds.try_recv() {
            Ok(round) => known.iter_mut().zip(round).for_each(|(of_kind, issued)| of_kind.push_back(issued)),
            Err(TryRecvError::Empty) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => {
                assert_eq!(error, TryRecvError::Closed);
                break;
            }
        }
        let of_kind = &mut known[turn % 4];
        of_kind.retain(|issued| app.now() < issued.expires);
        let (Some(oldest), Some(newest)) = (of_kind.front(), of_kind.back()) else { continue };
        let issued = if turn % 8 < 4 { oldest } else { newest };
        let accepted = verifier.accepts(&issued.token).await;
        assert!(accepted || app.now() >= issued.expires, "it has not expired on the way: {issued:?}");
        counts.all += 1;
        counts.of_old_keys += usize::from(issued.kid != newest.kid);
    }
    counts
}
