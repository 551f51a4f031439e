//! The passwords that guessers try first.
//!
//! `data/common-passwords.bin` is made by `tools/common-passwords`. It is an Elias-Fano set of 36 bits of the SHA-256
//! of each password: 20 bits name one of 2^20 buckets, the next 16 stand in a list in the order of the buckets.
//!
//! | part | bytes |
//! | --- | --- |
//! | `CPW1` | 4 |
//! | number of entries, little-endian | 4 |
//! | per 128 buckets, the bit at which the first of them starts, little-endian | 4 × 8,192 |
//! | the buckets in unary, lowest bit first: a 1 per entry, then a 0 to end the bucket | (entries + 2^20) ÷ 8 |
//! | the other 16 bits of each entry | 2 × entries |
//!
//! Every password of the list is found. Of others about 6 in 1,000,000 are taken for a common one, and their user
//! chooses again. Whoever searches for such a password only has their own refused, so a weaker hash would do: this one
//! is linked already, and the generator has it too.

use aws_lc_rs::digest;
use zeroize::Zeroizing;

static LIST: &[u8] = include_bytes!("../../data/common-passwords.bin");

const MAGIC: &[u8] = b"CPW1";
const BUCKETS: usize = 1 << 20;
const BLOCK: usize = 128;
/// No listed password is longer, in bytes.
const LONGEST: usize = 64;

/// Whether `password`, which is NFKC-normalised already, is a common one, whatever the case of its letters.
#[must_use]
pub fn is_common(password: &str) -> bool {
    // A malformed file refuses nobody; a test keeps such a file from being shipped.
    Table::read(LIST).and_then(|table| table.lists(password)).unwrap_or(false)
}

/// The parts of the file, where they stand.
struct Table<'a> {
    starts: &'a [[u8; 4]],
    unary: &'a [u8],
    lows: &'a [[u8; 2]],
}

impl<'a> Table<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let (count, rest) = data.strip_prefix(MAGIC)?.split_first_chunk()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (starts, rest) = rest.split_at_checked(4 * (BUCKETS / BLOCK))?;
        let (unary, lows) = rest.split_at_checked((count + BUCKETS).div_ceil(8))?;
        let (lows, excess) = lows.as_chunks();
        let whole = lows.len() == count && excess.is_empty();
        whole.then_some(Self { starts: starts.as_chunks().0, unary, lows })
    }

    fn lists(&self, password: &str) -> Option<bool> {
        let mut buffer = Zeroizing::new([0; LONGEST]);
        let Some(folded) = fold(password, &mut buffer) else { return Some(false) };
        let digest = digest::digest(&digest::SHA256, folded);
        let (high, rest) = digest.as_ref().split_first_chunk()?;
        self.contains((u32::from_be_bytes(*high) >> 12) as usize, *rest.first_chunk()?)
    }

    /// Walks from the start of the block; each 0 on the way ends a bucket, so the other bits count the entries.
    fn contains(&self, wanted: usize, low: [u8; 2]) -> Option<bool> {
        let mut bucket = wanted - wanted % BLOCK;
        let mut position = u32::from_le_bytes(*self.starts.get(bucket / BLOCK)?) as usize;
        while bucket <= wanted {
            if self.unary.get(position / 8)? >> (position % 8) & 1 == 0 {
                bucket += 1;
            } else if bucket == wanted && *self.lows.get(position.checked_sub(bucket)?)? == low {
                return Some(true);
            }
            position += 1;
        }
        Some(false)
    }
}

/// Lower case, a character at a time (no final sigma), so that nothing is allocated; `None` if longer than any entry.
fn fold<'a>(password: &str, buffer: &'a mut [u8; LONGEST]) -> Option<&'a [u8]> {
    let mut length = 0;
    for character in password.chars().flat_map(char::to_lowercase) {
        let end = length + character.len_utf8();
        character.encode_utf8(buffer.get_mut(length..end)?);
        length = end;
    }
    buffer.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_found_in_any_case() {
        for password in
            ["password1", "123456789", "qwertyuiop", "iloveyou1", "1q2w3e4r5t", "PassWord123", "letmein"]
        {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn other_passwords_are_not() {
        for password in ["", "kV7#tq9zLw2!xR4m", "9f2c61d07be84a35", "vier Kähne", "пароль из леса"]
        {
            assert!(!is_common(password), "{password}");
        }
        assert!(!is_common(&"password".repeat(32)));
    }

    #[test]
    fn false_positives_are_rare() {
        let random = (0..1_000_000_u64).map(|i| format!("{:016x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let found = random.filter(|password| is_common(password)).count();
        assert!(found <= 15, "{found} in 1,000,000; 5.6 are expected");
    }

    #[test]
    fn the_shipped_list_is_well_formed() {
        assert!(LIST.len() <= 1_000_000);
        let table = Table::read(LIST).unwrap();
        assert!(table.lows.len() >= 100_000);
        let (mut position, mut entries) = (0, table.lows.iter());
        for bucket in 0..BUCKETS {
            if bucket % BLOCK == 0 {
                assert_eq!(u32::from_le_bytes(table.starts[bucket / BLOCK]) as usize, position);
            }
            let mut before = None;
            while table.unary[position / 8] >> (position % 8) & 1 == 1 {
                let entry = entries.next();
                assert!(entry > before, "the entries of a bucket are in order, once each");
                (position, before) = (position + 1, entry);
            }
            position += 1;
        }
        assert_eq!(entries.next(), None);
    }

    /// Each bit is a few instructions: far less time than the hash that follows.
    #[test]
    fn a_look_up_walks_no_more_than_256_bits() {
        let table = Table::read(LIST).unwrap();
        let starts = table.starts.iter().map(|start| u32::from_le_bytes(*start) as usize);
        let ends = starts.clone().skip(1).chain([table.lows.len() + BUCKETS]);
        let longest = starts.zip(ends).map(|(start, end)| end - start).max();
        assert!(longest.is_some_and(|bits| bits <= 256), "{longest:?}");
    }

    #[test]
    fn a_malformed_list_finds_nothing() {
        for end in [0, 3, 8, 40_000, LIST.len() - 1] {
            assert!(Table::read(&LIST[..end]).is_none());
        }
        let nothing = Table { starts: &vec![[0xff; 4]; BUCKETS / BLOCK], unary: &[], lows: &[] };
        assert_eq!(nothing.lists("password1"), None);
    }
}
