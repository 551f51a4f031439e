//! A user's life after signup, mails included.

mod after_commit;
mod delete;
mod email_change;
mod forgot;
mod mail_again;
mod mail_claims;
mod mail_refused;
mod mail_silent;
mod mailer;
mod overtaken;
mod password_change;
mod races;
mod reset;
mod sessions;
mod verify_email;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::user::User;
use tests::{Answer, Service};

/// What a browser sends with its forms.
const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// POSTs JSON.
async fn post(service: &Service, path: &str, body: Value) -> Answer {
    Answer::to(service.post(path).json(&body)).await
}

/// A POST of the form of a page.
fn form(service: &Service, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    service.post(path).header("accept", BROWSER).form(fields)
}

/// Asks for a mail to an address.
async fn ask(service: &Service, path: &str, email: &str) -> Answer {
    post(service, path, json!({ "email": email })).await
}

/// The user's status, as the record that a token leads to has it.
async fn status(service: &Service, access: &str) -> Value {
    service.verify(access).await.1["data"]["user"]["status"].clone()
}

/// No item names the user.
async fn nothing_is_left_of(service: &Service, user: &User) {
    for item in service.stored().await {
        for text in [user.id.to_string().as_str(), user.username.as_str()] {
            assert!(!item.contains(text), "{item}");
        }
    }
}
