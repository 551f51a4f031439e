//! The data that the events of `events/` take for granted.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared::account::{Account, AccountStatus};
use shared::clock::{Clock, SystemClock};
use shared::one_time::{OneTime, Purpose};
use shared::outbox::{Content, Message};
use shared::password::Password;
use shared::session;
use shared::user::{Profile, User, UserStatus};

use crate::events::StoreState;
use crate::{Answer, PASSWORD, Service};

/// The stage variable of the events: what the tokens are issued by.
pub const PUBLIC_URL: &str = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
const ACCOUNT: &str = "5723073937d63a18396a1bae";
const ACCOUNT_SECRET: &str = "hubble";
/// The one user.
pub const USERNAME: &str = "johnson.ajayi";
const EMAIL: &str = "hng.user01@gmail.com";
/// What `{{confirm_email_token}}` changes it to.
const NEW_EMAIL: &str = "johnson@example.com";
/// The functions for which the user's address is not verified yet.
const UNVERIFIED_FOR: [&str; 2] = ["verify-email", "verify-email-resend"];

/// The data that events/README.md describes.
pub struct Seeded(pub Service);

impl Seeded {
    /// With the hash that takes the least memory that a function may be given.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these settings of the environment.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let public_url = [("PUBLIC_URL", PUBLIC_URL)];
        let hash = [("ARGON2_MEMORY_KIB", "7168"), ("ARGON2_ITERATIONS", "5")];
        // What is given first counts.
        Self(Service::at_present(&[&public_url, settings, &hash].concat()).await)
    }

    /// The environment of a function over this data.
    #[must_use]
    pub fn environment(&self, store: StoreState) -> Vec<(&'static str, String)> {
        let tables = &self.0.app.store.tables;
        let argon2 = self.0.app.config.argon2;
        let mut environment = self.0.store_env();
        if let StoreState::Unreachable = store {
            // Port 1 refuses every connection.
            environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL_DYNAMODB");
            environment.push(("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1".to_owned()));
        }
        environment.extend([
            ("ACCOUNTS_TABLE", tables.accounts.clone()),
            ("TOKENS_TABLE", tables.tokens.clone()),
            ("KEYS_TABLE", tables.keys.clone()),
            ("ARGON2_MEMORY_KIB", argon2.memory_kib.to_string()),
            ("ARGON2_ITERATIONS", argon2.iterations.to_string()),
        ]);
        environment
    }

    /// Puts the data in place of what the last case has left of it; a value for each placeholder.
    pub async fn values(&self, function: &str) -> Vec<(&'static str, String)> {
        self.clear().await;
        // The functions go by the machine's clock: a session from before they ended all of a user's is none.
        let Service { app, clock, .. } = &self.0;
        clock.advance(SystemClock.now().since(app.now()));
        let user = self.user(function).await;
        let account = self.account().await;
        let (key, access_key_secret) = self.0.access_key(user.id, |_| {}).await;
        let access_key = key.access_key.to_string();
        let mut values = vec![
            ("account_token", account),
            ("oauth_token", self.oauth_token(&access_key, &access_key_secret).await),
            ("access_key_basic", STANDARD.encode(format!("{access_key}:{access_key_secret}"))),
            ("access_key", access_key),
            ("access_key_secret", access_key_secret),
        ];
        values.extend(self.session(&user).await);
        values.extend(self.links(&user).await);
        // A message from before the link that it is for would have nothing to say.
        clock.advance(Duration::from_millis(1));
        values.push(("outbox_id", self.message(&user).await));
        values
    }

    /// Leaves nothing but the keyring, which the functions have read.
    pub async fn clear(&self) {
        let Service { app, .. } = &self.0;
        for table in [&app.store.tables.accounts, &app.store.tables.tokens] {
            for mut item in self.0.items(table).await {
                item.retain(|name, _| name == "pk" || name == "sk");
                app.store.client.delete_item().table_name(table).set_key(Some(item)).send().await.unwrap();
            }
        }
    }

    async fn user(&self, function: &str) -> User {
        let change = |user: &mut User| {
            user.email = EMAIL.parse().unwrap();
            if UNVERIFIED_FOR.contains(&function) {
                user.status = UserStatus::Unverified;
            }
            user.profile = Profile {
                first_name: "Johnson".to_owned(),
                last_name: "Ajayi".to_owned(),
                display_name: "samsoft".to_owned(),
                phone: "09067324567".to_owned(),
                time_zone: "Africa/Lagos".to_owned(),
            };
        };
        self.0.user_with(USERNAME, change).await
    }

    /// The account, and its token.
    async fn account(&self) -> String {
        let Service { app, .. } = &self.0;
        let account = Account {
            id: ACCOUNT.parse().unwrap(),
            name: "hubble".to_owned(),
            secret_hash: app.passwords.hash(&Password::new(ACCOUNT_SECRET)).await.unwrap(),
            status: AccountStatus::Active,
            created_at: app.now(),
        };
        self.0.put(&app.store.tables.accounts, Account::key(account.id), &account).await;
        let credentials = json!({ "account": ACCOUNT, "secret": ACCOUNT_SECRET });
        let (_, answer) = self.0.post_json("/public-api/auth/", &credentials).await;
        answer["token"].as_str().unwrap().to_owned()
    }

    /// An OAuth access token of the access key.
    async fn oauth_token(&self, key: &str, secret: &str) -> String {
        let form = [("grant_type", "client_credentials")];
        let (_, answer) =
            crate::answer(self.0.post("/oauth/token").basic_auth(key, Some(secret)).form(&form)).await;
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The one session of the user.
    async fn session(&self, user: &User) -> [(&'static str, String); 4] {
        let form = [("username", USERNAME), ("password", PASSWORD)];
        let login = Answer::to(self.0.post("/auth/login").form(&form)).await;
        let cookie = login.cookie("JSESSIONID");
        let sessions = session::list(self.0.app, user.id).await.unwrap();
        assert_eq!(sessions.len(), 1);
        [
            ("access_token", login.token("access_token")),
            ("refresh_token", login.token("refresh_token")),
            ("session_cookie", cookie.split_once('=').unwrap().1.to_owned()),
            ("session_id", sessions[0].id.to_string()),
        ]
    }

    /// What the links of mails carry.
    async fn links(&self, user: &User) -> [(&'static str, String); 3] {
        let app = self.0.app;
        let link = async |purpose, email: &str| {
            let nonce = shared::random::bytes().unwrap();
            let token = OneTime::issue(app, purpose, user.id, email.parse().unwrap(), app.now(), nonce).await;
            token.unwrap().unwrap()
        };
        [
            ("verify_email_token", link(Purpose::VerifyEmail, EMAIL).await),
            ("reset_password_token", link(Purpose::ResetPassword, EMAIL).await),
            ("confirm_email_token", link(Purpose::ConfirmEmail, NEW_EMAIL).await),
        ]
    }

    /// A message of the outbox that nobody has sent; its id.
    async fn message(&self, user: &User) -> String {
        let Service { app, .. } = &self.0;
        let message = Message::new(Content::ResetPassword { email: user.email.clone() }, app.now()).unwrap();
        self.0.put(&app.store.tables.tokens, Message::key(message.id), &message).await;
        message.id.to_string()
    }
}
