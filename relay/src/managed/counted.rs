//! A store that counts what login servers write into the audit log: started and ended, by outcome, for `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use nod_login::rows::{
    BindingRow, ChallengeRow, ChallengeState, EnrolmentRow, FobRow, LimitsRow, MoveRow, UserRow,
};
use nod_login::{
    AuditEvent, Changed, Event, Letter, Outgoing, Read, Rows, Step, Store, StoreError, UnixMillis, Withdrawal,
};
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, EnvelopeId, ServiceId};

/// Counts by name. No name comes from outside.
#[derive(Debug, Default)]
pub struct Outcomes([AtomicU64; NAMES.len()]);

/// The metric and its `outcome`, in the order of [`Outcomes`].
const NAMES: [(Metric, &str); 20] = [
    (Metric::Enrolments, "started"),
    (Metric::Enrolments, "active"),
    (Metric::Enrolments, "aborted"),
    (Metric::Enrolments, "expired"),
    (Metric::Challenges, "started"),
    (Metric::Challenges, "approved"),
    (Metric::Challenges, "denied"),
    (Metric::Challenges, "wrong-number"),
    (Metric::Challenges, "reported"),
    (Metric::Challenges, "superseded"),
    (Metric::Challenges, "cancelled"),
    (Metric::Challenges, "expired"),
    (Metric::Alarms, "counter-reused"),
    (Metric::Alarms, "codes-locked"),
    (Metric::Codes, "sent"),
    (Metric::Codes, "not-sent"),
    (Metric::Codes, "wrong"),
    (Metric::Codes, "accepted"),
    (Metric::Tickets, "issued"),
    (Metric::Tickets, "used"),
];

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Enrolments.
    Enrolments,
    /// Challenges.
    Challenges,
    /// What an operator should look at.
    Alarms,
    /// Codes of every method but push.
    Codes,
    /// Reset tickets of the helpdesk.
    Tickets,
}

impl Outcomes {
    /// Metric, outcome and count.
    pub fn each(&self) -> impl Iterator<Item = (Metric, &'static str, u64)> + '_ {
        NAMES.iter().zip(&self.0).map(|((metric, name), n)| (*metric, *name, n.load(Ordering::Relaxed)))
    }

    fn count(&self, event: &AuditEvent) {
        let Some(name) = name(event) else { return };
        if let Some((_, n)) = NAMES.iter().zip(&self.0).find(|(known, _)| **known == name) {
            n.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const fn name(event: &AuditEvent) -> Option<(Metric, &'static str)> {
    Some(match event {
        AuditEvent::EnrolmentStarted { .. } => (Metric::Enrolments, "started"),
        AuditEvent::DeviceEnrolled { .. } => (Metric::Enrolments, "active"),
        AuditEvent::EnrolmentAborted { .. } => (Metric::Enrolments, "aborted"),
        AuditEvent::EnrolmentExpired { .. } => (Metric::Enrolments, "expired"),
        AuditEvent::ChallengeStarted { .. } => (Metric::Challenges, "started"),
        AuditEvent::ChallengeEnded { wrong_number: true, .. } => (Metric::Challenges, "wrong-number"),
        AuditEvent::ChallengeEnded { state, .. } => match state {
            ChallengeState::Pending => return None,
            ChallengeState::Approved => (Metric::Challenges, "approved"),
            ChallengeState::Denied => (Metric::Challenges, "denied"),
            ChallengeState::Reported => (Metric::Challenges, "reported"),
            ChallengeState::Superseded => (Metric::Challenges, "superseded"),
            ChallengeState::Cancelled => (Metric::Challenges, "cancelled"),
            ChallengeState::Expired => (Metric::Challenges, "expired"),
        },
        AuditEvent::CounterReused { .. } => (Metric::Alarms, "counter-reused"),
        AuditEvent::CodesLocked { .. } => (Metric::Alarms, "codes-locked"),
        AuditEvent::CodeSent { .. } => (Metric::Codes, "sent"),
        AuditEvent::CodeNotSent { .. } => (Metric::Codes, "not-sent"),
        AuditEvent::CodeWrong { .. } => (Metric::Codes, "wrong"),
        AuditEvent::CodeAccepted { .. } => (Metric::Codes, "accepted"),
        AuditEvent::TicketIssued { .. } => (Metric::Tickets, "issued"),
        AuditEvent::TicketUsed { .. } => (Metric::Tickets, "used"),
        AuditEvent::MethodAdded { .. }
        | AuditEvent::MethodConfirmed { .. }
        | AuditEvent::MethodRemoved { .. }
        | AuditEvent::MethodsOrdered { .. }
        | AuditEvent::ContactsSet { .. }
        | AuditEvent::RecoveryCodesMade { .. }
        | AuditEvent::FobsImported { .. }
        | AuditEvent::FobAssigned { .. }
        | AuditEvent::FobProposed { .. }
        | AuditEvent::FobApproved { .. }
        | AuditEvent::FobReturned { .. }
        | AuditEvent::FobResynchronised { .. }
        | AuditEvent::FobDeleted { .. }
        | AuditEvent::UserSuspended { .. }
        | AuditEvent::UserUnsuspended { .. }
        | AuditEvent::TicketApproved { .. }
        | AuditEvent::TicketWithdrawn { .. }
        | AuditEvent::Noted { .. }
        | AuditEvent::EnrolmentClaimed { .. }
        | AuditEvent::LateAnswer { .. }
        | AuditEvent::CounterGap { .. }
        | AuditEvent::DeviceMoved { .. }
        | AuditEvent::DeviceRevoked { .. }
        | AuditEvent::DeviceLeftBehind { .. }
        | AuditEvent::KeyRotated { .. }
        | AuditEvent::HandedOver { .. }
        | AuditEvent::PushOff { .. }
        | AuditEvent::PushOn { .. }
        | AuditEvent::SourceSuppressed { .. } => return None,
    })
}

/// A store that counts.
pub struct Counted<S> {
    inner: S,
    outcomes: Arc<Outcomes>,
}

impl<S: Store> Counted<S> {
    /// Counts what goes through to `inner`.
    pub const fn new(inner: S, outcomes: Arc<Outcomes>) -> Self {
        Self { inner, outcomes }
    }

    fn counted(&self, step: Step<'static>) -> Step<'static> {
        let outcomes = Arc::clone(&self.outcomes);
        Box::new(move |rows| {
            let mut counting = Counting { rows, seen: Vec::new() };
            let result = step(&mut counting);
            if result.is_ok() {
                counting.seen.iter().for_each(|event| outcomes.count(event));
            }
            result
        })
    }
}

#[async_trait]
impl<S: Store> Store for Counted<S> {
    async fn step(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.inner.step(self.counted(step)).await
    }

    async fn step_lazily(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.inner.step_lazily(self.counted(step)).await
    }

    async fn read(&self, read: Read<'static>) -> Result<(), StoreError> {
        self.inner.read(read).await
    }
}

struct Counting<'a> {
    rows: &'a mut dyn Rows,
    seen: Vec<AuditEvent>,
}

impl Rows for Counting<'_> {
    fn audit(&mut self, service: ServiceId, at: UnixMillis, event: AuditEvent) {
        self.seen.push(event.clone());
        self.rows.audit(service, at, event);
    }

    fn enrolment(&self, service: ServiceId, id: EnrolmentId) -> Result<Option<EnrolmentRow>, StoreError> {
        self.rows.enrolment(service, id)
    }
    fn put_enrolment(&mut self, row: &EnrolmentRow) {
        self.rows.put_enrolment(row);
    }
    fn binding(&self, service: ServiceId, id: BindingId) -> Result<Option<BindingRow>, StoreError> {
        self.rows.binding(service, id)
    }
    fn bindings_of(&self, service: ServiceId, user: &str) -> Result<Vec<BindingRow>, StoreError> {
        self.rows.bindings_of(service, user)
    }
    fn put_binding(&mut self, row: &BindingRow) {
        self.rows.put_binding(row);
    }
    fn move_record(
        &self,
        service: ServiceId,
        binding: BindingId,
        gen_: u64,
    ) -> Result<Option<MoveRow>, StoreError> {
        self.rows.move_record(service, binding, gen_)
    }
    fn put_move(&mut self, row: &MoveRow) {
        self.rows.put_move(row);
    }
    fn challenge(&self, service: ServiceId, id: ChallengeId) -> Result<Option<ChallengeRow>, StoreError> {
        self.rows.challenge(service, id)
    }
    fn pending_of(&self, service: ServiceId, user: &str) -> Result<Vec<ChallengeRow>, StoreError> {
        self.rows.pending_of(service, user)
    }
    fn put_challenge(&mut self, row: &ChallengeRow) {
        self.rows.put_challenge(row);
    }
    fn challenge_of_envelope(
        &self,
        service: ServiceId,
        envelope: EnvelopeId,
    ) -> Result<Option<ChallengeId>, StoreError> {
        self.rows.challenge_of_envelope(service, envelope)
    }
    fn limits(&self, service: ServiceId, user: &str) -> Result<LimitsRow, StoreError> {
        self.rows.limits(service, user)
    }
    fn put_limits(&mut self, service: ServiceId, user: &str, row: &LimitsRow) {
        self.rows.put_limits(service, user, row);
    }
    fn due(&self, service: ServiceId, now: UnixMillis, limit: usize) -> Result<Vec<Changed>, StoreError> {
        self.rows.due(service, now, limit)
    }
    fn sweep(&mut self, service: ServiceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
        self.rows.sweep(service, before, limit)
    }
    fn user(&self, service: ServiceId, user: &str) -> Result<Option<UserRow>, StoreError> {
        self.rows.user(service, user)
    }
    fn put_user(&mut self, row: &UserRow) {
        self.rows.put_user(row);
    }
    fn fob(&self, service: ServiceId, serial: &str) -> Result<Option<FobRow>, StoreError> {
        self.rows.fob(service, serial)
    }
    fn fobs(&self, service: ServiceId, after: Option<&str>, limit: usize) -> Result<Vec<FobRow>, StoreError> {
        self.rows.fobs(service, after, limit)
    }
    fn put_fob(&mut self, row: &FobRow) {
        self.rows.put_fob(row);
    }
    fn delete_fob(&mut self, service: ServiceId, serial: &str) {
        self.rows.delete_fob(service, serial);
    }
    fn letter(&mut self, letter: Letter) {
        self.rows.letter(letter);
    }
    fn send(&mut self, envelope: Outgoing) {
        self.rows.send(envelope);
    }
    fn withdraw(&mut self, withdrawal: Withdrawal) {
        self.rows.withdraw(withdrawal);
    }
    fn event(&mut self, service: ServiceId, at: UnixMillis, event: Event) {
        self.rows.event(service, at, event);
    }
    fn changed(&mut self, what: Changed) {
        self.rows.changed(what);
    }
}
