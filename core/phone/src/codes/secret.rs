//! The secret of one code: wiped when dropped, never printed.

use nod_protocol::bytes;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::error::CodeTextError;

/// The longest secret, in bytes: the block of SHA-512, beyond which a key is hashed first (RFC 2104 section 2).
pub(super) const MAX_SECRET: usize = 128;

/// 1 to 128 secret bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CodeSecret(Zeroizing<Vec<u8>>);

impl CodeSecret {
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Self, CodeTextError> {
        if (1..=MAX_SECRET).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(CodeTextError::SecretLength)
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for CodeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeSecret(…)")
    }
}

impl Serialize for CodeSecret {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Zeroizing::new(bytes::encode(&self.0)).as_str().serialize(to)
    }
}

impl<'de> Deserialize<'de> for CodeSecret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut text = String::deserialize(from)?;
        let decoded = bytes::decode(&text).map(Zeroizing::new);
        text.zeroize();
        Self::new(decoded.map_err(serde::de::Error::custom)?).map_err(serde::de::Error::custom)
    }
}
