//! The rows and effects of the store in memory.

use std::collections::{BTreeMap, HashMap};

use nod_protocol::{BindingId, ChallengeId, EnrolmentId, EnvelopeId, ServiceId};

use super::Noted;
use crate::effects::{AuditEvent, Changed, Event, Outgoing, Withdrawal};
use crate::letter::Letter;
use crate::rows::{
    BindingRow, BindingState, ChallengeRow, ChallengeState, EnrolmentRow, FobRow, LimitsRow, MoveRow, UserRow,
};

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) enrolments: HashMap<(ServiceId, EnrolmentId), EnrolmentRow>,
    pub(super) bindings: HashMap<(ServiceId, BindingId), BindingRow>,
    /// The bindings of a user in the order of their activation.
    pub(super) of_user: BTreeMap<(ServiceId, String), Vec<BindingId>>,
    pub(super) moves: HashMap<(ServiceId, BindingId, u64), MoveRow>,
    pub(super) challenges: HashMap<(ServiceId, ChallengeId), ChallengeRow>,
    pub(super) pending: BTreeMap<(ServiceId, String), Vec<ChallengeId>>,
    pub(super) envelopes: HashMap<(ServiceId, EnvelopeId), ChallengeId>,
    pub(super) limits: HashMap<(ServiceId, String), LimitsRow>,
    pub(super) users: HashMap<(ServiceId, String), UserRow>,
    pub(super) fobs: BTreeMap<(ServiceId, String), FobRow>,
}

#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) outgoing: Vec<Outgoing>,
    pub(super) withdrawn: Vec<Withdrawal>,
    pub(super) audit: Vec<Noted<AuditEvent>>,
    pub(super) events: Vec<Noted<Event>>,
    pub(super) letters: Vec<Letter>,
    pub(super) changed: Vec<Changed>,
}

impl Effects {
    pub(super) fn mark(&self) -> [usize; 6] {
        let Self { outgoing, withdrawn, audit, events, letters, changed } = self;
        [outgoing.len(), withdrawn.len(), audit.len(), events.len(), letters.len(), changed.len()]
    }

    pub(super) fn cut(&mut self, [outgoing, withdrawn, audit, events, letters, changed]: &[usize; 6]) {
        self.outgoing.truncate(*outgoing);
        self.withdrawn.truncate(*withdrawn);
        self.audit.truncate(*audit);
        self.events.truncate(*events);
        self.letters.truncate(*letters);
        self.changed.truncate(*changed);
    }
}

impl Tables {
    pub(super) fn set_enrolment(
        &mut self,
        key: (ServiceId, EnrolmentId),
        row: Option<EnrolmentRow>,
    ) -> Option<EnrolmentRow> {
        match row {
            Some(row) => self.enrolments.insert(key, row),
            None => self.enrolments.remove(&key),
        }
    }

    pub(super) fn set_binding(
        &mut self,
        key: (ServiceId, BindingId),
        row: Option<BindingRow>,
    ) -> Option<BindingRow> {
        let listed =
            row.as_ref().filter(|row| row.state != BindingState::Revoked).map(|row| row.user.clone());
        let old = match row {
            Some(row) => self.bindings.insert(key, row),
            None => self.bindings.remove(&key),
        };
        match (listed, &old) {
            (Some(user), _) => {
                let of_user = self.of_user.entry((key.0, user)).or_default();
                if !of_user.contains(&key.1) {
                    of_user.push(key.1);
                }
            }
            (None, Some(old)) => {
                if let Some(of_user) = self.of_user.get_mut(&(key.0, old.user.clone())) {
                    of_user.retain(|id| *id != key.1);
                }
            }
            (None, None) => {}
        }
        old
    }

    pub(super) fn set_challenge(
        &mut self,
        key: (ServiceId, ChallengeId),
        row: Option<ChallengeRow>,
    ) -> Option<ChallengeRow> {
        if let Some(old) = self.challenges.get(&key) {
            if let Some(pending) = self.pending.get_mut(&(key.0, old.user.clone())) {
                pending.retain(|id| *id != key.1);
            }
            for asked in &old.asked {
                self.envelopes.remove(&(key.0, asked.envelope));
            }
        }
        match row {
            Some(row) => {
                if row.state == ChallengeState::Pending {
                    self.pending.entry((key.0, row.user.clone())).or_default().push(key.1);
                }
                for asked in &row.asked {
                    self.envelopes.insert((key.0, asked.envelope), key.1);
                }
                self.challenges.insert(key, row)
            }
            None => self.challenges.remove(&key),
        }
    }

    pub(super) fn set_fob(&mut self, key: (ServiceId, String), row: Option<FobRow>) -> Option<FobRow> {
        match row {
            Some(row) => self.fobs.insert(key, row),
            None => self.fobs.remove(&key),
        }
    }
}
