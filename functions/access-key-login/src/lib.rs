//! Access key login: a program shows its access key and secret and gets a bearer token for an hour.

mod refusal;

use serde_json::Value;
use shared::App;
use shared::access_key::{AccessKey, AccessKeyId, AccessKeySecret};
use shared::http::body::{self, BodyError, Format};
use shared::http::response::{self, RequestId};
use shared::http::{Fault, Request, Response, StatusCode};
use shared::jwt::{self, AccessKeyClaims, HOUR};

use refusal::{Fault400, invalid_request, unauthorized};

/// `POST /login`
pub async fn handle(app: &App, request: Request) -> Response {
    let id = RequestId::of(&request);
    let result = log_in(app, &request).await;
    response::finish(&id, refusal::shape, result)
}

async fn log_in(app: &App, request: &Request) -> Result<Response, Fault> {
    let Shown { access_key, secret } = shown(request).await?;
    let now = app.now();
    let key = AccessKey::authenticate(app, &access_key, &secret).await?.ok_or_else(unauthorized)?;
    let claims = AccessKeyClaims {
        uid: key.user.to_string(),
        ar: key.roles,
        ak: access_key.ak(),
        realm: key.realm,
        ca: key.ca,
        cid: key.cid,
        domain: key.domain,
        iat: now.seconds(),
        exp: (now + HOUR).seconds(),
    };
    Ok(response::text(StatusCode::CREATED, jwt::sign(app, &claims).await?))
}

/// What a program shows of itself.
struct Shown {
    access_key: AccessKeyId,
    secret: AccessKeySecret,
}

/// The two fields, or one entry a fault as a JSON Schema validator reports it.
async fn shown(request: &Request) -> Result<Shown, Fault> {
    let mut fields = body::fields(request, &[Format::Json]).await.map_err(|error| match error {
        BodyError::TooLarge => error.into_fault(),
        error => invalid_request(&[Fault400::Body(error)]),
    })?;
    let names = ["accessKey", "secret"];
    let missing =
        names.iter().filter(|name| !fields.contains_key(**name)).map(|name| Fault400::Required(name));
    let wrong = names.iter().filter_map(|name| check(name, fields.get(*name)?));
    let faults: Vec<Fault400> = missing.chain(wrong).collect();
    if !faults.is_empty() {
        return Err(invalid_request(&faults));
    }
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let secret = AccessKeySecret::new(text("secret"));
    Ok(Shown { access_key: text("accessKey").parse().map_err(|_| unauthorized())?, secret })
}

fn check(name: &'static str, value: &Value) -> Option<Fault400> {
    match value {
        Value::String(text) if text.is_empty() => Some(Fault400::MinLength(name)),
        Value::String(_) => None,
        _ => Some(Fault400::Type(name)),
    }
}
