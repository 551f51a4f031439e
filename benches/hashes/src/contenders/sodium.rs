//! libsodium, and dryoc, which rewrites it in Rust. Both give Argon2id with a salt of 16 bytes and one lane.

use std::error::Error;

use dryoc::classic::crypto_pwhash::{PasswordHashAlgorithm, crypto_pwhash};
use libsodium_rs::crypto_pwhash::argon2id;

use super::Contender;
use crate::input::{Input, OUTPUT, Tag};

/// libsodium's own C, built by `libsodium-sys-stable`.
pub struct Libsodium;

impl Libsodium {
    /// Lets it look at the processor.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        libsodium_rs::ensure_init()?;
        Ok(Self)
    }
}

impl Contender for Libsodium {
    fn name(&self) -> &'static str {
        "libsodium"
    }

    fn can(&self, input: &Input) -> bool {
        input.suits_sodium()
    }

    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>> {
        let memory = input.memory_kib as usize * 1024;
        let tag = argon2id::pwhash(OUTPUT, &input.password, &input.salt, input.passes.into(), memory)?;
        Ok(tag.as_slice().try_into()?)
    }
}

/// dryoc.
pub struct Dryoc;

impl Contender for Dryoc {
    fn name(&self) -> &'static str {
        "dryoc"
    }

    fn can(&self, input: &Input) -> bool {
        input.suits_sodium()
    }

    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>> {
        let mut tag = [0; OUTPUT];
        let salt: [u8; 16] = input.salt.as_slice().try_into()?;
        let memory = input.memory_kib as usize * 1024;
        let kind = PasswordHashAlgorithm::Argon2id13;
        crypto_pwhash(&mut tag, &input.password, &salt, input.passes.into(), memory, kind)?;
        Ok(tag)
    }
}
