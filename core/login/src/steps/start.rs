//! Starting a challenge: limits, the phones' bindings and the challenge that is replaced, all in one step.

use nod_protocol::ChallengeId;

use super::{At, Stop, end, limits};
use crate::effects::{AuditEvent, Changed, Outgoing};
use crate::rows::{BindingRow, BindingState, ChallengeRow, ChallengeState};
use crate::service::Limits;
use crate::store::{Rows, StoreError};

/// A challenge that is signed and sealed and only waits to be let in.
#[derive(Debug)]
pub(crate) struct NewChallenge {
    pub(crate) row: ChallengeRow,
    /// One envelope per phone asked, in the order of `row.asked`.
    pub(crate) envelopes: Vec<Outgoing>,
    pub(crate) replaces: Option<ChallengeId>,
}

/// Why it was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Limits(limits::Refusal),
    NoDevice,
    NotFound,
    Ended(ChallengeState),
}

impl From<limits::Refusal> for Stop<Refusal> {
    fn from(refusal: limits::Refusal) -> Self {
        Self::Refused(Refusal::Limits(refusal))
    }
}

/// Whether a binding can be asked under the generation `gen_`.
pub(crate) fn may_be_asked(binding: &BindingRow, gen_: u64) -> bool {
    binding.state == BindingState::Active && binding.gen_ == gen_ && binding.keys.is_some()
}

/// Whether a challenge can be replaced by a retry.
pub(crate) fn may_be_replaced(row: &ChallengeRow, at: At) -> Result<(), Refusal> {
    match row.state_at(at.now) {
        ChallengeState::Pending | ChallengeState::Expired if row.superseded_by.is_none() => Ok(()),
        ChallengeState::Pending | ChallengeState::Expired => Err(Refusal::Ended(ChallengeState::Superseded)),
        state @ (ChallengeState::Approved
        | ChallengeState::Denied
        | ChallengeState::Reported
        | ChallengeState::Superseded
        | ChallengeState::Cancelled) => Err(Refusal::Ended(state)),
    }
}

/// Lets a challenge in; says how many phones are asked.
pub(crate) fn start(
    rows: &mut dyn Rows,
    at: At,
    policy: &Limits,
    new: NewChallenge,
) -> Result<u32, Stop<Refusal>> {
    let NewChallenge { mut row, envelopes, replaces } = new;
    let replaced = match replaces {
        Some(id) => {
            let old = rows.challenge(at.service, id)?.ok_or(Stop::Refused(Refusal::NotFound))?;
            may_be_replaced(&old, at).map_err(Stop::Refused)?;
            Some(old)
        }
        None => None,
    };
    let mut counters = rows.limits(at.service, &row.user)?;
    let asker = limits::Asker { session: row.session.as_ref(), ip: row.context.ip, replaces };
    limits::check(policy, &counters, &rows.pending_of(at.service, &row.user)?, asker, at.now)?;
    let envelopes = still_askable(rows, at, &mut row, envelopes)?;
    if row.asked.is_empty() {
        return Err(Stop::Refused(Refusal::NoDevice));
    }
    if let Some(old) = replaced {
        supersede(rows, at, old, row.id);
    }
    limits::started(&mut counters, at.now);
    rows.put_limits(at.service, &row.user, &counters);
    rows.put_challenge(&row);
    let devices = u32::try_from(row.asked.len()).unwrap_or(u32::MAX);
    for envelope in envelopes {
        rows.send(envelope);
    }
    let event = AuditEvent::ChallengeStarted { user: row.user, challenge: row.id, devices };
    rows.audit(at.service, at.now, event);
    Ok(devices)
}

/// Drops the phones whose binding has changed since the envelopes were sealed.
fn still_askable(
    rows: &dyn Rows,
    at: At,
    row: &mut ChallengeRow,
    mut envelopes: Vec<Outgoing>,
) -> Result<Vec<Outgoing>, StoreError> {
    let mut dropped = Vec::new();
    for asked in &row.asked {
        if !rows.binding(at.service, asked.binding)?.is_some_and(|binding| may_be_asked(&binding, asked.gen_))
        {
            dropped.push(asked.envelope);
        }
    }
    row.asked.retain(|asked| !dropped.contains(&asked.envelope));
    envelopes.retain(|envelope| !dropped.contains(&envelope.id));
    Ok(envelopes)
}

fn supersede(rows: &mut dyn Rows, at: At, mut old: ChallengeRow, by: ChallengeId) {
    old.superseded_by = Some(by);
    match (old.state, old.state_at(at.now)) {
        (ChallengeState::Pending, ChallengeState::Expired) => {
            end::end(rows, at, &mut old, ChallengeState::Expired);
        }
        (ChallengeState::Pending, _) => end::end(rows, at, &mut old, ChallengeState::Superseded),
        _ => {
            rows.put_challenge(&old);
            rows.changed(Changed::Challenge(old.id));
        }
    }
}
