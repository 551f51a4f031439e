//! The templates. Each is one file: the subject, an empty line, and the text in paragraphs; the HTML is made from the same
//! file, so there is one place to change a wording.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Value, context};
use shared::App;
use shared::identifier::Email;

use crate::compose::Mail;

/// The mails that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// Asks a new user to verify their address.
    VerifyEmail,
    /// Brings a link to choose a new password.
    ResetPassword,
    /// Asks to confirm a new address.
    ConfirmEmail,
    /// Tells that the password was changed.
    PasswordChanged,
    /// Tells the old address that it was replaced.
    EmailChanged,
    /// Tells that an access key was made.
    AccessKeyCreated,
}

impl Template {
    const ALL: [(&str, &str); 6] = [
        ("verify-email", include_str!("../templates/verify-email.txt")),
        ("reset-password", include_str!("../templates/reset-password.txt")),
        ("confirm-email", include_str!("../templates/confirm-email.txt")),
        ("password-changed", include_str!("../templates/password-changed.txt")),
        ("email-changed", include_str!("../templates/email-changed.txt")),
        ("access-key-created", include_str!("../templates/access-key-created.txt")),
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::ConfirmEmail => "confirm-email",
            Self::PasswordChanged => "password-changed",
            Self::EmailChanged => "email-changed",
            Self::AccessKeyCreated => "access-key-created",
        }
    }
}

static TEMPLATES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // The text is no HTML; the frame escapes what it is given.
    environment.set_auto_escape_callback(|name| {
        if name == "frame.html" { AutoEscape::Html } else { AutoEscape::None }
    });
    for (name, source) in Template::ALL {
        environment.add_template(name, source)?;
    }
    environment.add_template("frame.html", include_str!("../templates/frame.html"))?;
    Ok(environment)
});

/// Fills a template.
pub(crate) fn mail(
    app: &App,
    template: Template,
    to: Email,
    values: Value,
) -> Result<Mail, minijinja::Error> {
    let templates =
        TEMPLATES.as_ref().map_err(|error| minijinja::Error::new(error.kind(), error.to_string()))?;
    let product = &app.config.product;
    let values = context! { product => product.name.as_str(), color => product.color.as_str(), ..values };
    let filled = templates.get_template(template.name())?.render(&values)?;
    let (subject, text) = filled.split_once("\n\n").unwrap_or((filled.as_str(), ""));
    let paragraphs: Vec<String> = text.trim().split("\n\n").map(|part| part.trim().to_owned()).collect();
    let frame = context! { subject, paragraphs, ..values };
    let html = templates.get_template("frame.html")?.render(&frame)?;
    Ok(Mail { to, subject: subject.trim().to_owned(), text: format!("{}\n", text.trim()), html })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_filled() {
        assert!(TEMPLATES.is_ok());
        for (name, source) in Template::ALL {
            let (subject, text) = source.split_once("\n\n").unwrap();
            assert!(!subject.contains('\n') && !text.trim().is_empty(), "{name}");
        }
    }
}
