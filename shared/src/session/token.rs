//! The tokens of a session, and the one-time tokens of mails: computed, never stored.
//!
//! `<prefix>.<hex of: user id 12 B, session 4 B, generation 4 B, HMAC-SHA256 truncated to 16 B>`. The prefix is part
//! of what is authenticated, so a token of one kind is never one of another kind.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::ObjectId;

const BODY: usize = 12 + 4 + 4;
const MAC: usize = 16;

/// One of a user's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 4]);

impl SessionId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// What [`Self::group`] can be.
    pub(crate) const GROUPS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

    /// One of eight groups, by chance.
    pub(crate) const fn group(self) -> u8 {
        self.0[0] % 8
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 4];
        hex::decode_to_slice(&text, &mut bytes).map_err(de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// What a session token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `a`: access.
    Access,
    /// `r`: the first refresh token of a session, from the sign-in.
    FirstRefresh,
    /// `d`: every later refresh token.
    NextRefresh,
    /// `s`: the session cookie.
    Cookie,
    /// `v`: a device that has signed in before. It opens nothing, and has a tag of the username in place of the user's id.
    Device,
    /// `e`: a one-time token that verifies an e-mail address.
    VerifyEmail,
    /// `p`: a one-time token that resets a password.
    ResetPassword,
    /// `c`: a one-time token that confirms a new e-mail address.
    ConfirmEmail,
}

impl TokenKind {
    const ALL: [Self; 8] = [
        Self::Access,
        Self::FirstRefresh,
        Self::NextRefresh,
        Self::Cookie,
        Self::Device,
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ConfirmEmail,
    ];

    /// The kinds that open something.
    pub const OPENING: [Self; 2] = [Self::Access, Self::Cookie];
    /// The kinds that bring the next tokens of a session.
    pub const REFRESH: [Self; 2] = [Self::FirstRefresh, Self::NextRefresh];
    /// The kinds that a session is ended by, and that introspection knows.
    pub const OF_SESSION: [Self; 4] = [Self::Access, Self::Cookie, Self::FirstRefresh, Self::NextRefresh];

    const fn prefix(self) -> char {
        match self {
            Self::Access => 'a',
            Self::FirstRefresh => 'r',
            Self::NextRefresh => 'd',
            Self::Cookie => 's',
            Self::Device => 'v',
            Self::VerifyEmail => 'e',
            Self::ResetPassword => 'p',
            Self::ConfirmEmail => 'c',
        }
    }
}

/// What a token says. It is only to be believed once [`SessionToken::parse`] has found it authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionToken {
    /// What it is for.
    pub kind: TokenKind,
    /// Whose session.
    pub user: ObjectId,
    /// Which session.
    pub session: SessionId,
    /// How often the session had been refreshed when the token was issued.
    pub generation: u32,
}

impl SessionToken {
    /// Reads a token made with one of these keys; `None` if it is forged, damaged or of no kind.
    #[must_use]
    pub fn parse<'k>(text: &str, keys: impl IntoIterator<Item = &'k hmac::Key>) -> Option<Self> {
        let (prefix, digits) = text.split_once('.')?;
        let kind =
            TokenKind::ALL.into_iter().find(|kind| prefix.len() == 1 && prefix.starts_with(kind.prefix()))?;
        let mut bytes = [0; BODY + MAC];
        // One spelling only: `hex` also reads upper case.
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return None;
        }
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        let (body, mac) = bytes.split_at(BODY);
        let authentic = |key| constant_time::verify_slices_are_equal(&mac_of(key, kind, body), mac).is_ok();
        keys.into_iter().any(authentic).then_some(())?;
        let (user, rest) = body.split_at(12);
        let (session, generation) = rest.split_at(4);
        Some(Self {
            kind,
            user: ObjectId::from_bytes(user.try_into().ok()?),
            session: SessionId(session.try_into().ok()?),
            generation: u32::from_be_bytes(generation.try_into().ok()?),
        })
    }

    /// Writes the token.
    #[must_use]
    pub fn encode(&self, key: &hmac::Key) -> String {
        let mut bytes = [0; BODY + MAC];
        bytes[..12].copy_from_slice(self.user.as_bytes());
        bytes[12..16].copy_from_slice(&self.session.0);
        bytes[16..BODY].copy_from_slice(&self.generation.to_be_bytes());
        let mac = mac_of(key, self.kind, &bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&mac);
        format!("{}.{}", self.kind.prefix(), hex::encode(bytes))
    }
}

fn mac_of(key: &hmac::Key, kind: TokenKind, body: &[u8]) -> [u8; MAC] {
    let mut context = hmac::Context::with_key(key);
    context.update(&[u8::try_from(kind.prefix()).unwrap_or_default(), b'.']);
    context.update(body);
    let mut mac = [0; MAC];
    mac.copy_from_slice(&context.sign().as_ref()[..MAC]);
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    fn any_token() -> impl Strategy<Value = SessionToken> {
        (0..TokenKind::ALL.len(), any::<[u8; 12]>(), any::<[u8; 4]>(), any::<u32>()).prop_map(
            |(kind, user, session, generation)| SessionToken {
                kind: TokenKind::ALL[kind],
                user: ObjectId::from_bytes(user),
                session: SessionId(session),
                generation,
            },
        )
    }

    proptest! {
        #[test]
        fn a_token_reads_what_it_writes(token in any_token()) {
            let text = token.encode(&key(1));
            prop_assert_eq!(SessionToken::parse(&text, [&key(2), &key(1)]), Some(token));
        }

        #[test]
        fn another_key_reads_nothing(token in any_token()) {
            prop_assert_eq!(SessionToken::parse(&token.encode(&key(1)), [&key(2)]), None);
        }

        #[test]
        fn one_changed_character_is_a_forgery(token in any_token(), at in 0..74_usize, to in "[0-9a-z.A-F]") {
            let mut text = token.encode(&key(1));
            prop_assume!(text[at..=at] != to);
            text.replace_range(at..=at, &to);
            prop_assert_eq!(SessionToken::parse(&text, [&key(1)]), None);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            prop_assert_eq!(SessionToken::parse(&text, [&key(1)]), None);
        }
    }

    #[test]
    fn the_documents_examples_are_no_tokens_of_ours() {
        for text in [
            "a.3f8f961077b54e0e76251dafd678qw34af00adf7d4418b2524bc2334fb1938f1",
            "r.c7628b62bfbe5e19f101b2re893c27741dc504935527cf4d652aeaf28e8d178a",
            "d.cf03600e7e505af7c4e90120838a05a3",
        ] {
            assert_eq!(SessionToken::parse(text, [&key(1)]), None);
        }
    }
}
