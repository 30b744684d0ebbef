//! What happens to the phone, as one ordered stream.

use std::time::Duration;

use nod_protocol::frames::GoneReason;
use nod_protocol::messages::Outcome;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, MoveId};

use crate::enrol::EnrolError;
use crate::moving::MoveError;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A relay welcomed the phone.
    Connected {
        /// The relay.
        relay: RelayAddress,
    },
    /// A connection ended or could not be made.
    Disconnected {
        /// The relay.
        relay: RelayAddress,
        /// Why.
        reason: DisconnectReason,
        /// How long until the next attempt; none when there will be no further one.
        retry_in: Option<Duration>,
    },
    /// A challenge arrived and was verified; the account's details are in `pending()`.
    Challenge {
        /// The challenge.
        id: ChallengeId,
    },
    /// A challenge ended without a decision on this phone.
    Gone {
        /// The challenge.
        id: ChallengeId,
        /// Why.
        reason: GoneReason,
    },
    /// The login server's signed receipt for this phone's answer arrived.
    Decided {
        /// The challenge.
        id: ChallengeId,
        /// What became of the answer.
        outcome: Outcome,
    },
    /// An answer could not be handed over.
    AnswerRefused {
        /// The challenge.
        id: ChallengeId,
        /// The relay's word.
        reason: nod_protocol::frames::RefusedReason,
    },
    /// A service proved itself in an enrolment: the check code can be shown.
    EnrolmentVerified {
        /// The enrolment.
        id: EnrolmentId,
    },
    /// An enrolment ended without an account.
    EnrolmentFailed {
        /// The enrolment.
        id: EnrolmentId,
        /// Why.
        error: EnrolError,
    },
    /// An enrolment was activated.
    AccountAdded {
        /// The account.
        id: BindingId,
        /// The enrolment that it came from.
        enrolment: EnrolmentId,
    },
    /// An account and its keys are gone.
    AccountRemoved {
        /// The account.
        id: BindingId,
        /// Why.
        reason: RemovedReason,
    },
    /// Old phone: the relay has opened the rendezvous, so the QR code can be shown.
    MoveOffered {
        /// The move.
        id: MoveId,
    },
    /// Old phone: a phone has scanned the QR code; its code must be typed here.
    MoveJoined {
        /// The move.
        id: MoveId,
    },
    /// New phone: the old phone has proven itself, so the code can be shown.
    MoveCode {
        /// The move.
        id: MoveId,
    },
    /// Something of a move changed: look at `move_status()`.
    MoveProgress {
        /// The move.
        id: MoveId,
    },
    /// An account has moved: away from the old phone, or to the new one.
    AccountMoved {
        /// The move.
        id: MoveId,
        /// The account.
        account: BindingId,
    },
    /// A move is over.
    MoveEnded {
        /// The move.
        id: MoveId,
        /// Why, unless it is done.
        error: Option<MoveError>,
    },
    /// The reader was too slow: that many events were dropped. Look at `pending()`, `accounts()` and `history()`.
    Missed {
        /// How many.
        count: u64,
    },
}

/// Why an account was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemovedReason {
    /// By the user of this phone.
    User,
    /// Its login server revoked it.
    Revoked,
    /// It moved to another phone.
    Moved,
}

/// Why a connection to a relay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The relay could not be reached.
    Unreachable,
    /// The relay's certificate is not one that is trusted.
    Untrusted,
    /// The connection broke, or ended without a reason.
    Lost,
    /// Nothing was heard from the relay for two heart-beats, or no welcome came in time.
    Silent,
    /// The relay sent what the protocol does not allow.
    Protocol,
    /// The relay closed the connection with this code of the protocol's.
    Closed(nod_protocol::frames::CloseCode),
    /// The phone disconnected.
    Asked,
}
