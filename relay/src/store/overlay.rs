//! The writes of a batch that no engine has yet, with the means to take one step's back again.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use super::committer::Backend;
use super::engine::{EngineError, MAX_KEY, MAX_VALUE, Txn, View};

/// A batch's writes by key: a value, or `None` for a removed row.
pub(super) type Writes = BTreeMap<Vec<u8>, Option<Bytes>>;

/// The writes of a batch over a backend, and the undo log of the step that is running.
pub(super) struct Overlay<'a, B> {
    backend: &'a B,
    writes: Writes,
    undo: Vec<(Vec<u8>, Option<Option<Bytes>>)>,
    fault: Cell<Option<EngineError>>,
}

impl<'a, B: Backend> Overlay<'a, B> {
    pub(super) fn new(backend: &'a B) -> Self {
        Self { backend, writes: Writes::new(), undo: Vec::new(), fault: Cell::new(None) }
    }

    /// Ends a step and keeps its writes.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// Ends a step and takes its writes back.
    pub(super) fn discard(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(before) => self.writes.insert(key, before),
                None => self.writes.remove(&key),
            };
        }
    }

    /// The first engine error that the running step met, whatever the step made of it.
    pub(super) fn take_fault(&self) -> Option<EngineError> {
        self.fault.take()
    }

    pub(super) fn into_writes(self) -> Writes {
        self.writes
    }

    fn write(&mut self, key: &[u8], value: Option<Bytes>) {
        let long = value.as_ref().is_some_and(|value| value.len() > MAX_VALUE);
        if key.is_empty() || key.len() > MAX_KEY || long {
            note(&self.fault, EngineError::TooLarge);
            return;
        }
        let before = self.writes.insert(key.to_vec(), value);
        self.undo.push((key.to_vec(), before));
    }
}

impl<B: Backend> View for Overlay<'_, B> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        match self.writes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.backend.get(key).inspect_err(|error| note(&self.fault, *error)),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        let mut rows: Vec<(Bytes, Bytes)> = Vec::new();
        if limit == 0 || is_empty(from, to) {
            return Ok(rows);
        }
        let upper = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
        let mut newer = self.writes.range::<[u8], _>((Bound::Included(from), upper)).peekable();
        let mut emit = |key: &[u8], value: Bytes| {
            rows.push((Bytes::copy_from_slice(key), value));
            rows.len() < limit
        };
        let mut more = true;
        self.backend
            .scan(from, to, &mut |key, value| {
                let mut replaced = false;
                while more && let Some((at, change)) = newer.next_if(|(at, _)| at.as_slice() <= key) {
                    replaced = at == key;
                    if let Some(value) = change {
                        more = emit(at, value.clone());
                    }
                }
                if more && !replaced {
                    more = emit(key, Bytes::copy_from_slice(value));
                }
                more
            })
            .inspect_err(|error| note(&self.fault, *error))?;
        for (key, change) in newer {
            if !more {
                break;
            }
            if let Some(value) = change {
                more = emit(key, value.clone());
            }
        }
        Ok(rows)
    }
}

impl<B: Backend> Txn for Overlay<'_, B> {
    fn put(&mut self, key: &[u8], value: Vec<u8>) {
        self.write(key, Some(Bytes::from(value)));
    }

    fn delete(&mut self, key: &[u8]) {
        self.write(key, None);
    }
}

/// Whether no key can be in `from..to`.
fn is_empty(from: &[u8], to: &[u8]) -> bool {
    !to.is_empty() && from >= to
}

fn note(fault: &Cell<Option<EngineError>>, error: EngineError) {
    fault.set(fault.get().or(Some(error)));
}
