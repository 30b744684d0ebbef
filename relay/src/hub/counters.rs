//! What the hub and its sockets count, for `/metrics`. Plain atomics; no label holds an id or a name.

use std::sync::atomic::{AtomicU64, Ordering};

use nod_protocol::frames::CloseCode;

/// Counts since the start of the process, but for the gauges, which say how many there are now.
#[derive(Debug, Default)]
pub struct Counters {
    /// Gauge: device sockets that have said a good hello.
    pub connected: Counter,
    /// Gauge: device sockets that have not said hello yet.
    pub unidentified: Counter,
    /// Good hellos.
    pub hellos: Counter,
    /// `deliver` frames written, re-deliveries included.
    pub delivered: Counter,
    /// Envelopes for phones that were not connected here.
    pub absent: Counter,
    /// Envelopes that were carried from one phone to another.
    pub carried: Counter,
    /// `received` frames taken.
    pub received: Counter,
    /// `send`, `open` and `link` frames accepted.
    pub accepted: Counter,
    /// `send`, `open` and `link` frames refused.
    pub refused: Counter,
    /// Pings written by the heart-beat.
    pub pings: Counter,
    /// Connections that the address gate turned away.
    pub gated: Counter,
    /// Gauge: calls that wait for a change.
    pub watching: Counter,
    closes: [Counter; CloseCode::ALL.len()],
}

impl Counters {
    /// How many device sockets the relay closed with that code.
    #[must_use]
    pub fn closed(&self, code: CloseCode) -> u64 {
        self.close_counter(code).map_or(0, Counter::get)
    }

    pub(crate) fn count_close(&self, code: CloseCode) {
        if let Some(counter) = self.close_counter(code) {
            counter.add();
        }
    }

    fn close_counter(&self, code: CloseCode) -> Option<&Counter> {
        CloseCode::ALL.iter().position(|c| *c == code).and_then(|at| self.closes.get(at))
    }
}

/// One number that threads share.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Its value now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sub(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts one more until the guard is dropped.
    pub(crate) fn hold(&self) -> Held<'_> {
        self.add();
        Held(self)
    }
}

pub(crate) struct Held<'a>(&'a Counter);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.sub();
    }
}
