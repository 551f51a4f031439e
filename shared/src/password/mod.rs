//! Passwords: how they are compared, which ones are refused, how they are kept.

mod common;
mod engine;
mod foreign;
mod hash;
mod stored;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::config::Config;
use crate::secret::Secret;

pub use common::is_common;
pub use foreign::Foreign;
pub use hash::{HashError, HashParameters, Hasher, Verdict};
pub use stored::{Argon2Hash, NotAHash, StoredHash};

/// The longest password, in characters.
pub const MAX_LENGTH: usize = 256;

/// A password in Unicode normal form KC (NIST SP 800-63B-4 section 3.1.1.2), whole: neither cut nor folded.
#[derive(Debug, Clone)]
pub struct Password {
    normal: Secret<String>,
    /// As typed, where that is something else.
    typed: Option<Secret<String>>,
    /// As typed: one character may be many in normal form.
    characters: usize,
}

impl Password {
    /// Takes what someone typed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let normal = match is_nfkc_quick(text.chars()) {
            IsNormalized::Yes => text.to_owned(),
            _ => text.nfkc().collect(),
        };
        let typed = (normal != text).then(|| Secret::new(text.to_owned()));
        Self { normal: Secret::new(normal), typed, characters: text.chars().count() }
    }

    fn text(&self) -> &str {
        self.normal.expose()
    }

    /// What a stored hash may be of: the normal form, or what was typed, of which other systems make theirs.
    fn texts(&self) -> impl Iterator<Item = &str> {
        [Some(&self.normal), self.typed.as_ref()].into_iter().flatten().map(|text| text.expose().as_str())
    }
}

/// Why a new password is refused; the text is for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Fewer characters than the deployment asks for.
    #[error("a password has at least {0} characters")]
    TooShort(usize),
    /// More than [`MAX_LENGTH`] characters.
    #[error("a password has at most {MAX_LENGTH} characters")]
    TooLong,
    /// On the list of common passwords.
    #[error("this password is on the list of the most common ones")]
    Common,
    /// It contains the username or what stands before the @ of the e-mail address.
    #[error("a password does not contain the username or the e-mail address")]
    ContainsName,
    /// It contains what the deployment calls itself.
    #[error("a password does not contain the name of this service")]
    ContainsProduct,
}

/// Whether someone may choose this password who has these names: the username, what stands before the @ of the e-mail
/// address. There are no rules about its composition (ASVS 6.2.5).
pub fn check_new(password: &Password, config: &Config, names: &[&str]) -> Result<(), PasswordRefusal> {
    let text = password.text();
    let fewest = text.chars().count().min(password.characters);
    if fewest < config.password_min_length {
        return Err(PasswordRefusal::TooShort(config.password_min_length));
    }
    if fewest > MAX_LENGTH {
        return Err(PasswordRefusal::TooLong);
    }
    let folded = text.to_lowercase();
    // A name of one or two letters is part of many good passwords.
    let contains = |name: &str| name.chars().count() >= 3 && folded.contains(&name.to_lowercase());
    if names.iter().any(|name| contains(name)) {
        return Err(PasswordRefusal::ContainsName);
    }
    // Guessers of this service begin with it (ASVS 6.2.11), and write it together.
    let product = &config.product.name;
    if contains(product) || contains(&product.replace(' ', "")) {
        return Err(PasswordRefusal::ContainsProduct);
    }
    if is_common(text) { Err(PasswordRefusal::Common) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_at(product: &str, password: &str) -> Result<(), PasswordRefusal> {
        let config = Config::read(|name| (name == "PRODUCT_NAME").then(|| product.to_owned())).unwrap();
        check_new(&Password::new(password), &config, &["Alice", "wonder"])
    }

    fn check(password: &str) -> Result<(), PasswordRefusal> {
        check_at("Night Owl", password)
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check("ñññññññz"), Err(PasswordRefusal::TooShort(9)));
        assert_eq!(check("ñññññxñyz"), Ok(()));
        assert_eq!(
            check("\u{fdfa}"),
            Err(PasswordRefusal::TooShort(9)),
            "eighteen in normal form, one as typed"
        );
        assert_eq!(check(&"ñx".repeat(128)), Ok(()));
        assert_eq!(check(&"ñ".repeat(257)), Err(PasswordRefusal::TooLong));
        assert_eq!(check(&"ﬁ".repeat(200)), Ok(()), "twice as many in normal form");
    }

    #[test]
    fn names_and_common_passwords_are_refused() {
        assert_eq!(check("xxALICExxyy"), Err(PasswordRefusal::ContainsName));
        assert_eq!(check("my wonderful"), Err(PasswordRefusal::ContainsName));
        assert_eq!(check("Password123"), Err(PasswordRefusal::Common));
        assert_eq!(check("correct horse battery staple!"), Ok(()));
    }

    #[test]
    fn the_name_of_the_product_is_refused_however_it_is_written() {
        for password in ["xx night OWL xx", "NightOwl2024", "my nightowl's nest"] {
            assert_eq!(check(password), Err(PasswordRefusal::ContainsProduct), "{password}");
        }
        assert_eq!(check("one owl by night"), Ok(()));
        assert_eq!(check_at("Ok", "a book of books"), Ok(()), "two letters are part of many words");
    }

    #[test]
    fn composed_and_decomposed_are_the_same_password() {
        assert_eq!(Password::new("caf\u{e9} ﬁve").text(), Password::new("cafe\u{301} five").text());
        assert_ne!(Password::new("Café").text(), Password::new("café").text());
    }

    #[tokio::test]
    async fn a_hash_of_a_part_of_the_password_is_kept() {
        // Made by Python's bcrypt 4.3 of 72 times x: whoever types more may have typed the rest wrongly.
        let stored = "$2b$04$ruIsEB.E8GCVxBnPq3tsT.Y0bQq7KVT1GXFScm0i9eE8NKbbND81m";
        let hasher = Hasher::new(HashParameters { memory_kib: 64, iterations: 2, parallelism: 1 });
        for (length, verdict) in [(71, Verdict::Wrong), (72, Verdict::RightButWeak), (73, Verdict::Right)] {
            let password = Password::new(&"x".repeat(length));
            assert_eq!(hasher.verify(&password, Some(stored)).await.unwrap(), verdict, "{length}");
        }
    }
}
