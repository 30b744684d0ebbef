//! Starting a challenge: limits, the phones' bindings or the user's method, and the challenge that is replaced, all in one
//! step.

use nod_protocol::ChallengeId;

use super::user::User;
use super::{At, Stop, attempts, codes, end, limits, user};
use crate::effects::{AuditEvent, Changed, Outgoing};
use crate::letter::Letter;
use crate::method::MethodKind;
use crate::rows::{BindingRow, BindingState, ChallengeRow, ChallengeState, CodeRow};
use crate::service::Policy;
use crate::store::{Rows, StoreError};

/// A challenge that is signed and sealed and only waits to be let in.
#[derive(Debug)]
pub(crate) struct NewChallenge {
    pub(crate) row: ChallengeRow,
    /// One envelope per phone asked, in the order of `row.asked`.
    pub(crate) envelopes: Vec<Outgoing>,
    /// The letter that carries its code.
    pub(crate) letter: Option<Letter>,
    pub(crate) replaces: Option<ChallengeId>,
}

/// Why it was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Limits(limits::Refusal),
    NoDevice,
    /// The method that was chosen is gone.
    NoMethod,
    Suspended,
    /// A code would be sent that could not be used.
    Locked {
        retry_after_s: u64,
    },
    SendLimit {
        retry_after_s: u64,
    },
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
    policy: &Policy,
    new: NewChallenge,
) -> Result<u32, Stop<Refusal>> {
    let NewChallenge { mut row, envelopes, letter, replaces } = new;
    let replaced = match replaces {
        Some(id) => {
            let old = rows.challenge(at.service, id)?.ok_or(Stop::Refused(Refusal::NotFound))?;
            may_be_replaced(&old, at).map_err(Stop::Refused)?;
            Some(old)
        }
        None => None,
    };
    let mut counters = rows.limits(at.service, &row.user)?;
    let pending = rows.pending_of(at.service, &row.user)?;
    let asker = limits::Asker { session: row.session.as_ref(), ip: row.context.ip, replaces };
    let mut sealed = Vec::new();
    if let Some(code) = row.code.clone() {
        limits::check_source(&policy.limits, &counters, &pending, asker, at.now)?;
        let_code_in(rows, at, policy, &row, &code, letter.as_ref())?;
        for old in limits::codes_that_give_way(&policy.limits, &pending, asker, at.now) {
            // It is another session's, which must not learn the id of this one.
            end::end(rows, at, &mut old.clone(), ChallengeState::Superseded);
        }
    } else {
        if rows.user(at.service, &row.user)?.is_some_and(|user| user.suspended.is_some()) {
            return Err(Stop::Refused(Refusal::Suspended));
        }
        limits::check(&policy.limits, &counters, &pending, asker, at.now)?;
        sealed = still_askable(rows, at, &mut row, envelopes)?;
        if row.asked.is_empty() {
            return Err(Stop::Refused(Refusal::NoDevice));
        }
        limits::started(&mut counters, at.now);
        rows.put_limits(at.service, &row.user, &counters);
    }
    if let Some(old) = replaced {
        supersede(rows, at, old, row.id);
    }
    rows.put_challenge(&row);
    let devices = u32::try_from(row.asked.len()).unwrap_or(u32::MAX);
    for envelope in sealed {
        rows.send(envelope);
    }
    if let Some(letter) = letter {
        rows.letter(letter);
    }
    let event = AuditEvent::ChallengeStarted { user: row.user, challenge: row.id, devices };
    rows.audit(at.service, at.now, event);
    Ok(devices)
}

/// Whether a code may be asked for: none is sent that could not be used.
pub(crate) fn refuse_locked(user: &User, kind: MethodKind, at: At) -> Result<(), Refusal> {
    match attempts::locked(&user.row.attempts, at.now) {
        Some(retry_after_s) if !kind.is_strong() => Err(Refusal::Locked { retry_after_s }),
        _ => Ok(()),
    }
}

/// Checks that the method is still there, and counts the code that is sent.
fn let_code_in(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    row: &ChallengeRow,
    code: &CodeRow,
    letter: Option<&Letter>,
) -> Result<(), Stop<Refusal>> {
    let mut user = user::load(rows, at, &row.user)?;
    if user.row.suspended.is_some() {
        return Err(Stop::Refused(Refusal::Suspended));
    }
    if !codes::still_there(&user, code, letter) {
        return Err(Stop::Refused(Refusal::NoMethod));
    }
    refuse_locked(&user, code.kind, at).map_err(Stop::Refused)?;
    if code.last_send.is_some() {
        attempts::may_send(&user.row.attempts, &policy.methods, at.now)
            .map_err(|retry_after_s| Stop::Refused(Refusal::SendLimit { retry_after_s }))?;
        attempts::sent(&mut user.row.attempts, at.now);
        rows.put_user(&user.row);
    }
    Ok(())
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
