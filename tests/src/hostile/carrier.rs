//! What a relay has carried, has not carried yet, and could carry again: parcels to phones, messages to login servers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use nod_login::{Outgoing, UnixMillis};
use nod_phone::engine::Envelope;
use nod_protocol::frames::{Destination, DeviceFrame, EnvelopeKind};
use nod_protocol::{EnvelopeId, MailboxId, MoveId};

/// An envelope on its way to a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The mailbox that it was sent to.
    pub to: MailboxId,
    /// What the phone is given.
    pub envelope: Envelope,
    /// When its sender says that it is of no more use.
    pub expires: UnixMillis,
}

/// An envelope on its way to a login server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The mailbox of the phone that sent it.
    pub from: MailboxId,
    /// Its id.
    pub id: EnvelopeId,
    /// Where it was sent to.
    pub to: Destination,
    /// The message.
    pub body: String,
}

/// Where two phones meet: whoever opened it owns it, and the first other one that writes is its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rendezvous {
    /// The old phone's mailbox.
    pub owner: MailboxId,
    /// The new phone's.
    pub peer: Option<MailboxId>,
}

/// The relay's memory. Nothing leaves it unless somebody says so, and nothing is ever forgotten.
#[derive(Debug, Default)]
pub struct Carrier {
    /// Every parcel that was ever given to it, oldest first.
    pub parcels: Vec<Parcel>,
    /// Every message that was ever given to it, oldest first.
    pub messages: Vec<Message>,
    /// Where phones meet.
    pub meetings: HashMap<MoveId, Rendezvous>,
    /// What phones have acknowledged.
    pub received: HashSet<EnvelopeId>,
    requests_left: VecDeque<(MailboxId, DeviceFrame)>,
    parcels_left: VecDeque<usize>,
    messages_left: VecDeque<usize>,
    known: HashSet<EnvelopeId>,
}

impl Carrier {
    /// Takes a parcel in.
    pub fn take_parcel(&mut self, out: Outgoing, now: UnixMillis) {
        let Outgoing { id, to, service, kind, body, expires, challenge: _ } = out;
        let ttl = Duration::from_millis(expires.since(now));
        self.put(Parcel { to, envelope: Envelope { id, kind, service, body, ttl }, expires });
    }

    /// Lays a parcel down to be carried.
    pub fn put(&mut self, parcel: Parcel) {
        self.parcels_left.push_back(self.parcels.len());
        self.parcels.push(parcel);
    }

    /// Takes in what a phone asks of the relay itself: to open a rendezvous, to let a service write to it.
    pub fn take_request(&mut self, from: MailboxId, id: EnvelopeId, frame: DeviceFrame) {
        if self.known.insert(id) {
            self.requests_left.push_back((from, frame));
        }
    }

    /// The next request that was not looked at yet.
    pub fn next_request(&mut self) -> Option<(MailboxId, DeviceFrame)> {
        self.requests_left.pop_front()
    }

    /// Every connection breaks: phones send again what was not answered, and what they have not acknowledged is
    /// delivered again.
    pub fn reconnect(&mut self, now: UnixMillis) {
        self.known.clear();
        self.requests_left.clear();
        self.messages_left.clear();
        let parcels = self.parcels.iter().enumerate();
        let left = parcels.filter(|(_, p)| now < p.expires && !self.received.contains(&p.envelope.id));
        self.parcels_left = left.map(|(at, _)| at).collect();
    }

    /// Takes a message in; one that a phone sends again is the same message.
    pub fn take_message(&mut self, message: Message) {
        if self.known.insert(message.id) {
            self.messages_left.push_back(self.messages.len());
            self.messages.push(message);
        }
    }

    /// The next parcel that was not carried yet.
    pub fn next_parcel(&mut self) -> Option<Parcel> {
        self.parcels_left.pop_front().map(|at| self.parcels[at].clone())
    }

    /// The next message that was not carried yet.
    pub fn next_message(&mut self) -> Option<Message> {
        self.messages_left.pop_front().map(|at| self.messages[at].clone())
    }

    /// Keeps the oldest parcel of this kind for a mailbox from being carried, and hands it out.
    pub fn intercept(&mut self, to: MailboxId, kind: EnvelopeKind) -> Option<Parcel> {
        let fits = |at: &usize| self.parcels[*at].to == to && self.parcels[*at].envelope.kind == kind;
        let found = self.parcels_left.iter().position(fits)?;
        self.parcels_left.remove(found).map(|at| self.parcels[at].clone())
    }

    /// Drops everything that was not carried yet. It can still be replayed.
    pub fn drop_all(&mut self) {
        self.requests_left.clear();
        self.parcels_left.clear();
        self.messages_left.clear();
    }

    /// Goes back to an earlier time: everything from then on waits to be carried once more.
    pub fn roll_back(&mut self, parcels: usize, messages: usize) {
        self.parcels_left = (parcels..self.parcels.len()).collect();
        self.messages_left = (messages..self.messages.len()).collect();
    }

    /// Swaps the first and the last of what waits.
    pub fn reorder(&mut self) {
        self.parcels_left.make_contiguous().reverse();
        self.messages_left.make_contiguous().reverse();
    }
}
