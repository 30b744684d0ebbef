//! The device connection as a state machine without I/O (docs/protocol.md section 7): what a frame means in each
//! state. [`Unidentified`] turns into [`Identified`] by a good hello and in no other way.

use std::time::Duration;

use nod_login::{Outgoing, UnixMillis};
use nod_protocol::frames::{
    CloseCode, Destination, DeviceFrame, HELLO_SECONDS, MAX_BODY, RefusedReason, RelayFrame,
};
use nod_protocol::jws::Received;
use nod_protocol::messages::{HelloClaims, WakeClaims, WakeOffer, WakeTarget};
use nod_protocol::{Digest, EnvelopeId, MailboxId, MoveId, Nonce, ServiceId};
use tokio::time::Instant;

/// The longest `app` of a hello, in characters.
const MAX_APP: usize = 64;

/// Frames that a phone may send in one go.
const BURST: u32 = 128;

/// Time in which one more frame is allowed: twenty a second, for the move of many accounts.
const REFILL: Duration = Duration::from_millis(50);

/// Control frames that are tolerated before the hello.
const EARLY_CONTROLS: u8 = 2;

/// What came from the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message: none is allowed.
    Binary,
    /// A ping or a pong.
    Control,
    /// Something that is no WebSocket message, or too long a one.
    Broken,
}

/// A connection that has not said a good hello yet.
#[derive(Debug)]
pub struct Unidentified {
    nonce: Nonce,
    deadline: Instant,
    controls: u8,
}

/// What became of an unidentified connection.
#[derive(Debug)]
pub enum Step {
    /// It said a good hello.
    Identified(Identified),
    /// It has said nothing yet.
    Waiting(Unidentified),
    /// It is to be closed.
    Closed(CloseCode),
}

impl Unidentified {
    /// A fresh connection, and the frame that it gets first.
    #[must_use]
    pub fn new(nonce: Nonce, now: Instant) -> (Self, RelayFrame) {
        let deadline = now + Duration::from_secs(HELLO_SECONDS);
        (Self { nonce, deadline, controls: 0 }, RelayFrame::Nonce { nonce })
    }

    /// When the hello must have come.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// One thing from the socket: the hello, or the end. `audiences` are the URLs under which phones dial this relay.
    #[must_use]
    pub fn on_incoming(mut self, incoming: Incoming<'_>, audiences: &[String], now: Instant) -> Step {
        if now >= self.deadline {
            return Step::Closed(CloseCode::HelloTimeout);
        }
        match incoming {
            Incoming::Text(text) => match DeviceFrame::parse(text) {
                Ok(DeviceFrame::Hello { jwt }) => self.on_hello(&jwt, audiences, now),
                Ok(
                    DeviceFrame::Received { .. }
                    | DeviceFrame::Send { .. }
                    | DeviceFrame::Open { .. }
                    | DeviceFrame::Link { .. }
                    | DeviceFrame::Wake { .. },
                )
                | Err(_) => Step::Closed(CloseCode::Protocol),
            },
            Incoming::Control if self.controls < EARLY_CONTROLS => {
                self.controls += 1;
                Step::Waiting(self)
            }
            Incoming::Binary | Incoming::Control | Incoming::Broken => Step::Closed(CloseCode::Protocol),
        }
    }

    fn on_hello(self, jwt: &str, audiences: &[String], now: Instant) -> Step {
        let Ok(hello) = Received::<HelloClaims>::parse(jwt) else {
            return Step::Closed(CloseCode::BadHello);
        };
        // What costs nothing comes before the signature.
        let claims = hello.hint();
        let plausible = claims.nonce == self.nonce
            && audiences.contains(&claims.aud)
            && claims.app.chars().count() <= MAX_APP;
        if !plausible {
            return Step::Closed(CloseCode::BadHello);
        }
        match hello.verify_self_certified() {
            Ok((mailbox, _)) => {
                Step::Identified(Identified { mailbox, nonce: self.nonce, bucket: Bucket::full(now) })
            }
            Err(_) => Step::Closed(CloseCode::BadHello),
        }
    }
}

/// A connection whose mailbox is proven.
#[derive(Debug)]
pub struct Identified {
    mailbox: MailboxId,
    /// Of this connection: what is signed for it is good on no other.
    nonce: Nonce,
    bucket: Bucket,
}

/// What a frame of an identified phone asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    Nothing,
    /// Note that the phone has this envelope.
    Delivered(EnvelopeId),
    /// Pass an envelope on and answer with [`answer`].
    Receive {
        /// The envelope.
        id: EnvelopeId,
        /// Where to.
        to: Destination,
        /// The message.
        body: String,
    },
    /// Open a rendezvous and answer with [`answer`].
    Open {
        /// Names the answer.
        id: EnvelopeId,
        /// The rendezvous.
        rendezvous: MoveId,
    },
    /// Let a service write to the mailbox and answer with [`answer`].
    Link {
        /// Names the answer.
        id: EnvelopeId,
        /// The service.
        service: ServiceId,
    },
    /// Note where the phone is woken up, if [`Identified::target`] allows it, and answer with [`answer`].
    Wake {
        /// Names the answer.
        id: EnvelopeId,
        /// `nod-wake+jwt`, unchecked.
        jwt: String,
    },
    /// Write this frame.
    Reply(RelayFrame),
    /// Close.
    Close(CloseCode),
}

impl Identified {
    /// The proven mailbox.
    #[must_use]
    pub const fn mailbox(&self) -> MailboxId {
        self.mailbox
    }

    /// One thing from the socket.
    pub fn on_incoming(&mut self, incoming: Incoming<'_>, now: Instant) -> Order {
        if !self.bucket.take(now) {
            return Order::Close(CloseCode::RateLimited);
        }
        match incoming {
            Incoming::Text(text) => match DeviceFrame::parse(text) {
                Ok(DeviceFrame::Received { id }) => Order::Delivered(id),
                Ok(DeviceFrame::Send { id, body, .. }) if body.len() > MAX_BODY => {
                    Order::Reply(answer(id, Err(RefusedReason::TooLarge)))
                }
                Ok(DeviceFrame::Send { id, to, body }) => Order::Receive { id, to, body },
                Ok(DeviceFrame::Open { id, rendezvous }) => Order::Open { id, rendezvous },
                Ok(DeviceFrame::Link { id, service }) => Order::Link { id, service },
                Ok(DeviceFrame::Wake { id, jwt }) => Order::Wake { id, jwt },
                Ok(DeviceFrame::Hello { .. }) | Err(_) => Order::Close(CloseCode::Protocol),
            },
            Incoming::Control => Order::Nothing,
            Incoming::Binary | Incoming::Broken => Order::Close(CloseCode::Protocol),
        }
    }

    /// The target that a `nod-wake+jwt` names: signed by this connection's own phone, for this relay and for this
    /// connection. `audiences` are the URLs under which phones dial this relay.
    ///
    /// # Errors
    /// [`RefusedReason::Malformed`] for every other message.
    pub fn target(&self, jwt: &str, audiences: &[String]) -> Result<Option<WakeTarget>, RefusedReason> {
        let message = Received::<WakeClaims>::parse(jwt).map_err(|_| RefusedReason::Malformed)?;
        let claims = message.hint();
        let fine = claims.nonce == self.nonce
            && audiences.contains(&claims.aud)
            && claims.target.as_ref().is_none_or(|target| target.check().is_ok());
        if !fine {
            return Err(RefusedReason::Malformed);
        }
        match message.verify_self_certified() {
            Ok((signer, verified)) if signer == self.mailbox => Ok(verified.into_claims().target),
            Ok(_) | Err(_) => Err(RefusedReason::Malformed),
        }
    }
}

/// The first frame after a good hello.
#[must_use]
pub fn welcome(
    now: UnixMillis,
    heartbeat: Duration,
    wake: Option<WakeOffer>,
    held: Option<Digest>,
) -> RelayFrame {
    let seconds = heartbeat.as_secs().max(1);
    let heartbeat_s = u32::try_from(seconds).unwrap_or(u32::MAX);
    RelayFrame::Welcome { time: now.0, heartbeat_s, wake, held }
}

/// The frame that carries an envelope; `None` once its time is up.
#[must_use]
pub fn deliver(envelope: Outgoing, now: UnixMillis) -> Option<RelayFrame> {
    let Outgoing { id, to: _, service, kind, body, expires, challenge: _ } = envelope;
    let ttl_ms = expires.since(now);
    (ttl_ms > 0).then_some(RelayFrame::Deliver { id, kind, service, body, ttl_ms })
}

/// The frame that answers a `send`, an `open`, a `link` or a `wake`.
#[must_use]
pub const fn answer(id: EnvelopeId, result: Result<(), RefusedReason>) -> RelayFrame {
    match result {
        Ok(()) => RelayFrame::Accepted { id },
        Err(reason) => RelayFrame::Refused { id, reason },
    }
}

/// A token bucket that keeps one moment: the one at which it would be full again.
#[derive(Debug)]
struct Bucket {
    full_at: Instant,
}

impl Bucket {
    const fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + REFILL;
        let within = full_at - now <= REFILL * BURST;
        if within {
            self.full_at = full_at;
        }
        within
    }
}

#[cfg(test)]
#[allow(clippy::wildcard_enum_match_arm, reason = "any other state fails the test")]
mod tests;
