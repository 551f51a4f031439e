//! How an SMTP server is spoken to: by TLS, unless it is on this machine.

use std::fs;
use std::path::Path;

use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use url::Url;

use crate::transport::MailConfigError;

/// Hosts that nobody can listen on the way to.
const THIS_MACHINE: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The way to the server of an SMTP URL. The certificates of the file `authorities` are trusted beside the built-in roots.
pub(crate) fn transport(
    url: &str,
    authorities: Option<&Path>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailConfigError> {
    let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(MailConfigError::Smtp)?;
    // What lettre made of the URL cannot be asked for.
    let url = Url::parse(url).map_err(|_| MailConfigError::Transport)?;
    let host = url.host_str().unwrap_or_default();
    let setting = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
    let tls: fn(TlsParameters) -> Tls = match (url.scheme(), setting.as_deref()) {
        ("smtps", _) => Tls::Wrapper,
        (_, Some("required")) => Tls::Required,
        _ if !THIS_MACHINE.contains(&host) => return Err(MailConfigError::Plain),
        (_, Some(_)) => Tls::Opportunistic,
        (_, None) => return Ok(smtp.build()),
    };
    let Some(authorities) = authorities else { return Ok(smtp.build()) };
    Ok(smtp.tls(tls(trusting(authorities, host)?)).build())
}

fn trusting(authorities: &Path, host: &str) -> Result<TlsParameters, MailConfigError> {
    let unusable = |error| MailConfigError::Authorities(authorities.to_owned(), error);
    let pem = fs::read_to_string(authorities)
        .map_err(|error| MailConfigError::AuthoritiesUnread(authorities.to_owned(), error))?;
    // Over rustls lettre takes all certificates of the file, and is content if there is none.
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(unusable(None));
    }
    let certificates = Certificate::from_pem(pem.as_bytes()).map_err(|error| unusable(Some(error)))?;
    let tls = TlsParameters::builder(host.to_owned()).add_root_certificate(certificates);
    tls.build().map_err(|error| unusable(Some(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/amazon-roots.pem");
    const NO_ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    const BY_TLS: [&str; 4] = [
        "smtps://mail.example.com",
        "smtp://mail.example.com?tls=required",
        "smtp://localhost:25?tls=required",
        "smtp://localhost:25?tls=opportunistic",
    ];

    #[test]
    fn without_tls_only_this_machine_is_spoken_to() {
        for url in ["smtp://127.0.0.1", "smtp://localhost:25", "smtp://[::1]:25/name?tls=opportunistic"] {
            assert!(transport(url, None).is_ok(), "{url}");
        }
        for url in [
            "smtp://mail.example.com",
            "smtp://localhost@mail.example.com",
            "smtp://mail.example.com/@localhost",
            "smtp://mail.example.com?tls=opportunistic",
            "smtp://mail.example.com?tls=opportunistic&tls=required",
        ] {
            assert!(matches!(transport(url, None), Err(MailConfigError::Plain)), "{url}");
        }
    }

    #[test]
    fn a_file_of_authorities_must_hold_certificates_wherever_tls_is_spoken() {
        for url in BY_TLS {
            assert!(transport(url, Some(Path::new(ROOTS))).is_ok(), "{url}");
            for path in ["/nowhere/roots.pem", NO_ROOTS] {
                let error = transport(url, Some(Path::new(path))).unwrap_err().to_string();
                assert!(error.contains("SSL_CERT_FILE") && error.contains(path), "{error}");
            }
        }
        assert!(transport("smtp://localhost", Some(Path::new("/nowhere/roots.pem"))).is_ok());
    }
}
