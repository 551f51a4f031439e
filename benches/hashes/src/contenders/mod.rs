//! The implementations, behind one interface.

#[cfg(feature = "openssl")]
mod openssl;
mod rust;
mod sodium;

use std::error::Error;

use crate::input::{Input, Tag};

/// One way to compute Argon2.
pub trait Contender {
    /// As the table names it.
    fn name(&self) -> &'static str;

    /// Whether its interface can express this input.
    fn can(&self, input: &Input) -> bool;

    /// Computes a hash, and wipes the memory as the implementation does.
    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>>;
}

/// All that this build has. The first is what the others are compared with.
pub fn all() -> Result<Vec<Box<dyn Contender>>, Box<dyn Error>> {
    Ok(vec![
        Box::new(rust::RustCrypto::kept()),
        Box::new(rust::RustCrypto::fresh()),
        Box::new(rust::Argon2Rust::kept()),
        Box::new(rust::Argon2Rust::fresh()),
        Box::new(rust::SruSystems),
        Box::new(sodium::Dryoc),
        Box::new(sodium::Libsodium::new()?),
        #[cfg(feature = "openssl")]
        Box::new(openssl::OpenSsl),
    ])
}
