//! Verify token: says whether a token of any kind that this service issues is still good, and whom it stands for.

use lambda_http::http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use shared::App;
use shared::door::user_session::Record;
use shared::http::body::{self, BodyError, Format};
use shared::http::credentials::{self, SESSION_COOKIE};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::id::ObjectId;
use shared::principal::{self, Bearer, Principal, PrincipalError};

/// The document's words for 401.
const NO_VALID_TOKEN: &str = "No valid token provided";

/// `GET /auth/verify-token` and `POST /auth/verify-token`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = verify(app, &request).await;
    response::finish(&id, shape, result)
}

async fn verify(app: &App, request: &Request) -> Result<Response, Fault> {
    let token = presented(request).await?.ok_or_else(|| Fault::unauthorized(NO_VALID_TOKEN, false))?;
    let principal = principal::identify(app, &token).await.map_err(|error| match error {
        PrincipalError::Invalid => Fault::unauthorized(NO_VALID_TOKEN, true),
        error => error.into(),
    })?;
    let body = Verified { code: 200, message: "The token is valid", data: Data::of(&principal) };
    Ok(response::json(StatusCode::OK, &body))
}

/// The one token of the request: in the header, in the cookie, or in the body of a POST.
async fn presented(request: &Request) -> Result<Option<String>, Fault> {
    let bearer = credentials::bearer(request)
        .map_err(|error| Fault::bad_request(body::sentence(&error.to_string())))?;
    let cookie = credentials::cookie(request, SESSION_COOKIE);
    let in_body = if request.method() == Method::POST && !body::is_empty(request) {
        Some(body_token(request).await?)
    } else {
        None
    };
    let mut tokens = [bearer.map(str::to_owned), cookie.map(str::to_owned), in_body].into_iter().flatten();
    let Some(token) = tokens.next() else { return Ok(None) };
    if tokens.any(|other| other != token) {
        let message = "The request brings two different credentials; send one of them.";
        return Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    Ok(Some(token))
}

async fn body_token(request: &Request) -> Result<String, Fault> {
    let fields = body::fields(request, &[Format::Json]).await.map_err(BodyError::into_fault)?;
    match fields.get("token") {
        Some(Value::String(token)) if !token.is_empty() => Ok(token.clone()),
        _ => Err(Fault::bad_request("The body must be {\"token\": \"…\"}.")),
    }
}

#[derive(Serialize)]
struct Verified<'p> {
    code: u16,
    message: &'static str,
    data: Data<'p>,
}

#[derive(Serialize)]
struct Data<'p> {
    is_verified: bool,
    user: Option<Record<'p>>,
    /// Of an account's own token, which belongs to no user.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Owner<'p>>,
}

#[derive(Serialize)]
struct Owner<'p> {
    id: ObjectId,
    name: &'p str,
}

impl<'p> Data<'p> {
    fn of(principal: &'p Principal) -> Self {
        let user = principal.user.as_ref().map(Record::from);
        let account = match &principal.bearer {
            Bearer::Account(_, account) if user.is_none() => {
                Some(Owner { id: account.id, name: &account.name })
            }
            _ => None,
        };
        Self { is_verified: true, user, account }
    }
}

/// `{"code": …, "message": …}`
fn shape(fault: &Fault) -> Value {
    json!({ "code": fault.status.as_u16(), "message": fault.message })
}
