//! argon2-rust, which chooses its instructions by the processor that it finds itself on.

use argon2_rust::params::{Memory as Size, TagLen};
use argon2_rust::{Algorithm, Argon2, Error, Hasher, Params, Version};

use super::{Input, Refused};

/// 2 MiB, in blocks of 1 KiB.
const LARGE_PAGE: usize = 2048;

/// The memory of hashes, kept from one to the next; argon2-rust wipes it after each.
#[derive(Default)]
pub(in crate::password) struct Memory(Option<Hasher>);

impl Memory {
    pub(in crate::password) fn hash(&mut self, input: Input<'_>, output: &mut [u8]) -> Result<(), Refused> {
        let argon2 = argon2(input, output.len()).map_err(|error| Refused(error.to_string()))?;
        let hasher = self.0.get_or_insert_with(|| argon2.hasher());
        let result = reserve(hasher, input).and_then(|()| {
            hasher.set_argon2(argon2);
            hasher.hash_into_with_ad(input.password, input.salt, &[], input.params.data(), output)
        });
        result.map_err(|error| Refused(error.to_string()))
    }

    #[cfg(test)]
    pub(in crate::password) fn kept_blocks(&self) -> usize {
        self.0.as_ref().map_or(0, Hasher::reserved_blocks)
    }
}

/// Takes memory for this input, where what is kept is too little, in whole large pages: the system gives each of them at once, and
/// what is left over in pages of 4 KiB, which are 256 faults for 19 MiB.
fn reserve(hasher: &mut Hasher, input: Input<'_>) -> Result<(), Error> {
    let needed = input.params.block_count();
    if needed < LARGE_PAGE || hasher.reserved_blocks() >= needed {
        return Ok(());
    }
    let whole = Size::kib(needed.next_multiple_of(LARGE_PAGE) as u64);
    hasher.set_argon2(Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::builder().memory(whole).build()?,
    ));
    hasher.reserve()
}

fn argon2(input: Input<'_>, length: usize) -> Result<Argon2, Error> {
    let algorithm = match input.algorithm {
        argon2::Algorithm::Argon2d => Algorithm::Argon2d,
        argon2::Algorithm::Argon2i => Algorithm::Argon2i,
        argon2::Algorithm::Argon2id => Algorithm::Argon2id,
    };
    let version = match input.version {
        argon2::Version::V0x10 => Version::V0x10,
        argon2::Version::V0x13 => Version::V0x13,
    };
    let params = Params::builder()
        .memory(Size::kib(input.params.m_cost().into()))
        .passes(input.params.t_cost())
        .lanes(input.params.p_cost())
        .tag_len(TagLen::bytes(length as u64))
        .build()?;
    Ok(Argon2::new(algorithm, version, params))
}
