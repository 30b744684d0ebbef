//! What leaves a step once it is durable.

use nod_login::{Changed, Outgoing, Withdrawal};
use nod_protocol::ServiceId;

/// Hears of effects after the step that caused them is on disk. Called on the committer's thread: must not wait.
pub trait EffectSink: Send + Sync + 'static {
    /// An envelope lies in a mailbox.
    fn envelope(&self, envelope: Outgoing);
    /// An envelope was withdrawn.
    fn withdrawn(&self, withdrawal: Withdrawal);
    /// An enrolment or challenge changed.
    fn changed(&self, what: Changed);
    /// A webhook event is queued for a service.
    fn webhook(&self, service: ServiceId);
    /// A letter to a user is queued.
    fn letter(&self);
    /// Something lies in a sovereign service's inbox.
    fn inbox(&self, service: ServiceId);
}

/// One effect.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Envelope(Outgoing),
    Withdrawn(Withdrawal),
    Changed(Changed),
    Webhook(ServiceId),
    Letter,
    Inbox(ServiceId),
}

impl Effect {
    pub(super) fn emit(self, sink: &dyn EffectSink) {
        match self {
            Self::Envelope(envelope) => sink.envelope(envelope),
            Self::Withdrawn(withdrawal) => sink.withdrawn(withdrawal),
            Self::Changed(what) => sink.changed(what),
            Self::Webhook(service) => sink.webhook(service),
            Self::Letter => sink.letter(),
            Self::Inbox(service) => sink.inbox(service),
        }
    }
}
