//! Scoped token: a user shows a name and a password and gets a JWT that says what it allows.

mod refusal;

use serde_json::{Value, json};
use shared::App;
use shared::authentication;
use shared::http::body::{self, Fields, Format};
use shared::http::peer::Peer;
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::identifier::SignInName;
use shared::jwt::{self, DAY, ScopedClaims, Validity};
use shared::password::Password;
use shared::session::SessionError;
use shared::user::User;

use refusal::{invalid_body, invalid_fields, missing_fields, unauthorized};

/// `POST /v1/auth`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = issue(app, &request).await;
    response::finish(&id, refusal::shape, result)
}

async fn issue(app: &App, request: &Request) -> Result<Response, Fault> {
    let fields = body::fields(request, &[Format::Json]).await.map_err(invalid_body)?;
    let [username, password] = required(&fields)?;
    let (name, password) = (SignInName::parse(username), Password::new(password));
    let authenticated = authentication::authenticate(app, name, &password, &Peer::of(request), None)
        .await
        .map_err(|error| error.into_fault(unauthorized))?;
    // Not from now: the password may have been changed since it was compared.
    let validity = Validity::since(authenticated.since, DAY)?;
    let user = &authenticated.credential;
    let claims = ScopedClaims {
        sub: user.user,
        sub_type: user.sub_type.clone(),
        iss: app.issuer()?.to_owned(),
        iat: validity.issued,
        scope: user.scopes.join(" "),
        exp: validity.expires,
        jti: validity.id,
    };
    // The signature is computed while storage answers.
    let ((), record, token) =
        tokio::join!(authenticated.settle(app), User::by_id(app, user.user), jwt::sign(app, &claims));
    // Where a new password refuses ahead, nobody would ever take the token.
    record?.filter(|user| user.takes_tokens_of(authenticated.since)).ok_or(SessionError::Overtaken)?;
    let token = token?;
    Ok(response::json(StatusCode::OK, &json!({ "access_token": token })))
}

/// The two fields: all there, all strings, none empty. What is missing is named in the document's order.
fn required(fields: &Fields) -> Result<[&str; 2], Fault> {
    let names = ["username", "password"];
    let having = |is: fn(Option<&Value>) -> bool| {
        names.into_iter().filter(|name| is(fields.get(*name))).collect::<Vec<_>>()
    };
    let missing = having(|value| matches!(value, None | Some(Value::Null)));
    if !missing.is_empty() {
        return Err(missing_fields(&missing));
    }
    let no_strings = having(|value| value.is_some_and(|value| !value.is_string()));
    if !no_strings.is_empty() {
        return Err(invalid_fields(&no_strings, "must be a string!"));
    }
    let empty = having(|value| value.and_then(Value::as_str) == Some(""));
    if !empty.is_empty() {
        return Err(invalid_fields(&empty, "must have at least one character!"));
    }
    Ok(names.map(|name| fields.get(name).and_then(Value::as_str).unwrap_or_default()))
}
