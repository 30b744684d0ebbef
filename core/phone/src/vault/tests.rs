//! The vault: sealing, damage, several processes.

use std::sync::Arc;

use nod_protocol::OsRandom;
use proptest::prelude::*;

use super::*;
use crate::keys::{KeyName, KeyPurpose, KeyStore as _, KeyStoreError, SoftwareKeys};
use crate::testing::{MemoryStorage, vault};

fn unlock_with(storage: &MemoryStorage, unlock: &Unlock) -> Result<Vault, VaultError> {
    Vault::unlock(Box::new(storage.clone()), unlock, KdfCost::LEAST, Arc::new(OsRandom))
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

fn keys(vault: &Arc<Vault>) -> SoftwareKeys {
    SoftwareKeys::new(Arc::clone(vault), Arc::new(OsRandom))
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let storage = MemoryStorage::default();
    let public = keys(&vault(&storage)).create(&name("a"), KeyPurpose::Approve).unwrap();
    assert_eq!(keys(&vault(&storage)).public_key(&name("a")), Ok(public));
}

#[test]
fn a_wrong_passphrase_is_told_from_a_damaged_vault() {
    let storage = MemoryStorage::default();
    drop(vault(&storage));
    let wrong = unlock_with(&storage, &Unlock::passphrase("incorrect horse"));
    assert_eq!(wrong.err(), Some(VaultError::WrongPassphrase));
    let key = unlock_with(&storage, &Unlock::Key(Secret::from_bytes([1; 32])));
    assert_eq!(key.err(), Some(VaultError::WrongPassphrase), "another kind of key");
    storage.0.lock().unwrap().as_mut().unwrap().truncate(40);
    let cut = unlock_with(&storage, &Unlock::passphrase("correct horse"));
    assert_eq!(cut.err(), Some(VaultError::Damaged));
}

#[test]
fn a_vault_of_a_newer_version_is_left_alone() {
    let storage = MemoryStorage::default();
    drop(vault(&storage));
    storage.0.lock().unwrap().as_mut().unwrap()[8] = 2;
    let newer = unlock_with(&storage, &Unlock::passphrase("correct horse"));
    assert_eq!(newer.err(), Some(VaultError::NewerVersion));
}

#[test]
fn a_platform_key_opens_a_vault_without_a_passphrase() {
    let storage = MemoryStorage::default();
    let key = || Unlock::Key(Secret::from_bytes([7; 32]));
    let first = Arc::new(unlock_with(&storage, &key()).unwrap());
    keys(&first).create(&name("a"), KeyPurpose::Deny).unwrap();
    assert!(unlock_with(&storage, &key()).is_ok());
    let other = unlock_with(&storage, &Unlock::Key(Secret::from_bytes([8; 32])));
    assert_eq!(other.err(), Some(VaultError::WrongPassphrase));
}

#[test]
fn two_processes_do_not_write_over_each_other() {
    let storage = MemoryStorage::default();
    let (one, two) = (vault(&storage), vault(&storage));
    keys(&one).create(&name("one"), KeyPurpose::Approve).unwrap();
    keys(&two).create(&name("two"), KeyPurpose::Approve).unwrap();
    for process in [&one, &two] {
        assert!(keys(process).public_key(&name("one")).is_ok());
        assert!(keys(process).public_key(&name("two")).is_ok());
    }
}

#[test]
fn a_change_that_fails_leaves_nothing_behind() {
    let vault = vault(&MemoryStorage::default());
    let failed = vault.update(|contents| {
        contents.doomed.push(name("x"));
        Err::<(), _>(VaultError::Random)
    });
    assert_eq!(failed, Err(VaultError::Random));
    assert!(vault.read(|contents| contents.doomed.is_empty()).unwrap());
}

#[test]
fn keys_do_only_what_they_are_for() {
    let keys = keys(&vault(&MemoryStorage::default()));
    keys.create(&name("sign"), KeyPurpose::Approve).unwrap();
    let peer = keys.create(&name("enc"), KeyPurpose::Enc).unwrap();
    assert_eq!(keys.sign(&name("enc"), b"m", crate::KeyUse::Silent), Err(KeyStoreError::WrongPurpose));
    assert_eq!(keys.agree(&name("sign"), &peer).err(), Some(KeyStoreError::WrongPurpose));
    assert_eq!(keys.create(&name("sign"), KeyPurpose::Deny), Err(KeyStoreError::Exists));
    keys.delete(&name("sign")).unwrap();
    keys.delete(&name("sign")).unwrap();
    assert_eq!(keys.sign(&name("sign"), b"m", crate::KeyUse::Silent), Err(KeyStoreError::Missing));
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("phone");
    let storage = FileStorage::in_dir(&dir).unwrap();
    storage.exclusively(&mut || storage.replace(b"blob").unwrap()).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("vault")), 0o600);
    assert_eq!(mode(&dir.join("vault.lock")), 0o600);
    assert!(!dir.join("vault.new").exists());
}

#[test]
fn a_machine_has_one_secret_and_another_machine_another() {
    let dir = tempfile::tempdir().unwrap();
    let (file, id) = (dir.path().join("state/nod/machine"), dir.path().join("machine-id"));
    let load = |file: &std::path::Path| MachineFile::with_id(file, &id).load(&OsRandom).unwrap();
    let without_id = load(&file);
    assert_eq!(load(&file), without_id);
    std::fs::write(&id, "0123456789abcdef\n").unwrap();
    let with_id = load(&file);
    assert_ne!(with_id, without_id, "the system's id counts");
    assert_ne!(load(&dir.path().join("other")), with_id, "and so does the file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&file, b"short").unwrap();
    let damaged = MachineFile::with_id(&file, &id).load(&OsRandom);
    assert_eq!(
        damaged,
        Err(StorageError::Io(std::io::ErrorKind::InvalidData)),
        "it is never made anew over another"
    );
}

#[test]
fn nothing_secret_is_printed() {
    let storage = MemoryStorage::default();
    let vault = vault(&storage);
    let keys = keys(&vault);
    keys.create(&name("a"), KeyPurpose::Approve).unwrap();
    let sealed = vault.read(|contents| contents.keys[&name("a")].clone()).unwrap();
    let public = sealed.public;
    assert_eq!(
        format!("{sealed:?}"),
        format!("SealedKey {{ purpose: Approve, scalar: Plain(…), public: {public:?} }}")
    );
    assert_eq!(format!("{vault:?} {keys:?}"), "Vault(…) SoftwareKeys(…)");
    assert_eq!(format!("{:?}", Unlock::passphrase("hunter2")), "Passphrase(…)");
    assert_eq!(format!("{:?}", Unlock::Key(Secret::from_bytes([1; 32]))), "Key(…)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_altered_or_missing_byte_is_noticed(at: prop::sample::Index, bit in 0u8..8, cut: bool) {
        let storage = MemoryStorage::default();
        drop(vault(&storage));
        {
            let mut blob = storage.0.lock().unwrap();
            let blob = blob.as_mut().unwrap();
            let at = at.index(blob.len());
            // Bits of the costs may ask for a gigabyte: those are covered by the range check.
            prop_assume!(cut || !(10..18).contains(&at));
            if cut { blob.truncate(at) } else { blob[at] ^= 1 << bit }
        }
        let opened = unlock_with(&storage, &Unlock::passphrase("correct horse"));
        prop_assert!(matches!(
            opened.err(),
            Some(VaultError::Damaged | VaultError::WrongPassphrase | VaultError::NewerVersion)
        ));
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(blob in prop::collection::vec(any::<u8>(), 0..200)) {
        let storage = MemoryStorage::default();
        *storage.0.lock().unwrap() = Some(blob);
        prop_assert_eq!(unlock_with(&storage, &Unlock::passphrase("x")).err(), Some(VaultError::Damaged));
    }
}
