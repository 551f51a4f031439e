//! The reference implementation in C (phc-winner-argon2), built by `argon2-kdf`.

use std::error::Error;

use argon2_kdf::{Algorithm, Hasher};

use super::Contender;
use crate::input::{Input, Kind, Tag};

/// The reference: SSE2 on x86-64, as it has no run-time dispatch, and plain C elsewhere.
pub struct Reference;

impl Contender for Reference {
    fn name(&self) -> &'static str {
        "reference in C"
    }

    fn can(&self, input: &Input) -> bool {
        input.current && input.secret.is_empty() && input.data.is_empty()
    }

    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>> {
        let kind = match input.kind {
            Kind::D => Algorithm::Argon2d,
            Kind::I => Algorithm::Argon2i,
            Kind::Id => Algorithm::Argon2id,
        };
        let hasher = Hasher::new().algorithm(kind).custom_salt(&input.salt).hash_length(32);
        let hasher = hasher.iterations(input.passes).memory_cost_kib(input.memory_kib).threads(input.lanes);
        Ok(hasher.hash(&input.password)?.as_bytes().try_into()?)
    }
}
