//! How mails leave: Amazon SES, an SMTP server, or a folder of `.eml` files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_sdk_sesv2::config::{BehaviorVersion, Region};
use aws_sdk_sesv2::error::{BuildError, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use shared::aws;
use shared::config::Config;
use shared::outbox::MessageId;
use shared::roots::CaBundle;
use tokio::time::error::Elapsed;

use crate::compose::Mail;
use crate::{refusal, smtp};

/// How long a provider may take over one mail, from the connection to its last word. Longer than a healthy one needs; and
/// one that is silent about each mail of a batch lets the function come to its end.
pub const SENT_WITHIN: Duration = Duration::from_secs(10);

/// A sender and a way out.
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
    within: Duration,
}

enum Transport {
    Ses(aws_sdk_sesv2::Client),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

/// A setting of the mailer that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailConfigError {
    /// Neither `ses` nor an SMTP URL nor a folder.
    #[error(
        "MAIL_TRANSPORT must be ses, an SMTP URL such as smtps://user:password@mail.example.com, or folder:DIR"
    )]
    Transport,
    /// The SMTP URL is wrong. It may hold a password, so it is not shown.
    #[error("MAIL_TRANSPORT holds an SMTP URL that cannot be used")]
    Smtp(#[source] lettre::transport::smtp::Error),
    /// Whoever listens on the way could read the links, and a mail server's password with them.
    #[error("MAIL_TRANSPORT must ask for TLS: an SMTP URL begins with smtps:// or ends in ?tls=required")]
    Plain,
    /// The file of further authorities is not there.
    #[error("SSL_CERT_FILE must be the path of a file with certificates in PEM, and {} cannot be read", .0.display())]
    AuthoritiesUnread(PathBuf, #[source] std::io::Error),
    /// Nothing in the file of further authorities can be trusted.
    #[error("SSL_CERT_FILE must be the path of a file with certificates in PEM, and {} is none", .0.display())]
    Authorities(PathBuf, #[source] Option<lettre::transport::smtp::Error>),
    /// No mailbox.
    #[error("MAIL_FROM must be a mailbox such as Latchkey <no-reply@example.com>")]
    From(#[source] lettre::address::AddressError),
}

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A recipient that is no address: cannot happen with addresses that were parsed.
    #[error("the mail has no usable recipient")]
    Address(#[from] lettre::address::AddressError),
    /// The message cannot be put together.
    #[error("the mail cannot be built")]
    Build(#[from] lettre::error::Error),
    /// The SMTP server refused it or was not there.
    #[error("the SMTP server did not take the mail")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// SES refused it or was not there.
    #[error("SES did not take the mail")]
    Ses(#[source] Box<SdkError<SendEmailError>>),
    /// The request to SES cannot be put together.
    #[error("the request to SES cannot be built")]
    Request(#[from] BuildError),
    /// The folder cannot be written to.
    #[error("the mail cannot be written to the folder")]
    Folder(#[from] std::io::Error),
    /// The provider did not come to an end. It may have taken the mail or not.
    #[error("the provider was silent for too long")]
    Silent(#[from] Elapsed),
}

impl Mailer {
    /// The mailer of a function: `MAIL_TRANSPORT`, `MAIL_FROM` and, where one is set, `SSL_CERT_FILE`, beside the configuration
    /// that every function has.
    pub fn from_env(config: &Config) -> Result<Self, MailConfigError> {
        let env = |name: &str| std::env::var(name).unwrap_or_default();
        let authorities = Some(env("SSL_CERT_FILE")).filter(|path| !path.is_empty());
        let authorities = authorities.as_deref().map(Path::new);
        Self::trusting(&env("MAIL_TRANSPORT"), &env("MAIL_FROM"), authorities, config.ca_bundle.as_ref())
    }

    /// A mailer that sends over `transport` in the name of `from`.
    pub fn new(transport: &str, from: &str) -> Result<Self, MailConfigError> {
        Self::trusting(transport, from, None, None)
    }

    /// The same; an SMTP server's certificate may also be of one of the `authorities`, a file in PEM, and SES is reached by
    /// the `bundle` of the configuration.
    pub fn trusting(
        transport: &str,
        from: &str,
        authorities: Option<&Path>,
        bundle: Option<&CaBundle>,
    ) -> Result<Self, MailConfigError> {
        let from = from.parse().map_err(MailConfigError::From)?;
        let transport = if transport == "ses" {
            Transport::Ses(ses_client(bundle))
        } else if let Some(folder) = transport.strip_prefix("folder:") {
            Transport::Folder(PathBuf::from(folder))
        } else if transport.starts_with("smtp://") || transport.starts_with("smtps://") {
            Transport::Smtp(smtp::transport(transport, authorities)?)
        } else {
            return Err(MailConfigError::Transport);
        };
        Ok(Self { from, transport, within: SENT_WITHIN })
    }

    /// The same mailer, with another time than [`SENT_WITHIN`] for each mail.
    #[must_use]
    pub fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// Sends a mail. `id` becomes its `Message-ID`, by which a receiver knows it again if it ever comes twice.
    pub async fn send(&self, mail: &Mail, id: MessageId) -> Result<(), SendError> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, mail.to.as_str().parse()?))
            .subject(&mail.subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
        // The time limit of lettre ends with the connection.
        tokio::time::timeout(self.within, self.hand_over(mail, id, message)).await?
    }

    async fn hand_over(&self, mail: &Mail, id: MessageId, message: Message) -> Result<(), SendError> {
        match &self.transport {
            Transport::Smtp(smtp) => {
                smtp.send(message).await?;
            }
            Transport::Ses(client) => {
                let raw = RawMessage::builder().data(Blob::new(message.formatted())).build()?;
                let destination = Destination::builder().to_addresses(mail.to.as_str()).build();
                let send = client.send_email().destination(destination);
                let send = send.content(EmailContent::builder().raw(raw).build()).send();
                send.await.map_err(|error| SendError::Ses(Box::new(error)))?;
            }
            Transport::Folder(folder) => {
                tokio::fs::create_dir_all(folder).await?;
                // Written under another name first: who reads the folder finds whole mails only.
                let part = folder.join(format!("{id}.part"));
                tokio::fs::write(&part, message.formatted()).await?;
                tokio::fs::rename(&part, folder.join(format!("{id}.eml"))).await?;
            }
        }
        Ok(())
    }

    /// Whether a mail that did not leave never will.
    pub(crate) fn is_final(&self, error: &SendError, mail: &Mail) -> bool {
        refusal::is_final(error, self.from.email.as_ref(), mail.to.as_str())
    }
}

/// No one is to answer these mails by machine (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn ses_client(bundle: Option<&CaBundle>) -> aws_sdk_sesv2::Client {
    let endpoint = aws::endpoint("AWS_ENDPOINT_URL_SESV2");
    let mut config = aws_sdk_sesv2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws::region()))
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .http_client(aws::client_for(endpoint.as_deref(), bundle));
    config.set_endpoint_url(endpoint);
    aws_sdk_sesv2::Client::from_conf(config.build())
}
