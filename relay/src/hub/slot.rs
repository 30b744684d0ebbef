//! One connection's slot: a small bounded queue and one waker. The hub puts work in, the socket's loop takes it out.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use nod_login::Outgoing;
use nod_protocol::frames::{CloseCode, GoneReason};
use nod_protocol::{EnvelopeId, MailboxId};

/// Heart-beats of silence after which a connection is cut.
const SILENT_BEATS: u8 = 2;

/// What a socket's loop is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// Write this envelope.
    Deliver(Box<Outgoing>),
    /// Tell that an envelope was withdrawn.
    Gone(EnvelopeId, GoneReason),
    /// Ping the phone.
    Ping,
    /// Read the mailbox again: another node took mail for it.
    Look,
    /// Tell the phone when to come back, then close with [`CloseCode::Draining`].
    Drain {
        /// Milliseconds.
        after_ms: u64,
    },
    /// Close with this code at once.
    Close(CloseCode),
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    ping: bool,
    look: bool,
    drain: Option<u64>,
    close: Option<CloseCode>,
}

/// The slot of one connection.
pub(crate) struct Slot {
    mailbox: MailboxId,
    waker: AtomicWaker,
    heard: AtomicBool,
    silent: AtomicU8,
    state: Mutex<State>,
}

impl Slot {
    pub(crate) fn new(mailbox: MailboxId) -> Self {
        Self {
            mailbox,
            waker: AtomicWaker::new(),
            heard: AtomicBool::new(true),
            silent: AtomicU8::new(0),
            state: Mutex::default(),
        }
    }

    pub(crate) const fn mailbox(&self) -> MailboxId {
        self.mailbox
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an envelope; a queue that is full means that the phone does not read: it is cut.
    pub(crate) fn deliver(&self, envelope: Outgoing, bound: usize) {
        self.push(Work::Deliver(Box::new(envelope)), bound);
    }

    /// Queues the withdrawal of an envelope; one that was not written yet never will be.
    pub(crate) fn gone(&self, id: EnvelopeId, reason: GoneReason, bound: usize) {
        self.state().queue.retain(|work| !matches!(work, Work::Deliver(e) if e.id == id));
        self.push(Work::Gone(id, reason), bound);
    }

    fn push(&self, work: Work, bound: usize) {
        {
            let mut state = self.state();
            if state.close.is_some() {
                return;
            }
            if state.queue.len() >= bound {
                end(&mut state, CloseCode::Slow);
            } else {
                state.queue.push_back(work);
            }
        }
        self.waker.wake();
    }

    /// Asks the loop to read the mailbox again.
    pub(crate) fn look(&self) {
        self.state().look = true;
        self.waker.wake();
    }

    /// Asks the loop to finish what is queued, say when to come back, and close.
    pub(crate) fn drain(&self, after_ms: u64) {
        self.state().drain.get_or_insert(after_ms);
        self.waker.wake();
    }

    /// Closes the connection; what is queued stays in the mailbox for the next one. The first code counts.
    pub(crate) fn close(&self, code: CloseCode) {
        end(&mut self.state(), code);
        self.waker.wake();
    }

    /// The loop heard from the phone.
    pub(crate) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// One heart-beat: pings the phone, or cuts it when it has been silent for too long.
    pub(crate) fn beat(&self) {
        if self.heard.swap(false, Ordering::Relaxed) {
            self.silent.store(0, Ordering::Relaxed);
        } else if self.silent.fetch_add(1, Ordering::Relaxed) + 1 >= SILENT_BEATS {
            self.close(CloseCode::Idle);
            return;
        }
        self.state().ping = true;
        self.waker.wake();
    }

    /// Forgets queued envelopes that were just written from the mailbox itself.
    pub(crate) fn forget(&self, written: &[EnvelopeId]) {
        self.state().queue.retain(|work| !matches!(work, Work::Deliver(e) if written.contains(&e.id)));
    }

    /// The next piece of work. Only the connection's own loop may poll.
    pub(crate) fn poll_work(&self, cx: &Context<'_>) -> Poll<Work> {
        if let Some(work) = self.next() {
            return Poll::Ready(work);
        }
        self.waker.register(cx.waker());
        self.next().map_or(Poll::Pending, Poll::Ready)
    }

    /// The next piece of work, if there is any.
    pub(crate) fn next(&self) -> Option<Work> {
        let mut state = self.state();
        if let Some(code) = state.close {
            return Some(Work::Close(code));
        }
        if let Some(work) = state.queue.pop_front() {
            if state.queue.is_empty() {
                // An idle connection keeps no buffer.
                state.queue = VecDeque::new();
            }
            return Some(work);
        }
        if std::mem::take(&mut state.look) {
            return Some(Work::Look);
        }
        if let Some(after_ms) = state.drain.take() {
            return Some(Work::Drain { after_ms });
        }
        std::mem::take(&mut state.ping).then_some(Work::Ping)
    }

    /// Whether the loop must give up even in the middle of a write: the phone does not read.
    pub(crate) fn poll_cut(&self, cx: &Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.state().close == Some(CloseCode::Slow) { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn end(state: &mut State, code: CloseCode) {
    state.close.get_or_insert(code);
    state.queue = VecDeque::new();
}

#[cfg(test)]
mod tests {
    use nod_login::UnixMillis;
    use nod_protocol::ServiceId;
    use nod_protocol::frames::EnvelopeKind;

    use super::*;

    fn slot() -> Slot {
        Slot::new(MailboxId::from_bytes([1; 32]))
    }

    fn envelope(n: u128) -> Outgoing {
        Outgoing {
            id: EnvelopeId(uuid::Uuid::from_u128(n)),
            to: MailboxId::from_bytes([1; 32]),
            service: ServiceId::from_bytes([2; 16]),
            kind: EnvelopeKind::Challenge,
            body: "a.b.c".to_owned(),
            expires: UnixMillis(1),
            challenge: None,
        }
    }

    #[test]
    fn full_queue_cuts_the_connection_and_frees_the_queue() {
        let slot = slot();
        for n in 0..4 {
            slot.deliver(envelope(n), 3);
        }
        assert_eq!(slot.next(), Some(Work::Close(CloseCode::Slow)));
        assert_eq!(slot.state().queue.capacity(), 0);
    }

    #[test]
    fn withdrawn_envelope_is_not_written_any_more() {
        let slot = slot();
        slot.deliver(envelope(1), 8);
        slot.deliver(envelope(2), 8);
        slot.gone(envelope(1).id, GoneReason::Superseded, 8);
        assert_eq!(slot.next(), Some(Work::Deliver(Box::new(envelope(2)))));
        assert_eq!(slot.next(), Some(Work::Gone(envelope(1).id, GoneReason::Superseded)));
        assert_eq!(slot.next(), None);
    }

    #[test]
    fn drain_comes_after_what_is_queued_and_close_before_it() {
        let slot = slot();
        slot.drain(7);
        slot.deliver(envelope(1), 8);
        assert_eq!(slot.next(), Some(Work::Deliver(Box::new(envelope(1)))));
        slot.deliver(envelope(2), 8);
        slot.close(CloseCode::Replaced);
        assert_eq!(slot.next(), Some(Work::Close(CloseCode::Replaced)));
    }

    #[test]
    fn silent_connection_is_pinged_and_then_cut() {
        let slot = slot();
        slot.beat();
        assert_eq!(slot.next(), Some(Work::Ping));
        slot.beat();
        assert_eq!(slot.next(), Some(Work::Ping));
        slot.beat();
        assert_eq!(slot.next(), Some(Work::Close(CloseCode::Idle)));
    }

    #[test]
    fn connection_that_answers_is_never_cut() {
        let slot = slot();
        for _ in 0..10 {
            slot.beat();
            assert_eq!(slot.next(), Some(Work::Ping));
            slot.heard();
        }
    }

    #[test]
    fn idle_slot_keeps_no_queue() {
        let slot = slot();
        slot.deliver(envelope(1), 8);
        assert!(slot.next().is_some());
        assert_eq!(slot.state().queue.capacity(), 0);
    }
}
