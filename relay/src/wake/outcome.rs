//! What becomes of wake-ups, in numbers: for `/metrics` and for the audit log.

use std::time::Duration;

use nod_protocol::messages::WakeTarget;
use serde_json::{Map, Value, json};

use crate::hub::Counter;

/// What a push service made of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It took the wake-up.
    Accepted,
    /// There is no such target any more: it is to be forgotten.
    Gone,
    /// Not now; after that time, where it said one.
    Later(Option<Duration>),
    /// It will not take it; a word for the log.
    Refused(&'static str),
}

/// By what a phone is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Web Push and UnifiedPush.
    WebPush,
    /// Firebase Cloud Messaging.
    Fcm,
    /// Apple's push service.
    Apns,
    /// By nothing: the phone has no target, or it came to none.
    None,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::WebPush, Self::Fcm, Self::Apns, Self::None];

    /// As labels and the audit log name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::WebPush => "web-push",
            Self::Fcm => "fcm",
            Self::Apns => "apns",
            Self::None => "none",
        }
    }
}

impl From<&WakeTarget> for Service {
    fn from(target: &WakeTarget) -> Self {
        match target {
            WakeTarget::WebPush { .. } => Self::WebPush,
            WakeTarget::Fcm { .. } => Self::Fcm,
            WakeTarget::Apns { .. } => Self::Apns,
        }
    }
}

/// What became of a wake-up, or of one attempt at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The push service took it.
    Accepted,
    /// An attempt failed, and another one follows.
    Retried,
    /// The push service knows the target no more, and it was forgotten.
    Gone,
    /// The push service refused, or may not be dialled.
    Refused,
    /// The challenge's time was over before it was taken.
    GivenUp,
    /// The phone has no target, or its target is of a service that is off.
    NoTarget,
    /// Too many wake-ups wait already.
    Dropped,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Retried,
        Self::Gone,
        Self::Refused,
        Self::GivenUp,
        Self::NoTarget,
        Self::Dropped,
    ];

    /// As labels and the audit log name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Retried => "retried",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::GivenUp => "given-up",
            Self::NoTarget => "no-target",
            Self::Dropped => "dropped",
        }
    }
}

const KINDS: usize = Service::ALL.len() * Outcome::ALL.len();

/// Wake-ups by service and outcome, since the start of the process.
#[derive(Debug, Default)]
pub struct Counts([Counter; KINDS]);

impl Counts {
    pub(super) fn add(&self, service: Service, outcome: Outcome) {
        if let Some(counter) = Self::at(service, outcome).and_then(|at| self.0.get(at)) {
            counter.add();
        }
    }

    /// How many there were.
    #[must_use]
    pub fn get(&self, service: Service, outcome: Outcome) -> u64 {
        Self::at(service, outcome).and_then(|at| self.0.get(at)).map_or(0, Counter::get)
    }

    fn at(service: Service, outcome: Outcome) -> Option<usize> {
        let row = Service::ALL.iter().position(|known| *known == service)?;
        let column = Outcome::ALL.iter().position(|known| *known == outcome)?;
        Some(row * Outcome::ALL.len() + column)
    }
}

/// What the audit log was told of [`Counts`] so far. The log gets the sums of a minute, and nothing of a single phone.
#[derive(Debug, Default)]
pub(super) struct Told([u64; KINDS]);

impl Told {
    /// The audit event of what was counted since the last call; none where nothing was.
    pub(super) fn news(&mut self, counts: &Counts) -> Option<Value> {
        let mut services = Map::new();
        for service in Service::ALL {
            let mut outcomes = Map::new();
            for outcome in Outcome::ALL {
                let Some(told) = Counts::at(service, outcome).and_then(|at| self.0.get_mut(at)) else {
                    continue;
                };
                let now = counts.get(service, outcome);
                if now != *told {
                    outcomes.insert(outcome.word().to_owned(), (now - *told).into());
                    *told = now;
                }
            }
            if !outcomes.is_empty() {
                services.insert(service.word().to_owned(), outcomes.into());
            }
        }
        (!services.is_empty()).then(|| json!({ "what": "wake-ups", "services": services }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_log_hears_of_each_outcome_once_and_in_sums() {
        let (counts, mut told) = (Counts::default(), Told::default());
        assert_eq!(told.news(&counts), None);
        counts.add(Service::Fcm, Outcome::Accepted);
        counts.add(Service::Fcm, Outcome::Accepted);
        counts.add(Service::WebPush, Outcome::Gone);
        let services = json!({ "fcm": { "accepted": 2 }, "web-push": { "gone": 1 } });
        assert_eq!(told.news(&counts), Some(json!({ "what": "wake-ups", "services": services })));
        assert_eq!(told.news(&counts), None);
        counts.add(Service::None, Outcome::NoTarget);
        let services = json!({ "none": { "no-target": 1 } });
        assert_eq!(told.news(&counts), Some(json!({ "what": "wake-ups", "services": services })));
    }
}
