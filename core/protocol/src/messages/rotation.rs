//! A service's new key: the messages that lead a phone from the key it pinned to the next one (docs/protocol.md section
//! 9).

use serde::{Deserialize, Serialize};

use super::Mode;
use crate::bytes::Digest;
use crate::es256::{KeyUseError, Signer};
use crate::ids::{ServiceId, Thumbprint};
use crate::jwk::PublicKey;
use crate::jws::{self, Claims, JwsError, Received};
use crate::strict_json::{self, JsonError};

/// The new key introduces itself: `nod-rotate+jwt`, signed by the new key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotateClaims {
    /// The service.
    pub iss: ServiceId,
    /// The new key's number: one above that of the key before. The key that a service begins with has number 0.
    pub seq: u64,
    /// Thumbprint of the key before.
    pub prev: Thumbprint,
    /// The new key.
    pub key: PublicKey,
    /// Commitment to the key after it: its thumbprint.
    pub nkh: Thumbprint,
    /// Who verifies under the new key.
    pub mode: Mode,
    /// When it was made, in seconds since 1970. Informative.
    pub iat: u64,
}

impl Claims for RotateClaims {
    const TYP: &'static str = "nod-rotate+jwt";
}

/// The old key lets go: `nod-rotate-old+jwt`, signed by the key before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotateOldClaims {
    /// The service.
    pub iss: ServiceId,
    /// SHA-256 of what was signed of the new key's claims ([`jws::signed_digest`]).
    pub h: Digest,
}

impl Claims for RotateOldClaims {
    const TYP: &'static str = "nod-rotate-old+jwt";
}

/// What somebody knows of a service's key: enough to judge the next rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedKey {
    /// The key.
    pub key: PublicKey,
    /// Commitment to the next one.
    pub nkh: Thumbprint,
    /// Its number.
    pub seq: u64,
}

impl PinnedKey {
    /// What is known once a rotation was verified.
    #[must_use]
    pub const fn after(claims: &RotateClaims) -> Self {
        Self { key: claims.key, nkh: claims.nkh, seq: claims.seq }
    }
}

/// One link of the chain of a service's keys: both compact JWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// `nod-rotate+jwt`, by the new key.
    pub rotate: String,
    /// `nod-rotate-old+jwt`, by the key before.
    pub old: String,
}

/// Why a rotation was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// Not both messages, or one is not signed by the key that must have signed it.
    #[error(transparent)]
    Signed(#[from] JwsError),
    /// It is another service's.
    #[error("the rotation is another service's")]
    OtherService,
    /// It is not the one that follows.
    #[error("rotation {seq} does not follow key {after}")]
    OutOfTurn {
        /// The number in the rotation.
        seq: u64,
        /// The number of the pinned key.
        after: u64,
    },
    /// It does not begin at the pinned key.
    #[error("the rotation begins at another key")]
    OtherKey,
    /// The new key is not the one that was committed to: whoever signed this holds the current key alone.
    #[error("the new key is not the one that was committed to")]
    NotCommitted,
    /// The new key is the old one.
    #[error("the new key is the old one")]
    SameKey,
    /// The old key's signature is for something else.
    #[error("the old key signed something else")]
    OtherRotation,
}

impl Rotation {
    /// Signs the claims of a new key with it, and lets the old key sign for that.
    ///
    /// # Errors
    /// [`KeyUseError`] when a key cannot be used.
    pub fn sign(claims: &RotateClaims, new: &dyn Signer, old: &dyn Signer) -> Result<Self, KeyUseError> {
        Self::co_sign(jws::sign(claims, new)?, claims.iss, old)
    }

    /// Adds the old key's signature to what the new key signed.
    ///
    /// # Errors
    /// [`KeyUseError`] when the key cannot be used.
    pub fn co_sign(rotate: String, iss: ServiceId, old: &dyn Signer) -> Result<Self, KeyUseError> {
        let h = jws::signed_digest(&rotate).ok_or(KeyUseError)?;
        let old = jws::sign(&RotateOldClaims { iss, h }, old)?;
        Ok(Self { rotate, old })
    }

    /// The body to send.
    #[must_use]
    pub fn to_body(&self) -> String {
        // Two strings always serialise; an empty body would be refused by every reader.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`JsonError`] unless it is exactly such a message.
    pub fn parse(body: &str) -> Result<Self, JsonError> {
        strict_json::from_slice(body.as_bytes())
    }

    /// The number that it claims to have, unchecked: for telling what was seen before. Decide nothing else on it.
    ///
    /// # Errors
    /// [`RotationError::Signed`] when it is not a rotation at all.
    pub fn seq_hint(&self) -> Result<u64, RotationError> {
        Ok(Received::<RotateClaims>::parse(&self.rotate)?.hint().seq)
    }

    /// Checks that this is the one rotation that follows the pinned key: of this service, numbered one above, beginning
    /// at that key, leading to the key that was committed to, and signed by both.
    ///
    /// The mode is not judged here: a phone asks its user when it changes.
    ///
    /// # Errors
    /// [`RotationError`] names the first check that failed.
    pub fn verify(&self, service: ServiceId, pinned: &PinnedKey) -> Result<RotateClaims, RotationError> {
        let received = Received::<RotateClaims>::parse(&self.rotate)?;
        let RotateClaims { iss, seq, prev, key, .. } = *received.hint();
        if iss != service {
            return Err(RotationError::OtherService);
        }
        if pinned.seq.checked_add(1) != Some(seq) {
            return Err(RotationError::OutOfTurn { seq, after: pinned.seq });
        }
        if prev != pinned.key.thumbprint() {
            return Err(RotationError::OtherKey);
        }
        if key == pinned.key {
            return Err(RotationError::SameKey);
        }
        if key.thumbprint() != pinned.nkh {
            return Err(RotationError::NotCommitted);
        }
        let new = received.verify(&key)?;
        let old = Received::<RotateOldClaims>::parse(&self.old)?.verify(&pinned.key)?.into_claims();
        if old.iss != service {
            return Err(RotationError::OtherService);
        }
        if old.h != new.signed_digest() {
            return Err(RotationError::OtherRotation);
        }
        Ok(new.into_claims())
    }
}

#[cfg(test)]
mod tests;
