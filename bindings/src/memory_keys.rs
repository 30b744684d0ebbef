//! Keys in memory, for previews and for tests on machines without a platform key store. They die with the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use nod_protocol::es256::{Agreement as _, Signer as _, SoftwareKey};
use nod_protocol::{OsRandom, PublicKey};

use crate::keys::{CreatedKey, KeyError, KeyKind, PlatformKeys, PromptReason};

/// Keys in memory. An app never uses them; what it tests with can wrap them.
#[derive(Default, uniffi::Object)]
pub struct MemoryKeys(Mutex<HashMap<String, (KeyKind, SoftwareKey)>>);

#[uniffi::export]
impl MemoryKeys {
    /// No keys yet.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Makes a key; never attests it.
    ///
    /// # Errors
    /// [`KeyError::Exists`] when the name is taken.
    pub fn create(&self, name: String, kind: KeyKind) -> Result<CreatedKey, KeyError> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.contains_key(&name) {
            return Err(KeyError::Exists);
        }
        let key = SoftwareKey::generate(&OsRandom).map_err(|_| KeyError::Unavailable)?;
        let public_key = key.public_key().as_sec1().to_vec();
        keys.insert(name, (kind, key));
        Ok(CreatedKey { public_key, attestation: None })
    }

    /// The public half: 65 bytes.
    ///
    /// # Errors
    /// [`KeyError::Missing`] when there is no such key.
    pub fn public_key(&self, name: String) -> Result<Vec<u8>, KeyError> {
        self.with(&name, |_, key| Ok(key.public_key().as_sec1().to_vec()))
    }

    /// A signature in DER.
    ///
    /// # Errors
    /// [`KeyError`] when there is no such key, or it is one that agrees.
    pub fn sign(&self, name: String, message: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        self.with(&name, |kind, key| {
            let signs = kind != KeyKind::Enc;
            let signature = key.sign(&message).ok().filter(|_| signs).ok_or(KeyError::Unavailable)?;
            Ok(signature.to_der())
        })
    }

    /// The 32 bytes that ECDH gives.
    ///
    /// # Errors
    /// [`KeyError`] when there is no such key, it is one that signs, or `peer` is no point.
    pub fn agree(&self, name: String, peer: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        self.with(&name, |kind, key| {
            let bytes = <[u8; 65]>::try_from(peer.as_slice()).map_err(|_| KeyError::Unavailable)?;
            let peer = PublicKey::from_sec1(&bytes).map_err(|_| KeyError::Unavailable)?;
            let shared = key.agree(&peer).ok().filter(|_| kind == KeyKind::Enc);
            shared.map(|secret| secret.expose().to_vec()).ok_or(KeyError::Unavailable)
        })
    }

    /// Deletes a key; one that is not there is fine.
    pub fn delete(&self, name: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
    }
}

impl MemoryKeys {
    fn with<T>(
        &self,
        name: &str,
        step: impl FnOnce(KeyKind, &SoftwareKey) -> Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, key) = keys.get(name).ok_or(KeyError::Missing)?;
        step(*kind, key)
    }
}

/// As a platform's keys that ask nobody.
impl PlatformKeys for MemoryKeys {
    fn create(
        &self,
        name: String,
        kind: KeyKind,
        _attest_to: Option<Vec<u8>>,
    ) -> Result<CreatedKey, KeyError> {
        Self::create(self, name, kind)
    }

    fn public_key(&self, name: String) -> Result<Vec<u8>, KeyError> {
        Self::public_key(self, name)
    }

    fn sign(&self, name: String, message: Vec<u8>, _reason: PromptReason) -> Result<Vec<u8>, KeyError> {
        Self::sign(self, name, message)
    }

    fn agree(&self, name: String, peer: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        Self::agree(self, name, peer)
    }

    fn delete(&self, name: String) -> Result<(), KeyError> {
        Self::delete(self, name);
        Ok(())
    }

    fn verifies_user(&self) -> bool {
        false
    }

    fn attests(&self) -> bool {
        false
    }
}
