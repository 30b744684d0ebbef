//! The pure Rust backend (RustCrypto's p256).

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{SigningKey, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point as _;

use super::{BadSignature, KeyUseError};
use crate::bytes::{Secret, Signature};
use crate::jwk::{KeyError, PublicKey};
use crate::random::{Random, RandomError};

/// Verifies an ES256 signature.
///
/// # Errors
/// [`BadSignature`], with no further detail.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_sec1_bytes(key.as_sec1()).map_err(|_| BadSignature)?;
    let signature = p256::ecdsa::Signature::from_slice(signature.as_bytes()).map_err(|_| BadSignature)?;
    key.verify(message, &signature).map_err(|_| BadSignature)
}

/// The public half of a private scalar.
///
/// # Errors
/// [`KeyError`] unless 0 < scalar < n.
pub fn public_of(scalar: &Secret<32>) -> Result<PublicKey, KeyError> {
    let key = p256::SecretKey::from_slice(scalar.expose()).map_err(|_| KeyError)?;
    PublicKey::from_sec1(key.public_key().to_sec1_point(false).as_bytes())
}

/// ECDH: the x-coordinate of scalar × peer.
///
/// # Errors
/// [`KeyError`] unless both halves are valid.
pub fn agree(scalar: &Secret<32>, peer: &PublicKey) -> Result<Secret<32>, KeyError> {
    let key = p256::SecretKey::from_slice(scalar.expose()).map_err(|_| KeyError)?;
    let peer = p256::PublicKey::from_sec1_bytes(peer.as_sec1()).map_err(|_| KeyError)?;
    let shared = key.diffie_hellman(&peer);
    Ok(Secret::from_bytes((*shared.raw_secret_bytes()).into()))
}

/// Makes a fresh key pair, agrees with `peer` and forgets the private half.
///
/// # Errors
/// [`RandomError`] when the source of randomness fails.
pub fn agree_ephemeral(
    peer: &PublicKey,
    random: &dyn Random,
) -> Result<(PublicKey, Secret<32>), RandomError> {
    loop {
        let scalar = Secret::<32>::random(random)?;
        // All but one in 2^32 candidates are valid scalars. A peer off the curve never agrees with any of them.
        if let Ok(public) = public_of(&scalar) {
            return agree(&scalar, peer).map(|shared| (public, shared)).map_err(|_| RandomError);
        }
    }
}

/// A prepared signing key.
pub struct SigningState(SigningKey);

impl SigningState {
    /// Prepares a scalar for signing.
    ///
    /// # Errors
    /// [`KeyError`] unless 0 < scalar < n.
    pub fn new(scalar: &Secret<32>, _public: &PublicKey) -> Result<Self, KeyError> {
        SigningKey::from_slice(scalar.expose()).map(Self).map_err(|_| KeyError)
    }

    /// Signs `message` with a deterministic nonce (RFC 6979).
    ///
    /// # Errors
    /// [`KeyUseError`] when signing fails.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, KeyUseError> {
        let signature: p256::ecdsa::Signature = self.0.try_sign(message).map_err(|_| KeyUseError)?;
        Ok(Signature::from_bytes(signature.to_bytes().into()))
    }
}
