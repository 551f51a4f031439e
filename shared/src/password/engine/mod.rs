//! What computes Argon2: argon2-rust where it was measured to be the faster one, the crate `argon2` elsewhere
//! (docs/decisions/0010-argon2-implementation.md). A hash is the same by either.

use argon2::{Algorithm, Params, Version};

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod simd;

#[cfg(not(target_arch = "x86_64"))]
pub(super) use portable::Memory;
#[cfg(target_arch = "x86_64")]
pub(super) use simd::Memory;

/// What is hashed, and how.
#[derive(Clone, Copy)]
pub(super) struct Input<'i> {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: &'i Params,
    pub(super) password: &'i [u8],
    pub(super) salt: &'i [u8],
}

/// The input was refused, or there is not enough memory.
#[derive(Debug, thiserror::Error)]
#[error("Argon2 refuses: {0}")]
pub struct Refused(String);

impl Input<'_> {
    /// What the reference implementation makes of the password "password" and the salt "somesalt" with Argon2id, version 0x13 and
    /// [these parameters](Self::reference_params): `argon2 somesalt -id -t 2 -k 8 -p 1 -l 32`. The least memory there can be, because
    /// each process that hashes computes it before its first request.
    pub(super) fn reference(params: &Params) -> (Input<'_>, [u8; 32]) {
        let input = Input {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params,
            password: b"password",
            salt: b"somesalt",
        };
        let hash = [
            0xfd, 0xb4, 0xdd, 0xb6, 0xd5, 0x88, 0x71, 0x31, 0xb6, 0x6f, 0x0b, 0x2a, 0x37, 0x40, 0xc0, 0x77,
            0xdd, 0x05, 0xb7, 0x55, 0x84, 0x58, 0x61, 0xf6, 0xb5, 0xa1, 0xdd, 0xe8, 0xb1, 0x07, 0x16, 0x46,
        ];
        (input, hash)
    }

    /// The parameters of the [reference](Self::reference).
    pub(super) fn reference_params() -> Result<Params, argon2::Error> {
        Params::new(Params::MIN_M_COST, 2, 1, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every algorithm and version, in shapes that use what was kept in part and outgrow it; 3000 is mapped.
    #[test]
    fn both_implementations_compute_the_same() {
        let (mut one, mut other) = (Memory::default(), portable::Memory::default());
        for algorithm in [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id] {
            for version in [Version::V0x10, Version::V0x13] {
                for (memory, passes, lanes) in [(64, 1, 1), (3000, 2, 1), (8, 3, 1), (75, 2, 4), (4100, 1, 3)]
                {
                    let params = &Params::new(memory, passes, lanes, None).unwrap();
                    let (password, salt) = (b"correct horse".as_slice(), b"another salt".as_slice());
                    let input = Input { algorithm, version, params, password, salt };
                    let mut outputs = [[0; 32]; 2];
                    one.hash(input, &mut outputs[0]).unwrap();
                    other.hash(input, &mut outputs[1]).unwrap();
                    assert_eq!(outputs[0], outputs[1], "{algorithm} {version:?} {params:?}");
                }
            }
        }
    }

    #[test]
    fn both_implementations_compute_the_reference() {
        let params = Input::reference_params().unwrap();
        let (input, expected) = Input::reference(&params);
        let mut output = [0; 32];
        Memory::default().hash(input, &mut output).unwrap();
        assert_eq!(output, expected);
        portable::Memory::default().hash(input, &mut output).unwrap();
        assert_eq!(output, expected);
    }

    #[test]
    fn memory_is_kept_after_a_hash_and_after_a_refusal() {
        let params = Input::reference_params().unwrap();
        let (input, _) = Input::reference(&params);
        let (mut one, mut other) = (Memory::default(), portable::Memory::default());
        for salt in [b"somesalt".as_slice(), b"short"] {
            let refused = [
                one.hash(Input { salt, ..input }, &mut [0; 32]).is_err(),
                other.hash(Input { salt, ..input }, &mut [0; 32]).is_err(),
            ];
            assert_eq!(refused, [salt.len() < 8; 2]);
            assert_eq!((one.kept_blocks(), other.kept_blocks()), (8, 8));
        }
    }
}
