//! The functions that this process serves, by the names of their binaries.

use std::future::Future;
use std::pin::Pin;

use lambda_http::Request;
use shared::App;
use shared::http::Response;

/// A function's handler.
pub type Handler = for<'a> fn(&'a App, Request) -> Pin<Box<dyn Future<Output = Response> + Send + 'a>>;

/// Every function.
pub const FUNCTIONS: &[(&str, Handler)] = &[
    ("access-key-login", |app, request| Box::pin(access_key_login::handle(app, request))),
    ("account-token", |app, request| Box::pin(account_token::handle(app, request))),
    ("current-user", |app, request| Box::pin(current_user::handle(app, request))),
    ("delete-user", |app, request| Box::pin(delete_user::handle(app, request))),
    ("discovery", |app, request| Box::pin(discovery::handle(app, request))),
    ("email-change", |app, request| Box::pin(email_change::handle(app, request))),
    ("email-confirm", |app, request| Box::pin(email_confirm::handle(app, request))),
    ("jwks", |app, request| Box::pin(jwks::handle(app, request))),
    ("login", |app, request| Box::pin(login::handle(app, request))),
    ("logout", |app, request| Box::pin(logout::handle(app, request))),
    ("oauth-introspect", |app, request| Box::pin(oauth_introspect::handle(app, request))),
    ("oauth-revoke", |app, request| Box::pin(oauth_revoke::handle(app, request))),
    ("oauth-token", |app, request| Box::pin(oauth_token::handle(app, request))),
    ("password-change", |app, request| Box::pin(password_change::handle(app, request))),
    ("password-forgot", |app, request| Box::pin(password_forgot::handle(app, request))),
    ("password-reset", |app, request| Box::pin(password_reset::handle(app, request))),
    ("refresh", |app, request| Box::pin(refresh::handle(app, request))),
    ("scoped-token", |app, request| Box::pin(scoped_token::handle(app, request))),
    ("sessions", |app, request| Box::pin(sessions::handle(app, request))),
    ("signup", |app, request| Box::pin(signup::handle(app, request))),
    ("verify-email", |app, request| Box::pin(verify_email::handle(app, request))),
    ("verify-email-resend", |app, request| Box::pin(verify_email_resend::handle(app, request))),
    ("verify-token", |app, request| Box::pin(verify_token::handle(app, request))),
];

/// The handler of a function.
#[must_use]
pub fn handler(function: &str) -> Option<Handler> {
    FUNCTIONS.iter().find(|(name, _)| *name == function).map(|(_, handler)| *handler)
}
