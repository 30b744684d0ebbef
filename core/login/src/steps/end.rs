//! How challenges end other than by an answer: expiry, cancellation, a retry; and the use of a result.

use nod_protocol::frames::GoneReason;
use nod_protocol::{BindingId, ChallengeId};

use super::{At, Stop};
use crate::effects::{AuditEvent, Changed, Event, Withdrawal};
use crate::rows::{ChallengeRow, ChallengeState, EnrolmentState};
use crate::server::{FINALISE_MS, SessionCheck};
use crate::store::{Rows, StoreError};

/// Withdraws a challenge's envelopes, but not that of `except`.
pub(crate) fn withdraw(
    rows: &mut dyn Rows,
    row: &ChallengeRow,
    reason: GoneReason,
    except: Option<BindingId>,
) {
    for asked in row.asked.iter().filter(|asked| Some(asked.binding) != except) {
        rows.withdraw(Withdrawal { id: asked.envelope, to: asked.mailbox, reason });
    }
}

/// Ends an undecided challenge without an answer: `Expired`, `Cancelled` or `Superseded`.
pub(crate) fn end(rows: &mut dyn Rows, at: At, row: &mut ChallengeRow, state: ChallengeState) {
    row.state = state;
    let reason = match state {
        ChallengeState::Superseded => GoneReason::Superseded,
        ChallengeState::Expired => GoneReason::Expired,
        ChallengeState::Pending
        | ChallengeState::Approved
        | ChallengeState::Denied
        | ChallengeState::Reported
        | ChallengeState::Cancelled => GoneReason::Cancelled,
    };
    withdraw(rows, row, reason, None);
    rows.put_challenge(row);
    let (user, challenge) = (row.user.clone(), row.id);
    rows.audit(
        at.service,
        at.now,
        AuditEvent::ChallengeEnded {
            user: user.clone(),
            challenge,
            state,
            binding: None,
            wrong_number: false,
        },
    );
    if state == ChallengeState::Expired {
        let event = Event::ChallengeDecided { user, challenge_id: challenge, state, binding_id: None };
        rows.event(at.service, at.now, event);
    }
    rows.changed(Changed::Challenge(challenge));
}

/// Voids all of the user's undecided challenges.
pub(crate) fn void(rows: &mut dyn Rows, at: At, user: &str) -> Result<(), StoreError> {
    for mut row in rows.pending_of(at.service, user)? {
        if row.state_at(at.now) == ChallengeState::Pending {
            end(rows, at, &mut row, ChallengeState::Cancelled);
        }
    }
    Ok(())
}

/// Voids all of the user's undecided pushes; what is answered with a code stays open.
pub(crate) fn void_pushes(rows: &mut dyn Rows, at: At, user: &str) -> Result<(), StoreError> {
    for mut row in rows.pending_of(at.service, user)? {
        if row.code.is_none() && row.state_at(at.now) == ChallengeState::Pending {
            end(rows, at, &mut row, ChallengeState::Cancelled);
        }
    }
    Ok(())
}

/// Voids what only the given binding could still answer, and withdraws its envelopes from the others.
pub(crate) fn void_of_binding(
    rows: &mut dyn Rows,
    at: At,
    user: &str,
    binding: BindingId,
) -> Result<(), StoreError> {
    for mut row in rows.pending_of(at.service, user)? {
        if row.state_at(at.now) != ChallengeState::Pending {
            continue;
        }
        let Some(own) = row.asked.iter().find(|asked| asked.binding == binding) else { continue };
        let own = Withdrawal { id: own.envelope, to: own.mailbox, reason: GoneReason::Cancelled };
        let mut others = false;
        for asked in row.asked.iter().filter(|asked| asked.binding != binding) {
            others |= rows
                .binding(at.service, asked.binding)?
                .is_some_and(|other| super::start::may_be_asked(&other, asked.gen_));
        }
        if others {
            rows.withdraw(own);
        } else {
            end(rows, at, &mut row, ChallengeState::Cancelled);
        }
    }
    Ok(())
}

/// Why a challenge could not be ended or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    Ended(ChallengeState),
    AlreadyFinalised,
    TooLate,
    /// The user was suspended since.
    Suspended,
}

/// Cancels an undecided challenge; a cancelled one stays as it is.
pub(crate) fn cancel(
    rows: &mut dyn Rows,
    at: At,
    id: ChallengeId,
    session: &SessionCheck,
) -> Result<(), Stop<Refusal>> {
    let mut row = find(rows, at, id, session)?;
    match row.state_at(at.now) {
        ChallengeState::Pending => end(rows, at, &mut row, ChallengeState::Cancelled),
        ChallengeState::Cancelled => {}
        state @ (ChallengeState::Approved
        | ChallengeState::Denied
        | ChallengeState::Reported
        | ChallengeState::Superseded
        | ChallengeState::Expired) => return Err(Stop::Refused(Refusal::Ended(state))),
    }
    Ok(())
}

/// Uses an approval, once.
pub(crate) fn finalise(
    rows: &mut dyn Rows,
    at: At,
    id: ChallengeId,
    session: &SessionCheck,
) -> Result<(), Stop<Refusal>> {
    let mut row = find(rows, at, id, session)?;
    let state = row.state_at(at.now);
    if state != ChallengeState::Approved {
        return Err(Stop::Refused(Refusal::Ended(state)));
    }
    if row.finalised {
        return Err(Stop::Refused(Refusal::AlreadyFinalised));
    }
    if at.now >= row.exp.plus(FINALISE_MS) {
        return Err(Stop::Refused(Refusal::TooLate));
    }
    if rows.user(at.service, &row.user)?.is_some_and(|user| user.suspended.is_some()) {
        return Err(Stop::Refused(Refusal::Suspended));
    }
    row.finalised = true;
    rows.put_challenge(&row);
    Ok(())
}

fn find(
    rows: &dyn Rows,
    at: At,
    id: ChallengeId,
    session: &SessionCheck,
) -> Result<ChallengeRow, Stop<Refusal>> {
    let row = rows.challenge(at.service, id)?.ok_or(Stop::Refused(Refusal::NotFound))?;
    if session.fits(row.session.as_ref()) { Ok(row) } else { Err(Stop::Refused(Refusal::NotFound)) }
}

/// Notes that an envelope reached its phone: the first one starts the user's window.
pub(crate) fn delivered(
    rows: &mut dyn Rows,
    at: At,
    envelope: nod_protocol::EnvelopeId,
) -> Result<(), StoreError> {
    let Some(id) = rows.challenge_of_envelope(at.service, envelope)? else { return Ok(()) };
    let Some(mut row) = rows.challenge(at.service, id)? else { return Ok(()) };
    if row.delivered.is_none() && row.state_at(at.now) == ChallengeState::Pending {
        row.delivered = Some(at.now);
        rows.put_challenge(&row);
        rows.changed(Changed::Challenge(id));
    }
    Ok(())
}

/// Expires what is due; says how much that was.
pub(crate) fn expire_due(rows: &mut dyn Rows, at: At, limit: usize) -> Result<usize, StoreError> {
    let mut expired = 0;
    for due in rows.due(at.service, at.now, limit)? {
        match due {
            Changed::Challenge(id) => {
                let Some(mut row) = rows.challenge(at.service, id)? else { continue };
                if row.state == ChallengeState::Pending && row.state_at(at.now) == ChallengeState::Expired {
                    end(rows, at, &mut row, ChallengeState::Expired);
                    expired += 1;
                }
            }
            Changed::Enrolment(id) => {
                let Some(mut row) = rows.enrolment(at.service, id)? else { continue };
                if row.state != EnrolmentState::Expired && row.state_at(at.now) == EnrolmentState::Expired {
                    super::enrol::expire(rows, at, &mut row)?;
                    expired += 1;
                }
            }
        }
    }
    Ok(expired)
}
