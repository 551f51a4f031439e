//! Whom a message goes to, and what it says.

use minijinja::context;
use shared::App;
use shared::app::NoPublicUrl;
use shared::id::ObjectId;
use shared::identifier::Email;
use shared::one_time::{OneTime, OneTimeError, Purpose};
use shared::outbox::{Content, Message};
use shared::store::StoreError;
use shared::user::{User, UserStatus};

use crate::render::{self, Template};

/// A mail that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The one recipient.
    pub to: Email,
    /// The subject.
    pub subject: String,
    /// The body as text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// Why a mail cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A link cannot be made.
    #[error(transparent)]
    OneTime(#[from] OneTimeError),
    /// Nobody has said where the links lead.
    #[error(transparent)]
    Url(#[from] NoPublicUrl),
    /// A template is wrong.
    #[error("a template cannot be filled")]
    Template(#[from] minijinja::Error),
}

/// Writes the mail of a message; `None` if it has no recipient, or nothing to say to them any more.
pub(crate) async fn compose(app: &App, message: &Message) -> Result<Option<Mail>, ComposeError> {
    match &message.content {
        Content::VerifyEmail { user } => {
            let user = User::by_id(app, *user).await?;
            verify(app, user, message).await
        }
        Content::VerifyEmailAgain { email } => {
            let user = User::by_email(app, &email.canonical()).await?;
            verify(app, user, message).await
        }
        Content::ResetPassword { email } => {
            let user = User::by_email(app, &email.canonical())
                .await?
                .filter(|user| user.status != UserStatus::Suspended);
            let Some(user) = user else { return Ok(None) };
            let to = user.email.clone();
            with_link(app, Template::ResetPassword, Purpose::ResetPassword, &user, to, message).await
        }
        Content::ConfirmEmail { user, email } => {
            let user = User::by_id(app, *user).await?;
            // A new password ends what was asked for before.
            let user = user.filter(|user| message.created_at >= user.tokens_valid_after);
            let Some(user) = user else { return Ok(None) };
            // Someone else's address: they are not to be bothered.
            if User::by_email(app, &email.canonical()).await?.is_some_and(|owner| owner.id != user.id) {
                return Ok(None);
            }
            with_link(app, Template::ConfirmEmail, Purpose::ConfirmEmail, &user, email.clone(), message).await
        }
        Content::PasswordChanged { user } => notice(app, Template::PasswordChanged, *user, None).await,
        Content::AccessKeyCreated { user } => notice(app, Template::AccessKeyCreated, *user, None).await,
        Content::EmailChanged { user, email } => {
            notice(app, Template::EmailChanged, *user, Some(email.clone())).await
        }
    }
}

async fn verify(app: &App, user: Option<User>, message: &Message) -> Result<Option<Mail>, ComposeError> {
    let Some(user) = user.filter(|user| user.status == UserStatus::Unverified) else { return Ok(None) };
    let to = user.email.clone();
    with_link(app, Template::VerifyEmail, Purpose::VerifyEmail, &user, to, message).await
}

/// Tells a user something, at an address that is not theirs any more or else at their own.
async fn notice(
    app: &App,
    template: Template,
    user: ObjectId,
    old: Option<Email>,
) -> Result<Option<Mail>, ComposeError> {
    let Some(user) = User::by_id(app, user).await? else { return Ok(None) };
    let to = old.unwrap_or_else(|| user.email.clone());
    let values = context! { greeting => greeting(&user, &to) };
    Ok(Some(render::mail(app, template, to, values)?))
}

async fn with_link(
    app: &App,
    template: Template,
    purpose: Purpose,
    user: &User,
    to: Email,
    message: &Message,
) -> Result<Option<Mail>, ComposeError> {
    let token =
        OneTime::issue(app, purpose, user.id, to.clone(), message.created_at, message.nonce()).await?;
    let Some(token) = token else { return Ok(None) };
    let path = match purpose {
        Purpose::VerifyEmail => "/auth/verify-email",
        Purpose::ResetPassword => "/auth/password/reset",
        Purpose::ConfirmEmail => "/auth/email/confirm",
    };
    let link = format!("{}{path}?token={token}", app.public_url()?.as_str());
    let minutes = purpose.lifetime().as_secs() / 60;
    let valid_for =
        if minutes >= 120 { format!("{} hours", minutes / 60) } else { format!("{minutes} minutes") };
    let values = context! { greeting => greeting(user, &to), link, valid_for };
    Ok(Some(render::mail(app, template, to, values)?))
}

/// How a mail begins. Who signs up chooses the name and may give a stranger's address; that stranger is not shown it, since a
/// name like `claim.evil.example` becomes a link in the mail of the service.
fn greeting(user: &User, to: &Email) -> String {
    if user.status == UserStatus::Active && user.email == *to {
        format!("Hello {},", user.username)
    } else {
        "Hello,".to_owned()
    }
}
