//! The fast backend (ring): C and assembly, for relays and login servers.

use ring::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey as AgreementKey};
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, UnparsedPublicKey};

use super::{BadSignature, KeyUseError};
use crate::bytes::{Secret, Signature};
use crate::jwk::{KeyError, PublicKey};
use crate::random::{Random, RandomError};

/// Verifies an ES256 signature.
///
/// # Errors
/// [`BadSignature`], with no further detail.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key.as_sec1())
        .verify(message, signature.as_bytes())
        .map_err(|_| BadSignature)
}

/// Makes a fresh key pair, agrees with `peer` and forgets the private half.
///
/// ring draws from the operating system itself, so `_random` is not asked.
///
/// # Errors
/// [`RandomError`] when the source of randomness fails.
pub fn agree_ephemeral(
    peer: &PublicKey,
    _random: &dyn Random,
) -> Result<(PublicKey, Secret<32>), RandomError> {
    let rng = SystemRandom::new();
    let private = EphemeralPrivateKey::generate(&agreement::ECDH_P256, &rng).map_err(|_| RandomError)?;
    let public = private.compute_public_key().map_err(|_| RandomError)?;
    let public = public.as_ref().try_into().map_err(|_| RandomError)?;
    let public = PublicKey::from_own_sec1(public).map_err(|_| RandomError)?;
    let peer = AgreementKey::new(&agreement::ECDH_P256, peer.as_sec1());
    let shared =
        agreement::agree_ephemeral(private, &peer, |x| <[u8; 32]>::try_from(x).map(Secret::from_bytes))
            .map_err(|_| RandomError)?
            .map_err(|_| RandomError)?;
    Ok((public, shared))
}

/// A prepared signing key.
pub struct SigningState {
    pair: EcdsaKeyPair,
    rng: SystemRandom,
}

impl SigningState {
    pub(crate) fn new(scalar: &Secret<32>, public: &PublicKey) -> Result<Self, KeyError> {
        let rng = SystemRandom::new();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            scalar.expose(),
            public.as_sec1(),
            &rng,
        )
        .map_err(|_| KeyError)?;
        Ok(Self { pair, rng })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, KeyUseError> {
        let signature = self.pair.sign(&self.rng, message).map_err(|_| KeyUseError)?;
        <[u8; 64]>::try_from(signature.as_ref()).map(Signature::from_bytes).map_err(|_| KeyUseError)
    }
}
