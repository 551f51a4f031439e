//! Where mails go.

use std::path::{Path, PathBuf};

use mailer::{MailConfigError, Mailer};
use shared::config::Config;
use shared::random::{self, RandomUnavailable};

/// The folder of the mails that the page shows.
pub struct MailFolder {
    folder: PathBuf,
    /// Gone with the process.
    temporary: bool,
}

impl MailFolder {
    /// In the folder of the data.
    #[must_use]
    pub fn in_data(data: &Path) -> Self {
        Self { folder: data.join("mail"), temporary: false }
    }

    /// One that goes with the process.
    pub fn temporary() -> Result<Self, RandomUnavailable> {
        let name = format!("latchkey-mail-{}", hex::encode(random::bytes::<8>()?));
        Ok(Self { folder: std::env::temp_dir().join(name), temporary: true })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for MailFolder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// The way that mails take.
pub enum Way {
    /// To a folder of the program's own, and from there to the page.
    Page,
    /// As someone has set it: the page knows nothing of them.
    Elsewhere(String),
}

impl Way {
    /// As `MAIL_TRANSPORT` says.
    #[must_use]
    pub fn from_env() -> Self {
        setting("MAIL_TRANSPORT").map_or(Self::Page, Self::Elsewhere)
    }

    /// A mailer that sends this way.
    pub fn mailer(&self, folder: &MailFolder, config: &Config) -> Result<Mailer, MailConfigError> {
        let transport = match self {
            Self::Page => format!("folder:{}", folder.path().display()),
            Self::Elsewhere(transport) => transport.clone(),
        };
        let from = setting("MAIL_FROM").unwrap_or_else(|| "Latchkey <no-reply@localhost>".to_owned());
        let authorities = setting("SSL_CERT_FILE").map(PathBuf::from);
        Mailer::trusting(&transport, &from, authorities.as_deref(), config.ca_bundle.as_ref())
    }

    /// What a person reads of it, at a server of this URL. The rest of an SMTP URL may be a password.
    #[must_use]
    pub fn shown(&self, url: &str) -> String {
        let way = match self {
            Self::Page => return format!("{url}{}", super::PATH),
            Self::Elsewhere(transport) if transport == "ses" => "by SES",
            Self::Elsewhere(transport) if transport.starts_with("folder:") => "to a folder",
            Self::Elsewhere(_) => "by SMTP",
        };
        format!("{way}, as MAIL_TRANSPORT says")
    }
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
