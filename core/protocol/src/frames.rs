//! The frames of the device socket and its close codes (docs/protocol.md section 7).

use serde::{Deserialize, Serialize};

use crate::bytes::{Digest, Nonce};
use crate::ids::{EnrolmentId, EnvelopeId, MoveId, ServiceId};
use crate::messages::WakeOffer;

/// The longest frame, in bytes.
pub const MAX_FRAME: usize = 16 * 1024;

/// The longest body of an envelope, in bytes.
pub const MAX_BODY: usize = 12 * 1024;

/// Seconds that a phone has for its hello.
pub const HELLO_SECONDS: u64 = 10;

/// What an envelope to a phone holds, so that the phone knows how to open it. Set by the sender, trusted by nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvelopeKind {
    /// E2, the provisional binding.
    Enrolment,
    /// C1, a challenge.
    Challenge,
    /// C3, a receipt.
    Receipt,
    /// A notice.
    Notice,
    /// A message of a move, from the other phone.
    Move,
    /// The login server's word on a move.
    Moved,
    /// A new key of the service.
    Rotation,
}

/// Why an envelope was withdrawn. A hint: only the login server's signed word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GoneReason {
    /// A retry replaced it.
    Superseded,
    /// The login server withdrew it.
    Cancelled,
    /// It was answered, perhaps on another phone.
    Answered,
    /// Its time ran out.
    Expired,
}

/// Why the relay did not take an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedReason {
    /// No such service or enrolment (any more).
    UnknownAddress,
    /// The body is above [`MAX_BODY`].
    TooLarge,
    /// The receiver's queue is full.
    QueueFull,
    /// Too many in too short a time.
    RateLimited,
    /// The login server could not read the body.
    Malformed,
    /// Another phone was first at this rendezvous.
    Taken,
    /// The relay does not wake phones up by that service, or not at that address.
    Unsupported,
    /// The relay cannot store it now.
    Unavailable,
}

/// Where a phone sends an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Destination {
    /// To a service that it is bound to.
    Service(ServiceId),
    /// To whoever opened this enrolment.
    Enrolment(EnrolmentId),
    /// To the other phone of this move.
    Rendezvous(MoveId),
}

/// A frame from the relay to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum RelayFrame {
    /// The first frame: sign this.
    Nonce {
        /// 32 fresh bytes.
        nonce: Nonce,
    },
    /// The hello was good.
    Welcome {
        /// The relay's clock, in milliseconds since 1970. For display only.
        time: u64,
        /// Seconds between the relay's pings.
        heartbeat_s: u32,
        /// How the relay can wake this phone up; none where it cannot.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wake: Option<WakeOffer>,
        /// [`crate::messages::WakeTarget::digest`] of the target that the relay holds for this phone, if it holds one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<Digest>,
    },
    /// An envelope; sent again after a reconnect while it is valid.
    Deliver {
        /// The envelope.
        id: EnvelopeId,
        /// What it holds.
        kind: EnvelopeKind,
        /// Who sent it; for [`EnvelopeKind::Move`] the rendezvous ([`MoveId::as_sender`]).
        service: ServiceId,
        /// The message (compact JOSE).
        body: String,
        /// Milliseconds until the relay drops it.
        ttl_ms: u64,
    },
    /// An envelope was withdrawn.
    Gone {
        /// The envelope.
        id: EnvelopeId,
        /// Why.
        reason: GoneReason,
    },
    /// What was sent is durably with the relay (or decided, for a managed service).
    Accepted {
        /// The envelope.
        id: EnvelopeId,
    },
    /// A sent envelope was not taken.
    Refused {
        /// The envelope.
        id: EnvelopeId,
        /// Why.
        reason: RefusedReason,
    },
    /// The relay is going down: come back after that many milliseconds.
    Drain {
        /// Milliseconds to wait before the next connection.
        after_ms: u64,
    },
}

/// A frame from a phone to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum DeviceFrame {
    /// The answer to the nonce.
    Hello {
        /// `nod-hello+jwt`.
        jwt: String,
    },
    /// An envelope arrived: starts the user's window.
    Received {
        /// The envelope.
        id: EnvelopeId,
    },
    /// An envelope for a login server.
    Send {
        /// Made by the phone; the same id again is the same envelope.
        id: EnvelopeId,
        /// Where to.
        to: Destination,
        /// The message.
        body: String,
    },
    /// Opens a rendezvous, of which this phone is the owner (docs/protocol.md section 6). Again is the same.
    Open {
        /// Made by the phone, for the answer.
        id: EnvelopeId,
        /// The rendezvous.
        rendezvous: MoveId,
    },
    /// Lets a service send to this phone: the phone is about to take an account over (docs/protocol.md section 6).
    Link {
        /// Made by the phone, for the answer.
        id: EnvelopeId,
        /// The service.
        service: ServiceId,
    },
    /// Where to wake this phone up, or that it is not to be woken (docs/protocol.md section 7).
    Wake {
        /// Made by the phone, for the answer.
        id: EnvelopeId,
        /// `nod-wake+jwt`.
        jwt: String,
    },
}

/// A frame could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Longer than [`MAX_FRAME`].
    #[error("the frame is too long")]
    TooLong,
    /// Not a frame of this protocol.
    #[error("the frame is malformed")]
    Malformed,
}

macro_rules! codec {
    ($frame:ty) => {
        impl $frame {
            /// The JSON text of the frame.
            #[must_use]
            pub fn to_text(&self) -> String {
                // Serialising these plain structures cannot fail; an empty text would be refused by every reader.
                serde_json::to_string(self).unwrap_or_default()
            }

            /// Reads a frame.
            ///
            /// # Errors
            /// [`FrameError`] when it is too long or not a frame of this kind.
            pub fn parse(text: &str) -> Result<Self, FrameError> {
                if text.len() > MAX_FRAME {
                    return Err(FrameError::TooLong);
                }
                crate::strict_json::from_slice(text.as_bytes()).map_err(|_| FrameError::Malformed)
            }
        }
    };
}
codec!(RelayFrame);
codec!(DeviceFrame);

/// Why the relay closed a device socket (RFC 6455 section 7.4.2, private range).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
#[non_exhaustive]
pub enum CloseCode {
    /// A newer connection of the same phone took over. Do not reconnect.
    Replaced = 4001,
    /// The hello did not verify.
    BadHello = 4002,
    /// No hello in time.
    HelloTimeout = 4003,
    /// A frame that the protocol does not allow.
    Protocol = 4004,
    /// The phone does not read what is sent to it.
    Slow = 4005,
    /// The relay is going down; reconnect after the time that the drain frame gave.
    Draining = 4006,
    /// Too many frames or connections.
    RateLimited = 4007,
    /// Nothing heard for two heart-beats.
    Idle = 4008,
    /// The relay failed.
    Internal = 4009,
}

impl CloseCode {
    /// All codes, for documentation and tests.
    pub const ALL: [Self; 9] = [
        Self::Replaced,
        Self::BadHello,
        Self::HelloTimeout,
        Self::Protocol,
        Self::Slow,
        Self::Draining,
        Self::RateLimited,
        Self::Idle,
        Self::Internal,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The close code with that number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.code() == code)
    }

    /// A word for logs and the close frame's reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::BadHello => "bad-hello",
            Self::HelloTimeout => "hello-timeout",
            Self::Protocol => "protocol",
            Self::Slow => "slow",
            Self::Draining => "draining",
            Self::RateLimited => "rate-limited",
            Self::Idle => "idle",
            Self::Internal => "internal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip_as_documented() {
        let id = EnvelopeId(uuid::Uuid::from_u128(7));
        let send = DeviceFrame::Send {
            id,
            to: Destination::Service(ServiceId::from_bytes([0; 16])),
            body: "a.b.c".to_owned(),
        };
        let text = send.to_text();
        assert_eq!(
            text,
            r#"{"t":"send","id":"00000000-0000-0000-0000-000000000007","to":{"service":"AAAAAAAAAAAAAAAAAAAAAA"},"body":"a.b.c"}"#
        );
        assert_eq!(DeviceFrame::parse(&text), Ok(send));
        let gone = RelayFrame::Gone { id, reason: GoneReason::Superseded };
        assert_eq!(RelayFrame::parse(&gone.to_text()), Ok(gone));
    }

    #[test]
    fn a_relay_and_a_phone_of_before_wake_ups_are_understood() {
        let plain = RelayFrame::Welcome { time: 1, heartbeat_s: 30, wake: None, held: None };
        let text = r#"{"t":"welcome","time":1,"heartbeat_s":30}"#;
        assert_eq!(plain.to_text(), text);
        assert_eq!(RelayFrame::parse(text), Ok(plain));
        let offer = WakeOffer { fcm: Some("project".to_owned()), ..WakeOffer::default() };
        let held = Some(Digest::of(b"target"));
        let full = RelayFrame::Welcome { time: 1, heartbeat_s: 30, wake: Some(offer), held };
        assert!(full.to_text().contains(r#""wake":{"fcm":"project"},"held":""#));
        assert_eq!(RelayFrame::parse(&full.to_text()), Ok(full));
        let newer = r#"{"t":"welcome","time":1,"heartbeat_s":30,"wake":{"pager":"x"},"more":{}}"#;
        assert!(matches!(RelayFrame::parse(newer), Ok(RelayFrame::Welcome { wake: Some(_), .. })));
    }

    #[test]
    fn long_foreign_and_doubled_frames_are_refused() {
        assert_eq!(DeviceFrame::parse(&" ".repeat(MAX_FRAME + 1)), Err(FrameError::TooLong));
        for bad in ["", "{}", "[]", r#"{"t":"nope"}"#, r#"{"t":"received","t":"hello","jwt":"x"}"#] {
            assert_eq!(DeviceFrame::parse(bad), Err(FrameError::Malformed), "{bad}");
        }
    }

    #[test]
    fn close_codes_are_distinct_and_found_again() {
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::from_code(code.code()), Some(code));
        }
    }
}
