//! What screens show: accounts, challenges, history, connections.

use std::net::IpAddr;

use nod_phone::{HistoryEnd, RelayStatus};
use nod_protocol::frames::GoneReason;
use nod_protocol::messages::{ChallengeContext, Decision, Mode, Outcome};

/// One account of the user at one service.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// The service's name as it was pinned at enrolment.
    pub service_name: String,
    /// The service's verified domain as it was pinned at enrolment.
    pub domain: Option<String>,
    /// What the user calls the account.
    pub label: String,
    /// The relay that carries its challenges, `host[:port]`.
    pub relay: String,
    /// Whether the service verifies answers itself; otherwise the relay does.
    pub verifies_itself: bool,
    /// The thumbprint of the key under which the service asks to verify answers itself, where it asks.
    pub asks_to_verify_itself: Option<String>,
    /// When it was added, in milliseconds since 1970.
    pub created: u64,
}

/// What a challenge is about, as the service signed it. Any part may be missing.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ContextView {
    /// The application, at most 64 characters.
    pub application: Option<String>,
    /// The domain that the user is signing in to.
    pub domain: Option<String>,
    /// The address that asks.
    pub address: Option<String>,
    /// The place as the login server knows it, at most 96 characters.
    pub place: Option<String>,
    /// The browser or device that asks, at most 256 characters.
    pub device: Option<String>,
    /// Anything else, at most 256 characters.
    pub detail: Option<String>,
}

/// One verified challenge that waits for the user.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct PendingView {
    /// The challenge.
    pub id: String,
    /// The account that is asked.
    pub account: String,
    /// The service's pinned name.
    pub service_name: String,
    /// The service's pinned, verified domain.
    pub service_domain: Option<String>,
    /// What the user calls the account.
    pub label: String,
    /// What is asked.
    pub context: ContextView,
    /// How many digits the user copies from the login page: 0, 2 or 6.
    pub digits: u8,
    /// The whole time that the user has, in seconds.
    pub window_s: f64,
    /// How much of it is left, in seconds.
    pub seconds_left: f64,
}

/// What became of an answer, by the login server's signed word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AnswerOutcome {
    /// The approval counts.
    Approved,
    /// The denial counts.
    Denied,
    /// The report arrived.
    Reported,
    /// The number was wrong: the challenge ended as denied.
    WrongNumber,
    /// The answer came too late.
    Expired,
    /// A newer challenge or a cancellation had ended it.
    Superseded,
    /// Another answer had decided it.
    Conflict,
    /// The account is suspended, revoked or moved.
    Refused,
}

/// How a challenge ended, as far as this phone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ChallengeEnd {
    /// Answered here, with the login server's word.
    Answered {
        /// That word.
        outcome: AnswerOutcome,
    },
    /// Approved here; the login server's word has not come.
    ApprovedUnconfirmed,
    /// Denied here; the login server's word has not come.
    DeniedUnconfirmed,
    /// Reported here; the login server's word has not come.
    ReportedUnconfirmed,
    /// A newer challenge replaced it.
    Superseded,
    /// The login server withdrew it.
    Cancelled,
    /// It was answered on another phone.
    AnsweredElsewhere,
    /// Its time ran out.
    Expired,
}

/// One past challenge.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HistoryView {
    /// The challenge.
    pub id: String,
    /// The account.
    pub account: String,
    /// The service's pinned name.
    pub service_name: String,
    /// What the user called the account then.
    pub label: String,
    /// What was asked.
    pub context: ContextView,
    /// How it ended.
    pub end: ChallengeEnd,
    /// When it ended, in milliseconds since 1970.
    pub at: u64,
}

/// How the connection to one relay stands.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct RelayView {
    /// The relay, `host[:port]`.
    pub relay: String,
    /// Whether it is connected.
    pub online: bool,
    /// Seconds until the next attempt, while it waits.
    pub retry_in_s: Option<f64>,
    /// Whether another copy of this phone took over.
    pub replaced: bool,
}

impl From<nod_phone::Account> for AccountView {
    fn from(account: nod_phone::Account) -> Self {
        Self {
            id: account.id.to_string(),
            service_name: account.service_name,
            domain: account.domain,
            label: account.label,
            relay: account.relay.to_string(),
            verifies_itself: account.mode == Mode::Sovereign,
            asks_to_verify_itself: account.asks_to_verify_itself.map(|key| key.to_string()),
            created: account.created,
        }
    }
}

impl From<ChallengeContext> for ContextView {
    fn from(context: ChallengeContext) -> Self {
        Self {
            application: context.application,
            domain: context.domain,
            address: context.ip.map(|ip: IpAddr| ip.to_string()),
            place: context.place,
            device: context.user_agent,
            detail: context.detail,
        }
    }
}

impl From<nod_phone::Pending> for PendingView {
    fn from(pending: nod_phone::Pending) -> Self {
        Self {
            id: pending.id.to_string(),
            account: pending.account.to_string(),
            service_name: pending.service_name,
            service_domain: pending.service_domain,
            label: pending.label,
            context: pending.context.into(),
            digits: pending.digits,
            window_s: pending.window_s,
            seconds_left: pending.seconds_left,
        }
    }
}

impl From<Outcome> for AnswerOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved => Self::Approved,
            Outcome::Denied => Self::Denied,
            Outcome::Reported => Self::Reported,
            Outcome::WrongNumber => Self::WrongNumber,
            Outcome::Expired => Self::Expired,
            Outcome::Superseded => Self::Superseded,
            Outcome::Conflict => Self::Conflict,
            Outcome::Refused => Self::Refused,
        }
    }
}

impl From<GoneReason> for ChallengeEnd {
    fn from(reason: GoneReason) -> Self {
        match reason {
            GoneReason::Superseded => Self::Superseded,
            GoneReason::Cancelled => Self::Cancelled,
            GoneReason::Answered => Self::AnsweredElsewhere,
            GoneReason::Expired => Self::Expired,
        }
    }
}

impl From<HistoryEnd> for ChallengeEnd {
    fn from(end: HistoryEnd) -> Self {
        match end {
            HistoryEnd::Receipt(outcome) => Self::Answered { outcome: outcome.into() },
            HistoryEnd::Unconfirmed(Decision::Approve) => Self::ApprovedUnconfirmed,
            HistoryEnd::Unconfirmed(Decision::Deny) => Self::DeniedUnconfirmed,
            HistoryEnd::Unconfirmed(Decision::Report) => Self::ReportedUnconfirmed,
            HistoryEnd::Gone(reason) => reason.into(),
        }
    }
}

impl From<nod_phone::HistoryEntry> for HistoryView {
    fn from(entry: nod_phone::HistoryEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            account: entry.account.to_string(),
            service_name: entry.service_name,
            label: entry.label,
            context: entry.context.into(),
            end: entry.end.into(),
            at: entry.at,
        }
    }
}

impl From<RelayStatus> for RelayView {
    fn from(status: RelayStatus) -> Self {
        Self {
            relay: status.relay.to_string(),
            online: status.online,
            retry_in_s: status.retry_in.map(|wait| wait.as_secs_f64()),
            replaced: status.replaced,
        }
    }
}
