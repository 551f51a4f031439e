//! A key that signs, parsed once: parsing an RSA key at every signature takes a good part of the signature's own time.

use std::sync::OnceLock;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256};
use zeroize::Zeroizing;

/// The private half of a key, for its one algorithm.
pub(crate) enum Signer {
    /// RS256.
    Rsa(Box<RsaSigner>),
    /// ES256.
    Ecdsa(EcdsaKeyPair),
    /// `EdDSA`.
    Ed25519(Ed25519KeyPair),
    /// HS384.
    Hmac(Box<hmac::Key>),
}

/// An RSA key that is parsed when it is first to sign. Parsing checks the private key, which takes as long as a signature
/// and is of no use to the many functions that only verify.
pub(crate) struct RsaSigner {
    /// PKCS #1.
    der: Zeroizing<Vec<u8>>,
    pair: OnceLock<Option<KeyPair>>,
}

impl RsaSigner {
    pub(crate) fn new(der: Zeroizing<Vec<u8>>) -> Self {
        Self { der, pair: OnceLock::new() }
    }

    fn pair(&self) -> Result<&KeyPair, Unspecified> {
        self.pair.get_or_init(|| KeyPair::from_der(&self.der).ok()).as_ref().ok_or(Unspecified)
    }
}

impl Signer {
    /// Parses what is not parsed yet, so that the first signature does not wait for it.
    pub(crate) fn prepare(&self) {
        if let Self::Rsa(rsa) = self {
            // A key that cannot be parsed fails at the first signature.
            let _ = rsa.pair();
        }
    }

    /// The signature as JWS writes it (RFC 7518 section 3, RFC 8037 section 3.1).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Rsa(rsa) => {
                let pair = rsa.pair()?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
                Ok(signature)
            }
            Self::Ecdsa(pair) => Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec()),
            Self::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Self::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}
