//! Identifiers of accounts, users and tokens.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::{Builder, Uuid};

use crate::clock::Timestamp;
use crate::random::{self, RandomUnavailable};

/// Twelve bytes, written as 24 lower-case hexadecimal digits: four of seconds since the epoch and eight random ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 12]);

/// The text is not 24 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("an id is 24 hexadecimal digits, as in 5723073937d63a18396a1bae")]
pub struct NotAnObjectId;

impl ObjectId {
    /// A new id, made at `now`.
    pub fn new(now: Timestamp) -> Result<Self, RandomUnavailable> {
        let seconds = now.seconds().to_be_bytes();
        let random: [u8; 8] = random::bytes()?;
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&seconds[4..]);
        bytes[4..].copy_from_slice(&random);
        Ok(Self(bytes))
    }

    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// Its twelve bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The id as an integer below 2^53, for clients that take ids as JSON numbers. It is a digest of the id, so it
    /// says nothing about how many users there are.
    #[must_use]
    pub fn as_json_integer(&self) -> u64 {
        let digest = digest::digest(&digest::SHA256, &self.0);
        let head = digest.as_ref().iter().take(8).fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
        head >> 11
    }
}

impl FromStr for ObjectId {
    type Err = NotAnObjectId;

    fn from_str(text: &str) -> Result<Self, NotAnObjectId> {
        let mut bytes = [0; 12];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAnObjectId)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 24];
        hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A token's `jti` (RFC 7519 section 4.1.7): a UUID of version 7, so that it also carries the millisecond of issue.
pub fn token_id(now: Timestamp) -> Result<Uuid, RandomUnavailable> {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random::bytes()?).into_uuid())
}

/// When a token with this `jti` was issued; `None` for an id that this system did not make.
#[must_use]
pub fn token_id_time(id: Uuid) -> Option<Timestamp> {
    if id.get_version_num() != 7 {
        return None;
    }
    let millis = id.as_bytes().iter().take(6).fold(0_i64, |millis, byte| millis << 8 | i64::from(*byte));
    Some(Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_id_reads_what_it_writes() {
        let id: ObjectId = "5723073937d63a18396a1bae".parse().unwrap();
        assert_eq!(id.to_string(), "5723073937d63a18396a1bae");
    }

    #[test]
    fn other_text_is_no_object_id() {
        for text in ["", "5723073937d63a18396a 1bae", "5723073937d63a18396a1ba", "zz23073937d63a18396a1bae"] {
            assert!(text.parse::<ObjectId>().is_err(), "{text}");
        }
    }

    #[test]
    fn integers_fit_a_json_number() {
        for seconds in 0..200 {
            let id = ObjectId::new(Timestamp::from_seconds(seconds)).unwrap();
            assert!(id.as_json_integer() < 1 << 53);
        }
    }

    #[test]
    fn a_token_id_carries_its_time() {
        let now = Timestamp::from_millis(1_764_000_000_123);
        assert_eq!(token_id_time(token_id(now).unwrap()), Some(now));
        assert_eq!(token_id_time(Uuid::nil()), None);
    }
}
