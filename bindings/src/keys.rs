//! The platform's key store as a foreign trait, and its adapter.

use std::sync::Arc;

use nod_phone::{KeyName, KeyPurpose, KeyStore, KeyStoreError, KeyUse};
use nod_protocol::{Digest, PublicKey, Secret, Signature};
use zeroize::Zeroize as _;

/// What a key may be used for, fixed when it is created (docs/protocol.md section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum KeyKind {
    /// Signs approvals and moves: the user must be verified for each use, by hardware where there is any.
    Approve,
    /// Signs denials and reports: never asks for the user, and outlives a newly enrolled fingerprint.
    Deny,
    /// Agrees (ECDH) to open challenges: never asks for the user.
    Enc,
    /// Signs the hello to a relay: never asks for the user.
    Channel,
}

/// What an `Approve` key is about to be used for, so that the prompt can say it in the user's language.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum PromptReason {
    /// None: the key does not ask.
    Silent,
    /// An account is added to this phone.
    Enrol,
    /// A sign-in to this service is approved.
    Approve {
        /// The service's pinned name.
        service: String,
    },
    /// The QR code of a move is about to be shown.
    OfferMove,
    /// The account at this service is given to the new phone.
    MoveAway {
        /// The service's pinned name.
        service: String,
    },
    /// The account at this service is taken over from the old phone.
    TakeOver {
        /// The service's pinned name.
        service: String,
    },
}

/// A key that was made.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CreatedKey {
    /// The public half: the 65 bytes of an uncompressed point of P-256 (SEC 1 section 2.3.3).
    pub public_key: Vec<u8>,
    /// The platform's attestation, where it was asked for and there is one: at most 4,096 characters, in the form of
    /// docs/protocol.md section 3.
    pub attestation: Option<String>,
}

/// Why a platform could not create or use a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyError {
    /// There is no key of that name.
    #[error("the key is not there")]
    Missing,
    /// There is a key of that name already.
    #[error("a key of that name exists")]
    Exists,
    /// The user declined, failed to show that it is them, or let the prompt run out.
    #[error("the user was not verified")]
    UserNotVerified,
    /// The platform made the key unusable, as when a fingerprint was enrolled anew.
    #[error("the key can no longer be used")]
    Invalidated,
    /// The store cannot be reached, is locked, or failed.
    #[error("the key store is not available")]
    Unavailable,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}

/// Where private keys live: Android Keystore or the Secure Enclave. Calls come from a thread that may block, never
/// from the one that draws; `sign` with an `Approve` key blocks while the user is asked.
#[uniffi::export(with_foreign)]
pub trait PlatformKeys: Send + Sync {
    /// Makes a fresh P-256 key under `name`. It is durable when this returns. `attest_to` is 32 bytes that the platform's
    /// attestation is to cover, where it is wanted and can be had.
    fn create(&self, name: String, kind: KeyKind, attest_to: Option<Vec<u8>>)
    -> Result<CreatedKey, KeyError>;

    /// The public half: 65 bytes, uncompressed.
    fn public_key(&self, name: String) -> Result<Vec<u8>, KeyError>;

    /// An ECDSA signature over the SHA-256 digest of `message`, in DER.
    fn sign(&self, name: String, message: Vec<u8>, reason: PromptReason) -> Result<Vec<u8>, KeyError>;

    /// The 32 bytes that ECDH with `peer` (65 bytes, uncompressed) gives: the x-coordinate.
    fn agree(&self, name: String, peer: Vec<u8>) -> Result<Vec<u8>, KeyError>;

    /// Deletes a key; one that is not there is fine.
    fn delete(&self, name: String) -> Result<(), KeyError>;

    /// Whether each use of an `Approve` key verifies the user. Enters what is signed.
    fn verifies_user(&self) -> bool;

    /// Whether `create` gives attestations.
    fn attests(&self) -> bool;
}

/// A platform's keys as the phone sees them.
pub(crate) struct ForeignKeys(pub(crate) Arc<dyn PlatformKeys>);

impl ForeignKeys {
    fn make(
        &self,
        name: &KeyName,
        purpose: KeyPurpose,
        attest_to: Option<&Digest>,
    ) -> Result<(PublicKey, Option<String>), KeyStoreError> {
        let attest_to = attest_to.map(|challenge| challenge.as_bytes().to_vec());
        let made = self.0.create(name.to_string(), purpose.into(), attest_to)?;
        Ok((point(&made.public_key)?, made.attestation))
    }
}

impl KeyStore for ForeignKeys {
    fn create(&self, name: &KeyName, purpose: KeyPurpose) -> Result<PublicKey, KeyStoreError> {
        Ok(self.make(name, purpose, None)?.0)
    }

    fn attests(&self) -> bool {
        self.0.attests()
    }

    fn create_attested(
        &self,
        name: &KeyName,
        challenge: &Digest,
    ) -> Result<(PublicKey, Option<String>), KeyStoreError> {
        self.make(name, KeyPurpose::Approve, self.attests().then_some(challenge))
    }

    fn public_key(&self, name: &KeyName) -> Result<PublicKey, KeyStoreError> {
        point(&self.0.public_key(name.to_string())?)
    }

    fn sign(&self, name: &KeyName, message: &[u8], purpose: KeyUse<'_>) -> Result<Signature, KeyStoreError> {
        let der = self.0.sign(name.to_string(), message.to_vec(), purpose.into())?;
        Signature::from_der(&der).ok_or(KeyStoreError::Unavailable)
    }

    fn agree(&self, name: &KeyName, peer: &PublicKey) -> Result<Secret<32>, KeyStoreError> {
        let mut shared = self.0.agree(name.to_string(), peer.as_sec1().to_vec())?;
        let secret = <[u8; 32]>::try_from(shared.as_slice()).map(Secret::from_bytes);
        shared.zeroize();
        secret.map_err(|_| KeyStoreError::Unavailable)
    }

    fn delete(&self, name: &KeyName) -> Result<(), KeyStoreError> {
        Ok(self.0.delete(name.to_string())?)
    }

    fn verifies_user(&self) -> bool {
        self.0.verifies_user()
    }
}

fn point(bytes: &[u8]) -> Result<PublicKey, KeyStoreError> {
    let bytes = <[u8; 65]>::try_from(bytes).map_err(|_| KeyStoreError::Unavailable)?;
    PublicKey::from_sec1(&bytes).map_err(|_| KeyStoreError::Unavailable)
}

impl From<KeyError> for KeyStoreError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Missing => Self::Missing,
            KeyError::Exists => Self::Exists,
            KeyError::UserNotVerified => Self::UserNotVerified,
            KeyError::Invalidated => Self::Invalidated,
            KeyError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<KeyPurpose> for KeyKind {
    fn from(purpose: KeyPurpose) -> Self {
        match purpose {
            KeyPurpose::Approve => Self::Approve,
            KeyPurpose::Deny => Self::Deny,
            KeyPurpose::Enc => Self::Enc,
            KeyPurpose::Channel => Self::Channel,
        }
    }
}

impl From<KeyUse<'_>> for PromptReason {
    fn from(purpose: KeyUse<'_>) -> Self {
        match purpose {
            KeyUse::Enrol => Self::Enrol,
            KeyUse::Approve { service } => Self::Approve { service: service.to_owned() },
            KeyUse::OfferMove => Self::OfferMove,
            KeyUse::MoveAway { service } => Self::MoveAway { service: service.to_owned() },
            KeyUse::TakeOver { service } => Self::TakeOver { service: service.to_owned() },
            KeyUse::Silent | _ => Self::Silent,
        }
    }
}
