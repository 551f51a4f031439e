//! What a client sends, and what it reads from the answer.

use reqwest::header::{AsHeaderName, HeaderMap, SET_COOKIE};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{PASSWORD, Service};

/// An answer, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its JSON; null if it is none.
    pub body: Value,
}

impl Answer {
    /// Sends a request.
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    /// A header as text.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a readable header"))
    }

    /// The seconds of `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.header("retry-after").map(|seconds| seconds.parse().expect("whole seconds"))
    }

    /// The `Set-Cookie` line of this cookie.
    #[must_use]
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        lines
            .map(|line| line.to_str().expect("a readable cookie"))
            .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    }

    /// `name=value`, as a browser sends the cookie back.
    #[must_use]
    pub fn cookie(&self, name: &str) -> String {
        let line = self.set_cookie(name).expect("a cookie");
        line.split(';').next().unwrap_or_default().to_owned()
    }

    /// A token of the `tokens` object.
    #[must_use]
    pub fn token(&self, name: &str) -> String {
        text(&self.body["tokens"][name])
    }

    /// What must not tell two answers apart: all but the moment and the request's id.
    #[must_use]
    pub fn without_request(mut self) -> Self {
        for name in ["date", "x-request-id"] {
            self.headers.remove(name);
        }
        self
    }
}

impl Service {
    /// Tries a name and a password at `/auth/login`.
    pub async fn try_log_in(&self, username: &str, password: &str) -> Answer {
        Answer::to(self.login_request(username, password)).await
    }

    /// The same with cookies, `name=value`.
    pub async fn try_log_in_with(&self, username: &str, password: &str, cookie: &str) -> Answer {
        Answer::to(self.login_request(username, password).header("cookie", cookie)).await
    }

    /// What [`Service::try_log_in`] sends.
    pub fn login_request(&self, username: &str, password: &str) -> RequestBuilder {
        self.post("/auth/login").form(&[("username", username), ("password", password)])
    }

    /// Signs up with [`PASSWORD`] and an address of the same name.
    pub async fn sign_up(&self, username: &str) -> Answer {
        let email = format!("{username}@example.com");
        let form = [("username", username), ("password", PASSWORD), ("email", &email)];
        Answer::to(self.post("/auth/signup").form(&form)).await
    }

    /// Exchanges a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        Answer::to(self.post("/auth/refresh").json(&json!({ "refresh_token": refresh_token }))).await
    }

    /// Whether verify-token accepts a token.
    pub async fn accepts(&self, token: &str) -> bool {
        let (status, body) = self.verify(token).await;
        assert!(status == 200 || status == 401, "{status} {body}");
        status == 200
    }

    /// Every item of the two tables that requests write to, in an order and a form that can be compared.
    pub async fn stored(&self) -> Vec<String> {
        let tables = &self.app.store.tables;
        let mut items = self.items(&tables.accounts).await;
        items.extend(self.items(&tables.tokens).await);
        let sorted = |item| format!("{:?}", std::collections::BTreeMap::from_iter(item));
        let mut lines: Vec<String> = items.into_iter().map(sorted).collect();
        lines.sort();
        lines
    }

    /// The one item of a table that has this sort key.
    pub async fn only(&self, table: &str, sort_key: &str) -> Value {
        let read = |item| serde_dynamo::from_item::<_, Value>(item).expect("an item");
        let items = self.items(table).await.into_iter().map(read);
        let mut found: Vec<Value> = items.filter(|item| item["sk"] == sort_key).collect();
        assert_eq!(found.len(), 1, "{sort_key}");
        found.remove(0)
    }

    /// How many items of a table have a sort key that begins so.
    pub async fn count(&self, table: &str, sort_key: &str) -> usize {
        let items = self.items(table).await;
        let has = |item: &&shared::store::Item| {
            item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk.starts_with(sort_key))
        };
        items.iter().filter(has).count()
    }
}

/// The text of a JSON string.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| unreachable!("{value} is no text")).to_owned()
}

/// Sends requests at the same time; the answers in the order in which they came.
pub async fn at_once(requests: impl IntoIterator<Item = RequestBuilder>) -> Vec<Answer> {
    requests.into_iter().map(Answer::to).collect::<JoinSet<_>>().join_all().await
}

/// How many of the answers have this status.
#[must_use]
pub fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
