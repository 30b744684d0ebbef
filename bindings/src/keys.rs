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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_keys::MemoryKeys;
    use std::sync::Mutex;

    /// Keys in memory that remember what they were asked, and may answer with nonsense.
    struct Platform {
        keys: Arc<MemoryKeys>,
        asked: Mutex<Vec<String>>,
        refuses: Option<KeyError>,
        broken: bool,
    }

    impl Platform {
        fn new() -> Self {
            Self { keys: MemoryKeys::new(), asked: Mutex::default(), refuses: None, broken: false }
        }

        fn spoilt(&self, good: Vec<u8>) -> Vec<u8> {
            if self.broken { good.into_iter().skip(1).collect() } else { good }
        }
    }

    impl PlatformKeys for Platform {
        fn create(
            &self,
            name: String,
            kind: KeyKind,
            attest_to: Option<Vec<u8>>,
        ) -> Result<CreatedKey, KeyError> {
            self.asked.lock().unwrap().push(format!("create {kind:?} {}", attest_to.is_some()));
            let made = self.keys.create(name, kind)?;
            let attestation = attest_to.map(|challenge| format!("test.{}", challenge.len()));
            Ok(CreatedKey { public_key: self.spoilt(made.public_key), attestation })
        }
        fn public_key(&self, name: String) -> Result<Vec<u8>, KeyError> {
            Ok(self.spoilt(self.keys.public_key(name)?))
        }
        fn sign(&self, name: String, message: Vec<u8>, reason: PromptReason) -> Result<Vec<u8>, KeyError> {
            self.asked.lock().unwrap().push(format!("sign {reason:?}"));
            self.refuses.map_or_else(|| Ok(self.spoilt(self.keys.sign(name, message)?)), Err)
        }
        fn agree(&self, name: String, peer: Vec<u8>) -> Result<Vec<u8>, KeyError> {
            Ok(self.spoilt(self.keys.agree(name, peer)?))
        }
        fn delete(&self, name: String) -> Result<(), KeyError> {
            self.keys.delete(name);
            Ok(())
        }
        fn verifies_user(&self) -> bool {
            true
        }
        fn attests(&self) -> bool {
            true
        }
    }

    fn name(text: &str) -> KeyName {
        KeyName::parse(text).unwrap()
    }

    #[test]
    fn what_a_platform_signs_in_der_verifies_on_the_wire() {
        let platform = Arc::new(Platform::new());
        let keys = ForeignKeys(platform.clone());
        let (public, word) = keys.create_attested(&name("a"), &Digest::of(b"challenge")).unwrap();
        assert_eq!(word.as_deref(), Some("test.32"));
        let signed = keys.sign(&name("a"), b"m", KeyUse::Approve { service: "Fjordbanken" }).unwrap();
        assert!(nod_protocol::es256::verify(&public, b"m", &signed).is_ok());
        let asked = platform.asked.lock().unwrap();
        assert_eq!(*asked, ["create Approve true", "sign Approve { service: \"Fjordbanken\" }"]);
    }

    #[test]
    fn two_platforms_agree_on_one_secret() {
        let (one, two) = (ForeignKeys(Arc::new(Platform::new())), ForeignKeys(Arc::new(Platform::new())));
        let (a, b) = (
            one.create(&name("a"), KeyPurpose::Enc).unwrap(),
            two.create(&name("b"), KeyPurpose::Enc).unwrap(),
        );
        assert_eq!(one.agree(&name("a"), &b).unwrap().expose(), two.agree(&name("b"), &a).unwrap().expose());
    }

    #[test]
    fn a_platforms_refusal_keeps_its_reason() {
        for (said, heard) in [
            (KeyError::UserNotVerified, KeyStoreError::UserNotVerified),
            (KeyError::Invalidated, KeyStoreError::Invalidated),
            (KeyError::Missing, KeyStoreError::Missing),
            (KeyError::Unavailable, KeyStoreError::Unavailable),
        ] {
            let platform = Platform { refuses: Some(said), ..Platform::new() };
            let keys = ForeignKeys(Arc::new(platform));
            keys.create(&name("a"), KeyPurpose::Approve).unwrap();
            assert_eq!(keys.sign(&name("a"), b"m", KeyUse::Enrol).err(), Some(heard));
        }
    }

    #[test]
    fn bytes_that_are_no_key_or_signature_are_not_taken() {
        let platform = Arc::new(Platform { broken: true, ..Platform::new() });
        let keys = ForeignKeys(platform);
        assert_eq!(keys.create(&name("a"), KeyPurpose::Approve), Err(KeyStoreError::Unavailable));
        assert_eq!(keys.public_key(&name("a")), Err(KeyStoreError::Unavailable));
        assert_eq!(keys.sign(&name("a"), b"m", KeyUse::Silent), Err(KeyStoreError::Unavailable));
    }
}
