//! The seam between the nodes of one relay: which phone moved to which node, and what changed elsewhere.
//!
//! A signal is a hint to look again; whatever it speaks of is already durable in the shared store, so a lost signal
//! delays and never loses. One node needs no bus: [`LocalBus`] is the default.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use nod_login::{Changed, Withdrawal};
use nod_protocol::{MailboxId, ServiceId};

/// One node on a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub u64);

/// What somebody may wait for with `wait=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An enrolment or a challenge.
    Row(Changed),
    /// New items in a sovereign service's inbox.
    Inbox(ServiceId),
}

/// What one node tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// There is new mail for a phone that is not connected to the sender.
    Mail(MailboxId),
    /// An envelope was withdrawn; the phone is not connected to the sender.
    Gone(Withdrawal),
    /// Watchers of this topic should look again.
    Changed(Topic),
    /// A phone connected to the sender: older connections of it elsewhere are replaced.
    Connected(MailboxId),
}

/// Takes the signals of other nodes. Must not block.
pub trait Listener: Send + Sync {
    /// A signal of another node.
    fn signal(&self, signal: Signal);
}

/// Carries signals between nodes: at most once, in no particular order, without blocking the caller.
pub trait Bus: Send + Sync {
    /// Makes `listener` a node of the bus, until it is dropped.
    fn join(&self, listener: Weak<dyn Listener>) -> NodeId;

    /// Tells all nodes but `from`.
    fn publish(&self, from: NodeId, signal: Signal);
}

/// The bus inside one process. With a single node, publishing costs one atomic load.
#[derive(Default)]
pub struct LocalBus {
    next: AtomicU64,
    joined: AtomicUsize,
    nodes: Mutex<Vec<(NodeId, Weak<dyn Listener>)>>,
}

impl LocalBus {
    /// A bus without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn others(&self, from: NodeId) -> Vec<Arc<dyn Listener>> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|(_, node)| node.strong_count() > 0);
        self.joined.store(nodes.len(), Ordering::Relaxed);
        nodes.iter().filter(|(id, _)| *id != from).filter_map(|(_, node)| node.upgrade()).collect()
    }
}

impl Bus for LocalBus {
    fn join(&self, listener: Weak<dyn Listener>) -> NodeId {
        let id = NodeId(self.next.fetch_add(1, Ordering::Relaxed));
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.push((id, listener));
        self.joined.store(nodes.len(), Ordering::Relaxed);
        id
    }

    fn publish(&self, from: NodeId, signal: Signal) {
        if self.joined.load(Ordering::Relaxed) < 2 {
            return;
        }
        for node in self.others(from) {
            node.signal(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<Signal>>);

    impl Listener for Heard {
        fn signal(&self, signal: Signal) {
            self.0.lock().unwrap().push(signal);
        }
    }

    fn weak(heard: &Arc<Heard>) -> Weak<dyn Listener> {
        let heard: Arc<dyn Listener> = heard.clone();
        Arc::downgrade(&heard)
    }

    #[test]
    fn a_signal_reaches_every_node_but_its_sender() {
        let (bus, a, b, c) = (LocalBus::new(), Arc::default(), Arc::default(), Arc::default());
        let from = bus.join(weak(&a));
        bus.join(weak(&b));
        bus.join(weak(&c));
        let signal = Signal::Mail(MailboxId::from_bytes([1; 32]));
        bus.publish(from, signal);
        assert_eq!(*a.0.lock().unwrap(), []);
        assert_eq!(*b.0.lock().unwrap(), [signal]);
        assert_eq!(*c.0.lock().unwrap(), [signal]);
    }

    #[test]
    fn a_dropped_node_is_forgotten() {
        let (bus, a, b): (_, Arc<Heard>, Arc<Heard>) = (LocalBus::new(), Arc::default(), Arc::default());
        let from = bus.join(weak(&a));
        bus.join(weak(&b));
        drop(b);
        bus.publish(from, Signal::Mail(MailboxId::from_bytes([1; 32])));
        assert_eq!(bus.nodes.lock().unwrap().len(), 1);
    }
}
