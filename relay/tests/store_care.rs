//! The schema version, backup and restore, and the audit chain.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use nod_relay::store::audit::{self, AuditError, Fault, Head};
use nod_relay::store::backup::{self, BackupError};
use nod_relay::store::engine::{Engine, EngineError, Txn};
use nod_relay::store::schema::{self, Opened, SchemaError, Upgrade};
use nod_relay::store::{file, memory, sled};
use serde_json::json;
use tempfile::TempDir;

async fn write(engine: &Arc<dyn Engine>, f: impl FnOnce(&mut dyn Txn) + Send + 'static) {
    let step = engine.step(move |txn| {
        f(txn);
        Ok::<_, EngineError>(())
    });
    step.await.unwrap().unwrap();
}

async fn rows(engine: &Arc<dyn Engine>) -> Vec<(bytes::Bytes, bytes::Bytes)> {
    engine.read(|view| view.scan(b"", b"", usize::MAX)).await.unwrap().unwrap()
}

// --- schema

const UPGRADES: [Upgrade; 2] = [
    Upgrade {
        from: 1,
        run: |txn| {
            txn.put(b"two", b"".to_vec());
            Ok(())
        },
    },
    Upgrade {
        from: 2,
        run: |txn| match txn.get(b"two")? {
            Some(_) => {
                txn.put(b"three", b"".to_vec());
                Ok(())
            }
            None => Err(EngineError::Damaged),
        },
    },
];

#[tokio::test]
async fn a_new_store_gets_the_version_and_keeps_it() {
    let engine = memory::open().unwrap();
    assert_eq!(schema::ensure(&engine, 3, &UPGRADES).await, Ok(Opened::New));
    assert_eq!(schema::ensure(&engine, 3, &UPGRADES).await, Ok(Opened::Current));
    assert_eq!(rows(&engine).await.len(), 1);
}

#[tokio::test]
async fn an_old_store_is_upgraded_version_by_version() {
    let engine = memory::open().unwrap();
    schema::ensure(&engine, 1, &[]).await.unwrap();
    assert_eq!(schema::ensure(&engine, 3, &UPGRADES).await, Ok(Opened::Upgraded { from: 1 }));
    assert_eq!(rows(&engine).await.len(), 3);
    assert_eq!(schema::ensure(&engine, 3, &UPGRADES).await, Ok(Opened::Current));
}

#[tokio::test]
async fn a_newer_store_is_refused_and_not_touched() {
    let engine = memory::open().unwrap();
    schema::ensure(&engine, 9, &[]).await.unwrap();
    let before = rows(&engine).await;
    let refused = schema::ensure(&engine, 3, &UPGRADES).await.unwrap_err();
    assert_eq!(refused, SchemaError::Newer { found: 9, supported: 3 });
    assert_eq!(refused.to_string(), "the store has schema version 9, this program knows versions up to 3");
    assert_eq!(rows(&engine).await, before);
}

#[tokio::test]
async fn a_failing_or_missing_upgrade_leaves_the_version_before_it() {
    let engine = memory::open().unwrap();
    schema::ensure(&engine, 1, &[]).await.unwrap();
    let missing = schema::ensure(&engine, 3, &UPGRADES[..1]).await;
    assert_eq!(missing, Err(SchemaError::NoUpgrade { from: 2 }));
    write(&engine, |txn| txn.delete(b"two")).await;
    let failing = schema::ensure(&engine, 3, &UPGRADES).await;
    assert_eq!(failing, Err(SchemaError::Engine(EngineError::Damaged)));
    write(&engine, |txn| txn.put(b"two", Vec::new())).await;
    assert_eq!(schema::ensure(&engine, 3, &UPGRADES).await, Ok(Opened::Upgraded { from: 2 }));
}

#[tokio::test]
async fn rows_without_a_version_are_refused() {
    let engine = memory::open().unwrap();
    write(&engine, |txn| txn.put(b"a", b"1".to_vec())).await;
    assert_eq!(schema::ensure(&engine, 3, &UPGRADES).await, Err(SchemaError::Unversioned));
}

// --- backup

async fn full_store() -> Arc<dyn Engine> {
    let engine = memory::open().unwrap();
    schema::ensure(&engine, 1, &[]).await.unwrap();
    write(&engine, |txn| {
        for n in 0..1000_u32 {
            txn.put(&[&[0xff][..], &n.to_be_bytes()].concat(), vec![7; usize::try_from(n).unwrap() % 300]);
        }
    })
    .await;
    engine
}

fn backup_path(dir: &TempDir) -> PathBuf {
    dir.path().join("backup")
}

#[tokio::test]
async fn a_backup_restores_every_row_into_every_engine() {
    let dir = TempDir::new().unwrap();
    let engine = full_store().await;
    let written = backup::write(&engine, backup_path(&dir)).await.unwrap();
    assert_eq!(written.rows, 1001);
    assert_eq!(backup::verify(&backup_path(&dir)), Ok(written));
    for target in [
        memory::open().unwrap(),
        sled::open(&dir.path().join("sled"), 1 << 20).unwrap(),
        file::open(&dir.path().join("file")).unwrap(),
    ] {
        assert_eq!(backup::restore(&target, backup_path(&dir)).await, Ok(written));
        assert_eq!(rows(&target).await, rows(&engine).await);
        assert_eq!(schema::ensure(&target, 1, &[]).await, Ok(Opened::Current));
        target.close().await;
    }
}

#[tokio::test]
async fn a_backup_is_of_one_moment_while_steps_go_on() {
    let dir = TempDir::new().unwrap();
    let engine = full_store().await;
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let engine = Arc::clone(&engine);
        others.spawn(async move {
            for n in 0..50_u8 {
                // Two rows far apart that are always equal.
                write(&engine, move |txn| {
                    txn.put(b"\x01first", vec![n]);
                    txn.put(b"\xff\xfflast", vec![n]);
                })
                .await;
            }
        });
    }
    for _ in 0..10 {
        backup::write(&engine, backup_path(&dir)).await.unwrap();
        let target = memory::open().unwrap();
        backup::restore(&target, backup_path(&dir)).await.unwrap();
        let pair =
            target.read(|view| Ok::<_, EngineError>((view.get(b"\x01first")?, view.get(b"\xff\xfflast")?)));
        let (first, last) = pair.await.unwrap().unwrap();
        assert_eq!(first, last);
    }
    while let Some(joined) = others.join_next().await {
        joined.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_leaves_the_store_empty() {
    let dir = TempDir::new().unwrap();
    let path = backup_path(&dir);
    let engine = memory::open().unwrap();
    write(&engine, |txn| {
        txn.put(b"a", b"one".to_vec());
        txn.put(b"b", b"two".to_vec());
    })
    .await;
    backup::write(&engine, path.clone()).await.unwrap();
    let good = fs::read(&path).unwrap();
    let target = memory::open().unwrap();
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        for bad in [&flipped[..], &good[..at]] {
            fs::write(&path, bad).unwrap();
            let refused = backup::restore(&target, path.clone()).await;
            assert!(
                matches!(refused, Err(BackupError::Damaged | BackupError::NotABackup)),
                "{at}: {refused:?}"
            );
        }
    }
    fs::write(&path, [&good[..], b"x"].concat()).unwrap();
    assert_eq!(backup::restore(&target, path.clone()).await, Err(BackupError::Damaged));
    assert_eq!(rows(&target).await, []);
    fs::write(&path, good).unwrap();
    backup::restore(&target, path).await.unwrap();
    assert_eq!(rows(&target).await.len(), 2);
}

#[tokio::test]
async fn a_store_that_holds_rows_is_not_restored_into() {
    let dir = TempDir::new().unwrap();
    let engine = full_store().await;
    backup::write(&engine, backup_path(&dir)).await.unwrap();
    let before = rows(&engine).await;
    assert_eq!(backup::restore(&engine, backup_path(&dir)).await, Err(BackupError::NotEmpty));
    assert_eq!(rows(&engine).await, before);
}

#[tokio::test]
async fn a_store_left_by_an_unfinished_restore_is_refused() {
    let engine = full_store().await;
    write(&engine, |txn| txn.put(b"\0nod/restoring", Vec::new())).await;
    assert_eq!(schema::ensure(&engine, 1, &[]).await, Err(SchemaError::Unfinished));
}

// --- audit

const ENTRY: &[u8] = b"\0audit/log/";

fn entry_key(seq: u64) -> Vec<u8> {
    [ENTRY, &seq.to_be_bytes()].concat()
}

async fn log_of(count: u64) -> (Arc<dyn Engine>, Head) {
    let engine = memory::open().unwrap();
    let mut head = Head::EMPTY;
    for n in 1..=count {
        let entry = json!({"what": "enrolled", "n": n, "text": "\",\"entry\":{}"});
        head = engine.step(move |txn| audit::append(txn, &entry)).await.unwrap().unwrap();
        assert_eq!(head.seq, n);
    }
    (engine, head)
}

fn broken(seq: u64, fault: Fault) -> Result<Head, AuditError> {
    Err(AuditError::Broken { seq, fault })
}

#[tokio::test]
async fn an_untouched_log_verifies_as_a_whole_and_in_part() {
    let (engine, head) = log_of(300).await;
    for from in [0, 1, 2, 128, 129, 300, 301] {
        assert_eq!(audit::verify(&engine, from, Some(head)).await, Ok(head), "{from}");
    }
    assert_eq!(audit::verify(&log_of(0).await.0, 1, None).await, Ok(Head::EMPTY));
}

#[tokio::test]
async fn an_entry_of_a_refused_step_is_not_in_the_log() {
    let (engine, head) = log_of(3).await;
    let refused = engine
        .step(|txn| {
            audit::append(txn, &json!({"n": 4})).unwrap();
            Err::<(), _>("refused")
        })
        .await;
    assert_eq!(refused, Ok(Err("refused")));
    assert_eq!(audit::verify(&engine, 1, None).await, Ok(head));
}

#[tokio::test]
async fn two_entries_in_one_step_follow_each_other() {
    let (engine, _) = log_of(1).await;
    let step = engine.step(|txn| audit::append(txn, &json!(2)).and_then(|_| audit::append(txn, &json!(3))));
    let head = step.await.unwrap().unwrap();
    assert_eq!(head.seq, 3);
    assert_eq!(audit::verify(&engine, 1, None).await, Ok(head));
}

#[tokio::test]
async fn every_altered_byte_of_an_entry_is_found_at_that_entry() {
    let (engine, head) = log_of(5).await;
    let row = engine.read(|view| view.get(&entry_key(3))).await.unwrap().unwrap().unwrap();
    for at in 0..row.len() {
        let mut altered = row.to_vec();
        altered[at] ^= 1;
        write(&engine, move |txn| txn.put(&entry_key(3), altered)).await;
        assert_eq!(audit::verify(&engine, 1, None).await, broken(3, Fault::Altered), "{at}");
    }
    let whole = row.to_vec();
    write(&engine, move |txn| txn.put(&entry_key(3), whole)).await;
    assert_eq!(audit::verify(&engine, 1, None).await, Ok(head));
    write(&engine, move |txn| txn.put(&entry_key(3), row[..40].to_vec())).await;
    assert_eq!(audit::verify(&engine, 1, None).await, broken(3, Fault::Unreadable));
}

#[tokio::test]
async fn a_removed_or_swapped_entry_is_named() {
    let (engine, _) = log_of(5).await;
    write(&engine, |txn| txn.delete(&entry_key(2))).await;
    assert_eq!(audit::verify(&engine, 1, None).await, broken(2, Fault::Missing));

    let (engine, _) = log_of(5).await;
    write(&engine, |txn| {
        let (two, three) =
            (txn.get(&entry_key(2)).unwrap().unwrap(), txn.get(&entry_key(3)).unwrap().unwrap());
        txn.put(&entry_key(2), three.to_vec());
        txn.put(&entry_key(3), two.to_vec());
    })
    .await;
    assert_eq!(audit::verify(&engine, 1, None).await, broken(2, Fault::Altered));
}

#[tokio::test]
async fn a_log_with_its_tail_cut_is_found_out() {
    // Only the entry is gone: the head tells.
    let (engine, _) = log_of(5).await;
    write(&engine, |txn| txn.delete(&entry_key(5))).await;
    assert_eq!(audit::verify(&engine, 1, None).await, broken(5, Fault::Missing));

    // Only the head was set back: the entry tells.
    let (engine, noted) = log_of(5).await;
    let (_, four) = log_of(4).await;
    let set_back = move |txn: &mut dyn Txn| {
        txn.put(b"\0audit/head", [&four.seq.to_be_bytes(), four.hash.as_slice()].concat());
    };
    write(&engine, set_back).await;
    assert_eq!(audit::verify(&engine, 1, None).await, broken(5, Fault::Surplus));

    // Both: only a head that was kept elsewhere tells.
    write(&engine, |txn| txn.delete(&entry_key(5))).await;
    assert_eq!(audit::verify(&engine, 1, None).await, Ok(four));
    assert_eq!(audit::verify(&engine, 1, Some(noted)).await, broken(5, Fault::Missing));
    let other = engine.step(|txn| audit::append(txn, &json!("another fifth"))).await.unwrap().unwrap();
    assert_eq!(audit::verify(&engine, 1, None).await, Ok(other));
    assert_eq!(audit::verify(&engine, 1, Some(noted)).await, broken(5, Fault::Replaced));
}

#[tokio::test]
async fn a_log_that_was_written_anew_does_not_fit_its_head() {
    let (engine, _) = log_of(5).await;
    let (forged, _) = log_of(4).await;
    forged.step(|txn| audit::append(txn, &json!("forged"))).await.unwrap().unwrap();
    let fifth = forged.read(|view| view.get(&entry_key(5))).await.unwrap().unwrap().unwrap();
    write(&engine, move |txn| txn.put(&entry_key(5), fifth.to_vec())).await;
    assert_eq!(audit::verify(&engine, 1, None).await, broken(5, Fault::Replaced));
}

#[tokio::test]
async fn an_export_is_json_lines_that_verify_without_the_store() {
    let (engine, head) = log_of(200).await;
    let mut lines = Vec::new();
    assert_eq!(audit::export(&engine, 1, |line| lines.push(line.to_owned())).await, Ok(head));
    assert_eq!(lines.len(), 200);
    let parsed: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!((&parsed["seq"], &parsed["entry"]["n"]), (&json!(2), &json!(2)));
    let verify = |lines: &[String]| audit::verify_export(lines.iter().map(String::as_str), Head::EMPTY);
    assert_eq!(verify(&lines), Ok(head));
    // A cut tail is seen by comparing heads.
    assert_ne!(verify(&lines[..199]), Ok(head));
    let without = [&lines[..7], &lines[8..]].concat();
    assert_eq!(verify(&without), broken(8, Fault::Missing));
    let mut altered = lines.clone();
    altered[7] = altered[7].replace("enrolled", "revoked!");
    assert_eq!(verify(&altered), broken(8, Fault::Altered));
    altered[7] = "{}".to_owned();
    assert_eq!(verify(&altered), broken(8, Fault::Unreadable));
    let mut part = Vec::new();
    audit::export(&engine, 150, |line| part.push(line.to_owned())).await.unwrap();
    assert_eq!(part, lines[149..]);
}

#[tokio::test]
async fn an_entry_that_is_too_long_is_refused() {
    let (engine, head) = log_of(1).await;
    let long = json!("x".repeat(audit::MAX_ENTRY - 1));
    let refused = engine.step(move |txn| audit::append(txn, &long)).await;
    assert_eq!(refused, Ok(Err(AuditError::Engine(EngineError::TooLarge))));
    assert_eq!(audit::verify(&engine, 1, None).await, Ok(head));
    let longest = json!("x".repeat(audit::MAX_ENTRY - 2));
    assert_eq!(engine.step(move |txn| audit::append(txn, &longest)).await.unwrap().unwrap().seq, 2);
}
