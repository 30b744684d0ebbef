//! How challenges ended, in the words of the pages' interface.

use nod_phone::{HistoryEnd, HistoryEntry, Pending, PhoneClock as _, SystemPhoneClock};
use nod_protocol::ChallengeId;
use nod_protocol::frames::GoneReason;
use nod_protocol::messages::Outcome;
use serde::Serialize;

/// The end of a challenge, as its screen shows it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Ended {
    id: String,
    challenge: ChallengeId,
    service: String,
    domain: Option<String>,
    application: Option<String>,
    /// One word of the interface.
    pub(super) outcome: &'static str,
    at: u64,
}

impl Ended {
    /// From the phone's history.
    pub(super) fn of_entry(entry: &HistoryEntry, domain: Option<String>) -> Self {
        let outcome = word(entry.end);
        Self {
            id: format!("{}.{outcome}", entry.id),
            challenge: entry.id,
            service: entry.service_name.clone(),
            domain,
            application: entry.context.application.clone(),
            outcome,
            at: entry.at,
        }
    }

    /// A decision whose receipt did not come. It may count nevertheless.
    pub(super) fn unconfirmed(pending: &Pending) -> Self {
        Self {
            id: format!("{}.unconfirmed", pending.id),
            challenge: pending.id,
            service: pending.service_name.clone(),
            domain: pending.service_domain.clone(),
            application: pending.context.application.clone(),
            outcome: "unconfirmed",
            at: SystemPhoneClock::default().unix_millis(),
        }
    }
}

/// The word for an end. "Reported" comes from the signed receipt alone.
pub(super) const fn word(end: HistoryEnd) -> &'static str {
    match end {
        HistoryEnd::Receipt(Outcome::Approved) => "approved",
        HistoryEnd::Receipt(Outcome::Denied) => "denied",
        HistoryEnd::Receipt(Outcome::Reported) => "reported",
        HistoryEnd::Receipt(Outcome::WrongNumber) => "wrong-number",
        HistoryEnd::Receipt(Outcome::Expired) | HistoryEnd::Gone(GoneReason::Expired) => "expired",
        HistoryEnd::Receipt(Outcome::Superseded) | HistoryEnd::Gone(GoneReason::Superseded) => "superseded",
        HistoryEnd::Receipt(Outcome::Conflict) | HistoryEnd::Gone(GoneReason::Answered) => {
            "answered-elsewhere"
        }
        HistoryEnd::Receipt(Outcome::Refused) => "refused",
        HistoryEnd::Gone(GoneReason::Cancelled) => "cancelled",
        HistoryEnd::Unconfirmed(_) => "unconfirmed",
    }
}

#[cfg(test)]
mod tests {
    use nod_protocol::messages::Decision;

    use super::*;

    #[test]
    fn outcomes_have_the_words_of_the_interface() {
        let ends = [
            (HistoryEnd::Receipt(Outcome::Approved), "approved"),
            (HistoryEnd::Receipt(Outcome::Conflict), "answered-elsewhere"),
            (HistoryEnd::Receipt(Outcome::WrongNumber), "wrong-number"),
            (HistoryEnd::Unconfirmed(Decision::Report), "unconfirmed"),
        ];
        for (end, expected) in ends {
            assert_eq!(word(end), expected);
        }
    }
}
