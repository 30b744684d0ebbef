//! What a screen is shown: accounts, challenges to decide, history, connections. Plain data, no secret in it.

use std::time::Duration;

use nod_protocol::frames::GoneReason;
use nod_protocol::messages::{ChallengeContext, Decision, DeviceInfo, Mode, Outcome};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, ChallengeId, CheckCode, MoveId, ServiceId};
use serde::{Deserialize, Serialize};

/// One account of the user at one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The binding.
    pub id: BindingId,
    /// The service.
    pub service: ServiceId,
    /// The service's name as it was pinned at enrolment.
    pub service_name: String,
    /// The service's verified domain as it was pinned at enrolment.
    pub domain: Option<String>,
    /// What the user calls the account; the service's own label at first.
    pub label: String,
    /// The relay that carries its challenges.
    pub relay: RelayAddress,
    /// Who verifies its answers.
    pub mode: Mode,
    /// When it was enrolled by the phone's clock, in milliseconds since 1970.
    pub created: u64,
}

/// One verified challenge that waits for the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The challenge.
    pub id: ChallengeId,
    /// The account that is asked.
    pub account: BindingId,
    /// The service's name as it was pinned at enrolment; nothing in a challenge can change it.
    pub service_name: String,
    /// The service's verified domain as it was pinned at enrolment.
    pub service_domain: Option<String>,
    /// What the user calls the account.
    pub label: String,
    /// What is asked, as the service signed it.
    pub context: ChallengeContext,
    /// How many digits the user must copy from the login page: 0, 2 or 6.
    pub digits: u8,
    /// The whole time that the user has, in seconds; a countdown starts here.
    pub window_s: f64,
    /// How much of it is left, in seconds, by the monotonic clock.
    pub seconds_left: f64,
}

/// How a challenge ended, as far as the phone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "end", content = "as")]
pub enum HistoryEnd {
    /// The login server's signed word on the answer.
    Receipt(Outcome),
    /// Decided, but the login server's word has not come (yet).
    Unconfirmed(Decision),
    /// It ended without a decision on this phone.
    Gone(GoneReason),
}

/// One past challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The challenge.
    pub id: ChallengeId,
    /// The account.
    pub account: BindingId,
    /// The service's pinned name.
    pub service_name: String,
    /// What the user called the account then.
    pub label: String,
    /// What was asked.
    pub context: ChallengeContext,
    /// How it ended.
    pub end: HistoryEnd,
    /// When it ended by the phone's clock, in milliseconds since 1970.
    pub at: u64,
}

/// How the connection to one relay stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayStatus {
    /// The relay.
    pub relay: RelayAddress,
    /// Whether its welcome was heard on the connection that is open now.
    pub online: bool,
    /// How long until the next attempt, while it waits.
    pub retry_in: Option<Duration>,
    /// Whether a newer connection of the same phone took over; no further attempt is made then.
    pub replaced: bool,
}

/// Which side of a move a phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoveRole {
    /// The phone that the accounts leave.
    Old,
    /// The phone that they go to.
    New,
}

/// How one account of a move stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MovingState {
    /// The new phone has been told of it; the old one has not authorised it.
    Announced,
    /// Authorised: the login server's word is awaited. Until it comes the old phone can still approve.
    Authorised,
    /// The login server exchanged the keys: only the new phone can approve now.
    Moved,
    /// The login server refused it: it is revoked or suspended, or went to another phone.
    Refused,
    /// The new phone cannot take it: it has it already, or could not make its keys.
    Impossible,
}

impl MovingState {
    /// Whether it will not change any more.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Moved | Self::Refused | Self::Impossible)
    }
}

/// How a move ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoveEnd {
    /// Nothing of it is under way any more.
    Done,
    /// It was ended on this phone.
    Cancelled,
    /// The other phone ended it.
    Left,
    /// The relay did not take it, or has forgotten it.
    Refused,
    /// The other phone sent what the protocol does not allow.
    Broken,
}

/// One account of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovingAccount {
    /// The account.
    pub id: BindingId,
    /// The service's pinned name.
    pub service_name: String,
    /// What the user calls the account.
    pub label: String,
    /// How it stands.
    pub state: MovingState,
}

/// How far a move is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveStep {
    /// Old phone: the QR code is shown.
    Offered,
    /// Old phone: a phone has scanned it; its code must be typed here.
    AwaitingCode,
    /// New phone: the old phone's proof is awaited.
    Joined,
    /// New phone: this code must be typed into the old phone.
    CodeShown(CheckCode),
    /// Accounts are moving.
    Moving,
    /// Over.
    Ended(MoveEnd),
}

/// A move as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveStatus {
    /// The move.
    pub id: MoveId,
    /// Which side this phone is.
    pub role: MoveRole,
    /// How far it is.
    pub step: MoveStep,
    /// What the other phone says of itself, once it is known.
    pub peer: Option<DeviceInfo>,
    /// The accounts.
    pub accounts: Vec<MovingAccount>,
    /// How many one-time codes travel along.
    pub codes: u32,
    /// Whether they have arrived: the old phone may offer to delete them then.
    pub codes_arrived: bool,
}

impl MoveStatus {
    /// How many accounts have moved.
    #[must_use]
    pub fn moved(&self) -> usize {
        self.accounts.iter().filter(|account| account.state == MovingState::Moved).count()
    }

    /// Whether the move is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.step, MoveStep::Ended(_))
    }
}
