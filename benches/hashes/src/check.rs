//! A fast hash that is wrong is worth nothing: vectors first, then the implementations against one another.

use std::error::Error;

use crate::contenders::Contender;
use crate::input::{Input, Kind};
use crate::vectors;

/// How many random inputs all implementations are compared on.
const RANDOM_INPUTS: u32 = 150;

/// Compares every contender with each published vector that it can express.
pub fn published_vectors(contenders: &mut [Box<dyn Contender>]) -> Result<(), Box<dyn Error>> {
    let vectors = vectors::all()?;
    for contender in contenders {
        let mut checked = 0;
        for (input, expected) in &vectors {
            if !contender.can(input) {
                continue;
            }
            if contender.hash(input)? != *expected {
                return Err(format!("{} is wrong on {input:?}", contender.name()).into());
            }
            checked += 1;
        }
        println!("{:27} {checked:3} of {} published vectors", contender.name(), vectors.len());
    }
    Ok(())
}

/// Compares all contenders with the first on inputs that nobody chose.
pub fn one_another(contenders: &mut [Box<dyn Contender>]) -> Result<(), Box<dyn Error>> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut compared = 0;
    for number in 0..RANDOM_INPUTS {
        let input = random.input(number);
        let (first, others) = contenders.split_first_mut().ok_or("nobody to compare")?;
        let expected = first.hash(&input)?;
        for other in others.iter_mut() {
            if !other.can(&input) {
                continue;
            }
            if other.hash(&input)? != expected {
                return Err(format!("{} and {} differ on {input:?}", first.name(), other.name()).into());
            }
            compared += 1;
        }
    }
    println!("{compared} comparisons on {RANDOM_INPUTS} random inputs, all equal");
    Ok(())
}

/// xorshift64: the same inputs in every run.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit)).unwrap_or_default()
    }

    fn bytes(&mut self, length: u32) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[3]).collect()
    }

    /// Two of three are what the service computes; every third is of any kind, version and number of lanes.
    fn input(&mut self, number: u32) -> Input {
        let (length, memory, passes) = (self.below(130), 8 + self.below(1200), 1 + self.below(4));
        let password = self.bytes(length);
        let plain = Input::plain(memory, passes, &password, &self.bytes(16));
        if !number.is_multiple_of(3) {
            return plain;
        }
        let (secret, data, lanes) = (self.below(9), self.below(13), 1 + self.below(4));
        Input {
            kind: [Kind::D, Kind::I, Kind::Id][self.below(3) as usize],
            current: self.below(2) == 0,
            lanes,
            memory_kib: memory + 8 * lanes,
            secret: self.bytes(secret),
            data: self.bytes(data),
            ..plain
        }
    }
}
