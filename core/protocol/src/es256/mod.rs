//! ES256 (RFC 7518 section 3.4) and ECDH over P-256, with two backends.
//!
//! [`p256_backend`] is pure Rust and always there (phones). `ring_backend` comes with the feature `ring` and is used
//! then (relay, login servers). Both are tested against each other and against the Wycheproof vectors.

pub mod p256_backend;
#[cfg(feature = "ring")]
pub mod ring_backend;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::bytes::{Secret, Signature};
use crate::jwk::{KeyError, PublicKey};
use crate::random::{Random, RandomError};

#[cfg(not(feature = "ring"))]
use p256_backend as active;
#[cfg(feature = "ring")]
use ring_backend as active;

/// A signature does not verify. Opaque on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// A key could not sign or agree: the key store refused, the user did not verify, or the hardware failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key could not be used")]
pub struct KeyUseError;

/// Something that signs with one P-256 key. The key may live in hardware.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs `message` (hashed with SHA-256 inside).
    ///
    /// # Errors
    /// [`KeyUseError`] when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Signature, KeyUseError>;
}

/// Something that performs ECDH with one P-256 key. The key may live in hardware.
pub trait Agreement: Send + Sync {
    /// The shared x-coordinate with `peer`.
    ///
    /// # Errors
    /// [`KeyUseError`] when the key cannot be used.
    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, KeyUseError>;
}

/// Verifies an ES256 signature with the active backend. r or s of 0 or ≥ n are refused.
///
/// # Errors
/// [`BadSignature`], with no further detail.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    active::verify(key, message, signature)
}

/// Makes a fresh key pair, agrees with `peer` and forgets the private half.
///
/// # Errors
/// [`RandomError`] when the source of randomness fails.
pub fn agree_ephemeral(
    peer: &PublicKey,
    random: &dyn Random,
) -> Result<(PublicKey, Secret<32>), RandomError> {
    active::agree_ephemeral(peer, random)
}

/// A P-256 private key in memory, for signing *or* for agreement; wiped when dropped.
///
/// Which of the two is the caller's duty: one key for both is among the likeliest mistakes (docs/threat-model.md).
pub struct SoftwareKey {
    scalar: Secret<32>,
    public: PublicKey,
    signer: active::SigningState,
}

impl SoftwareKey {
    /// Makes a fresh key.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        loop {
            let candidate = Secret::<32>::random(random)?;
            // All but one in 2^32 candidates are valid scalars.
            if let Ok(key) = Self::from_scalar(candidate) {
                return Ok(key);
            }
        }
    }

    /// Takes a private scalar over (32 bytes, big endian).
    ///
    /// # Errors
    /// [`KeyError`] unless 0 < scalar < n.
    pub fn from_scalar(scalar: Secret<32>) -> Result<Self, KeyError> {
        let public = p256_backend::public_of(&scalar)?;
        let signer = active::SigningState::new(&scalar, &public)?;
        Ok(Self { scalar, public, signer })
    }

    /// Shows the private scalar, for sealing it into a store.
    #[must_use]
    pub const fn expose_scalar(&self) -> &Secret<32> {
        &self.scalar
    }
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, KeyUseError> {
        self.signer.sign(message)
    }
}

impl Agreement for SoftwareKey {
    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, KeyUseError> {
        p256_backend::agree(&self.scalar, peer).map_err(|_| KeyUseError)
    }
}

impl std::fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftwareKey({:?}, …)", self.public)
    }
}

impl Drop for SoftwareKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl ZeroizeOnDrop for SoftwareKey {}

/// Derives `N` bytes with HKDF-SHA256 (RFC 5869) without a salt.
#[must_use]
pub fn hkdf<const N: usize>(secret: &[u8], info: &str) -> Zeroizing<[u8; N]> {
    let mut out = Zeroizing::new([0u8; N]);
    let hk = hkdf::Hkdf::<sha2::Sha256>::new(None, secret);
    // Only an output above 255 × 32 bytes could fail; every N here is 16 or 32.
    const { assert!(N <= 255 * 32) };
    let _ = hk.expand(info.as_bytes(), out.as_mut());
    out
}

#[cfg(test)]
mod tests;
