//! The software key store: P-256 keys sealed in the vault. No hardware behind it and no user verification.

use std::sync::Arc;

use nod_protocol::es256::{Agreement as _, Signer as _, SoftwareKey};
use nod_protocol::{PublicKey, Random, Secret, Signature};

use super::{KeyName, KeyPurpose, KeyStore, KeyStoreError};
use crate::vault::{SealedKey, Vault, VaultError};

/// Keys in the vault's sealed blob; in memory they are wiped when dropped.
pub struct SoftwareKeys {
    vault: Arc<Vault>,
    random: Arc<dyn Random>,
}

impl SoftwareKeys {
    /// A key store in `vault`.
    #[must_use]
    pub fn new(vault: Arc<Vault>, random: Arc<dyn Random>) -> Self {
        Self { vault, random }
    }

    fn key(&self, name: &KeyName, signs: bool) -> Result<SoftwareKey, KeyStoreError> {
        let scalar = self.vault.read(|contents| match contents.keys.get(name) {
            None => Err(KeyStoreError::Missing),
            Some(key) if key.purpose.signs() != signs => Err(KeyStoreError::WrongPurpose),
            Some(key) => Ok(key.scalar.clone()),
        })??;
        SoftwareKey::from_scalar(scalar).map_err(|_| KeyStoreError::Unavailable)
    }
}

impl From<VaultError> for KeyStoreError {
    fn from(_: VaultError) -> Self {
        Self::Unavailable
    }
}

impl KeyStore for SoftwareKeys {
    fn create(&self, name: &KeyName, purpose: KeyPurpose) -> Result<PublicKey, KeyStoreError> {
        let key = SoftwareKey::generate(&*self.random).map_err(|_| KeyStoreError::Unavailable)?;
        self.vault.update(|contents| {
            if contents.keys.contains_key(name) {
                return Err(KeyStoreError::Exists);
            }
            let sealed = SealedKey { purpose, scalar: key.expose_scalar().clone(), public: key.public_key() };
            contents.keys.insert(name.clone(), sealed);
            Ok(())
        })?;
        Ok(key.public_key())
    }

    fn public_key(&self, name: &KeyName) -> Result<PublicKey, KeyStoreError> {
        self.vault
            .read(|contents| contents.keys.get(name).map(|key| key.public))?
            .ok_or(KeyStoreError::Missing)
    }

    fn sign(&self, name: &KeyName, message: &[u8], _reason: &str) -> Result<Signature, KeyStoreError> {
        self.key(name, true)?.sign(message).map_err(|_| KeyStoreError::Unavailable)
    }

    fn agree(&self, name: &KeyName, peer: &PublicKey) -> Result<Secret<32>, KeyStoreError> {
        self.key(name, false)?.agree(peer).map_err(|_| KeyStoreError::Unavailable)
    }

    fn delete(&self, name: &KeyName) -> Result<(), KeyStoreError> {
        self.vault.update(|contents| {
            contents.keys.remove(name);
            Ok(())
        })
    }
}

impl std::fmt::Debug for SoftwareKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SoftwareKeys(…)")
    }
}
