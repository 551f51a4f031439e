//! What settings are made of: types that hold nothing else than what a deployment may say.

use std::str::FromStr;

use jsonwebtoken::Algorithm;

/// An origin such as `https://auth.example.com`: http is taken for loopback addresses only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL, without a final slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached without TLS, on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.starts_with("http://")
    }
}

/// The text is not a URL that mails and tokens may carry.
#[derive(Debug, thiserror::Error)]
#[error("not an https:// URL without query, user or final slash (http:// for loopback only)")]
pub struct NotAPublicUrl;

impl FromStr for PublicUrl {
    type Err = NotAPublicUrl;

    fn from_str(text: &str) -> Result<Self, NotAPublicUrl> {
        let uri: lambda_http::http::Uri = text.parse().map_err(|_| NotAPublicUrl)?;
        let (scheme, host) = uri.scheme_str().zip(uri.host()).ok_or(NotAPublicUrl)?;
        let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let plain = !text.ends_with('/') && !text.contains(['?', '#', '@', '\\']);
        if plain && (scheme == "https" || scheme == "http" && loopback) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPublicUrl)
        }
    }
}

/// Whether people may sign in before they have verified their address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnverifiedSignIn {
    /// They may.
    Allow,
    /// They may not.
    Refuse,
}

impl FromStr for UnverifiedSignIn {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "allow" => Ok(Self::Allow),
            "refuse" => Ok(Self::Refuse),
            _ => Err("allow or refuse"),
        }
    }
}

/// What the service calls itself towards people.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// The colour of its buttons.
    pub color: Color,
}

/// A colour as in `#1a4fd6`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Color(String);

impl Default for Color {
    fn default() -> Self {
        Self("#1a4fd6".to_owned())
    }
}

impl Color {
    /// The colour in CSS.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Color {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        match digits {
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("a colour such as #1a4fd6"),
        }
    }
}

/// Whom OAuth access tokens are for, in the words of whoever takes them: mostly the URL of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(String);

impl Audience {
    /// As it stands in the tokens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Audience {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("at most 256 characters of printable ASCII without a space")
        }
    }
}

/// What OAuth access tokens are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSA of 2048 bits: what every verifier knows, API Gateway's own JWT authorizer among them.
    RS256,
    /// ECDSA on P-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl SigningAlgorithm {
    /// Its name in headers and documents (RFC 7518 section 3.1, RFC 8037 section 3.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm as the JWT library knows it.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::RS256 => Algorithm::RS256,
            Self::ES256 => Algorithm::ES256,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let all = [Self::RS256, Self::ES256, Self::EdDSA];
        all.into_iter().find(|algorithm| algorithm.name() == text).ok_or("RS256, ES256 or EdDSA")
    }
}
