//! Those who wait for a change with `wait=`: subscribe, read, and only then wait, so that no change is missed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::bus::Topic;

const SHARDS: usize = 16;

/// Too many calls wait already: answer at once, or 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls are waiting")]
pub struct TooManyWatchers;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Something about the topic changed since the last look.
    Changed,
    /// The relay is going down: answer with what is known.
    Draining,
}

#[derive(Default)]
struct Entries {
    by_topic: HashMap<Topic, (usize, Arc<Bell>)>,
}

#[derive(Default)]
struct Bell {
    version: AtomicU64,
    notify: Notify,
}

/// All watchers.
pub(crate) struct Watchers {
    waiting: AtomicUsize,
    draining: AtomicBool,
    most: usize,
    most_per_topic: usize,
    hasher: std::hash::RandomState,
    shards: [Mutex<Entries>; SHARDS],
}

impl Watchers {
    pub(crate) fn new(most: usize, most_per_topic: usize) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            most,
            most_per_topic,
            hasher: std::hash::RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    #[allow(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "the index is reduced by the array's own length"
    )]
    fn shard(&self, topic: &Topic) -> MutexGuard<'_, Entries> {
        let index = self.hasher.hash_one(topic) as usize % SHARDS;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(self: &Arc<Self>, topic: Topic) -> Result<Watcher, TooManyWatchers> {
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= self.most {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(TooManyWatchers);
        }
        let mut shard = self.shard(&topic);
        let (count, bell) = shard.by_topic.entry(topic).or_default();
        if *count >= self.most_per_topic {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(TooManyWatchers);
        }
        *count += 1;
        let bell = Arc::clone(bell);
        let seen = bell.version.load(Ordering::SeqCst);
        Ok(Watcher { watchers: Arc::clone(self), topic, bell, seen })
    }

    /// Wakes the topic's watchers. One atomic load when nobody waits for anything.
    pub(crate) fn changed(&self, topic: &Topic) {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        let bell = self.shard(topic).by_topic.get(topic).map(|(_, bell)| Arc::clone(bell));
        if let Some(bell) = bell {
            bell.ring();
        }
    }

    /// Wakes everybody for good.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (_, bell) in shard.by_topic.values() {
                bell.ring();
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

impl Bell {
    fn ring(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
        self.notify.notify_waiters();
    }
}

/// One call that waits. Make it *before* reading what it waits for.
pub struct Watcher {
    watchers: Arc<Watchers>,
    topic: Topic,
    bell: Arc<Bell>,
    seen: u64,
}

impl Watcher {
    /// Returns when the topic changed since this watcher was made or last returned; at once when it already has.
    pub async fn woken(&mut self) -> Woken {
        loop {
            let rung = self.bell.notify.notified();
            if self.watchers.draining.load(Ordering::SeqCst) {
                return Woken::Draining;
            }
            let version = self.bell.version.load(Ordering::SeqCst);
            if version != self.seen {
                self.seen = version;
                return Woken::Changed;
            }
            rung.await;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut shard = self.watchers.shard(&self.topic);
        if let Entry::Occupied(mut entry) = shard.by_topic.entry(self.topic) {
            entry.get_mut().0 = entry.get().0.saturating_sub(1);
            if entry.get().0 == 0 {
                entry.remove();
            }
        }
        self.watchers.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use nod_protocol::ServiceId;

    use super::*;

    fn topic(n: u8) -> Topic {
        Topic::Inbox(ServiceId::from_bytes([n; 16]))
    }

    #[tokio::test]
    async fn change_between_subscribing_and_waiting_is_not_missed() {
        let watchers = Arc::new(Watchers::new(8, 8));
        let mut watcher = watchers.watch(topic(1)).unwrap();
        watchers.changed(&topic(1));
        assert_eq!(watcher.woken().await, Woken::Changed);
        assert_eq!(watcher.woken().now_or_never(), None);
    }

    #[tokio::test]
    async fn change_of_another_topic_wakes_nobody() {
        let watchers = Arc::new(Watchers::new(8, 8));
        let mut watcher = watchers.watch(topic(1)).unwrap();
        watchers.changed(&topic(2));
        assert_eq!(watcher.woken().now_or_never(), None);
    }

    #[tokio::test]
    async fn all_watchers_of_a_topic_are_woken() {
        let watchers = Arc::new(Watchers::new(8, 8));
        let (mut a, mut b) = (watchers.watch(topic(1)).unwrap(), watchers.watch(topic(1)).unwrap());
        let change = async { watchers.changed(&topic(1)) };
        let (a, b, ()) = tokio::join!(a.woken(), b.woken(), change);
        assert_eq!((a, b), (Woken::Changed, Woken::Changed));
    }

    #[tokio::test]
    async fn drain_wakes_everybody() {
        let watchers = Arc::new(Watchers::new(8, 8));
        let mut watcher = watchers.watch(topic(1)).unwrap();
        let (woken, ()) = tokio::join!(watcher.woken(), async { watchers.drain() });
        assert_eq!(woken, Woken::Draining);
        assert_eq!(watchers.watch(topic(3)).unwrap().woken().await, Woken::Draining);
    }

    #[test]
    fn watchers_are_bounded_and_leave_nothing_behind() {
        let watchers = Arc::new(Watchers::new(3, 2));
        let held = [watchers.watch(topic(1)).unwrap(), watchers.watch(topic(1)).unwrap()];
        assert!(watchers.watch(topic(1)).is_err(), "the topic is full");
        let third = watchers.watch(topic(2)).unwrap();
        assert!(watchers.watch(topic(3)).is_err(), "the relay is full");
        drop((held, third));
        assert_eq!(watchers.len(), 0);
        assert!(watchers.shards.iter().all(|shard| shard.lock().unwrap().by_topic.is_empty()));
    }
}
