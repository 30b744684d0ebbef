//! What only an engine with files must hold: reopening, other processes, damage, disk errors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use nod_relay::store::engine::{Engine, EngineError, MAX_KEY, MAX_VALUE, Txn};
use nod_relay::store::{file, sled};
use tempfile::TempDir;

type Kept = Result<(), Infallible>;

async fn put(engine: &Arc<dyn Engine>, key: &'static [u8], value: &'static [u8]) {
    let Ok(()) = engine
        .step(move |txn| {
            txn.put(key, value.to_vec());
            Kept::Ok(())
        })
        .await
        .unwrap();
}

async fn get(engine: &Arc<dyn Engine>, key: &'static [u8]) -> Option<Vec<u8>> {
    engine.read(move |view| view.get(key)).await.unwrap().unwrap().map(|value| value.to_vec())
}

type Open = fn(&Path) -> Result<Arc<dyn Engine>, EngineError>;
const ON_DISK: [Open; 2] = [|dir| sled::open(dir, 1 << 20), file::open];

#[tokio::test]
async fn rows_survive_closing_and_opening() {
    for open in ON_DISK {
        let dir = TempDir::new().unwrap();
        for round in 0..4_u8 {
            let engine = open(&dir.path().join("new/folder")).unwrap();
            let rows = engine.read(|view| view.scan(b"", b"", 9)).await.unwrap().unwrap();
            assert_eq!(rows.len(), usize::from(round));
            let key = [0xff, round];
            engine
                .step(move |txn| {
                    txn.put(&key, vec![round]);
                    Kept::Ok(())
                })
                .await
                .unwrap()
                .unwrap();
            engine.close().await;
        }
    }
}

#[tokio::test]
async fn a_second_opening_of_the_same_sled_is_refused() {
    let dir = TempDir::new().unwrap();
    let first = sled::open(dir.path(), 1 << 20).unwrap();
    assert_eq!(sled::open(dir.path(), 1 << 20).err(), Some(EngineError::InUse));
    first.close().await;
    sled::open(dir.path(), 1 << 20).unwrap().close().await;
}

#[tokio::test]
async fn a_snapshot_that_was_never_finished_does_not_stop_an_opening() {
    let dir = TempDir::new().unwrap();
    let engine = sled::open(dir.path(), 1 << 20).unwrap();
    put(&engine, b"a", b"1").await;
    engine.close().await;
    let leftover = dir.path().join("snap.0000000000000000.generating");
    let other = dir.path().join("snap.00000000000FFFFF.generating");
    fs::write(&leftover, b"half a snap").unwrap();
    fs::write(&other, b"").unwrap();
    let engine = sled::open(dir.path(), 1 << 20).unwrap();
    assert!(!leftover.exists() && !other.exists());
    assert_eq!(get(&engine, b"a").await.unwrap(), b"1");
    engine.close().await;
}

/// Such files would not be covered by the sync of the log.
#[tokio::test]
async fn the_largest_rows_never_leave_the_log_of_sled() {
    let dir = TempDir::new().unwrap();
    let engine = sled::open(dir.path(), 1 << 20).unwrap();
    let key = |n: u32| [&n.to_be_bytes()[..], &[7; MAX_KEY - 4]].concat();
    let mut random: u32 = 1;
    for round in 0..60 {
        engine
            .step(move |txn| {
                for _ in 0..40 {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    match random % 5 {
                        0 | 1 if round > 30 => txn.delete(&key((random >> 8) % 300)),
                        _ => txn.put(&key((random >> 8) % 300), vec![round; MAX_VALUE]),
                    }
                }
                Kept::Ok(())
            })
            .await
            .unwrap()
            .unwrap();
        random = random.wrapping_add(u32::from(round));
        assert_eq!(fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
    }
    engine.close().await;
}

#[tokio::test]
async fn two_file_stores_see_each_others_steps() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (file::open(dir.path()).unwrap(), file::open(dir.path()).unwrap());
    put(&one, b"a", b"1").await;
    assert_eq!(get(&two, b"a").await.unwrap(), b"1");
    put(&two, b"a", b"2").await;
    assert_eq!(get(&one, b"a").await.unwrap(), b"2");
    let mut tasks = tokio::task::JoinSet::new();
    for engine in [one, two] {
        tasks.spawn(async move {
            for _ in 0..40 {
                let step = engine.step(|txn| {
                    let mut row = txn.get(b"count")?.map(|row| row.to_vec()).unwrap_or_default();
                    row.push(1);
                    txn.put(b"count", row);
                    Ok::<_, EngineError>(())
                });
                step.await.unwrap().unwrap();
            }
        });
    }
    while let Some(joined) = tasks.join_next().await {
        joined.unwrap();
    }
    let third = file::open(dir.path()).unwrap();
    assert_eq!(get(&third, b"count").await.unwrap().len(), 80);
}

#[tokio::test]
async fn an_altered_or_newer_file_store_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("state.jsonl");
    let engine = file::open(dir.path()).unwrap();
    put(&engine, b"name", b"Ada").await;
    let running = file::open(dir.path()).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    assert!(good.ends_with("{\"key\":\"name\",\"value\":\"Ada\"}\n"), "{good}");
    for bad in [
        good.replace("Ada", "Eve"),
        good.replace("{\"key\":\"name\",\"value\":\"Ada\"}\n", ""),
        good.replace("nod_store", "other"),
        String::new(),
    ] {
        fs::write(&path, bad).unwrap();
        assert_eq!(file::open(dir.path()).err(), Some(EngineError::Damaged));
    }
    fs::write(&path, good.replace("\"nod_store\":1", "\"nod_store\":2")).unwrap();
    assert_eq!(file::open(dir.path()).err(), Some(EngineError::NewerFormat));
    // One that is open already must not take a vanished file for an empty store, nor write over it.
    fs::remove_file(&path).unwrap();
    assert!(
        running
            .step(|txn| {
                txn.put(b"a", b"1".to_vec());
                Kept::Ok(())
            })
            .await
            .is_err()
    );
    assert!(!path.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_error_stops_the_store_and_nothing_is_acknowledged() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let engine = file::open(dir.path()).unwrap();
    put(&engine, b"a", b"1").await;
    // A folder in the way of the new file: that write fails for every user.
    let obstacle = dir.path().join("state.jsonl.unfinished");
    fs::create_dir(&obstacle).unwrap();
    let write = |txn: &mut dyn Txn| {
        txn.put(b"a", b"2".to_vec());
        Kept::Ok(())
    };
    assert!(matches!(engine.step(write).await, Err(EngineError::Disk(_))));
    assert_eq!(engine.health(), Err(EngineError::Stopped));
    fs::remove_dir(&obstacle).unwrap();
    assert_eq!(engine.step(write).await, Err(EngineError::Stopped));
    assert_eq!(engine.read(|_| Kept::Ok(())).await, Err(EngineError::Stopped));
    let again = file::open(dir.path()).unwrap();
    assert_eq!(get(&again, b"a").await.unwrap(), b"1");
    let mode = fs::metadata(dir.path().join("state.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
