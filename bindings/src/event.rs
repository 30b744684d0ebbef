//! What happens to the phone, as one ordered stream.

use nod_phone::{DisconnectReason, Event, RemovedReason};

use crate::error::NodError;
use crate::view::{AnswerOutcome, ChallengeEnd};

/// Why there is no connection to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum OfflineReason {
    /// It could not be reached, or the connection broke.
    Unreachable,
    /// Its certificate is not one that is trusted.
    Untrusted,
    /// It is going down for a moment.
    Draining,
    /// Another running copy of this phone took over.
    Replaced,
    /// It does not keep to the protocol.
    Protocol,
    /// The phone disconnected.
    Asked,
}

/// Why an account is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AccountEnd {
    /// Removed on this phone.
    User,
    /// Its service revoked it.
    Revoked,
    /// It moved to another phone.
    Moved,
}

/// One event. It says what to look at again; what there is to show is asked for.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum PhoneEvent {
    /// A relay is connected.
    Online {
        /// The relay, `host[:port]`.
        relay: String,
    },
    /// A connection ended or could not be made.
    Offline {
        /// The relay.
        relay: String,
        /// Why.
        reason: OfflineReason,
        /// Seconds until the next attempt; none when there will be no further one.
        retry_in_s: Option<f64>,
    },
    /// A challenge waits for the user.
    Challenge {
        /// The challenge.
        id: String,
    },
    /// A challenge ended without an answer from this phone.
    ChallengeGone {
        /// The challenge.
        id: String,
        /// How.
        end: ChallengeEnd,
    },
    /// The login server's word on this phone's answer.
    Decided {
        /// The challenge.
        id: String,
        /// That word.
        outcome: AnswerOutcome,
    },
    /// An answer could not be handed over.
    AnswerRefused {
        /// The challenge.
        id: String,
    },
    /// An account was added.
    AccountAdded {
        /// The account.
        id: String,
    },
    /// An enrolment ended without an account.
    EnrolmentFailed {
        /// The enrolment.
        id: String,
        /// Why.
        error: NodError,
    },
    /// An account and its keys are gone.
    AccountRemoved {
        /// The account.
        id: String,
        /// Why.
        end: AccountEnd,
    },
    /// Something else about an account changed: its service has another key, or asks to verify answers itself.
    AccountChanged {
        /// The account.
        id: String,
    },
    /// Something of the move changed.
    MoveChanged,
    /// The move is over.
    MoveEnded {
        /// Why, unless it is done.
        error: Option<NodError>,
    },
    /// An enrolment's code can be shown.
    EnrolmentVerified {
        /// The enrolment.
        id: String,
    },
    /// Events were missed: look at everything again.
    Missed,
}

impl From<RemovedReason> for AccountEnd {
    fn from(reason: RemovedReason) -> Self {
        match reason {
            RemovedReason::User => Self::User,
            RemovedReason::Revoked => Self::Revoked,
            RemovedReason::Moved => Self::Moved,
        }
    }
}

impl From<DisconnectReason> for OfflineReason {
    fn from(reason: DisconnectReason) -> Self {
        use nod_protocol::frames::CloseCode;
        match reason {
            DisconnectReason::Untrusted => Self::Untrusted,
            DisconnectReason::Protocol => Self::Protocol,
            DisconnectReason::Closed(CloseCode::Replaced) => Self::Replaced,
            DisconnectReason::Closed(CloseCode::Draining) => Self::Draining,
            DisconnectReason::Asked => Self::Asked,
            DisconnectReason::Unreachable
            | DisconnectReason::Lost
            | DisconnectReason::Silent
            | DisconnectReason::Closed(_)
            | _ => Self::Unreachable,
        }
    }
}

impl From<Event> for PhoneEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Connected { relay } => Self::Online { relay: relay.to_string() },
            Event::Disconnected { relay, reason, retry_in } => Self::Offline {
                relay: relay.to_string(),
                reason: reason.into(),
                retry_in_s: retry_in.map(|wait| wait.as_secs_f64()),
            },
            Event::Challenge { id } => Self::Challenge { id: id.to_string() },
            Event::Gone { id, reason } => Self::ChallengeGone { id: id.to_string(), end: reason.into() },
            Event::Decided { id, outcome } => Self::Decided { id: id.to_string(), outcome: outcome.into() },
            Event::AnswerRefused { id, .. } => Self::AnswerRefused { id: id.to_string() },
            Event::EnrolmentVerified { id } => Self::EnrolmentVerified { id: id.to_string() },
            Event::EnrolmentFailed { id, error } => {
                Self::EnrolmentFailed { id: id.to_string(), error: error.into() }
            }
            Event::AccountAdded { id, .. } => Self::AccountAdded { id: id.to_string() },
            Event::AccountRemoved { id, reason } => {
                Self::AccountRemoved { id: id.to_string(), end: reason.into() }
            }
            Event::KeyChanged { account } | Event::KeyChangeAsked { account } => {
                Self::AccountChanged { id: account.to_string() }
            }
            Event::MoveOffered { .. }
            | Event::MoveJoined { .. }
            | Event::MoveCode { .. }
            | Event::MoveProgress { .. }
            | Event::AccountMoved { .. } => Self::MoveChanged,
            Event::MoveEnded { error, .. } => Self::MoveEnded { error: error.map(Into::into) },
            Event::Missed { .. } | _ => Self::Missed,
        }
    }
}
