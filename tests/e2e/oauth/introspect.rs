//! Introspection (RFC 7662).

use serde_json::{Value, json};
use shared::account::{Account, AccountStatus};
use shared::one_time::{OneTime, Purpose};
use shared::user::{User, UserStatus};
use tests::{Fault, START};

use super::{Client, INTROSPECT, UNKNOWN, World, post, refuses};
use crate::support::jwt::claims;
use crate::support::{SignedIn, access_key_token, account_token, scoped_token, sign_in};

const INACTIVE: &str = r#"{"active":false}"#;
const SECRET: &str = "hubble";

/// One user with a token of every kind that has an end.
struct Tokens {
    session: SignedIn,
    account: Account,
    for_account: String,
    for_user: String,
    of_key: String,
    scoped: String,
    access: String,
}

impl Tokens {
    /// Makes them for the world's user, who joins an account for that.
    async fn of(world: &mut World) -> Self {
        let service = &world.service;
        let account = service.account(SECRET).await;
        world.user.account = account.id;
        service.put(&service.app.store.tables.accounts, User::key(world.user.id), &world.user).await;
        let id = account.id.to_string();
        Self {
            session: sign_in(service, "partner").await,
            for_account: account_token(service, &id, SECRET, None).await,
            for_user: account_token(service, &id, SECRET, Some(&world.user)).await,
            of_key: access_key_token(service, &world.client.id(), &world.client.secret).await,
            scoped: scoped_token(service, "partner").await,
            access: world.issue().await,
            account,
        }
    }

    fn all(&self) -> [(&'static str, &str); 8] {
        [
            ("session", &self.session.access),
            ("session cookie", self.session.cookie("JSESSIONID")),
            ("refresh", &self.session.refresh),
            ("account", &self.for_account),
            ("account, user", &self.for_user),
            ("access key", &self.of_key),
            ("scoped", &self.scoped),
            ("access", &self.access),
        ]
    }
}

/// The answer to the client about a token, to the last byte.
async fn answer(world: &World, client: &Client, token: &str) -> String {
    let answer = client.post(&world.service, INTROSPECT, &[("token", token)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

#[tokio::test]
async fn every_kind_of_token_is_described() {
    let mut world = World::new().await;
    let tokens = Tokens::of(&mut world).await;
    let (iat, url) = (START.seconds(), &world.service.url);
    let (user, account, key) = (world.user.id, tokens.account.id, world.client.id());
    let owner = json!({ "iss": url, "account": account, "username": "partner" });
    let with_owner = |said: Value| {
        let mut body = json!({ "active": true });
        for part in [said, owner.clone()] {
            body.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        body
    };
    let jti = |token: &str| claims(token)["jti"].clone();
    let of_session = |kind, exp| {
        with_owner(json!({
            "kind": kind, "client_id": "latchkey", "token_type": "Bearer", "exp": exp, "iat": iat, "sub": user,
        }))
    };
    let day = iat + 86_400;
    let mut of_refresh = of_session("refresh", iat + 14 * 86_400);
    of_refresh.as_object_mut().unwrap().shift_remove("token_type");
    let of_account = |token: &str| {
        with_owner(json!({
            "kind": "account", "token_type": "Bearer", "exp": day, "iat": iat, "sub": account, "jti": jti(token),
        }))
    };
    let mut for_account = of_account(&tokens.for_account);
    for_account.as_object_mut().unwrap().shift_remove("username");
    let expected = [
        of_session("session", iat + 7210),
        of_session("session", day),
        of_refresh,
        for_account,
        of_account(&tokens.for_user),
        with_owner(json!({
            "kind": "access_key", "client_id": key, "token_type": "Bearer", "exp": iat + 3600, "iat": iat, "sub": user,
        })),
        with_owner(json!({
            "kind": "scoped", "scope": "sleep:read sleep:write", "token_type": "Bearer", "exp": day, "iat": iat,
            "sub": user, "jti": jti(&tokens.scoped),
        })),
        with_owner(json!({
            "kind": "access", "scope": "sleep:read sleep:write", "client_id": key, "token_type": "Bearer",
            "exp": iat + 3600, "iat": iat, "sub": key, "aud": url, "jti": jti(&tokens.access),
        })),
    ];
    for ((kind, token), expected) in tokens.all().into_iter().zip(expected) {
        assert_eq!(world.introspect(token).await, expected, "{kind}");
    }
}

#[tokio::test]
async fn a_token_is_active_to_the_second_that_was_told() {
    let mut world = World::new().await;
    for at in 0..Tokens::of(&mut world).await.all().len() {
        let tokens = Tokens::of(&mut world).await;
        let (kind, token) = tokens.all()[at];
        let end = world.introspect(token).await["exp"].as_i64().unwrap();
        let left = u64::try_from(end - world.service.app.now().seconds()).unwrap();
        world.service.wait(left - 1);
        assert_eq!(world.introspect(token).await["active"], true, "{kind}");
        world.service.wait(1);
        assert_eq!(answer(&world, &world.client, token).await, INACTIVE, "{kind}");
    }
}

#[tokio::test]
async fn of_a_token_of_another_account_nothing_is_said() {
    let mut world = World::new().await;
    let tokens = Tokens::of(&mut world).await;
    let service = &world.service;
    let neighbour = service.user_with("neighbour", |user| user.account = tokens.account.id).await;
    let stranger = service.user("stranger").await;
    let (neighbour, stranger) = (Client::of(service, &neighbour).await, Client::of(service, &stranger).await);
    for (kind, token) in tokens.all() {
        assert_eq!(answer(&world, &stranger, token).await, INACTIVE, "{kind}");
        assert!(answer(&world, &neighbour, token).await.starts_with(r#"{"active":true,"#), "{kind}");
    }
}

#[tokio::test]
async fn of_what_is_no_token_nothing_is_said() {
    let world = World::new().await;
    let session = sign_in(&world.service, "partner").await;
    let email = world.user.email.clone();
    let now = world.service.app.now();
    let one_time =
        OneTime::issue(world.service.app, Purpose::VerifyEmail, world.user.id, email, now, [7; 8]).await;
    let token = world.issue().await;
    for token in [
        "unknown",
        "a.00",
        ".",
        "a.b.c",
        &format!("{token}x"),
        &session.access.replace("a.", "s."),
        session.cookie("LATCHKEY_DEVICE"),
        &one_time.unwrap().unwrap(),
        &world.client.secret,
        "\u{0}",
    ] {
        assert_eq!(answer(&world, &world.client, token).await, INACTIVE, "{token}");
    }
}

#[tokio::test]
async fn a_token_whose_owner_may_not_be_used_is_not_active() {
    let mut world = World::new().await;
    let tokens = Tokens::of(&mut world).await;
    let (service, accounts) = (&world.service, &world.service.app.store.tables.accounts);
    let neighbour = service.user_with("neighbour", |user| user.account = tokens.account.id).await;
    let neighbour = Client::of(service, &neighbour).await;
    let suspended = User { status: UserStatus::Suspended, ..world.user.clone() };
    service.put(accounts, User::key(suspended.id), &suspended).await;
    for (kind, token) in tokens.all() {
        let active = answer(&world, &neighbour, token).await != INACTIVE;
        assert_eq!(active, kind == "account", "{kind}");
    }
    let disabled = Account { status: AccountStatus::Disabled, ..tokens.account.clone() };
    service.put(accounts, Account::key(disabled.id), &disabled).await;
    assert_eq!(answer(&world, &neighbour, &tokens.for_account).await, INACTIVE);
    let own = world.client.post(service, INTROSPECT, &[("token", tokens.access.as_str())]).await;
    assert_eq!((own.status.as_u16(), own.text.as_str()), (401, UNKNOWN), "nor is its client one");
}

#[tokio::test]
async fn all_tokens_from_before_a_moment_are_not_active() {
    let world = World::new().await;
    let token = world.issue().await;
    let now = world.service.app.now() + std::time::Duration::from_millis(1);
    let user = User { tokens_valid_after: now, ..world.user.clone() };
    world.service.put(&world.service.app.store.tables.accounts, User::key(user.id), &user).await;
    assert!(!world.holds(&token).await);
    world.service.wait(1);
    assert!(world.holds(&world.issue().await).await, "a key is no token: it goes on");
}

#[tokio::test]
async fn a_replaced_token_of_a_session_is_active_for_the_grace_time() {
    let world = World::new().await;
    let session = sign_in(&world.service, "partner").await;
    let next = world.service.refresh(&session.refresh).await;
    for token in [&session.access, &session.refresh] {
        let said = world.introspect(token).await;
        assert_eq!((&said["active"], &said["exp"]), (&json!(true), &json!(START.seconds() + 10)));
        assert_eq!(said.get("iat"), None, "the session does not know any more");
    }
    world.service.wait(11);
    for token in [&session.access, &session.refresh] {
        assert_eq!(answer(&world, &world.client, token).await, INACTIVE);
    }
    let (access, refresh) = (next.token("access_token"), next.token("refresh_token"));
    assert!(world.holds(&access).await, "to ask about a spent token ends nothing");
    assert_eq!(world.introspect(&refresh).await["kind"], "refresh");
}

#[tokio::test]
async fn to_ask_spends_nothing() {
    let world = World::new().await;
    let session = sign_in(&world.service, "partner").await;
    let before = world.service.stored().await;
    for token in [&session.access, &session.refresh, &world.issue().await] {
        world.introspect(token).await;
    }
    assert_eq!(world.service.stored().await, before);
    assert_eq!(world.service.refresh(&session.refresh).await.status, 200);
}

#[tokio::test]
async fn a_hint_is_not_looked_at() {
    let world = World::new().await;
    let session = sign_in(&world.service, "partner").await;
    for token in [&session.access, &session.refresh, &world.issue().await] {
        let plain = world.introspect(token).await;
        for hint in ["access_token", "refresh_token", "whatever", ""] {
            let form = [("token", token.as_str()), ("token_type_hint", hint)];
            assert_eq!(world.client.post(&world.service, INTROSPECT, &form).await.json(), plain, "{hint}");
        }
    }
}

#[tokio::test]
async fn who_asks_must_be_a_client_and_name_a_token() {
    let world = World::new().await;
    let token = world.issue().await;
    refuses(&post(world.service.post(INTROSPECT), &[("token", &token)]).await, 401, "invalid_client");
    let by_bearer = world.service.post(INTROSPECT).bearer_auth(&token);
    refuses(&post(by_bearer, &[("token", &token)]).await, 401, "invalid_client");
    for form in [&[][..], &[("token", "")], &[("Token", token.as_str())]] {
        refuses(&world.client.post(&world.service, INTROSPECT, form).await, 400, "invalid_request");
    }
    let in_query = world.client.post(&world.service, &format!("{INTROSPECT}?token={token}"), &[]).await;
    refuses(&in_query, 400, "invalid_request");
}

#[tokio::test]
async fn while_storage_is_out_of_reach_nobody_is_told_that_a_token_is_not_active() {
    let world = World::new().await;
    let session = sign_in(&world.service, "partner").await;
    let tables = &world.service.app.store.tables;
    for token in [&session.access, &session.refresh, &world.issue().await] {
        for (operation, table) in [
            ("GetItem", &tables.accounts),
            ("BatchGetItem", &tables.accounts),
            ("BatchGetItem", &tables.tokens),
        ] {
            for (fault, status, code) in
                [(Fault::Unreachable, 503, "temporarily_unavailable"), (Fault::Refused, 500, "server_error")]
            {
                world.service.faults.on(operation, table, fault);
                let answer = world.client.post(&world.service, INTROSPECT, &[("token", token)]).await;
                refuses(&answer, status, code);
                assert_eq!(answer.header("retry-after"), if status == 503 { "2" } else { "" });
                world.service.faults.none();
            }
        }
        assert!(world.introspect(token).await["active"] == true);
    }
}
