//! Rows in sled 0.34, behind the guards that make it trustworthy. No other file names that engine.
//!
//! Each guard answers a measured failure:
//! - one committer thread calls `flush`; `flush_async` hangs for good with many in flight;
//! - `fdatasync` of the log file after `flush`, which itself only calls `sync_file_range`: without it a power cut
//!   loses acknowledged writes;
//! - `snap.*.generating` is removed before opening: a kill during an open leaves one that later opens refuse;
//! - an explicit cache size: the default is a gigabyte;
//! - values and segments are sized so that no page is ever stored outside the log: such files are never synced.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sled::IVec;

use super::committer::{Backend, Committed};
use super::disk;
use super::engine::{Engine, EngineError};
use super::overlay::Writes;

/// The page cache's default size in bytes.
pub const DEFAULT_CACHE: u64 = 32 * 1024 * 1024;

/// sled stores a page of more than a quarter of this as a file of its own, which nobody syncs. A leaf page splits at 17
/// rows and may take up to 4 more when two merge: 21 rows of `MAX_KEY + MAX_VALUE` bytes are 347 KiB, a quarter of this
/// is 512 KiB.
const SEGMENT: usize = 2 * 1024 * 1024;

/// Opens the store in the folder `dir`, which is made if it is missing. `cache` is in bytes.
/// One process at a time: a second one gets [`EngineError::InUse`]. Blocks.
pub fn open(dir: &Path, cache: u64) -> Result<Arc<dyn Engine>, EngineError> {
    Committed::start("sled", Sled::open(dir, cache)?)
}

struct Sled {
    tree: sled::Db,
    log: File,
    /// Held for as long as the store is open; dropped last.
    _lock: File,
}

impl Sled {
    fn open(dir: &Path, cache: u64) -> Result<Self, EngineError> {
        disk::make_folder(dir)?;
        // sled has a lock of its own, but it takes that after the files that are touched here.
        let lock = disk::lock_file(dir)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(EngineError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        remove_unfinished_snapshots(dir)?;
        if let Ok(log) = File::open(dir.join("db")) {
            // After a kill the log may be only in the system's cache, while the snapshot that opening writes is synced:
            // a power cut must never leave a snapshot that is ahead of its log.
            log.sync_data()?;
        }
        let tree = sled::Config::new()
            .path(dir)
            .cache_capacity(cache)
            .segment_size(SEGMENT)
            .flush_every_ms(None)
            .open()
            .map_err(|error| translate(&error))?;
        let log = File::options().read(true).write(true).open(dir.join("db"))?;
        log.sync_all()?;
        File::open(dir.join("conf"))?.sync_all()?;
        disk::sync_folder(dir)?;
        Ok(Self { tree, log, _lock: lock })
    }
}

impl Backend for Sled {
    const SHARED_READS: bool = true;

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let value = self.tree.get(key).map_err(|error| translate(&error))?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        row: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), EngineError> {
        let rows = if to.is_empty() { self.tree.range(from..) } else { self.tree.range(from..to) };
        for found in rows {
            let (key, value) = found.map_err(|error| translate(&error))?;
            if !row(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    fn apply(&mut self, writes: Writes) -> Result<(), EngineError> {
        let mut batch = sled::Batch::default();
        for (key, change) in writes {
            match change {
                Some(value) => batch.insert(key, IVec::from(value.as_ref())),
                None => batch.remove(key),
            }
        }
        self.tree.apply_batch(batch).map_err(|error| translate(&error))
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.tree.flush().map_err(|error| translate(&error))?;
        // `flush` leaves the drive's cache and the file's length unsynced. The log is never replaced, only grown and
        // cut, so that one open file stands for it for good.
        self.log.sync_data()?;
        Ok(())
    }
}

fn remove_unfinished_snapshots(dir: &Path) -> Result<(), EngineError> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn translate(error: &sled::Error) -> EngineError {
    match error {
        sled::Error::Io(error) => EngineError::Disk(error.kind()),
        sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. } => EngineError::Damaged,
    }
}
