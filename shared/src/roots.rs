//! Whose certificates are trusted: those of Amazon's roots, or of a file in their place.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

/// What any SDK of AWS calls the variable that names such a file.
pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// The certificates of Amazon's roots, in PEM: what every service of AWS is reached with.
pub const AMAZON_ROOTS: &[u8] = include_bytes!("../data/amazon-roots.pem");

/// A file that has certificates in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle(PathBuf);

impl FromStr for CaBundle {
    type Err = &'static str;

    fn from_str(path: &str) -> Result<Self, &'static str> {
        match fs::read_to_string(path) {
            Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => Ok(Self(path.into())),
            _ => Err("the path of a file with certificates in PEM"),
        }
    }
}

/// The certificates to trust, in PEM.
pub(crate) fn trusted() -> Vec<u8> {
    // `Config` has refused a file that cannot be read.
    let path = std::env::var_os(CA_BUNDLE).filter(|path| !path.is_empty());
    path.and_then(|path| fs::read(path).ok()).unwrap_or_else(|| AMAZON_ROOTS.to_vec())
}
