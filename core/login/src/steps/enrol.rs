//! The steps of an enrolment: open, claim, confirm, abort, expire (docs/protocol.md section 4).

use nod_protocol::bytes::Digest;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::{BindingId, EnrolmentId};

use super::{At, Stop, user};
use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Changed, Event, Outgoing};
use crate::rows::{AbortReason, BindingRow, BindingState, Claim, EnrolmentRow, EnrolmentState};
use crate::store::{Rows, StoreError};

/// How many phones a user may have.
pub(crate) const MAX_DEVICES: usize = 16;

/// How many phones of one user may wait for their check code at a time.
const MAX_CLAIMED: usize = 3;

/// Why an enrolment could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenRefusal {
    TooManyDevices,
    TooManyOpen,
}

/// Opens an enrolment. The user's older ones that no phone has answered end: only one QR code is good at a time.
pub(crate) fn open(rows: &mut dyn Rows, at: At, row: &EnrolmentRow) -> Result<(), Stop<OpenRefusal>> {
    if !has_room(rows, at, &row.user)? {
        return Err(Stop::Refused(OpenRefusal::TooManyDevices));
    }
    let mut claimed = Vec::new();
    for id in rows.limits(at.service, &row.user)?.enrolments {
        let Some(mut old) = rows.enrolment(at.service, id)? else { continue };
        match old.state_at(at.now) {
            EnrolmentState::Waiting => abort(rows, at, &mut old, AbortReason::Replaced)?,
            EnrolmentState::Claimed => claimed.push(id),
            EnrolmentState::Active | EnrolmentState::Aborted | EnrolmentState::Expired => {}
        }
    }
    if claimed.len() >= MAX_CLAIMED {
        return Err(Stop::Refused(OpenRefusal::TooManyOpen));
    }
    claimed.push(row.id);
    let mut limits = rows.limits(at.service, &row.user)?;
    limits.enrolments = claimed;
    rows.put_limits(at.service, &row.user, &limits);
    rows.put_enrolment(row);
    let event = AuditEvent::EnrolmentStarted { user: row.user.clone(), enrolment: row.id };
    rows.audit(at.service, at.now, event);
    Ok(())
}

fn has_room(rows: &dyn Rows, at: At, user: &str) -> Result<bool, StoreError> {
    let devices = rows.bindings_of(at.service, user)?;
    Ok(devices.iter().filter(|binding| binding.state != BindingState::Revoked).count() < MAX_DEVICES)
}

/// What became of an E1 that opened under the enrolment's secret.
#[derive(Debug)]
pub(crate) enum Claimed {
    /// E2 is on its way, for the first time or again.
    Answered,
    /// The same E1 again, after the code was confirmed: E2 is on its way again, and the phone may need this notice.
    AlreadyActive(Box<BindingRow>),
    /// Another E1: the enrolment has ended and this, the first phone, must be told.
    SecondDevice(Box<BindingRow>),
    /// There is no such open enrolment.
    Gone,
}

/// Takes an E1: by its digest alone when it was seen before, or with the claim that answers it.
pub(crate) fn claim(
    rows: &mut dyn Rows,
    at: At,
    id: EnrolmentId,
    e1: Digest,
    claim: Option<Claim>,
) -> Result<Claimed, StoreError> {
    let Some(mut row) = rows.enrolment(at.service, id)? else { return Ok(Claimed::Gone) };
    match (row.state_at(at.now), row.claim.take()) {
        (EnrolmentState::Waiting, None) => {
            let Some(claim) = claim else { return Ok(Claimed::Gone) };
            rows.send(e2(&row, &claim));
            row.claim = Some(claim);
            row.state = EnrolmentState::Claimed;
            rows.put_enrolment(&row);
            let event = AuditEvent::EnrolmentClaimed { user: row.user.clone(), enrolment: id };
            rows.audit(at.service, at.now, event);
            rows.changed(Changed::Enrolment(id));
            Ok(Claimed::Answered)
        }
        (EnrolmentState::Claimed, Some(first)) if first.e1 == e1 => {
            rows.send(e2(&row, &first));
            Ok(Claimed::Answered)
        }
        (EnrolmentState::Active, Some(first)) if first.e1 == e1 => {
            rows.send(e2(&row, &first));
            Ok(Claimed::AlreadyActive(Box::new(first.binding)))
        }
        (EnrolmentState::Claimed, Some(first)) => {
            let binding = Box::new(first.binding.clone());
            row.claim = Some(first);
            abort(rows, at, &mut row, AbortReason::SecondDevice)?;
            Ok(Claimed::SecondDevice(binding))
        }
        _ => Ok(Claimed::Gone),
    }
}

fn e2(row: &EnrolmentRow, claim: &Claim) -> Outgoing {
    Outgoing {
        id: claim.envelope,
        to: claim.binding.mailbox,
        service: row.service,
        kind: EnvelopeKind::Enrolment,
        body: claim.e2.clone(),
        expires: row.expires,
        challenge: None,
    }
}

/// What became of a check code.
#[derive(Debug)]
pub(crate) enum Confirmed {
    Active(BindingId),
    /// Wrong; at no tries left the enrolment has ended and this, the first phone, must be told.
    Wrong {
        tries_left: u8,
        ended: Option<Box<BindingRow>>,
    },
}

/// Why a check code was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfirmRefusal {
    NotFound,
    Ended(EnrolmentState),
    NotClaimed,
    TooManyDevices,
}

/// Takes the verdict on a check code: `activated` is the notice for the phone when it was right, none when wrong. `first`
/// says that push becomes the user's primary method.
pub(crate) fn confirm(
    rows: &mut dyn Rows,
    at: At,
    first: bool,
    id: EnrolmentId,
    activated: Option<Outgoing>,
) -> Result<Confirmed, Stop<ConfirmRefusal>> {
    let mut row = rows.enrolment(at.service, id)?.ok_or(Stop::Refused(ConfirmRefusal::NotFound))?;
    let claim = match row.state_at(at.now) {
        EnrolmentState::Claimed => row.claim.as_ref().ok_or(Stop::Refused(ConfirmRefusal::NotClaimed))?,
        EnrolmentState::Waiting => return Err(Stop::Refused(ConfirmRefusal::NotClaimed)),
        state @ (EnrolmentState::Active | EnrolmentState::Aborted | EnrolmentState::Expired) => {
            return Err(Stop::Refused(ConfirmRefusal::Ended(state)));
        }
    };
    let mut binding = claim.binding.clone();
    let Some(activated) = activated else {
        row.tries_left = row.tries_left.saturating_sub(1);
        let tries_left = row.tries_left;
        if tries_left > 0 {
            rows.put_enrolment(&row);
            return Ok(Confirmed::Wrong { tries_left, ended: None });
        }
        abort(rows, at, &mut row, AbortReason::WrongCodes)?;
        return Ok(Confirmed::Wrong { tries_left, ended: Some(Box::new(binding)) });
    };
    if !has_room(rows, at, &row.user)? {
        return Err(Stop::Refused(ConfirmRefusal::TooManyDevices));
    }
    binding.gen_ = 1;
    binding.state = BindingState::Active;
    binding.created = at.now;
    rows.put_binding(&binding);
    close(rows, at, &mut row, EnrolmentState::Active)?;
    rows.send(activated);
    let user = row.user;
    let enrolled = AuditEvent::DeviceEnrolled { user: user.clone(), enrolment: id, binding: binding.id };
    rows.audit(at.service, at.now, enrolled);
    user::device_enrolled(rows, at, &user, binding.device.name, first)?;
    rows.event(at.service, at.now, Event::DeviceEnrolled { user, binding_id: binding.id });
    Ok(Confirmed::Active(binding.id))
}

/// Ends an enrolment on the login server's wish; hands back the phone that must be told.
pub(crate) fn cancel(
    rows: &mut dyn Rows,
    at: At,
    id: EnrolmentId,
) -> Result<Option<Box<BindingRow>>, Stop<ConfirmRefusal>> {
    let mut row = rows.enrolment(at.service, id)?.ok_or(Stop::Refused(ConfirmRefusal::NotFound))?;
    match row.state_at(at.now) {
        EnrolmentState::Waiting | EnrolmentState::Claimed => {}
        state @ (EnrolmentState::Active | EnrolmentState::Aborted | EnrolmentState::Expired) => {
            return Err(Stop::Refused(ConfirmRefusal::Ended(state)));
        }
    }
    abort(rows, at, &mut row, AbortReason::Cancelled)?;
    Ok(row.claim.map(|claim| Box::new(claim.binding)))
}

fn abort(rows: &mut dyn Rows, at: At, row: &mut EnrolmentRow, reason: AbortReason) -> Result<(), StoreError> {
    row.abort_reason = Some(reason);
    close(rows, at, row, EnrolmentState::Aborted)?;
    let user = row.user.clone();
    let event = AuditEvent::EnrolmentAborted { user: user.clone(), enrolment: row.id, reason };
    rows.audit(at.service, at.now, event);
    rows.event(at.service, at.now, Event::EnrolmentAborted { user, enrolment_id: row.id, reason });
    Ok(())
}

/// Stores that an enrolment's time ran out.
pub(crate) fn expire(rows: &mut dyn Rows, at: At, row: &mut EnrolmentRow) -> Result<(), StoreError> {
    close(rows, at, row, EnrolmentState::Expired)?;
    let event = AuditEvent::EnrolmentExpired { user: row.user.clone(), enrolment: row.id };
    rows.audit(at.service, at.now, event);
    Ok(())
}

/// Ends an enrolment: whatever the end is, the QR code's secret is wiped.
fn close(
    rows: &mut dyn Rows,
    at: At,
    row: &mut EnrolmentRow,
    state: EnrolmentState,
) -> Result<(), StoreError> {
    row.state = state;
    row.secret = None;
    rows.put_enrolment(row);
    let mut limits = rows.limits(at.service, &row.user)?;
    if limits.enrolments.contains(&row.id) {
        limits.enrolments.retain(|id| *id != row.id);
        rows.put_limits(at.service, &row.user, &limits);
    }
    rows.changed(Changed::Enrolment(row.id));
    Ok(())
}

/// When an enrolment that opens at `now` ends.
pub(crate) const fn expiry(now: UnixMillis) -> UnixMillis {
    now.plus(crate::server::ENROLMENT_LIFE_MS)
}
