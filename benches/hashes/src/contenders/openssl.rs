//! OpenSSL, built by `openssl-src`.

use std::error::Error;

use openssl::kdf;

use super::Contender;
use crate::input::{Input, Kind, OUTPUT, Tag};

/// OpenSSL's `EVP_KDF`, for version 0x13 alone.
pub struct OpenSsl;

impl Contender for OpenSsl {
    fn name(&self) -> &'static str {
        "OpenSSL"
    }

    fn can(&self, input: &Input) -> bool {
        input.current
    }

    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>> {
        let Input { password, salt, secret, data, passes, lanes, memory_kib, .. } = input;
        let compute = match input.kind {
            Kind::D => kdf::argon2d,
            Kind::I => kdf::argon2i,
            Kind::Id => kdf::argon2id,
        };
        let mut tag = [0; OUTPUT];
        compute(
            None,
            password,
            salt,
            Some(data.as_slice()).filter(|data| !data.is_empty()),
            Some(secret.as_slice()).filter(|secret| !secret.is_empty()),
            *passes,
            *lanes,
            *memory_kib,
            &mut tag,
        )?;
        Ok(tag)
    }
}
