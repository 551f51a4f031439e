//! Account tokens: an account shows its id and its secret and gets a JWT for the public API, for itself or for one of
//! its users.

mod refusal;
mod wanted;

use lambda_http::RequestExt;
use shared::App;
use shared::account::{Account, AccountStatus};
use shared::attempt::{Guess, Subject};
use shared::clock::Timestamp;
use shared::http::peer::Peer;
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::jwt::{self, AccountClaims, DAY, Validity};
use shared::password::Verdict;
use shared::session::SessionError;
use shared::store::{Found, Key, StoreError};
use shared::user::{User, UserStatus};

use refusal::{Refusal, Step, at};
use wanted::Wanted;

/// `POST /public-api/auth/`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    if !is_this_door(&request) {
        return response::not_found();
    }
    let result = issue(app, &request).await;
    response::finish(&id, refusal::shape, result)
}

/// API Gateway has no routes that end in a slash, so the one with the slash is caught by `/public-api/{proxy+}`.
fn is_this_door(request: &Request) -> bool {
    request
        .path_parameters_ref()
        .and_then(|parameters| parameters.first("proxy"))
        .is_none_or(|rest| rest == "auth/")
}

async fn issue(app: &App, request: &Request) -> Result<Response, Fault> {
    let wanted = Wanted::read(request).await?;
    let since = app.now();
    authenticate(app, &wanted, since, Peer::of(request).network()).await?;
    let claims = prepare(app, &wanted, since)?;
    let token = jwt::sign(app, &claims).await.map_err(at(Step::Encoding))?;
    Ok(response::json(StatusCode::OK, &serde_json::json!({ "status": "OK", "token": token })))
}

/// Compares the secret, and finds the user among those of the account.
async fn authenticate(
    app: &App,
    wanted: &Wanted,
    since: Timestamp,
    network: Option<String>,
) -> Result<(), Fault> {
    let accounts = app.store.tables.accounts.as_str();
    let user_key = wanted.user.map(User::key);
    let mut keys: Vec<(&str, Key)> = vec![(accounts, Account::key(wanted.account))];
    keys.extend(user_key.clone().map(|key| (accounts, key)));
    let opened = Guess::open(app, Subject::Account(wanted.account), network, keys).await;
    let (guess, mut found) = opened.map_err(at(Step::Validating))?;

    let (account, verdict) = match compare(app, wanted, &mut found).await {
        Ok(compared) => compared,
        Err(fault) => return Err(guess.undecided(app, fault).await),
    };
    if verdict == Verdict::Wrong || account.status == AccountStatus::Disabled {
        guess.wrong(app).await.map_err(at(Step::Validating))?;
        return Err(Refusal::Unauthenticated.into());
    }
    let (cleared, stored) = tokio::join!(guess.right(app), strengthen(app, &account, wanted, verdict));
    stored?;
    cleared.map_err(at(Step::Generating))?;
    if let Some(key) = user_key {
        let user: Result<Option<User>, StoreError> = found.take(&key);
        // Whoever checks tokens without storage would take one for a suspended user all day.
        let user = user
            .map_err(at(Step::Preparing))?
            .filter(|user| user.account == account.id && user.status != UserStatus::Suspended)
            .ok_or(Refusal::NoSuchUser)?;
        if !user.takes_tokens_of(since) {
            // Of a new password that refuses ahead: nobody would ever take the token.
            return Err(at(Step::Preparing)(SessionError::Overtaken));
        }
    }
    Ok(())
}

async fn compare(app: &App, wanted: &Wanted, found: &mut Found) -> Result<(Account, Verdict), Fault> {
    let account: Option<Account> = found.take(&Account::key(wanted.account)).map_err(at(Step::Validating))?;
    let account = account.ok_or(Refusal::NoSuchAccount)?;
    let verdict = app.passwords.verify(&wanted.secret, Some(&account.secret_hash)).await;
    Ok((account, verdict.map_err(at(Step::Validating))?))
}

/// Stores the secret's hash anew where it is weaker than this deployment wants.
async fn strengthen(app: &App, account: &Account, wanted: &Wanted, verdict: Verdict) -> Result<(), Fault> {
    if verdict == Verdict::RightButWeak {
        let hash = app.passwords.hash(&wanted.secret).await.map_err(at(Step::Storing))?;
        account.replace_secret_hash(app, hash).await.map_err(at(Step::Storing))?;
    }
    Ok(())
}

fn prepare(app: &App, wanted: &Wanted, since: Timestamp) -> Result<AccountClaims, Fault> {
    let validity = Validity::since(since, DAY).map_err(at(Step::Preparing))?;
    Ok(AccountClaims {
        iss: app.issuer().map_err(at(Step::Preparing))?.to_owned(),
        sub: wanted.account,
        user_id: wanted.user,
        iat: validity.issued,
        exp: validity.expires,
        jti: validity.id,
    })
}
