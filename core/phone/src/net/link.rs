//! One connection as a state machine: no socket, and the time is told to it (docs/protocol.md section 7).

use std::time::Duration;

use nod_protocol::frames::{EnvelopeKind, GoneReason, HELLO_SECONDS, RefusedReason, RelayFrame};
use nod_protocol::messages::WakeOffer;
use nod_protocol::{Digest, EnvelopeId, Nonce, ServiceId};

use crate::engine::Envelope;
use crate::event::DisconnectReason;

/// The longest heart-beat that is believed, in seconds.
const MAX_HEARTBEAT_S: u32 = 600;
/// The longest pause that a draining relay can ask for.
const MAX_DRAIN: Duration = Duration::from_secs(300);

/// What the shell is to do after a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Answer the nonce with a hello.
    Hello(Nonce),
    /// The relay welcomed the phone: send what is outstanding.
    Online {
        /// How the relay can wake the phone up.
        wake: Option<WakeOffer>,
        /// The digest of the target that the relay holds.
        held: Option<Digest>,
    },
    /// Hand an envelope to the engine.
    Deliver(Envelope),
    /// An envelope was withdrawn.
    Gone(EnvelopeId, GoneReason),
    /// A sent envelope was taken. An answer stays outstanding until its receipt comes.
    Accepted(EnvelopeId),
    /// A sent envelope was not taken.
    Refused(EnvelopeId, RefusedReason),
    /// Nothing but to remember when to come back.
    Drain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AwaitNonce,
    AwaitWelcome,
    Online { silence: Duration },
}

/// A connection whose socket is open.
#[derive(Debug)]
pub(super) struct Link {
    state: State,
    /// When the phase began, until the relay welcomes; when the relay was last heard, after that.
    since: Duration,
    come_back: Option<Duration>,
}

impl Link {
    pub(super) const fn opened(now: Duration) -> Self {
        Self { state: State::AwaitNonce, since: now, come_back: None }
    }

    /// Takes a frame.
    pub(super) fn on_frame(&mut self, now: Duration, frame: RelayFrame) -> Result<Step, DisconnectReason> {
        match (self.state, frame) {
            (State::AwaitNonce, RelayFrame::Nonce { nonce }) => {
                (self.state, self.since) = (State::AwaitWelcome, now);
                Ok(Step::Hello(nonce))
            }
            (State::AwaitWelcome, RelayFrame::Welcome { time: _, heartbeat_s, wake, held }) => {
                let beat = Duration::from_secs(u64::from(heartbeat_s.clamp(1, MAX_HEARTBEAT_S)));
                (self.state, self.since) = (State::Online { silence: beat * 2 }, now);
                Ok(Step::Online { wake, held })
            }
            (State::Online { .. }, RelayFrame::Deliver { id, kind, service, body, ttl_ms }) => {
                Ok(Step::Deliver(envelope(id, kind, service, body, ttl_ms)))
            }
            (State::Online { .. }, RelayFrame::Gone { id, reason }) => Ok(Step::Gone(id, reason)),
            (State::Online { .. }, RelayFrame::Accepted { id }) => Ok(Step::Accepted(id)),
            (State::Online { .. }, RelayFrame::Refused { id, reason }) => Ok(Step::Refused(id, reason)),
            (_, RelayFrame::Drain { after_ms }) => {
                self.come_back = Some(now.saturating_add(Duration::from_millis(after_ms).min(MAX_DRAIN)));
                Ok(Step::Drain)
            }
            (
                _,
                RelayFrame::Nonce { .. }
                | RelayFrame::Welcome { .. }
                | RelayFrame::Deliver { .. }
                | RelayFrame::Gone { .. }
                | RelayFrame::Accepted { .. }
                | RelayFrame::Refused { .. },
            ) => Err(DisconnectReason::Protocol),
        }
    }

    /// Something was heard, a ping or a frame. Only a welcomed connection lives on by that: otherwise a relay could
    /// hold the hello off for ever.
    pub(super) const fn heard(&mut self, now: Duration) {
        if let State::Online { .. } = self.state {
            self.since = now;
        }
    }

    /// When the connection counts as dead unless something is heard.
    pub(super) fn deadline(&self) -> Duration {
        self.since.saturating_add(match self.state {
            State::AwaitNonce | State::AwaitWelcome => Duration::from_secs(HELLO_SECONDS),
            State::Online { silence } => silence,
        })
    }

    pub(super) const fn is_online(&self) -> bool {
        matches!(self.state, State::Online { .. })
    }

    /// When a draining relay wants the phone back.
    pub(super) const fn come_back(&self) -> Option<Duration> {
        self.come_back
    }
}

const fn envelope(
    id: EnvelopeId,
    kind: EnvelopeKind,
    service: ServiceId,
    body: String,
    ttl_ms: u64,
) -> Envelope {
    Envelope { id, kind, service, body, ttl: Duration::from_millis(ttl_ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn nonce() -> RelayFrame {
        RelayFrame::Nonce { nonce: Nonce::from_bytes([1; 32]) }
    }

    fn welcome(heartbeat_s: u32) -> RelayFrame {
        RelayFrame::Welcome { time: 0, heartbeat_s, wake: None, held: None }
    }

    const ONLINE: Step = Step::Online { wake: None, held: None };

    fn online(heartbeat_s: u32) -> Link {
        let mut link = Link::opened(S(0));
        link.on_frame(S(0), nonce()).unwrap();
        assert_eq!(link.on_frame(S(0), welcome(heartbeat_s)), Ok(ONLINE));
        link
    }

    #[test]
    fn the_nonce_is_answered_once_and_the_welcome_opens_the_connection() {
        let mut link = Link::opened(S(0));
        assert!(!link.is_online());
        assert_eq!(link.on_frame(S(1), nonce()), Ok(Step::Hello(Nonce::from_bytes([1; 32]))));
        assert_eq!(
            link.on_frame(S(1), nonce()),
            Err(DisconnectReason::Protocol),
            "a second nonce signs nothing"
        );
        assert_eq!(link.on_frame(S(2), welcome(30)), Ok(ONLINE));
        assert!(link.is_online());
    }

    #[test]
    fn nothing_is_delivered_before_the_welcome() {
        let id = EnvelopeId(uuid::Uuid::from_u128(1));
        let frames = [
            RelayFrame::Gone { id, reason: GoneReason::Expired },
            RelayFrame::Accepted { id },
            RelayFrame::Refused { id, reason: RefusedReason::QueueFull },
            RelayFrame::Deliver {
                id,
                kind: EnvelopeKind::Challenge,
                service: ServiceId::from_bytes([0; 16]),
                body: String::new(),
                ttl_ms: 1,
            },
            welcome(30),
        ];
        for frame in frames {
            assert_eq!(Link::opened(S(0)).on_frame(S(0), frame), Err(DisconnectReason::Protocol));
        }
    }

    #[test]
    fn a_relay_that_is_silent_for_two_heart_beats_is_dead() {
        let mut link = online(30);
        assert_eq!(link.deadline(), S(60));
        link.heard(S(45));
        assert_eq!(link.deadline(), S(105));
    }

    #[test]
    fn pings_cannot_hold_off_the_hello_for_ever() {
        let mut link = Link::opened(S(0));
        link.heard(S(9));
        assert_eq!(link.deadline(), S(10));
    }

    #[test]
    fn absurd_heart_beats_are_bounded() {
        assert_eq!(online(0).deadline(), S(2));
        assert_eq!(online(u32::MAX).deadline(), S(1200));
    }

    #[test]
    fn a_draining_relay_says_when_to_come_back_within_bounds() {
        let mut link = online(30);
        assert_eq!(link.on_frame(S(5), RelayFrame::Drain { after_ms: 2000 }), Ok(Step::Drain));
        assert_eq!(link.come_back(), Some(S(7)));
        link.on_frame(S(5), RelayFrame::Drain { after_ms: u64::MAX }).unwrap();
        assert_eq!(link.come_back(), Some(S(305)));
    }
}
