//! What people call themselves: usernames and e-mail addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A username: 3 to 64 of the letters and digits of ASCII and `. _ -`. Other scripts are refused, so that no name
/// looks like another one. Unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

/// Why a text is not a username.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Shorter than 3 or longer than 64 characters.
    #[error("a username has 3 to 64 characters")]
    Length,
    /// A space, a symbol or a letter outside ASCII.
    #[error("a username is made of the letters a to z, digits and . _ -")]
    Character,
}

impl Username {
    /// The name as its owner wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which it is unique.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for Username {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, UsernameError> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
            return Err(UsernameError::Character);
        }
        if !(3..=64).contains(&text.len()) {
            return Err(UsernameError::Length);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One e-mail address: the `Mailbox` of RFC 5321 section 4.1.2 with a dot-string before the @ and a domain name of at
/// least two labels behind it. Quoted local parts, comments, address literals and lists are refused: no mail
/// leaves for a second recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// The text is not one plain e-mail address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address looks like name@example.com and has at most 254 characters")]
pub struct NotAnEmail;

impl Email {
    /// The address as its owner wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which it is unique.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// What stands before the @.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(local, _)| local)
    }
}

impl FromStr for Email {
    type Err = NotAnEmail;

    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        let (local, domain) = text.split_once('@').ok_or(NotAnEmail)?;
        if text.len() <= 254 && local.len() <= 64 && is_dot_string(local) && is_domain(domain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnEmail)
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    })
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(is_label) && !top.bytes().all(|byte| byte.is_ascii_digit())
}

/// What someone signs in with: a username or an e-mail address, not yet known to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInName {
    /// A username in its canonical form.
    Username(String),
    /// An e-mail address in its canonical form.
    Email(String),
    /// Neither: it belongs to nobody, and is answered as a wrong name. Only its beginning is kept: a key of the store has
    /// at most 2,048 bytes.
    Nobody(String),
}

/// As much of a name that is none as is kept: more than any name has, so that what is left is no name either.
const NOBODY_LENGTH: usize = 256;

impl SignInName {
    /// Reads what stands in a sign-in form.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Ok(username) = text.parse::<Username>() {
            Self::Username(username.canonical())
        } else if let Ok(email) = text.parse::<Email>() {
            Self::Email(email.canonical())
        } else {
            Self::Nobody(text.chars().take(NOBODY_LENGTH).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_ascii_names() {
        for name in ["abc", "BR0001", "a.b_c-d", &"x".repeat(64)] {
            assert!(name.parse::<Username>().is_ok(), "{name}");
        }
        for name in [
            "ab",
            "",
            " abc",
            "abc ",
            "a b c",
            "аbc",
            "ａbc",
            "a\0bc",
            "a\u{202e}bc",
            "USER#x",
            &"x".repeat(65),
        ] {
            assert!(name.parse::<Username>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn an_email_is_one_plain_address() {
        for email in ["hng.user01@gmail.com", "a+b@x.co", "o'neil@mail.example.org"] {
            assert!(email.parse::<Email>().is_ok(), "{email}");
        }
        let long = format!("{}@{}.com", "a".repeat(60), "b.".repeat(96));
        for email in [
            "",
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@b..co",
            "a@@b.co",
            "a@b.co,c@d.co",
            "a@b.co c@d.co",
            "a@b.co\r\nBcc: c@d.co",
            "\"a b\"@c.co",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a.@b.co",
            ".a@b.co",
            "a@-b.co",
            "ä@b.co",
            "<a@b.co>",
            &long,
        ] {
            assert!(email.parse::<Email>().is_err(), "{email:?}");
        }
    }

    #[test]
    fn a_sign_in_name_is_told_apart() {
        assert_eq!(SignInName::parse("Alice"), SignInName::Username("alice".into()));
        assert_eq!(SignInName::parse("A@B.co"), SignInName::Email("a@b.co".into()));
        assert_eq!(SignInName::parse("not a name"), SignInName::Nobody("not a name".into()));
    }

    #[test]
    fn a_text_that_is_too_long_for_a_name_stays_none_when_it_is_cut() {
        for long in ["x".repeat(16_000), format!("{}@b.co", "x".repeat(250)), "\u{1f511}".repeat(4_000)] {
            let SignInName::Nobody(kept) = SignInName::parse(&long) else { panic!("{long}") };
            assert!(kept.len() <= 1024);
            assert_eq!(SignInName::parse(&kept), SignInName::Nobody(kept));
        }
    }
}
