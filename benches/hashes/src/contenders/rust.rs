//! Those written in Rust, for Argon2 alone.

use std::error::Error;

use argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Version};
use sru_argon2 as sru;

use super::Contender;
use crate::input::{Input, Kind, OUTPUT, Tag};

/// `argon2` of `RustCrypto`.
pub struct RustCrypto {
    memory: Option<Vec<Block>>,
}

impl RustCrypto {
    /// In memory that is kept, and wiped after each hash.
    pub const fn kept() -> Self {
        Self { memory: Some(Vec::new()) }
    }

    /// In memory of its own for each hash, which it does not wipe.
    pub const fn fresh() -> Self {
        Self { memory: None }
    }
}

impl Contender for RustCrypto {
    fn name(&self) -> &'static str {
        if self.memory.is_some() { "argon2 (RustCrypto), kept" } else { "argon2 (RustCrypto), fresh" }
    }

    fn can(&self, _: &Input) -> bool {
        true
    }

    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>> {
        let algorithm = match input.kind {
            Kind::D => Algorithm::Argon2d,
            Kind::I => Algorithm::Argon2i,
            Kind::Id => Algorithm::Argon2id,
        };
        let version = if input.current { Version::V0x13 } else { Version::V0x10 };
        let mut params = ParamsBuilder::new();
        params.m_cost(input.memory_kib).t_cost(input.passes).p_cost(input.lanes).output_len(OUTPUT);
        let params = params.data(AssociatedData::new(&input.data)?).build()?;
        let blocks = params.block_count();
        let argon2 = Argon2::new_with_secret(&input.secret, algorithm, version, params)?;
        let mut tag = [0; OUTPUT];
        let Some(memory) = &mut self.memory else {
            argon2.hash_password_into(&input.password, &input.salt, &mut tag)?;
            return Ok(tag);
        };
        if memory.len() < blocks {
            *memory = vec![Block::new(); blocks];
        }
        argon2.hash_password_into_with_memory(&input.password, &input.salt, &mut tag, &mut *memory)?;
        memory[..blocks].fill(Block::new());
        Ok(tag)
    }
}

/// `argon2-rust`.
pub struct Argon2Rust {
    hasher: argon2_rust::Hasher,
    kept: bool,
}

impl Argon2Rust {
    /// In memory that is kept, and wiped after each hash.
    pub fn kept() -> Self {
        let (kind, version) = (argon2_rust::Algorithm::Argon2id, argon2_rust::Version::V0x13);
        let argon2 = argon2_rust::Argon2::new(kind, version, argon2_rust::Params::DEFAULT);
        Self { hasher: argon2.hasher(), kept: true }
    }

    /// In memory of its own for each hash, which it wipes.
    pub fn fresh() -> Self {
        Self { kept: false, ..Self::kept() }
    }
}

impl Contender for Argon2Rust {
    fn name(&self) -> &'static str {
        if self.kept { "argon2-rust, kept" } else { "argon2-rust, fresh" }
    }

    fn can(&self, _: &Input) -> bool {
        true
    }

    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>> {
        use argon2_rust::params::{Memory, TagLen};
        use argon2_rust::{Algorithm, Argon2, Params, Version};

        let algorithm = match input.kind {
            Kind::D => Algorithm::Argon2d,
            Kind::I => Algorithm::Argon2i,
            Kind::Id => Algorithm::Argon2id,
        };
        let version = if input.current { Version::V0x13 } else { Version::V0x10 };
        let params = Params::builder().memory(Memory::kib(input.memory_kib.into())).passes(input.passes);
        let params = params.lanes(input.lanes).tag_len(TagLen::bytes(OUTPUT as u64)).build()?;
        let argon2 = Argon2::new(algorithm, version, params);
        let mut tag = [0; OUTPUT];
        let Input { password, salt, secret, data, .. } = input;
        if self.kept {
            self.hasher.set_argon2(argon2);
            self.hasher.hash_into_with_ad(password, salt, secret, data, &mut tag)?;
        } else {
            argon2.hash_into_with_ad(password, salt, secret, data, &mut tag)?;
        }
        Ok(tag)
    }
}

/// `rust-argon2` of sru-systems.
pub struct SruSystems;

impl Contender for SruSystems {
    fn name(&self) -> &'static str {
        "rust-argon2"
    }

    fn can(&self, _: &Input) -> bool {
        true
    }

    fn hash(&mut self, input: &Input) -> Result<Tag, Box<dyn Error>> {
        let config = sru::Config {
            variant: match input.kind {
                Kind::D => sru::Variant::Argon2d,
                Kind::I => sru::Variant::Argon2i,
                Kind::Id => sru::Variant::Argon2id,
            },
            version: if input.current { sru::Version::Version13 } else { sru::Version::Version10 },
            mem_cost: input.memory_kib,
            time_cost: input.passes,
            lanes: input.lanes,
            secret: &input.secret,
            ad: &input.data,
            ..sru::Config::default()
        };
        let tag = sru::hash_raw(&input.password, &input.salt, &config)?;
        Ok(tag.as_slice().try_into()?)
    }
}
