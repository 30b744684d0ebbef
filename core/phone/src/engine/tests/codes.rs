//! One-time codes in the vault: adding, changing, showing, saving the counter, backing up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nod_protocol::OsRandom;
use proptest::prelude::*;

use super::*;
use crate::codes::{Algorithm, BackupError, CodeError, CodeId, CodeKind, CodeRow, CodeTextError, Digits};
use crate::codes::{ManualCode, Merged, Period, merge, open_backup, seal_backup};
use crate::engine::{Engine, EngineParts};
use crate::keys::{KeyName, KeyPurpose, KeyScalar, KeyStore as _, SoftwareKeys};
use crate::testing::{MemoryStorage, device};
use crate::vault::{KdfCost, StorageError, Unlock, Vault, VaultError, VaultStorage};

const TOTP: &str = "otpauth://totp/Bank:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8";
const HOTP: &str = "otpauth://hotp/Token:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const EXPORT: &str =
    "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC";
/// The secret of [`TOTP`] and [`HOTP`].
const SECRET: &[u8] = b"12345678901234567890";

fn order(phone: &TestPhone) -> Vec<String> {
    phone.engine.codes().unwrap().into_iter().map(|code| code.account).collect()
}

fn add(phone: &TestPhone, account: &str) -> CodeId {
    phone.engine.add_code(&format!("otpauth://totp/{account}?secret=MZXW6YTB")).unwrap().id
}

/// Storage that fails to write once it is told to.
#[derive(Clone, Default)]
struct FullDisk(MemoryStorage, Arc<AtomicBool>);

impl VaultStorage for FullDisk {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.load()
    }
    fn replace(&self, blob: &[u8]) -> Result<(), StorageError> {
        if self.1.load(Ordering::SeqCst) { Err(StorageError::Unavailable) } else { self.0.replace(blob) }
    }
}

#[test]
fn a_time_based_code_follows_the_wall_clock() {
    let phone = TestPhone::new();
    let id = phone.engine.add_code(TOTP).unwrap().id;
    phone.clock.set_wall(59_000);
    let now = phone.engine.code_now(id).unwrap();
    assert_eq!((now.code.as_str(), now.seconds_left, now.period), ("94287082", 1.0, 30));
    phone.clock.set_wall(60_000);
    assert_eq!(phone.engine.code_now(id).unwrap().code, now.next);
    assert_eq!(phone.engine.next_hotp(id), Err(CodeError::NotCounted));
}

#[test]
fn each_counter_is_used_once_and_survives_a_restart() {
    let storage = MemoryStorage::default();
    let phone = TestPhone::on(&storage);
    let id = phone.engine.add_code(HOTP).unwrap().id;
    assert_eq!(phone.engine.next_hotp(id).unwrap(), "755224");
    assert_eq!(phone.engine.next_hotp(id).unwrap(), "287082");
    assert_eq!(TestPhone::on(&storage).engine.next_hotp(id).unwrap(), "359152");
    assert_eq!(phone.engine.next_hotp(id).unwrap(), "969429", "another process has used one");
    assert_eq!(phone.engine.code_now(id), Err(CodeError::NotTimed));
}

#[test]
fn a_counter_that_cannot_be_saved_shows_no_code() {
    let disk = FullDisk::default();
    let unlock = Unlock::passphrase("correct horse");
    let vault = Vault::unlock(Box::new(disk.clone()), &unlock, KdfCost::LEAST, Arc::new(OsRandom)).unwrap();
    let vault = Arc::new(vault);
    let keys = Arc::new(SoftwareKeys::new(Arc::clone(&vault), Arc::new(OsRandom)));
    let clock = TestPhone::new().clock;
    let engine =
        Engine::new(EngineParts { vault, keys, device: device(), clock, random: Arc::new(OsRandom) })
            .unwrap();
    let id = engine.add_code(HOTP).unwrap().id;
    disk.1.store(true, Ordering::SeqCst);
    let failed = CodeError::Vault(VaultError::Storage(StorageError::Unavailable));
    assert_eq!(engine.next_hotp(id), Err(failed));
    assert_eq!(engine.next_hotp(id), Err(failed));
    disk.1.store(false, Ordering::SeqCst);
    assert_eq!(engine.next_hotp(id).unwrap(), "755224", "the counter did not move in memory either");
}

#[test]
fn a_counter_at_its_end_shows_no_code() {
    let phone = TestPhone::new();
    let id = phone.engine.add_code(&format!("{HOTP}&counter={}", u64::MAX)).unwrap().id;
    assert_eq!(phone.engine.next_hotp(id), Err(CodeError::CounterEnd));
}

#[test]
fn codes_are_listed_in_the_order_that_the_user_gives_them() {
    let phone = TestPhone::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| add(&phone, name));
    assert_eq!(order(&phone), ["a", "b", "c"]);
    phone.engine.move_code(c, 0).unwrap();
    assert_eq!(order(&phone), ["c", "a", "b"]);
    phone.engine.move_code(c, 99).unwrap();
    phone.engine.move_code(b, 0).unwrap();
    assert_eq!(order(&phone), ["b", "a", "c"]);
    phone.engine.remove_code(a).unwrap();
    assert_eq!(order(&phone), ["b", "c"]);
    assert_eq!(phone.engine.remove_code(a), Err(CodeError::NotFound));
    assert_eq!(phone.engine.move_code(a, 0), Err(CodeError::NotFound));
    assert_eq!(phone.engine.code_now(a), Err(CodeError::NotFound));
}

#[test]
fn a_code_is_renamed_to_what_can_be_shown() {
    let phone = TestPhone::new();
    let id = add(&phone, "a");
    phone.engine.rename_code(id, " Work ", "").unwrap();
    let code = phone.engine.codes().unwrap().remove(0);
    assert_eq!((code.issuer.as_str(), code.account.as_str()), ("Work", ""));
    assert_eq!(phone.engine.rename_code(id, " ", ""), Err(CodeTextError::Unnamed.into()));
    assert!(phone.engine.rename_code(id, "two\nlines", "a").is_err());
    assert_eq!(phone.engine.rename_code(CodeId::from_bytes([0; 16]), "a", "b"), Err(CodeError::NotFound));
}

#[test]
fn a_code_typed_by_hand_is_the_one_that_was_scanned() {
    let phone = TestPhone::new();
    let typed = ManualCode {
        issuer: "Bank",
        account: "alice",
        secret: "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
        algorithm: Algorithm::Sha1,
        digits: Digits::new(8).unwrap(),
        kind: CodeKind::Totp { period: Period::STANDARD },
    };
    phone.engine.add_code_manually(&typed).unwrap();
    assert_eq!(phone.engine.add_code(TOTP), Err(CodeError::Known));
    assert_eq!(format!("{typed:?}"), "ManualCode { issuer: \"Bank\", account: \"alice\", .. }");
}

#[test]
fn a_part_that_is_scanned_twice_adds_nothing() {
    let phone = TestPhone::new();
    let first = phone.engine.import_codes(EXPORT).unwrap();
    assert_eq!((first.added, first.known), (1, 0));
    let second = phone.engine.import_codes(EXPORT).unwrap();
    assert_eq!((second.added, second.known), (0, 1));
    assert_eq!(phone.engine.import_codes(TOTP).unwrap().added, 1, "one code is an import too");
    assert_eq!(phone.engine.add_code(EXPORT), Err(CodeTextError::NotACode.into()));
    assert_eq!(phone.engine.codes_now().unwrap().len(), 2);
}

#[test]
fn the_thousand_and_first_code_is_refused() {
    let phone = TestPhone::new();
    let row = first_row(&phone);
    let numbered = |n: usize| CodeRow {
        id: CodeId::from_bytes(u128::try_from(n).unwrap().to_be_bytes()),
        account: n.to_string().try_into().unwrap(),
        ..row.clone()
    };
    let merged = phone.vault.update(|contents| merge(contents, (1..1000).map(numbered).collect()));
    assert_eq!(merged, Ok(Merged { added: 999, known: 0 }));
    assert_eq!(phone.engine.add_code(HOTP), Err(CodeError::TooMany));
    let both = phone.vault.update(|contents| merge(contents, vec![numbered(1), numbered(2000)]));
    assert_eq!(both, Err(CodeError::TooMany));
    assert_eq!(phone.engine.codes().unwrap().len(), 1000);
}

fn first_row(phone: &TestPhone) -> CodeRow {
    phone.engine.add_code(TOTP).unwrap();
    phone.vault.read(|contents| contents.codes[0].clone()).unwrap()
}

#[test]
fn a_renamed_code_is_known_and_a_foreign_one_gets_an_id_of_its_own() {
    let phone = TestPhone::new();
    let row = first_row(&phone);
    phone.engine.rename_code(row.id, "Mine", "me").unwrap();
    let other = phone.engine.add_code(HOTP).unwrap();
    let foreign = CodeRow {
        id: row.id,
        account: "mallory".to_owned().try_into().unwrap(),
        secret: serde_json::from_str("\"AAAA\"").unwrap(),
        ..row.clone()
    };
    let merged = phone.vault.update(|contents| merge(contents, vec![row.clone(), foreign]));
    assert_eq!(merged, Ok(Merged { added: 1, known: 1 }));
    let codes = phone.engine.codes().unwrap();
    assert_eq!(codes[0].issuer, "Mine", "a known code keeps its name");
    assert!(![row.id, other.id].contains(&codes[2].id));
}

#[test]
fn a_row_that_could_not_be_shown_is_not_read() {
    let row = serde_json::to_value(first_row(&TestPhone::new())).unwrap();
    assert!(serde_json::from_value::<CodeRow>(row.clone()).is_ok());
    let bad = [
        ("digits", serde_json::json!(9)),
        ("algorithm", serde_json::json!("MD5")),
        ("secret", serde_json::json!("")),
        ("issuer", serde_json::json!("two\nlines")),
        ("kind", serde_json::json!({ "totp": { "period": 0 } })),
        ("id", serde_json::json!("AA")),
    ];
    for (field, value) in bad {
        let mut row = row.clone();
        row[field] = value;
        assert!(serde_json::from_value::<CodeRow>(row).is_err(), "{field}");
    }
}

#[test]
fn a_backup_restores_on_another_phone_and_a_second_time_adds_nothing() {
    let phone = TestPhone::new();
    phone.engine.add_code(TOTP).unwrap();
    let counted = phone.engine.add_code(HOTP).unwrap().id;
    let backup = phone.engine.export_codes("a passphrase").unwrap();
    phone.engine.next_hotp(counted).unwrap();
    let other = TestPhone::new();
    assert_eq!(other.engine.restore_codes(&backup, "a passphrase"), Ok(Merged { added: 2, known: 0 }));
    assert_eq!(phone.engine.restore_codes(&backup, "a passphrase"), Ok(Merged { added: 0, known: 2 }));
    assert_eq!(phone.engine.next_hotp(counted).unwrap(), "287082", "an old backup takes no counter back");
    let later = phone.engine.export_codes("a passphrase").unwrap();
    other.engine.restore_codes(&later, "a passphrase").unwrap();
    assert_eq!(other.engine.next_hotp(counted).unwrap(), "359152", "a later one takes it on");
}

#[test]
fn a_wrong_passphrase_is_told_from_a_damaged_backup() {
    let phone = TestPhone::new();
    let rows = vec![first_row(&phone)];
    let backup = seal_backup(&rows, 1, "right", KdfCost::LEAST, &OsRandom).unwrap();
    assert_eq!(open_backup(&backup, "right"), Ok(rows));
    assert_eq!(open_backup(&backup, "wrong"), Err(BackupError::WrongPassphrase));
    assert_eq!(open_backup(&backup[..backup.len() - 1], "right"), Err(BackupError::Damaged));
    assert_eq!(open_backup(b"PK\x03\x04", "right"), Err(BackupError::NotABackup));
    let mut newer = backup.clone();
    newer[8] = 2;
    assert_eq!(open_backup(&newer, "right"), Err(BackupError::NewerVersion));
    assert_eq!(phone.engine.export_codes(""), Err(BackupError::EmptyPassphrase));
    assert_eq!(phone.engine.restore_codes(&newer, "right"), Err(BackupError::NewerVersion));
}

#[test]
fn a_vault_is_no_backup_and_a_backup_is_no_vault() {
    let storage = MemoryStorage::default();
    let phone = TestPhone::on(&storage);
    let vault = storage.0.lock().unwrap().clone().unwrap();
    assert_eq!(open_backup(&vault, "correct horse"), Err(BackupError::NotABackup));
    let backup = seal_backup(&[first_row(&phone)], 1, "correct horse", KdfCost::LEAST, &OsRandom).unwrap();
    for disguised in [backup.clone(), [&b"NODVAULT"[..], &backup[8..]].concat()] {
        *storage.0.lock().unwrap() = Some(disguised);
        let unlock = Unlock::passphrase("correct horse");
        let opened = Vault::unlock(Box::new(storage.clone()), &unlock, KdfCost::LEAST, Arc::new(OsRandom));
        assert!(opened.is_err(), "a backup opens as a vault");
    }
}

#[test]
fn a_backup_holds_the_codes_and_no_key_of_the_device() {
    let phone = TestPhone::new();
    let name = KeyName::parse("nod.approve.test").unwrap();
    phone.keys.create(&name, KeyPurpose::Approve).unwrap();
    let row = first_row(&phone);
    let kept = phone.vault.read(|contents| contents.keys[&name].scalar.clone()).unwrap();
    let KeyScalar::Plain(scalar) = kept else { panic!("a phone of test parts binds no key") };
    let backup = phone.engine.export_codes("a passphrase").unwrap();
    let opening =
        crate::vault::Opening::existing(&crate::vault::CODES, &backup, &Unlock::passphrase("a passphrase"));
    let plain = opening.unwrap().open(&backup).unwrap();
    let finds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let secret = nod_protocol::bytes::encode(SECRET);
    assert!(finds(&plain, secret.as_bytes()), "the search finds what is there");
    for bytes in [&plain[..], &backup[..]] {
        assert!(!finds(bytes, scalar.expose()) && !finds(bytes, scalar.to_text().as_bytes()));
        assert!(!finds(bytes, name.as_str().as_bytes()));
    }
    assert!(!finds(&backup, SECRET) && !finds(&backup, secret.as_bytes()), "and the file shows no secret");
    let object: serde_json::Value = serde_json::from_slice(&plain).unwrap();
    let members: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["codes", "created"]);
    assert_eq!(object["codes"], serde_json::json!([row]));
}

#[test]
fn a_vault_from_before_there_were_codes_has_none() {
    let old =
        r#"{"keys":{},"channels":[],"accounts":[],"enrolments":[],"answers":[],"history":[],"doomed":[]}"#;
    let contents: crate::vault::Contents = serde_json::from_str(old).unwrap();
    assert_eq!(contents, crate::vault::Contents::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_no_backup_or_a_damaged_one(mut bytes in prop::collection::vec(any::<u8>(), 0..200), named: bool) {
        if named && bytes.len() > 18 {
            bytes[..8].copy_from_slice(b"NODCODES");
            bytes[10..18].copy_from_slice(&[0, 0, 0, 64, 0, 0, 0, 1]);
        }
        prop_assert!(open_backup(&bytes, "x").is_err());
    }
}
