//! What an engine counts about itself: plain atomics that others may render.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one store since it was opened. All only rise, except the two marked as the latest.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Batches that reached the disk.
    pub batches: AtomicU64,
    /// Steps whose writes, if any, were kept.
    pub steps: AtomicU64,
    /// Steps that discarded their own writes.
    pub rolled_back: AtomicU64,
    /// Steps that an engine error, a limit or a panic ended.
    pub failed: AtomicU64,
    /// Rows written or removed.
    pub rows: AtomicU64,
    /// The number of steps in the latest batch.
    pub batch_size: AtomicU64,
    /// The number of steps in the largest batch.
    pub batch_size_max: AtomicU64,
    /// Microseconds spent in running steps and handing their writes to the engine.
    pub apply_micros: AtomicU64,
    /// Microseconds spent in waiting for the disk.
    pub sync_micros: AtomicU64,
    /// Microseconds that the latest sync took.
    pub sync_micros_last: AtomicU64,
}

impl Metrics {
    pub(super) fn count(counter: &AtomicU64, by: usize) {
        counter.fetch_add(u64::try_from(by).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn batch(&self, steps: usize, rows: usize) {
        let size = u64::try_from(steps).unwrap_or(u64::MAX);
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.batch_size.store(size, Ordering::Relaxed);
        self.batch_size_max.fetch_max(size, Ordering::Relaxed);
        Self::count(&self.rows, rows);
    }

    pub(super) fn applied(&self, took: Duration) {
        self.apply_micros.fetch_add(micros(took), Ordering::Relaxed);
    }

    pub(super) fn synced(&self, took: Duration) {
        self.sync_micros.fetch_add(micros(took), Ordering::Relaxed);
        self.sync_micros_last.store(micros(took), Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
