//! What a screen is shown: accounts, challenges to decide, history, connections. Plain data, no secret in it.

use std::time::Duration;

use nod_protocol::frames::GoneReason;
use nod_protocol::messages::{ChallengeContext, Decision, Mode, Outcome};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, ChallengeId, ServiceId, Thumbprint};
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
    /// The service asks to verify answers itself from now on, under the key with this thumbprint, which its owners can
    /// name. Until the user agrees, nothing that this key signs is shown.
    pub asks_to_verify_itself: Option<Thumbprint>,
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
