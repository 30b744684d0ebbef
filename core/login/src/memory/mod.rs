//! A store in memory: steps run one after the other under a lock. For tests and for embedding without a disk.

mod tables;

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, EnvelopeId, ServiceId};

use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Changed, Event, Outgoing, Withdrawal};
use crate::letter::Letter;
use crate::rows::{
    BindingRow, ChallengeRow, ChallengeState, EnrolmentRow, EnrolmentState, FobRow, LimitsRow, MoveRow,
    UserRow,
};
use crate::store::{Read, Rows, Step, Store, StoreError};
use tables::{Effects, Tables};

/// Rows in memory; what the steps cause is collected until it is drained.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

/// One audit entry or webhook event, with its service and its time.
pub type Noted<T> = (ServiceId, UnixMillis, T);

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the envelopes that were sent since the last call, oldest first.
    #[must_use]
    pub fn drain_outgoing(&self) -> Vec<Outgoing> {
        std::mem::take(&mut self.lock().effects.outgoing)
    }

    /// Takes the withdrawals since the last call.
    #[must_use]
    pub fn drain_withdrawn(&self) -> Vec<Withdrawal> {
        std::mem::take(&mut self.lock().effects.withdrawn)
    }

    /// Takes the webhook events since the last call.
    #[must_use]
    pub fn drain_events(&self) -> Vec<Noted<Event>> {
        std::mem::take(&mut self.lock().effects.events)
    }

    /// Takes the letters since the last call.
    #[must_use]
    pub fn drain_letters(&self) -> Vec<Letter> {
        std::mem::take(&mut self.lock().effects.letters)
    }

    /// Takes what changed since the last call.
    #[must_use]
    pub fn drain_changed(&self) -> Vec<Changed> {
        std::mem::take(&mut self.lock().effects.changed)
    }

    /// The whole audit log.
    #[must_use]
    pub fn audit(&self) -> Vec<Noted<AuditEvent>> {
        self.lock().effects.audit.clone()
    }

    /// A poisoned lock means that a step panicked; its writes were not taken back, so nothing is served any more.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| {
            let mut state = poisoned.into_inner();
            state.broken = true;
            state
        })
    }

    fn apply(&self, step: Step<'static>) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.broken {
            return Err(StoreError::Unavailable("a step panicked".to_owned()));
        }
        let effects = state.effects.mark();
        let end = step(&mut *state);
        let undo = std::mem::take(&mut state.undo);
        if end.is_err() {
            for back in undo.into_iter().rev() {
                back(&mut state.tables);
            }
            state.effects.cut(&effects);
        }
        Ok(())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn step(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.apply(step)
    }

    async fn step_lazily(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.apply(step)
    }

    async fn read(&self, read: Read<'static>) -> Result<(), StoreError> {
        let state = self.lock();
        if state.broken {
            return Err(StoreError::Unavailable("a step panicked".to_owned()));
        }
        read(&*state);
        Ok(())
    }
}

type Undo = Box<dyn FnOnce(&mut Tables) + Send>;

#[derive(Default)]
struct State {
    tables: Tables,
    effects: Effects,
    undo: Vec<Undo>,
    broken: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("challenges", &self.tables.challenges.len()).finish_non_exhaustive()
    }
}

impl State {
    fn change_fob(&mut self, key: (ServiceId, String), row: Option<FobRow>) {
        let old = self.tables.set_fob(key.clone(), row);
        self.undo.push(Box::new(move |tables| drop(tables.set_fob(key, old))));
    }
}

impl Rows for State {
    fn enrolment(&self, service: ServiceId, id: EnrolmentId) -> Result<Option<EnrolmentRow>, StoreError> {
        Ok(self.tables.enrolments.get(&(service, id)).cloned())
    }

    fn put_enrolment(&mut self, row: &EnrolmentRow) {
        let key = (row.service, row.id);
        let old = self.tables.set_enrolment(key, Some(row.clone()));
        self.undo.push(Box::new(move |tables| drop(tables.set_enrolment(key, old))));
    }

    fn binding(&self, service: ServiceId, id: BindingId) -> Result<Option<BindingRow>, StoreError> {
        Ok(self.tables.bindings.get(&(service, id)).cloned())
    }

    fn bindings_of(&self, service: ServiceId, user: &str) -> Result<Vec<BindingRow>, StoreError> {
        let ids = self.tables.of_user.get(&(service, user.to_owned()));
        let rows = ids.into_iter().flatten().filter_map(|id| self.tables.bindings.get(&(service, *id)));
        Ok(rows.take(64).cloned().collect())
    }

    fn put_binding(&mut self, row: &BindingRow) {
        let key = (row.service, row.id);
        let old = self.tables.set_binding(key, Some(row.clone()));
        self.undo.push(Box::new(move |tables| drop(tables.set_binding(key, old))));
    }

    fn move_record(
        &self,
        service: ServiceId,
        binding: BindingId,
        gen_: u64,
    ) -> Result<Option<MoveRow>, StoreError> {
        Ok(self.tables.moves.get(&(service, binding, gen_)).cloned())
    }

    fn put_move(&mut self, row: &MoveRow) {
        let key = (row.service, row.binding, row.gen_);
        let old = self.tables.moves.insert(key, row.clone());
        self.undo.push(Box::new(move |tables| {
            match old {
                Some(old) => tables.moves.insert(key, old),
                None => tables.moves.remove(&key),
            };
        }));
    }

    fn challenge(&self, service: ServiceId, id: ChallengeId) -> Result<Option<ChallengeRow>, StoreError> {
        Ok(self.tables.challenges.get(&(service, id)).cloned())
    }

    fn pending_of(&self, service: ServiceId, user: &str) -> Result<Vec<ChallengeRow>, StoreError> {
        let ids = self.tables.pending.get(&(service, user.to_owned()));
        let rows = ids.into_iter().flatten().filter_map(|id| self.tables.challenges.get(&(service, *id)));
        Ok(rows.cloned().collect())
    }

    fn put_challenge(&mut self, row: &ChallengeRow) {
        let key = (row.service, row.id);
        let old = self.tables.set_challenge(key, Some(row.clone()));
        self.undo.push(Box::new(move |tables| drop(tables.set_challenge(key, old))));
    }

    fn challenge_of_envelope(
        &self,
        service: ServiceId,
        envelope: EnvelopeId,
    ) -> Result<Option<ChallengeId>, StoreError> {
        Ok(self.tables.envelopes.get(&(service, envelope)).copied())
    }

    fn limits(&self, service: ServiceId, user: &str) -> Result<LimitsRow, StoreError> {
        Ok(self.tables.limits.get(&(service, user.to_owned())).cloned().unwrap_or_default())
    }

    fn put_limits(&mut self, service: ServiceId, user: &str, row: &LimitsRow) {
        let key = (service, user.to_owned());
        let old = self.tables.limits.insert(key.clone(), row.clone());
        self.undo.push(Box::new(move |tables| {
            match old {
                Some(old) => tables.limits.insert(key, old),
                None => tables.limits.remove(&key),
            };
        }));
    }

    fn due(&self, service: ServiceId, now: UnixMillis, limit: usize) -> Result<Vec<Changed>, StoreError> {
        let open =
            |row: &EnrolmentRow| matches!(row.state, EnrolmentState::Waiting | EnrolmentState::Claimed);
        let challenges = self.tables.challenges.values();
        let challenges = challenges
            .filter(|row| row.service == service)
            .filter(|row| row.state == ChallengeState::Pending && row.deadline() <= now)
            .map(|row| Changed::Challenge(row.id));
        let enrolments = self.tables.enrolments.values();
        let enrolments = enrolments
            .filter(|row| row.service == service && open(row) && row.expires <= now)
            .map(|row| Changed::Enrolment(row.id));
        Ok(challenges.chain(enrolments).take(limit).collect())
    }

    fn sweep(&mut self, service: ServiceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
        let ended = |row: &&ChallengeRow| row.state != ChallengeState::Pending && row.exp < before;
        let challenges: Vec<_> =
            self.tables.challenges.values().filter(|row| row.service == service).collect();
        let challenges: Vec<_> =
            challenges.into_iter().filter(ended).map(|row| (row.service, row.id)).take(limit).collect();
        let open =
            |row: &EnrolmentRow| matches!(row.state, EnrolmentState::Waiting | EnrolmentState::Claimed);
        let enrolments = self.tables.enrolments.values();
        let enrolments: Vec<_> = enrolments
            .filter(|row| row.service == service && !open(row) && row.expires < before)
            .map(|row| (row.service, row.id))
            .take(limit.saturating_sub(challenges.len()))
            .collect();
        let swept = challenges.len() + enrolments.len();
        for key in challenges {
            let old = self.tables.set_challenge(key, None);
            self.undo.push(Box::new(move |tables| drop(tables.set_challenge(key, old))));
        }
        for key in enrolments {
            let old = self.tables.set_enrolment(key, None);
            self.undo.push(Box::new(move |tables| drop(tables.set_enrolment(key, old))));
        }
        Ok(swept)
    }

    fn user(&self, service: ServiceId, user: &str) -> Result<Option<UserRow>, StoreError> {
        Ok(self.tables.users.get(&(service, user.to_owned())).cloned())
    }

    fn put_user(&mut self, row: &UserRow) {
        let key = (row.service, row.user.clone());
        let old = self.tables.users.insert(key.clone(), row.clone());
        self.undo.push(Box::new(move |tables| {
            match old {
                Some(old) => tables.users.insert(key, old),
                None => tables.users.remove(&key),
            };
        }));
    }

    fn fob(&self, service: ServiceId, serial: &str) -> Result<Option<FobRow>, StoreError> {
        Ok(self.tables.fobs.get(&(service, serial.to_owned())).cloned())
    }

    fn fobs(&self, service: ServiceId, after: Option<&str>, limit: usize) -> Result<Vec<FobRow>, StoreError> {
        let rows = self.tables.fobs.range((service, String::new())..);
        let rows = rows.take_while(|((of, _), _)| *of == service).map(|(_, row)| row);
        let rows = rows.filter(|row| after.is_none_or(|after| row.serial.as_str() > after));
        Ok(rows.take(limit).cloned().collect())
    }

    fn put_fob(&mut self, row: &FobRow) {
        self.change_fob((row.service, row.serial.clone()), Some(row.clone()));
    }

    fn delete_fob(&mut self, service: ServiceId, serial: &str) {
        self.change_fob((service, serial.to_owned()), None);
    }

    fn letter(&mut self, letter: Letter) {
        self.effects.letters.push(letter);
    }

    fn send(&mut self, envelope: Outgoing) {
        self.effects.outgoing.push(envelope);
    }

    fn withdraw(&mut self, withdrawal: Withdrawal) {
        self.effects.withdrawn.push(withdrawal);
    }

    fn audit(&mut self, service: ServiceId, at: UnixMillis, event: AuditEvent) {
        self.effects.audit.push((service, at, event));
    }

    fn event(&mut self, service: ServiceId, at: UnixMillis, event: Event) {
        self.effects.events.push((service, at, event));
    }

    fn changed(&mut self, what: Changed) {
        self.effects.changed.push(what);
    }
}
