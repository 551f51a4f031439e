//! Which refusals are for good: those of the mail or its reader. What its sender must put right, such as a password or
//! an address that nobody has verified, is for later: then all mails wait, and none is lost.

use aws_sdk_sesv2::error::SdkError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use lettre::transport::smtp;

use crate::transport::SendError;

/// Whether the mail will never be taken, however often it is tried.
pub(crate) fn is_final(error: &SendError, sender: &str, reader: &str) -> bool {
    match error {
        SendError::Address(_) | SendError::Build(_) => true,
        SendError::Ses(error) => of_ses(error, sender),
        SendError::Smtp(error) => of_smtp(error, sender, reader),
        SendError::Request(_) | SendError::Folder(_) | SendError::Silent(_) => false,
    }
}

fn of_ses(error: &SdkError<SendEmailError>, sender: &str) -> bool {
    match error.as_service_error() {
        Some(SendEmailError::BadRequestException(_)) => true,
        // Also said of an address that is not verified: the sender's, or in the sandbox the reader's.
        Some(SendEmailError::MessageRejected(rejected)) => {
            !rejected.message().is_some_and(|message| names(message, sender))
        }
        _ => false,
    }
}

fn of_smtp(error: &smtp::Error, sender: &str, reader: &str) -> bool {
    let Some(code) = error.status().filter(|_| error.is_permanent()) else { return false };
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if names(&text, sender) {
        return false;
    }
    match enhanced(&text) {
        // RFC 3463 section 3: the sender's mailbox or domain; then other addresses, mailboxes and contents.
        Some((1, 7 | 8)) => false,
        Some((1 | 2 | 6, _) | (3, 4)) => true,
        Some(_) => false,
        // RFC 5321 section 4.2.3: mailboxes; 554 is said of anything.
        None => match u16::from(code) {
            550..=553 => true,
            554 => names(&text, reader),
            _ => false,
        },
    }
}

/// Subject and detail of an enhanced status code (RFC 2034), as in `5.1.1 User unknown`.
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split_whitespace().next()?.strip_prefix("5.")?.split('.');
    let (subject, detail) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some((subject, detail))
}

fn names(text: &str, address: &str) -> bool {
    text.to_lowercase().contains(&address.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_status_code_stands_first() {
        assert_eq!(enhanced("5.1.1 <a@b.co>: User unknown"), Some((1, 1)));
        assert_eq!(enhanced("5.7.26 Unauthenticated"), Some((7, 26)));
        for text in ["", "User unknown 5.1.1", "4.2.2 full", "5.1", "5.1.1.1 x", "5.x.1 y", "5"] {
            assert_eq!(enhanced(text), None, "{text}");
        }
    }
}
