//! Door D: verify token.

mod accepted;
mod hostile;
mod hostile_access;
mod refused;
mod signatures;

use serde_json::json;
use shared::access_key::AccessKey;
use shared::account::Account;
use shared::user::User;
use tests::Service;

use crate::support::{
    Answer, SignedIn, access_key_token, account_token, client_token, johnson, scoped_token, send, sign_in,
};

const PATH: &str = "/auth/verify-token";
const SECRET: &str = "hubble";

/// One user with a token of every kind.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) user: User,
    pub(crate) account: Account,
    pub(crate) key: AccessKey,
    /// Of the access key.
    pub(crate) secret: String,
    pub(crate) session: SignedIn,
    /// Of the account alone.
    pub(crate) for_account: String,
    /// Of the account, for the user.
    pub(crate) for_user: String,
    pub(crate) of_key: String,
    pub(crate) scoped: String,
    /// Of the access key, by OAuth.
    pub(crate) of_client: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let service = Service::start().await;
        let account = service.account(SECRET).await;
        let user = service
            .user_with("johnson", |user| {
                user.account = account.id;
                user.profile = johnson();
            })
            .await;
        // What comes after the user was made is told from it by the clock.
        service.wait(1);
        let (key, secret) = service.access_key(user.id, |_| {}).await;
        let id = account.id.to_string();
        Self {
            session: sign_in(&service, "johnson").await,
            for_account: account_token(&service, &id, SECRET, None).await,
            for_user: account_token(&service, &id, SECRET, Some(&user)).await,
            of_key: access_key_token(&service, &key.access_key.to_string(), &secret).await,
            scoped: scoped_token(&service, "johnson").await,
            of_client: client_token(&service, &key.access_key.to_string(), &secret).await,
            service,
            user,
            account,
            key,
            secret,
        }
    }

    /// The tokens that stand for the user, each with its name.
    pub(crate) fn of_user(&self) -> [(&'static str, &str); 6] {
        [
            ("access token", &self.session.access),
            ("session cookie", self.session.cookie("JSESSIONID")),
            ("account token for a user", &self.for_user),
            ("access key token", &self.of_key),
            ("scoped token", &self.scoped),
            ("OAuth access token", &self.of_client),
        ]
    }

    async fn status(&self, token: &str) -> u16 {
        by_body(&self.service, token).await.status.as_u16()
    }

    /// Stores the user with a change.
    pub(crate) async fn change_user(&self, change: impl FnOnce(&mut User)) {
        let mut user = self.user.clone();
        change(&mut user);
        self.service.put(&self.service.app.store.tables.accounts, User::key(user.id), &user).await;
    }
}

/// Any text can be a token in the body; a header takes fewer characters.
async fn by_body(service: &Service, token: &str) -> Answer {
    send(service.post(PATH).json(&json!({ "token": token }))).await
}

async fn by_bearer(service: &Service, token: &str) -> Answer {
    send(service.get(PATH).bearer_auth(token)).await
}

async fn by_cookie(service: &Service, token: &str) -> Answer {
    send(service.get(PATH).header("cookie", format!("a=b; JSESSIONID={token}"))).await
}

fn error(code: u16, message: &str) -> String {
    json!({ "code": code, "message": message }).to_string()
}

/// A token that is none has the same words as none at all; the challenge tells them apart.
const INVALID: &str = r#"{"code":401,"message":"No valid token provided"}"#;

/// Hands every token in and expects each to be refused as a token, not for want of one.
pub(crate) async fn all_refused(service: &Service, tokens: Vec<(impl AsRef<str>, String)>) {
    for (why, token) in tokens {
        let answer = by_body(service, &token).await;
        let refused = (answer.status.as_u16(), answer.text.as_str(), answer.header("www-authenticate"));
        assert_eq!(refused, (401, INVALID, r#"Bearer error="invalid_token""#), "{}", why.as_ref());
    }
}
