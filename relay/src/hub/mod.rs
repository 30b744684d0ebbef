//! The hub: who is connected, who waits for what, and the heart-beat.
//!
//! One [`Hub`] per node. A socket that said hello holds a lease; the store's effects come in through [`EffectSink`],
//! *after* they are durable; calls with `wait=` hold a [`Watcher`]. Nothing here blocks or does I/O.

mod counters;
mod registry;
pub(crate) mod slot;
mod watch;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use nod_login::{Changed, Outgoing, Withdrawal};
use nod_protocol::frames::{CloseCode, EnvelopeKind};
use nod_protocol::{MailboxId, ServiceId};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

pub use self::counters::{Counter, Counters};
use self::registry::{Registry, SHARDS};
use self::slot::Slot;
use self::watch::Watchers;
pub use self::watch::{TooManyWatchers, Watcher, Woken};
use crate::bus::{Bus, Listener, NodeId, Signal, Topic};
use crate::store::EffectSink;
use crate::wake::call_of;
use crate::waker::{Progress, Waker};

/// Bounds of a hub.
#[derive(Debug, Clone, Copy)]
pub struct HubSettings {
    /// Time between two pings of one connection; silence of two to three of these cuts it.
    pub heartbeat: Duration,
    /// Frames queued for one connection before it is cut as slow.
    pub queue: usize,
    /// Calls that may wait at a time.
    pub watchers: usize,
    /// Calls that may wait for the same thing at a time.
    pub watchers_per_topic: usize,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self { heartbeat: Duration::from_secs(30), queue: 64, watchers: 16_384, watchers_per_topic: 64 }
    }
}

/// The hub is going down and takes no more connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GoingDown {
    /// When the phone should come back, in milliseconds.
    pub(crate) after_ms: u64,
}

/// Who is connected here and who waits for what.
pub struct Hub {
    settings: HubSettings,
    registry: Registry,
    watchers: Arc<Watchers>,
    counters: Counters,
    node: NodeId,
    bus: Arc<dyn Bus>,
    waker: Arc<dyn Waker>,
    webhooks: Notify,
    letters: Notify,
    draining: AtomicBool,
    drain_ms: AtomicU64,
    drained: AtomicU64,
}

impl Hub {
    /// A hub that is a node of `bus`.
    #[must_use]
    pub fn new(settings: HubSettings, bus: Arc<dyn Bus>, waker: Arc<dyn Waker>) -> Arc<Self> {
        Arc::new_cyclic(|me: &Weak<Self>| {
            let ear: Weak<dyn Listener> = me.clone();
            Self {
                settings,
                registry: Registry::new(),
                watchers: Arc::new(Watchers::new(settings.watchers, settings.watchers_per_topic)),
                counters: Counters::default(),
                node: bus.join(ear),
                bus,
                waker,
                webhooks: Notify::new(),
                letters: Notify::new(),
                draining: AtomicBool::new(false),
                drain_ms: AtomicU64::new(0),
                drained: AtomicU64::new(0),
            }
        })
    }

    /// What is counted for `/metrics`.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The bounds it was made with.
    #[must_use]
    pub const fn settings(&self) -> &HubSettings {
        &self.settings
    }

    /// Phones connected to this node now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.registry.len()
    }

    /// Whether a phone is connected to this node.
    #[must_use]
    pub fn is_connected(&self, mailbox: &MailboxId) -> bool {
        self.registry.get(mailbox).is_some()
    }

    /// A phone has acknowledged mail: it need not be woken up.
    pub(crate) fn acknowledged(&self, mailbox: &MailboxId) {
        self.waker.awake(mailbox);
    }

    /// How reaching a phone stands that has mail.
    #[must_use]
    pub fn reach(&self, mailbox: &MailboxId) -> Progress {
        let idle = if self.is_connected(mailbox) { Progress::Waiting } else { Progress::Unreachable };
        match self.waker.progress(mailbox) {
            Some(Progress::Unreachable) | None => idle,
            Some(progress) => progress,
        }
    }

    /// Calls that wait now.
    #[must_use]
    pub fn watching(&self) -> usize {
        self.watchers.len()
    }

    /// Whether the relay is going down (`/readyz` says 503 then).
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Starts to wait for a change. Make the watcher *before* reading what it waits for.
    ///
    /// # Errors
    /// [`TooManyWatchers`] when the bound of [`HubSettings`] is reached.
    pub fn watch(&self, topic: Topic) -> Result<Watcher, TooManyWatchers> {
        self.watchers.watch(topic)
    }

    /// Returns when there was a new event for a webhook since the last return; for the one task that sends them.
    pub async fn webhook_due(&self) {
        self.webhooks.notified().await;
    }

    /// Returns when there was a new letter since the last return; for the one task that sends them.
    pub async fn letter_due(&self) {
        self.letters.notified().await;
    }

    fn ring(&self, topic: Topic) {
        self.watchers.changed(&topic);
        self.bus.publish(self.node, Signal::Changed(topic));
    }

    /// Enters a connection that said a good hello; an older one of the same mailbox is replaced.
    pub(crate) fn connect(self: &Arc<Self>, mailbox: MailboxId) -> Result<Lease, GoingDown> {
        let slot = Arc::new(Slot::new(mailbox));
        let Some(replaced) = self.registry.insert(&slot, || self.is_draining()) else {
            return Err(GoingDown { after_ms: self.next_return() });
        };
        if let Some(replaced) = replaced {
            replaced.close(CloseCode::Replaced);
        }
        self.counters.connected.add();
        self.bus.publish(self.node, Signal::Connected(mailbox));
        Ok(Lease { hub: Arc::clone(self), slot })
    }

    /// The heart-beat of all connections: each turn of the wheel visits one shard of the registry, so that every
    /// connection is visited once per heart-beat and no two shards at the same moment. Ends with `stop`.
    pub async fn beat(self: Arc<Self>, stop: CancellationToken) {
        let mut wheel = tokio::time::interval_at(Instant::now() + self.turn(), self.turn());
        wheel.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shard = 0;
        while stop.run_until_cancelled(wheel.tick()).await.is_some() {
            self.registry.each_of(shard, Slot::beat);
            shard = (shard + 1) % SHARDS;
        }
    }

    fn turn(&self) -> Duration {
        let shards = u32::try_from(SHARDS).unwrap_or(1);
        (self.settings.heartbeat / shards).max(Duration::from_millis(1))
    }

    /// Tells every phone to come back, each at another moment of `window`, and wakes everybody who waits.
    pub(crate) fn drain(&self, window: Duration) {
        self.drain_ms.store(u64::try_from(window.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        self.draining.store(true, Ordering::SeqCst);
        self.watchers.drain();
        for shard in 0..SHARDS {
            self.registry.each_of(shard, |slot| slot.drain(self.next_return()));
        }
    }

    /// Spreads returns evenly over the window, whatever their number: multiples of the golden ratio, modulo one.
    pub(crate) fn next_return(&self) -> u64 {
        let n = self.drained.fetch_add(1, Ordering::Relaxed);
        let fraction = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let window = u128::from(self.drain_ms.load(Ordering::SeqCst));
        u64::try_from((window * u128::from(fraction)) >> 32).unwrap_or(u64::MAX)
    }
}

impl EffectSink for Hub {
    fn envelope(&self, envelope: Outgoing) {
        if envelope.kind == EnvelopeKind::Move {
            self.counters.carried.add();
        }
        let slot = self.registry.get(&envelope.to);
        if let Some(call) = call_of(&envelope, slot.is_some()) {
            self.waker.wake(call);
        }
        if let Some(slot) = slot {
            slot.deliver(envelope, self.settings.queue);
        } else {
            self.counters.absent.add();
            self.bus.publish(self.node, Signal::Mail(envelope.to));
        }
    }

    fn withdrawn(&self, withdrawal: Withdrawal) {
        if let Some(slot) = self.registry.get(&withdrawal.to) {
            slot.gone(withdrawal.id, withdrawal.reason, self.settings.queue);
        } else {
            self.bus.publish(self.node, Signal::Gone(withdrawal));
        }
    }

    fn changed(&self, what: Changed) {
        self.ring(Topic::Row(what));
    }

    fn inbox(&self, service: ServiceId) {
        self.ring(Topic::Inbox(service));
    }

    fn webhook(&self, _service: ServiceId) {
        self.webhooks.notify_one();
    }

    fn letter(&self) {
        self.letters.notify_one();
    }
}

impl Listener for Hub {
    fn signal(&self, signal: Signal) {
        match signal {
            Signal::Mail(mailbox) => {
                if let Some(slot) = self.registry.get(&mailbox) {
                    slot.look();
                }
            }
            Signal::Gone(w) => {
                if let Some(slot) = self.registry.get(&w.to) {
                    slot.gone(w.id, w.reason, self.settings.queue);
                }
            }
            Signal::Changed(topic) => self.watchers.changed(&topic),
            Signal::Connected(mailbox) => {
                if let Some(slot) = self.registry.get(&mailbox) {
                    slot.close(CloseCode::Replaced);
                }
            }
        }
    }
}

/// A connection's place in the registry, until it is dropped.
pub(crate) struct Lease {
    hub: Arc<Hub>,
    slot: Arc<Slot>,
}

impl Lease {
    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }

    pub(crate) fn mailbox(&self) -> MailboxId {
        self.slot.mailbox()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.hub.registry.remove(&self.slot);
        self.hub.counters.connected.sub();
    }
}

#[cfg(test)]
mod tests;
