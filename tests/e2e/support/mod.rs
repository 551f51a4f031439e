//! What the suites of the doors have in common.

pub(crate) mod door;
pub(crate) mod jwt;
pub(crate) mod raw;
pub(crate) mod trap;

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use shared::user::{Profile, User};
use tests::{PASSWORD, Service};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header's value; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the body to the last byte.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status.as_u16(), self.text.as_str()), (status, text));
    }

    /// What every answer of a function carries, besides being kept by no cache.
    #[track_caller]
    pub(crate) fn has_common_headers(&self) {
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
        assert_eq!(self.header("x-request-id").len(), 24, "{:?}", self.headers);
        for name in ["server", "x-powered-by", "access-control-allow-origin"] {
            assert!(!self.headers.contains_key(name), "{name}");
        }
    }
}

/// Sends a request and reads the answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a body") }
}

/// POSTs a text as JSON, whatever it is.
pub(crate) async fn post_text(service: &Service, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    send(service.post(path).header("content-type", "application/json").body(body)).await
}

/// The tokens of a user's session as a browser has them.
pub(crate) struct SignedIn {
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// The cookies by name, each with its value.
    pub(crate) cookies: Vec<(String, String)>,
}

impl SignedIn {
    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> &str {
        &self.cookies.iter().find(|(found, _)| found == name).expect("the cookie").1
    }
}

/// Signs a user in.
pub(crate) async fn sign_in(service: &Service, username: &str) -> SignedIn {
    let form = [("username", username), ("password", PASSWORD)];
    let answer = send(service.post("/auth/login").form(&form)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tokens = answer.json()["tokens"].clone();
    let cookies = answer.headers.get_all("set-cookie").iter().map(|line| {
        let pair = line.to_str().unwrap().split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    SignedIn { access: text("access_token"), refresh: text("refresh_token"), cookies: cookies.collect() }
}

/// The user of verify token's document.
pub(crate) fn johnson() -> Profile {
    Profile {
        first_name: "Johnson".to_owned(),
        last_name: "Ajayi".to_owned(),
        display_name: "samsoft".to_owned(),
        phone: "09067324567".to_owned(),
        time_zone: "string".to_owned(),
    }
}

/// A scoped token of a user with [`PASSWORD`].
pub(crate) async fn scoped_token(service: &Service, username: &str) -> String {
    let body = serde_json::json!({ "username": username, "password": PASSWORD });
    let (status, body) = service.post_json("/v1/auth", &body).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

/// A token for an account, or for one of its users.
pub(crate) async fn account_token(
    service: &Service,
    account: &str,
    secret: &str,
    user: Option<&User>,
) -> String {
    let mut body = serde_json::json!({ "account": account, "secret": secret });
    if let Some(user) = user {
        body["user_id"] = serde_json::json!(user.id);
    }
    let (status, body) = service.post_json("/public-api/auth/", &body).await;
    assert_eq!(status, 200, "{body}");
    body["token"].as_str().unwrap().to_owned()
}

/// An access key of a user, and what leads from the user to it.
pub(crate) async fn linked_access_key(service: &Service, user: &User) -> (String, String) {
    let (key, secret) = service.access_key(user.id, |_| {}).await;
    // The key itself is there already.
    for item in key.items(&service.app.store).unwrap() {
        let _ = service.app.store.transact(vec![item]).await.unwrap();
    }
    (key.access_key.to_string(), secret)
}

/// A token of an access key.
pub(crate) async fn access_key_token(service: &Service, key: &str, secret: &str) -> String {
    let body = serde_json::json!({ "accessKey": key, "secret": secret });
    let answer = send(service.post("/login").json(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.text
}

/// An OAuth access token of an access key.
pub(crate) async fn client_token(service: &Service, key: &str, secret: &str) -> String {
    let request = service.post("/oauth/token").basic_auth(key, Some(secret));
    let answer = send(request.form(&[("grant_type", "client_credentials")])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}
