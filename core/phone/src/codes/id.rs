//! The id of one code on this phone.

use nod_protocol::bytes::{EncodingError, decode_array, encode};
use nod_protocol::{Digest, Random, RandomError};
use serde::{Deserialize, Serialize};

/// One code: 16 random bytes, as text canonical base64url. It moves with the code to another phone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeId([u8; 16]);

impl CodeId {
    /// Wraps raw bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Draws a fresh id.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub(crate) fn random(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Another id, always the same one for the same id.
    pub(super) fn successor(self) -> Self {
        let digest = Digest::of(&self.0);
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

impl std::fmt::Display for CodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl std::fmt::Debug for CodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CodeId({self})")
    }
}

impl std::str::FromStr for CodeId {
    type Err = EncodingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        decode_array(text).map(Self)
    }
}

impl TryFrom<String> for CodeId {
    type Error = EncodingError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CodeId> for String {
    fn from(id: CodeId) -> Self {
        id.to_string()
    }
}
