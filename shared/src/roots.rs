//! Whose certificates are trusted: those of Amazon's roots, or of a file in their place.

use std::fs;
use std::str::FromStr;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// What any SDK of AWS calls the variable that names such a file.
pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// The certificates of Amazon's roots, in PEM: what every service of AWS is reached with.
const AMAZON_ROOTS: &[u8] = include_bytes!("../data/amazon-roots.pem");

/// The certificates of a file, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle(Vec<u8>);

impl FromStr for CaBundle {
    type Err = &'static str;

    fn from_str(path: &str) -> Result<Self, &'static str> {
        match fs::read(path) {
            Ok(pem) if holds_roots(&pem) => Ok(Self(pem)),
            _ => Err("the path of a file with certificates in PEM"),
        }
    }
}

/// Whether there are certificates and each can be trusted. Over one that cannot be, the SDK's client panics at its first call.
fn holds_roots(pem: &[u8]) -> bool {
    let mut roots = CertificateDer::pem_slice_iter(pem).peekable();
    roots.peek().is_some()
        && roots.all(|root| root.is_ok_and(|root| webpki::anchor_from_trusted_cert(&root).is_ok()))
}

/// The certificates to trust, in PEM: those of the bundle, if there is one.
#[must_use]
pub fn trusted(bundle: Option<&CaBundle>) -> &[u8] {
    bundle.map_or(AMAZON_ROOTS, |bundle| bundle.0.as_slice())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;

    use super::*;

    /// The SHA-256 of each root's public key (`SubjectPublicKeyInfo`), as <https://www.amazontrust.com/repository/> tells
    /// them: Amazon Root CA 1 to 4, Starfield Services Root Certificate Authority G2.
    const PUBLISHED: [&str; 5] = [
        "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
        "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
        "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
        "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
        "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",
    ];

    #[test]
    fn the_pinned_roots_are_those_that_amazon_publishes() {
        let roots = CertificateDer::pem_slice_iter(AMAZON_ROOTS).map(|root| {
            let root = root.unwrap();
            let key = webpki::anchor_from_trusted_cert(&root).unwrap().subject_public_key_info;
            hex::encode(digest::digest(&digest::SHA256, &der_sequence(&key)))
        });
        assert_eq!(roots.collect::<Vec<_>>(), PUBLISHED);
    }

    #[test]
    fn what_is_no_certificate_is_no_bundle_nor_part_of_one() {
        let of =
            |content: &str| format!("-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n");
        // In Base64, and still no certificate.
        let other = of("Z2FyYmFnZQ==");
        for wrong in ["", "no PEM", "-----BEGIN CERTIFICATE-----\ngarbage", &of("garbage!"), &other] {
            assert!(!holds_roots(wrong.as_bytes()), "{wrong}");
        }
        assert!(holds_roots(AMAZON_ROOTS));
        assert!(!holds_roots(&[AMAZON_ROOTS, b"\n", other.as_bytes()].concat()));
    }

    /// `webpki` leaves out the first bytes, which say that a sequence of this length follows.
    fn der_sequence(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let head = match length {
            [0, short] if short < 0x80 => vec![0x30, short],
            [0, byte] => vec![0x30, 0x81, byte],
            [high, low] => vec![0x30, 0x82, high, low],
        };
        [head.as_slice(), content].concat()
    }
}
