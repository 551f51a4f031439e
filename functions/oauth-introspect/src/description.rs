//! What is said of a token that is good.

use serde_json::{Map, Value, json};
use shared::App;
use shared::app::NoPublicUrl;
use shared::door::oauth::PUBLIC_CLIENT;
use shared::principal::{Bearer, Principal};
use shared::session::{Session, SessionToken, TokenKind};

/// The members of RFC 7662 section 2.2 that are known of a token, its `kind`, and its `account`.
pub(crate) fn of(app: &App, principal: &Principal) -> Result<Value, NoPublicUrl> {
    let mut said = match &principal.bearer {
        Bearer::Session(token) => {
            principal.session.as_ref().map_or(Value::Null, |session| of_session(app, token, session))
        }
        Bearer::Scoped(claims) => json!({
            "kind": "scoped", "scope": claims.scope, "token_type": "Bearer",
            "exp": claims.exp, "iat": claims.iat, "sub": claims.sub, "jti": claims.jti,
        }),
        Bearer::Account(claims, _) => json!({
            "kind": "account", "token_type": "Bearer",
            "exp": claims.exp, "iat": claims.iat, "sub": claims.sub, "jti": claims.jti,
        }),
        Bearer::AccessKey(claims, key) => json!({
            "kind": "access_key", "client_id": key.access_key, "token_type": "Bearer",
            "exp": claims.exp, "iat": claims.iat, "sub": claims.uid,
        }),
        Bearer::Access(claims) => json!({
            "kind": "access", "scope": claims.scope, "client_id": claims.client_id, "token_type": "Bearer",
            "exp": claims.exp, "iat": claims.iat, "sub": claims.sub, "aud": claims.aud, "jti": claims.jti,
        }),
    };
    said["iss"] = app.issuer()?.into();
    said["account"] = json!(principal.account());
    said["username"] = json!(principal.user.as_ref().map(|user| &user.username));
    let mut body = Map::from_iter([("active".to_owned(), Value::Bool(true))]);
    let known = said.as_object_mut().map(std::mem::take).unwrap_or_default();
    body.extend(known.into_iter().filter(|(_, value)| !value.is_null()));
    Ok(Value::Object(body))
}

fn of_session(app: &App, token: &SessionToken, session: &Session) -> Value {
    let lifetime = session.lifetime(token, app.config.session.grace);
    let opens = TokenKind::OPENING.contains(&token.kind);
    json!({
        "kind": if opens { "session" } else { "refresh" },
        "client_id": PUBLIC_CLIENT,
        // A refresh token is no token of RFC 6749 section 5.1.
        "token_type": opens.then_some("Bearer"),
        "exp": lifetime.expires,
        "iat": lifetime.issued,
        "sub": session.user,
    })
}
