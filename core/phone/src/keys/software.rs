//! The software key store: P-256 keys sealed in the vault. No hardware behind it and no user verification.

use std::sync::Arc;

use nod_protocol::es256::{Agreement as _, Signer as _, SoftwareKey};
use nod_protocol::{PublicKey, Random, Secret, Signature};

use super::bound::{KeyScalar, MachineKey};
use super::{KeyName, KeyPurpose, KeyStore, KeyStoreError, KeyUse};
use crate::vault::{Contents, SealedKey, Vault, VaultError};

/// Keys in the vault's sealed blob; in memory they are wiped when dropped.
pub struct SoftwareKeys {
    vault: Arc<Vault>,
    random: Arc<dyn Random>,
    machine: Option<MachineKey>,
}

impl SoftwareKeys {
    /// A key store in `vault` that is not bound to a machine: whoever has the vault and its passphrase has the keys.
    #[must_use]
    pub fn new(vault: Arc<Vault>, random: Arc<dyn Random>) -> Self {
        Self { vault, random, machine: None }
    }

    /// A key store in `vault` whose keys are of use on this machine alone. Keys that were made before there was a
    /// machine secret are bound now.
    ///
    /// # Errors
    /// [`KeyStoreError::Unavailable`] when the vault cannot be written or the source of randomness fails.
    pub fn bound(
        vault: Arc<Vault>,
        random: Arc<dyn Random>,
        machine: &Secret<32>,
    ) -> Result<Self, KeyStoreError> {
        let machine = MachineKey::new(machine);
        let is_plain = |key: &SealedKey| matches!(key.scalar, KeyScalar::Plain(_));
        if vault.read(|contents| contents.keys.values().any(is_plain))? {
            vault.update(|contents| bind_all(contents, &machine, &*random))?;
        }
        Ok(Self { vault, random, machine: Some(machine) })
    }

    fn fresh(&self, name: &KeyName, purpose: KeyPurpose) -> Result<SealedKey, KeyStoreError> {
        let key = SoftwareKey::generate(&*self.random).map_err(|_| KeyStoreError::Unavailable)?;
        let scalar = match &self.machine {
            Some(machine) => machine.seal(name, key.expose_scalar(), &*self.random)?,
            None => KeyScalar::Plain(key.expose_scalar().clone()),
        };
        Ok(SealedKey { purpose, scalar, public: key.public_key() })
    }

    fn key(&self, name: &KeyName, signs: bool) -> Result<SoftwareKey, KeyStoreError> {
        let scalar = self.vault.read(|contents| match contents.keys.get(name) {
            None => Err(KeyStoreError::Missing),
            Some(key) if key.purpose.signs() != signs => Err(KeyStoreError::WrongPurpose),
            Some(key) => key.scalar.open(name, self.machine.as_ref()),
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
        let made = self.create_all(&[(name.clone(), purpose)])?;
        made.first().copied().ok_or(KeyStoreError::Unavailable)
    }

    fn create_all(&self, wanted: &[(KeyName, KeyPurpose)]) -> Result<Vec<PublicKey>, KeyStoreError> {
        let mut made = Vec::with_capacity(wanted.len());
        for (name, purpose) in wanted {
            made.push((name.clone(), self.fresh(name, *purpose)?));
        }
        let public = made.iter().map(|(_, key)| key.public).collect();
        self.vault.update(|contents| {
            for (name, sealed) in made {
                if contents.keys.insert(name, sealed).is_some() {
                    return Err(KeyStoreError::Exists);
                }
            }
            Ok(public)
        })
    }

    fn public_key(&self, name: &KeyName) -> Result<PublicKey, KeyStoreError> {
        self.vault
            .read(|contents| contents.keys.get(name).map(|key| key.public))?
            .ok_or(KeyStoreError::Missing)
    }

    fn sign(&self, name: &KeyName, message: &[u8], _purpose: KeyUse<'_>) -> Result<Signature, KeyStoreError> {
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

    fn delete_all(&self, names: Vec<KeyName>) -> Vec<KeyName> {
        let deleted = self.vault.update(|contents| {
            contents.keys.retain(|name, _| !names.contains(name));
            Ok::<_, VaultError>(())
        });
        match deleted {
            Ok(()) => names,
            Err(error) => {
                tracing::warn!(%error, "keys could not be deleted yet");
                Vec::new()
            }
        }
    }
}

impl std::fmt::Debug for SoftwareKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SoftwareKeys(…)")
    }
}

/// Binds every key that is not yet bound.
fn bind_all(contents: &mut Contents, machine: &MachineKey, random: &dyn Random) -> Result<(), KeyStoreError> {
    for (name, key) in &mut contents.keys {
        if let KeyScalar::Plain(scalar) = &key.scalar {
            key.scalar = machine.seal(name, scalar, random)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nod_protocol::OsRandom;

    use super::*;
    use crate::testing::{MemoryStorage, TestPhone, vault};

    fn name(text: &str) -> KeyName {
        KeyName::parse(text).unwrap()
    }

    fn on_machine(storage: &MemoryStorage, machine: u8) -> SoftwareKeys {
        SoftwareKeys::bound(vault(storage), Arc::new(OsRandom), &Secret::from_bytes([machine; 32])).unwrap()
    }

    fn unbound(storage: &MemoryStorage) -> SoftwareKeys {
        SoftwareKeys::new(vault(storage), Arc::new(OsRandom))
    }

    #[test]
    fn a_vault_copied_to_another_machine_cannot_approve_and_still_shows_its_codes() {
        let storage = MemoryStorage::default();
        let here = on_machine(&storage, 1);
        let public = here.create(&name("approve"), KeyPurpose::Approve).unwrap();
        let peer = here.create(&name("enc"), KeyPurpose::Enc).unwrap();
        TestPhone::on(&storage).engine.add_code("otpauth://totp/x?secret=MY").unwrap();
        assert!(on_machine(&storage, 1).sign(&name("approve"), b"m", KeyUse::Silent).is_ok());
        for copy in [on_machine(&storage, 2), unbound(&storage)] {
            assert_eq!(copy.sign(&name("approve"), b"m", KeyUse::Silent), Err(KeyStoreError::OtherMachine));
            assert_eq!(copy.agree(&name("enc"), &peer).err(), Some(KeyStoreError::OtherMachine));
            assert_eq!(copy.public_key(&name("approve")), Ok(public));
        }
        let codes = TestPhone::on(&storage).engine.codes_now().unwrap();
        assert!(codes[0].1.is_some(), "codes are not bound");
    }

    #[test]
    fn keys_from_before_are_bound_when_the_vault_is_next_opened() {
        let storage = MemoryStorage::default();
        unbound(&storage).create(&name("old"), KeyPurpose::Deny).unwrap();
        assert!(on_machine(&storage, 1).sign(&name("old"), b"m", KeyUse::Silent).is_ok());
        assert_eq!(
            unbound(&storage).sign(&name("old"), b"m", KeyUse::Silent),
            Err(KeyStoreError::OtherMachine)
        );
        assert_eq!(
            on_machine(&storage, 2).sign(&name("old"), b"m", KeyUse::Silent),
            Err(KeyStoreError::OtherMachine)
        );
        assert!(on_machine(&storage, 1).sign(&name("old"), b"m", KeyUse::Silent).is_ok(), "and stays so");
    }

    #[test]
    fn two_bound_keys_cannot_be_exchanged() {
        let storage = MemoryStorage::default();
        let keys = on_machine(&storage, 1);
        for each in ["one", "two"] {
            keys.create(&name(each), KeyPurpose::Approve).unwrap();
        }
        let exchanged = keys.vault.update(|contents| {
            let one = contents.keys[&name("one")].scalar.clone();
            contents.keys.get_mut(&name("two")).unwrap().scalar = one;
            Ok::<_, VaultError>(())
        });
        assert_eq!(exchanged, Ok(()));
        assert_eq!(keys.sign(&name("two"), b"m", KeyUse::Silent), Err(KeyStoreError::OtherMachine));
    }

    #[test]
    fn the_text_of_a_scalar_is_that_of_before_where_it_is_not_bound() {
        let plain = KeyScalar::Plain(Secret::from_bytes([7; 32]));
        let text = serde_json::to_string(&plain).unwrap();
        assert_eq!(text, format!("{:?}", Secret::from_bytes([7u8; 32]).to_text().as_str()));
        assert_eq!(serde_json::from_str::<KeyScalar>(&text).unwrap(), plain);
        let machine = MachineKey::new(&Secret::from_bytes([1; 32]));
        let bound = machine.seal(&name("a"), &Secret::from_bytes([7; 32]), &OsRandom).unwrap();
        let text = serde_json::to_string(&bound).unwrap();
        assert!(text.starts_with("\"machine."), "{text}");
        assert_eq!(serde_json::from_str::<KeyScalar>(&text).unwrap(), bound);
        assert!(serde_json::from_str::<KeyScalar>("\"machine.AAAA\"").is_err());
        assert_eq!(format!("{plain:?} {bound:?}"), "Plain(…) Bound(…)");
    }
}
