//! JSON as the protocol accepts it: no duplicate keys at any depth, bounded depth, nothing after the value.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// How deep objects and arrays may nest.
pub const MAX_DEPTH: u8 = 8;

/// The bytes are not JSON of the expected form, or carry a duplicate key, or nest too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the expected JSON")]
pub struct JsonError;

/// Parses `bytes` strictly.
///
/// # Errors
/// [`JsonError`] for anything but one JSON value of the shape of `T` without duplicate keys.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let mut scan = serde_json::Deserializer::from_slice(bytes);
    Unique { depth: MAX_DEPTH }.deserialize(&mut scan).map_err(|_| JsonError)?;
    scan.end().map_err(|_| JsonError)?;
    serde_json::from_slice(bytes).map_err(|_| JsonError)
}

/// Walks a value without keeping it and fails on a duplicate key.
struct Unique {
    depth: u8,
}

impl Unique {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        self.depth.checked_sub(1).map(|depth| Self { depth }).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate keys")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self.deeper()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key) {
                return Err(A::Error::custom("duplicate key"));
            }
            map.next_value_seed(self.deeper()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn duplicate_keys_are_refused_at_any_depth() {
        for bad in [r#"{"a":1,"a":1}"#, r#"{"b":{"a":1,"\u0061":2}}"#, r#"{"b":[{"a":1,"a":2}]}"#] {
            assert_eq!(from_slice::<Value>(bad.as_bytes()), Err(JsonError), "{bad}");
        }
        assert!(from_slice::<Value>(br#"{"a":1,"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn trailing_bytes_and_deep_nesting_are_refused() {
        assert!(from_slice::<Value>(b"{} x").is_err());
        assert!(from_slice::<Value>(b"{}{}").is_err());
        assert!(from_slice::<Value>(("[".repeat(40) + &"]".repeat(40)).as_bytes()).is_err());
    }
}
