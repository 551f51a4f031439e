//! Signup: someone makes a user for themselves in the deployment's default account, and a verification mail is on its
//! way.

use serde_json::json;
use shared::App;
use shared::clock::Timestamp;
use shared::door::user_session::{self, bad_request, fields, required};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::id::ObjectId;
use shared::identifier::{Email, Username};
use shared::outbox::{Content, Message};
use shared::password::{self, Password};
use shared::user::{CreateUserError, Profile, User, UserStatus};

/// `POST /auth/signup`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = sign_up(app, &request).await;
    response::finish(&id, user_session::shape, result)
}

async fn sign_up(app: &App, request: &Request) -> Result<Response, Fault> {
    let (username, email, password) = wanted(app, request).await?;
    let now = app.now();
    let user = User {
        id: ObjectId::new(now)?,
        account: app.config.default_account,
        username,
        email,
        sub_type: "user".to_owned(),
        scopes: Vec::new(),
        status: UserStatus::Unverified,
        profile: Profile::default(),
        created_at: now,
        updated_at: None,
        tokens_valid_after: Timestamp::default(),
    };
    let mail = Message::new(Content::VerifyEmail { user: user.id }, now)?;
    let hash = app.passwords.hash(&password).await?;
    match user.create(&app.store, hash, Some(&mail)).await {
        Ok(()) => {
            let body = json!({ "message": "Signup success", "userid": user.id.as_json_integer() });
            Ok(response::json(StatusCode::OK, &body))
        }
        Err(CreateUserError::UsernameTaken | CreateUserError::EmailTaken | CreateUserError::IdTaken) => {
            Err(Fault::new(StatusCode::CONFLICT, "Unable to signup."))
        }
        Err(CreateUserError::Store(error)) => Err(error.into()),
    }
}

/// The three fields, or one entry a field that is wrong.
async fn wanted(app: &App, request: &Request) -> Result<(Username, Email, Password), Fault> {
    let fields = fields(request).await?;
    let [username, password, email] = required(&fields, ["username", "password", "email"])?;
    let password = Password::new(password);
    let (username, email) = (username.parse::<Username>(), email.parse::<Email>());
    let mut wrong = Vec::new();
    wrong.extend(username.as_ref().err().map(|error| ("username", error.to_string())));
    wrong.extend(email.as_ref().err().map(|error| ("email", error.to_string())));
    let names = [
        username.as_ref().map(Username::as_str).unwrap_or_default(),
        email.as_ref().map(Email::local_part).unwrap_or_default(),
    ];
    let refusal = password::check_new(&password, &app.config, &names);
    wrong.extend(refusal.err().map(|refusal| ("password", refusal.to_string())));
    match (username, email) {
        (Ok(username), Ok(email)) if wrong.is_empty() => Ok((username, email, password)),
        _ => Err(bad_request(&wrong)),
    }
}
