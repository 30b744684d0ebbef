//! The seam to wherever private keys live: named keys that are created, used and deleted, and never read.
//!
//! Android Keystore and the Secure Enclave implement [`KeyStore`] outside this crate; [`SoftwareKeys`] is the one for
//! desktops and tests, sealed in the [`crate::Vault`] (docs/protocol.md section 3).

mod bound;
mod software;

use std::sync::Mutex;

use nod_protocol::es256::{Agreement, KeyUseError, Signer};
use nod_protocol::{Digest, PublicKey, Random, RandomError, Secret, Signature};
use serde::{Deserialize, Serialize};

pub(crate) use bound::KeyScalar;
pub use software::SoftwareKeys;

/// The name of one key: up to 64 characters out of `a-z A-Z 0-9 _ - .`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyName(String);

/// A text is not the name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a key")]
pub struct KeyNameError;

impl KeyName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`KeyNameError`] for a text that is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, KeyNameError> {
        let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if (1..=64).contains(&text.len()) && text.bytes().all(fine) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyNameError)
        }
    }

    /// A fresh name for a key of this purpose: 128 random bits, so that names never meet.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub(crate) fn fresh(purpose: KeyPurpose, random: &dyn Random) -> Result<Self, RandomError> {
        let mut bits = [0u8; 16];
        random.fill(&mut bits)?;
        Ok(Self(format!("nod.{}.{}", purpose.word(), nod_protocol::bytes::encode(&bits))))
    }

    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyName {
    type Error = KeyNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<KeyName> for String {
    fn from(name: KeyName) -> Self {
        name.0
    }
}

impl std::fmt::Display for KeyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key may be used for, fixed when it is created. One key for one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPurpose {
    /// Signs approvals; the store verifies the user on each use where it can.
    Approve,
    /// Signs denials and reports; never asks for the user.
    Deny,
    /// Opens challenges (ECDH); never signs.
    Enc,
    /// Signs the hello to a relay; never asks for the user.
    Channel,
}

impl KeyPurpose {
    /// Whether keys of this purpose sign; the other one agrees.
    #[must_use]
    pub const fn signs(self) -> bool {
        !matches!(self, Self::Enc)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Enc => "enc",
            Self::Channel => "channel",
        }
    }
}

/// Why a key could not be created or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// There is no key of that name.
    #[error("the key is not there")]
    Missing,
    /// There is a key of that name already.
    #[error("a key of that name exists")]
    Exists,
    /// The key's purpose does not allow that use.
    #[error("the key is not for this use")]
    WrongPurpose,
    /// The user was asked and declined, or failed to show that it is them.
    #[error("the user was not verified")]
    UserNotVerified,
    /// The platform made the key unusable, as when a fingerprint was enrolled anew.
    #[error("the key can no longer be used")]
    Invalidated,
    /// The key is sealed to another machine: its vault was copied here, or this machine's secret is gone. Other data
    /// of the vault can be read; its accounts must be enrolled anew.
    #[error("the key belongs to another machine")]
    OtherMachine,
    /// The store cannot be reached, is locked, or failed.
    #[error("the key store is not available")]
    Unavailable,
}

/// What a key is about to be used for, so that a prompt can say it in the user's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyUse<'a> {
    /// Nothing that the user is asked about: denials, reports, the hello to a relay.
    Silent,
    /// An account is added to this phone.
    Enrol,
    /// A sign-in to this service is approved.
    Approve {
        /// The service's pinned name.
        service: &'a str,
    },
    /// The QR code of a move is about to be shown.
    OfferMove,
    /// The account at this service is given to the new phone.
    MoveAway {
        /// The service's pinned name.
        service: &'a str,
    },
    /// The account at this service is taken over from the old phone.
    TakeOver {
        /// The service's pinned name.
        service: &'a str,
    },
}

/// The longest attestation that is sent along, in characters: a longer one would not fit into a message, and is left out.
pub const MAX_ATTESTATION: usize = 4096;

/// What a platform is asked to attest, so that an attestation is of use for one enrolment or one move alone
/// (docs/protocol.md section 3).
pub(crate) fn attestation_challenge(id: &[u8; 16]) -> Digest {
    Digest::of(&[b"nod/attest/1".as_slice(), id].concat())
}

/// An attestation that fits into a message.
pub(crate) fn fitting(attestation: Option<String>) -> Option<String> {
    let fits = attestation.as_ref().is_none_or(|text| text.len() <= MAX_ATTESTATION);
    if !fits {
        tracing::warn!("the platform's attestation of a key is too long, and is left out");
    }
    attestation.filter(|_| fits)
}

/// Where private keys live. Implementations may block while they ask the user.
pub trait KeyStore: Send + Sync {
    /// Makes a fresh P-256 key and gives its public half. It is durable when this returns.
    ///
    /// # Errors
    /// [`KeyStoreError::Exists`] when the name is taken; others when the store cannot.
    fn create(&self, name: &KeyName, purpose: KeyPurpose) -> Result<PublicKey, KeyStoreError>;

    /// Makes several fresh keys, all of them or none, and gives their public halves in that order. A store that can make
    /// them in one write should.
    ///
    /// # Errors
    /// As [`KeyStore::create`].
    fn create_all(&self, wanted: &[(KeyName, KeyPurpose)]) -> Result<Vec<PublicKey>, KeyStoreError> {
        let mut made = Vec::with_capacity(wanted.len());
        for (at, (name, purpose)) in wanted.iter().enumerate() {
            match self.create(name, *purpose) {
                Ok(public) => made.push(public),
                Err(error) => {
                    for (name, _) in wanted.iter().take(at) {
                        // Nothing refers to a key that could not be deleted; it is of no use to anyone.
                        let _ = self.delete(name);
                    }
                    return Err(error);
                }
            }
        }
        Ok(made)
    }

    /// Whether [`KeyStore::create_attested`] gives attestations.
    fn attests(&self) -> bool {
        false
    }

    /// Makes a fresh `approve` key and gives its public half with the platform's attestation of it over `challenge`,
    /// where there is one: at most [`MAX_ATTESTATION`] characters, in the form of docs/protocol.md section 3.
    ///
    /// # Errors
    /// As [`KeyStore::create`].
    fn create_attested(
        &self,
        name: &KeyName,
        challenge: &Digest,
    ) -> Result<(PublicKey, Option<String>), KeyStoreError> {
        let _ = challenge;
        Ok((self.create(name, KeyPurpose::Approve)?, None))
    }

    /// The public half of a key.
    ///
    /// # Errors
    /// [`KeyStoreError::Missing`] when there is none.
    fn public_key(&self, name: &KeyName) -> Result<PublicKey, KeyStoreError>;

    /// Signs `message` with ES256 (hashed with SHA-256 inside). A prompt tells the user what it is for.
    ///
    /// # Errors
    /// [`KeyStoreError::WrongPurpose`] for an `enc` key; others when the store cannot or the user declines.
    fn sign(&self, name: &KeyName, message: &[u8], purpose: KeyUse<'_>) -> Result<Signature, KeyStoreError>;

    /// The shared x-coordinate of an `enc` key with `peer`.
    ///
    /// # Errors
    /// [`KeyStoreError::WrongPurpose`] for a key that signs; others when the store cannot.
    fn agree(&self, name: &KeyName, peer: &PublicKey) -> Result<Secret<32>, KeyStoreError>;

    /// Deletes a key; one that is not there is fine.
    ///
    /// # Errors
    /// When the store cannot.
    fn delete(&self, name: &KeyName) -> Result<(), KeyStoreError>;

    /// Deletes several keys and says which ones are gone. A store that can do so in one write should.
    fn delete_all(&self, names: Vec<KeyName>) -> Vec<KeyName> {
        let gone = |name: &KeyName| match self.delete(name) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "a key could not be deleted yet");
                false
            }
        };
        names.into_iter().filter(gone).collect()
    }

    /// Whether signing with an `approve` key verifies the user each time. Enters the answer's `uv` claim.
    fn verifies_user(&self) -> bool {
        false
    }
}

/// One named key as a [`Signer`], remembering why it failed.
pub(crate) struct NamedSigner<'a> {
    store: &'a dyn KeyStore,
    name: &'a KeyName,
    public: PublicKey,
    purpose: KeyUse<'a>,
    failure: Mutex<Option<KeyStoreError>>,
}

impl<'a> NamedSigner<'a> {
    pub(crate) fn new(
        store: &'a dyn KeyStore,
        name: &'a KeyName,
        purpose: KeyUse<'a>,
    ) -> Result<Self, KeyStoreError> {
        let public = store.public_key(name)?;
        Ok(Self { store, name, public, purpose, failure: Mutex::new(None) })
    }

    /// What the store said when the last use failed.
    pub(crate) fn failure(&self) -> KeyStoreError {
        self.failure.lock().ok().and_then(|f| *f).unwrap_or(KeyStoreError::Unavailable)
    }
}

impl Signer for NamedSigner<'_> {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, KeyUseError> {
        self.store.sign(self.name, message, self.purpose).map_err(|error| {
            if let Ok(mut failure) = self.failure.lock() {
                *failure = Some(error);
            }
            KeyUseError
        })
    }
}

/// One named key as an [`Agreement`].
pub(crate) struct NamedAgreement<'a> {
    pub(crate) store: &'a dyn KeyStore,
    pub(crate) name: &'a KeyName,
}

impl Agreement for NamedAgreement<'_> {
    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, KeyUseError> {
        self.store.agree(self.name, peer).map_err(|_| KeyUseError)
    }
}
