//! What the examples of `openapi.yaml` do not reach: successes that need something that was made before.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::account::Account;
use shared::one_time::Purpose;
use shared::password::{HashParameters, Hasher, Password};
use shared::user::{Credential, UserStatus};
use tests::{Answer, PASSWORD, Service};

use super::answers::link_token;

/// A service, and who did what on it.
pub(super) struct Successes<'s, F: FnMut(&str)> {
    service: &'s Service,
    /// Is told the function after each request.
    seen: F,
}

impl<'s, F: FnMut(&str)> Successes<'s, F> {
    /// All of them, on a service of their own.
    pub(super) async fn run(service: &'s Service, seen: F) {
        let mut successes = Self { service, seen };
        successes.sign_in().await;
        successes.account().await;
        successes.refresh().await;
        successes.end_sessions().await;
        successes.own_links().await;
        successes.revoke().await;
        successes.delete().await;
    }

    async fn send(&mut self, function: &str, status: u16, request: RequestBuilder) -> Value {
        self.service.calls.reset();
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, status, "{function}: {}", answer.body);
        (self.seen)(function);
        answer.body
    }

    async fn tokens(&self, name: &str) -> Value {
        self.service.log_in(name).await
    }

    /// By name and by address, with a hash that is to be replaced, and with one session more than a user may have.
    async fn sign_in(&mut self) {
        let service = self.service;
        let accounts = &service.app.store.tables.accounts;
        for (function, path) in [("login", "/auth/login"), ("scoped-token", "/v1/auth")] {
            let name = format!("success-{function}");
            service.user(&name).await;
            if function == "login" {
                for _ in 0..shared::session::MOST_SESSIONS {
                    self.tokens(&name).await;
                }
            }
            let key = Credential::key(&name);
            let found: Option<Credential> = service.app.store.get(accounts, key.clone()).await.unwrap();
            let weak = Credential { password_hash: weak(PASSWORD).await, ..found.unwrap() };
            service.put(accounts, key, &weak).await;
            for username in [format!("{name}@example.com"), name] {
                let body = json!({ "username": username, "password": PASSWORD });
                self.send(function, 200, service.post(path).json(&body)).await;
            }
        }
    }

    async fn account(&mut self) {
        let service = self.service;
        let account = Account { secret_hash: weak("hubble").await, ..service.account("hubble").await };
        service.put(&service.app.store.tables.accounts, Account::key(account.id), &account).await;
        let body = json!({ "account": account.id, "secret": "hubble" });
        self.send("account-token", 200, service.post("/public-api/auth/").json(&body)).await;
    }

    /// A first time, and too late a second.
    async fn refresh(&mut self) {
        let service = self.service;
        service.user("refresher").await;
        let refresh = |tokens: &Value| json!({ "refresh_token": tokens["refresh_token"] });
        let spent = refresh(&self.tokens("refresher").await);
        self.send("refresh", 200, service.post("/auth/refresh").json(&spent)).await;
        let client = self.tokens("refresher").await;
        let refresh_token = client["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let form = || service.post("/oauth/token").form(&form);
        self.send("oauth-token", 200, form()).await;
        service.wait(60);
        self.send("refresh", 406, service.post("/auth/refresh").json(&spent)).await;
        self.send("oauth-token", 400, form()).await;
    }

    async fn end_sessions(&mut self) {
        let service = self.service;
        service.user("ender").await;
        let bearer = |request: RequestBuilder, tokens: &Value| {
            request.bearer_auth(tokens["access_token"].as_str().unwrap())
        };
        let [_, one] = [self.tokens("ender").await, self.tokens("ender").await];
        self.send("sessions", 200, bearer(service.request(Method::DELETE, "/auth/sessions"), &one)).await;
        let two = self.tokens("ender").await;
        let body = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
        self.send("password-change", 200, bearer(service.post("/auth/password/change"), &two).json(&body))
            .await;
        let three = self.tokens("ender").await;
        let all = json!({ "all": true });
        self.send("logout", 200, bearer(service.post("/auth/logout"), &three).json(&all)).await;
    }

    /// Of someone whose address is not verified yet, and who is signed in elsewhere.
    async fn own_links(&mut self) {
        let service = self.service;
        for (function, path, purpose) in [
            ("verify-email", "/auth/verify-email", Purpose::VerifyEmail),
            ("email-confirm", "/auth/email/confirm", Purpose::ConfirmEmail),
            ("password-reset", "/auth/password/reset", Purpose::ResetPassword),
        ] {
            let name = format!("success-{function}");
            let user = service.user_with(&name, |user| user.status = UserStatus::Unverified).await;
            self.tokens(&name).await;
            let token = link_token(service, &user, purpose).await;
            let body = json!({ "token": token, "password": "another good phrase" });
            self.send(function, 200, service.post(path).json(&body)).await;
        }
    }

    async fn revoke(&mut self) {
        let service = self.service;
        let user = service.user("client").await;
        let (key, secret) = service.access_key(user.id, |_| {}).await;
        let client = |path: &str| service.post(path).basic_auth(key.access_key.to_string(), Some(&secret));
        let issued = client("/oauth/token").form(&[("grant_type", "client_credentials")]);
        let issued = Answer::to(issued).await.body["access_token"].as_str().unwrap().to_owned();
        self.service.calls.reset();
        let revoked = client("/oauth/revoke").form(&[("token", &issued)]).send().await.unwrap();
        assert_eq!(revoked.status(), 200);
        (self.seen)("oauth-revoke");
    }

    async fn delete(&mut self) {
        let service = self.service;
        let user = service.user("leaver").await;
        let (key, _) = service.access_key(user.id, |_| {}).await;
        for item in key.items(&service.app.store).unwrap() {
            let _ = service.app.store.transact(vec![item]).await.unwrap();
        }
        let [_, here] = [self.tokens("leaver").await, self.tokens("leaver").await];
        let request = service.request(Method::DELETE, "/auth/me");
        let request = request.bearer_auth(here["access_token"].as_str().unwrap());
        self.send("delete-user", 200, request.json(&json!({ "password": PASSWORD }))).await;
    }
}

/// A hash with weaker parameters than the service has.
async fn weak(secret: &str) -> String {
    let hasher = Hasher::new(HashParameters { memory_kib: 64, iterations: 1, parallelism: 1 });
    hasher.hash(&Password::new(secret)).await.unwrap()
}
