//! OAuth 2.0: the token endpoint, introspection, revocation, discovery.

mod algorithms;
mod client_authentication;
mod discovery;
mod introspect;
mod revoke;
mod token_client_credentials;
mod token_refresh;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::access_key::AccessKey;
use shared::user::User;
use tests::Service;

use crate::support::{Answer, send};

const TOKEN: &str = "/oauth/token";
const INTROSPECT: &str = "/oauth/introspect";
const REVOKE: &str = "/oauth/revoke";
/// What every endpoint here says of a client that is none.
const UNKNOWN: &str = r#"{"error":"invalid_client","error_description":"The client is unknown, its secret is wrong, or it may not be used."}"#;

/// A user with an access key.
struct World {
    service: Service,
    user: User,
    client: Client,
}

/// An access key with its secret.
struct Client {
    key: AccessKey,
    secret: String,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let service = Service::with(settings).await;
        let user = service.user("partner").await;
        let client = Client::of(&service, &user).await;
        Self { service, user, client }
    }

    /// What the client gets for itself, asking for this besides.
    async fn ask(&self, more: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "client_credentials")], more].concat();
        self.client.post(&self.service, TOKEN, &form).await
    }

    /// An access token of the client.
    async fn issue(&self) -> String {
        let answer = self.ask(&[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// What the client learns of a token.
    async fn introspect(&self, token: &str) -> Value {
        let answer = self.client.post(&self.service, INTROSPECT, &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        has_oauth_headers(&answer);
        answer.json()
    }

    /// Whether introspection and verify-token agree that a token is good.
    async fn holds(&self, token: &str) -> bool {
        let active = self.introspect(token).await["active"] == true;
        assert_eq!(active, self.service.accepts(token).await);
        active
    }

    async fn revoke(&self, token: &str) -> Answer {
        self.client.post(&self.service, REVOKE, &[("token", token)]).await
    }
}

impl Client {
    async fn of(service: &Service, user: &User) -> Self {
        let (key, secret) = service.access_key(user.id, |_| {}).await;
        Self { key, secret }
    }

    fn id(&self) -> String {
        self.key.access_key.to_string()
    }

    /// Sends a form with the client's credentials in the header.
    async fn post(&self, service: &Service, path: &str, form: &[(&str, &str)]) -> Answer {
        send(service.post(path).basic_auth(self.id(), Some(&self.secret)).form(form)).await
    }
}

/// Sends a form.
async fn post(request: RequestBuilder, form: &[(&str, &str)]) -> Answer {
    send(request.form(form)).await
}

/// No cache of any age keeps the answer.
#[track_caller]
fn has_oauth_headers(answer: &Answer) {
    answer.has_common_headers();
    assert_eq!(answer.header("pragma"), "no-cache");
}

/// A refusal with this code, and a description that a developer can read.
#[track_caller]
fn refuses(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (status, &json!(code)), "{}", answer.text);
    assert!(
        answer.json()["error_description"].as_str().is_some_and(|text| text.len() > 10),
        "{}",
        answer.text
    );
    assert_eq!(answer.header("content-type"), "application/json");
    let challenge = if status == 401 { r#"Basic realm="latchkey""# } else { "" };
    assert_eq!(answer.header("www-authenticate"), challenge);
    has_oauth_headers(answer);
}
