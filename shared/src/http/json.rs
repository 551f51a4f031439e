//! JSON from strangers: one object, no key twice, no nesting to speak of (API.md, "Rules for every endpoint").

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How many levels an object may nest; the document's own example has one.
const MAX_DEPTH: usize = 16;

/// Why a text is not the one JSON object that was asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not in UTF-8, or followed by something else, or nested too deeply.
    #[error("the body is not valid JSON")]
    Invalid,
    /// JSON, but a list, a string, a number …
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// The same key twice in one object.
    #[error("the key {0:?} is repeated")]
    Repeated(String),
}

/// Reads one JSON object.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let mut repeated = None;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0, repeated: &mut repeated }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(JsonError::NotAnObject),
        Err(_) => Err(repeated.map_or(JsonError::Invalid, JsonError::Repeated)),
    }
}

struct Strict<'a> {
    depth: usize,
    repeated: &'a mut Option<String>,
}

impl Strict<'_> {
    /// One level further down, which counts even where nothing is in it.
    fn enter<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn again(&mut self) -> Strict<'_> {
        Strict { depth: self.depth, repeated: self.repeated }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut inside = self.enter()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inside.again())? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut inside = self.enter()?;
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) {
                *inside.repeated = Some(key);
                return Err(de::Error::custom("repeated key"));
            }
            let value = map.next_value_seed(inside.again())?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
    }

    #[test]
    fn one_object_is_read() {
        let object = parse_object(br#" {"a":"b","c":[1,-2,3.5,null,true]} "#).unwrap();
        assert_eq!(Value::Object(object).to_string(), r#"{"a":"b","c":[1,-2,3.5,null,true]}"#);
    }

    #[test]
    fn a_repeated_key_is_named() {
        assert_eq!(parse_object(br#"{"a":1,"b":2,"a":3}"#), Err(JsonError::Repeated("a".into())));
        assert_eq!(parse_object(br#"{"a":1,"\u0061":3}"#), Err(JsonError::Repeated("a".into())));
        assert_eq!(parse_object(br#"{"x":{"b":1,"b":1}}"#), Err(JsonError::Repeated("b".into())));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let surrogate = br#"{"a":"\ud800"}"#.as_slice();
        let bom = b"\xef\xbb\xbf{}".as_slice();
        let utf16 = b"\xff\xfe{\0}\0".as_slice();
        for bytes in [
            b"".as_slice(),
            b"{",
            b"{}x",
            b"{}{}",
            b"{\"a\":NaN}",
            b"{\"a\":1e9999}",
            b"{\"a\":\"\xff\"}",
            surrogate,
            bom,
            utf16,
        ] {
            assert_eq!(parse_object(bytes), Err(JsonError::Invalid), "{bytes:?}");
        }
        for bytes in [b"[]".as_slice(), b"null", b"1", b"\"a\""] {
            assert_eq!(parse_object(bytes), Err(JsonError::NotAnObject));
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse_object(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(parse_object(nested(MAX_DEPTH + 1).as_bytes()), Err(JsonError::Invalid));
        assert_eq!(parse_object(nested(10_000).as_bytes()), Err(JsonError::Invalid));
        for empty in ["{}", "[]"] {
            assert!(parse_object(nested(MAX_DEPTH - 1).replace('1', empty).as_bytes()).is_ok(), "{empty}");
            let deeper = nested(MAX_DEPTH).replace('1', empty);
            assert_eq!(parse_object(deeper.as_bytes()), Err(JsonError::Invalid), "{empty}");
        }
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read_back(keys in prop::collection::btree_map(".*", ".*", 0..8)) {
            let text = serde_json::to_vec(&keys).unwrap();
            let object = parse_object(&text).unwrap();
            prop_assert_eq!(object.len(), keys.len());
            for (key, value) in keys {
                prop_assert_eq!(object[&key].as_str(), Some(value.as_str()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_object(&bytes);
        }
    }
}
