//! What is hashed.

/// The length of every output here, in bytes.
pub const OUTPUT: usize = 32;

/// A finished hash.
pub type Tag = [u8; OUTPUT];

/// The three kinds of Argon2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Argon2d.
    D,
    /// Argon2i.
    I,
    /// Argon2id.
    Id,
}

/// Everything that an output depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Which Argon2.
    pub kind: Kind,
    /// Version 0x13, and not 0x10.
    pub current: bool,
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// The password.
    pub password: Vec<u8>,
    /// The salt.
    pub salt: Vec<u8>,
    /// A key that is not stored with the hash.
    pub secret: Vec<u8>,
    /// Associated data.
    pub data: Vec<u8>,
}

impl Input {
    /// Argon2id with one lane, no secret and no data: what the service computes.
    pub fn plain(memory_kib: u32, passes: u32, password: &[u8], salt: &[u8]) -> Self {
        Self {
            kind: Kind::Id,
            current: true,
            memory_kib,
            passes,
            lanes: 1,
            password: password.to_vec(),
            salt: salt.to_vec(),
            secret: Vec::new(),
            data: Vec::new(),
        }
    }

    /// Whether libsodium's interface can express it.
    pub fn suits_sodium(&self) -> bool {
        let plain = Self::plain(self.memory_kib, self.passes, &self.password, &self.salt);
        *self == plain && self.salt.len() == 16
    }
}
