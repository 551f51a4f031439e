//! The templates. Each is one file: the subject, an empty line, and the text in paragraphs; the HTML is made from the same
//! file, so there is one place to change a wording.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use shared::App;
use shared::config::Product;
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
    const ALL: [Self; 6] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ConfirmEmail,
        Self::PasswordChanged,
        Self::EmailChanged,
        Self::AccessKeyCreated,
    ];

    /// Its name, and what its file says.
    const fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::VerifyEmail => ("verify-email", include_str!("../templates/verify-email.txt")),
            Self::ResetPassword => ("reset-password", include_str!("../templates/reset-password.txt")),
            Self::ConfirmEmail => ("confirm-email", include_str!("../templates/confirm-email.txt")),
            Self::PasswordChanged => ("password-changed", include_str!("../templates/password-changed.txt")),
            Self::EmailChanged => ("email-changed", include_str!("../templates/email-changed.txt")),
            Self::AccessKeyCreated => {
                ("access-key-created", include_str!("../templates/access-key-created.txt"))
            }
        }
    }
}

static TEMPLATES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // A value that is not there fails, instead of leaving a gap in a mail; only `if` may ask for one.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // The text is no HTML; the frame escapes what it is given.
    environment.set_auto_escape_callback(|name| {
        if name == "frame.html" { AutoEscape::Html } else { AutoEscape::None }
    });
    for template in Template::ALL {
        let (name, source) = template.file();
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
    filled(&app.config.product, template, to, values)
}

fn filled(product: &Product, template: Template, to: Email, values: Value) -> Result<Mail, minijinja::Error> {
    let templates =
        TEMPLATES.as_ref().map_err(|error| minijinja::Error::new(error.kind(), error.to_string()))?;
    let values = context! { product => product.name.as_str(), color => product.color.as_str(), ..values };
    let filled = templates.get_template(template.file().0)?.render(&values)?;
    let (subject, text) = filled.split_once("\n\n").unwrap_or((filled.as_str(), ""));
    let paragraphs: Vec<String> = text.trim().split("\n\n").map(|part| part.trim().to_owned()).collect();
    let frame = context! { subject, paragraphs, ..values };
    let html = templates.get_template("frame.html")?.render(&frame)?;
    Ok(Mail { to, subject: subject.trim().to_owned(), text: format!("{}\n", text.trim()), html })
}

#[cfg(test)]
mod tests {
    use minijinja::HtmlEscape;
    use shared::config::Config;

    use super::*;

    const LINK: &str = "https://auth.example.com/auth/verify-email?token=abc.00";

    fn fill(template: Template, values: Value) -> Result<Mail, minijinja::Error> {
        let config = Config::read(|_| None).unwrap();
        filled(&config.product, template, "ada@example.com".parse().unwrap(), values)
    }

    #[test]
    fn every_template_is_filled_as_text_and_as_html() {
        for template in Template::ALL {
            let links =
                matches!(template, Template::VerifyEmail | Template::ResetPassword | Template::ConfirmEmail);
            let values = if links {
                context! { greeting => "Hello ada,", link => LINK, valid_for => "24 hours" }
            } else {
                context! { greeting => "Hello ada," }
            };
            let mail = fill(template, values).unwrap();
            assert!(mail.subject.contains("Latchkey") && !mail.subject.contains('\n'), "{mail:?}");
            assert!(mail.html.contains(&format!("<title>{}</title>", mail.subject)), "{mail:?}");
            for body in [&mail.text, &mail.html] {
                assert!(body.contains("Hello ada,") && !body.contains("{{"), "{mail:?}");
            }
            assert_eq!(mail.text.contains(&format!("\n\n{LINK}\n\n")), links, "{mail:?}");
            assert_eq!(mail.html.contains(&format!("<a href=\"{}\"", HtmlEscape(LINK))), links, "{mail:?}");
        }
    }

    #[test]
    fn a_value_that_is_not_there_is_no_gap_in_a_mail() {
        assert!(fill(Template::VerifyEmail, context! { greeting => "Hello ada," }).is_err());
        assert!(fill(Template::PasswordChanged, context! {}).is_err());
    }
}
