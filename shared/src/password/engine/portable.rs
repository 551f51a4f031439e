//! The crate `argon2`, of `RustCrypto`.

use argon2::{Argon2, Block};

use super::{Input, Refused};

/// The memory of hashes, kept from one to the next and wiped after each.
#[derive(Default)]
pub(in crate::password) struct Memory(Vec<Block>);

impl Memory {
    pub(in crate::password) fn hash(&mut self, input: Input<'_>, output: &mut [u8]) -> Result<(), Refused> {
        let blocks = input.params.block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::new());
        }
        let Some(memory) = self.0.get_mut(..blocks) else { return Ok(()) };
        let argon2 = Argon2::new(input.algorithm, input.version, input.params.clone());
        let hashed = argon2.hash_password_into_with_memory(input.password, input.salt, output, &mut *memory);
        memory.fill(Block::new());
        hashed.map_err(|error| Refused(error.to_string()))
    }

    #[cfg(test)]
    pub(in crate::password) fn kept_blocks(&self) -> usize {
        self.0.len()
    }
}
