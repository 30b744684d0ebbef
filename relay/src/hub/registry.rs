//! Which mailbox is connected through which slot: a sharded map.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nod_protocol::MailboxId;

use super::slot::Slot;

/// Shards of the map, and turns of the heart-beat wheel.
pub(crate) const SHARDS: usize = 64;

type Shard = HashMap<MailboxId, Arc<Slot>>;

/// The map. No lock is held while a socket is touched.
pub(crate) struct Registry {
    shards: [Mutex<Shard>; SHARDS],
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    fn shard_of(&self, mailbox: &MailboxId) -> MutexGuard<'_, Shard> {
        // A mailbox id is a hash already: its first byte is as good as another hash.
        let [first, ..] = mailbox.as_bytes();
        self.shard(usize::from(*first))
    }

    #[allow(clippy::indexing_slicing, reason = "the index is reduced by the array's own length")]
    fn shard(&self, index: usize) -> MutexGuard<'_, Shard> {
        self.shards[index % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, mailbox: &MailboxId) -> Option<Arc<Slot>> {
        self.shard_of(mailbox).get(mailbox).cloned()
    }

    /// Puts `slot` in and hands back the one that it replaces. `None` when `refuse` says so under the shard's lock.
    pub(crate) fn insert(&self, slot: &Arc<Slot>, refuse: impl Fn() -> bool) -> Option<Option<Arc<Slot>>> {
        let mut shard = self.shard_of(&slot.mailbox());
        if refuse() {
            return None;
        }
        Some(shard.insert(slot.mailbox(), Arc::clone(slot)))
    }

    /// Takes exactly this slot out, not one that has replaced it.
    pub(crate) fn remove(&self, slot: &Arc<Slot>) {
        let mut shard = self.shard_of(&slot.mailbox());
        if let Entry::Occupied(entry) = shard.entry(slot.mailbox())
            && Arc::ptr_eq(entry.get(), slot)
        {
            entry.remove();
        }
        if shard.len() < shard.capacity() / 4 {
            shard.shrink_to_fit();
        }
    }

    /// Shows every slot of one shard.
    pub(crate) fn each_of(&self, index: usize, mut f: impl FnMut(&Slot)) {
        for slot in self.shard(index).values() {
            f(slot);
        }
    }

    /// Connections now.
    pub(crate) fn len(&self) -> usize {
        (0..SHARDS).map(|index| self.shard(index).len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_slot_does_not_take_its_successor_out() {
        let registry = Registry::new();
        let mailbox = MailboxId::from_bytes([9; 32]);
        let (old, new) = (Arc::new(Slot::new(mailbox)), Arc::new(Slot::new(mailbox)));
        assert!(registry.insert(&old, || false).unwrap().is_none());
        assert!(Arc::ptr_eq(&registry.insert(&new, || false).unwrap().unwrap(), &old));
        registry.remove(&old);
        assert!(Arc::ptr_eq(&registry.get(&mailbox).unwrap(), &new));
        registry.remove(&new);
        assert_eq!(registry.len(), 0);
    }
}
