//! Rows in memory, for tests and demonstrations: the same rules, nothing survives.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::committer::{Backend, Committed};
use super::engine::{Engine, EngineError};
use super::overlay::Writes;

/// Opens an empty store in memory.
pub fn open() -> Result<Arc<dyn Engine>, EngineError> {
    Committed::start("memory", Memory::default())
}

#[derive(Default)]
struct Memory {
    rows: BTreeMap<Vec<u8>, Bytes>,
}

impl Backend for Memory {
    const SHARED_READS: bool = true;

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        row: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), EngineError> {
        scan_map(&self.rows, from, to, row);
        Ok(())
    }

    fn apply(&mut self, writes: Writes) -> Result<(), EngineError> {
        apply_to_map(&mut self.rows, writes);
        Ok(())
    }

    fn sync(&self) -> Result<(), EngineError> {
        Ok(())
    }
}

/// [`Backend::scan`] over a map.
pub(super) fn scan_map(
    rows: &BTreeMap<Vec<u8>, Bytes>,
    from: &[u8],
    to: &[u8],
    row: &mut dyn FnMut(&[u8], &[u8]) -> bool,
) {
    let upper = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
    for (key, value) in rows.range::<[u8], _>((Bound::Included(from), upper)) {
        if !row(key, value) {
            break;
        }
    }
}

/// [`Backend::apply`] over a map.
pub(super) fn apply_to_map(rows: &mut BTreeMap<Vec<u8>, Bytes>, writes: Writes) {
    for (key, change) in writes {
        match change {
            Some(value) => rows.insert(key, value),
            None => rows.remove(&key),
        };
    }
}
