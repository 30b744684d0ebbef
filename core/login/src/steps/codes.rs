//! The one compare-and-swap of a code: a pending challenge is approved by the right one, and loses a try by a wrong one;
//! sending a code again, and what became of a letter (docs/methods.md, "Codes").
//!
//! Secrets are opened and codes computed before the step. The step looks again at what they were made from.

use nod_protocol::bytes::Digest;
use nod_protocol::{ChallengeId, MethodId, TicketId};
use subtle::{Choice, ConstantTimeEq as _};

use super::user::{self, User, address_of};
use super::{At, Stop, attempts, limits};
use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Changed, Event};
use crate::letter::{Change, Letter, LetterBody, LetterOutcome};
use crate::method::{MethodKind, MethodPolicy};
use crate::otp::{self, Place};
use crate::rows::{
    ChallengeRow, ChallengeState, CodeDelivery, CodeRow, FobRow, MethodData, MethodRow, Passed, TicketRow,
};
use crate::server::SessionCheck;
use crate::store::{Rows, StoreError};

/// Why a call about a code was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    Ended(ChallengeState),
    /// It is answered on a phone, or its code is not sent.
    NoCode,
    /// The method is gone.
    NoMethod,
    Suspended,
    Locked {
        retry_after_s: u64,
    },
    Resend {
        resends_left: u32,
        retry_after_s: u64,
    },
    SendLimit {
        retry_after_s: u64,
    },
}

/// What was computed from a code that the user typed. It was computed whether or not the code can be right.
#[derive(Debug)]
pub(crate) enum Proof {
    /// For the code of the `send`th letter.
    Sent { send: u32, mac: Digest },
    /// For an app or a key fob with this sealed secret.
    Otp { sealed: String, place: Option<Place> },
    /// For a recovery code.
    Recovery { mac: Digest },
    /// For a ticket.
    Ticket { id: TicketId, mac: Digest },
    /// The method or the ticket was gone.
    Nothing,
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong { tries_left: u32 },
}

/// What a right code used up.
enum Used {
    Nothing,
    RecoveryCode { left: u32 },
    Ticket(TicketId),
}

/// The ticket, if it lets the user in now. What has expired is not loaded.
pub(crate) fn open_ticket(user: &User) -> Option<&TicketRow> {
    user.row.ticket.as_ref().filter(|ticket| !ticket.needs_second || ticket.approved_by.is_some())
}

/// Whether the method of a challenge can still let the user in, at the address that `letter` goes to. One that never was
/// there stays as it is.
pub(crate) fn still_there(user: &User, code: &CodeRow, letter: Option<&Letter>) -> bool {
    let Some(id) = code.method else {
        return code.kind != MethodKind::Helpdesk || open_ticket(user).is_some();
    };
    let Some(method) = user.method(id).filter(|method| method.unconfirmed.is_none()) else { return false };
    let to = address_of(&method.data).map(|(_, address)| &address.sealed);
    letter.is_none_or(|letter| to == Some(&letter.to))
}

/// Looks at a code. A wrong one is an outcome, since it is counted.
pub(crate) fn submit(
    rows: &mut dyn Rows,
    at: At,
    policy: &MethodPolicy,
    id: ChallengeId,
    session: &SessionCheck,
    proof: &Proof,
) -> Result<Verdict, Stop<Refusal>> {
    let (mut row, mut code) = find(rows, at, id, session)?;
    let mut user = load(rows, at, &row, &code)?;
    let used = if policy.forbidden.has(code.kind) || code.tries_left == 0 {
        None
    } else {
        take(rows, at, &mut user, &code, proof)?
    };
    let Some(used) = used else {
        code.tries_left = code.tries_left.saturating_sub(1);
        let tries_left = code.tries_left;
        wrong(rows, at, policy, row, code, user);
        return Ok(Verdict::Wrong { tries_left });
    };
    // Whoever reads a mailbox must not buy guesses at an app or a number with it (docs/methods.md, "Codes").
    let clears_all = code.kind.is_strong() || !user.has_strong(rows, policy)?;
    attempts::right(&mut user.row.attempts, clears_all);
    rows.put_user(&user.row);
    if clears_all {
        limits::another_method(rows, at, &row.user)?;
    } else if !user.has_app_or_fob(rows, policy)? {
        // Nothing else that the user has would switch push on again.
        limits::push_on(rows, at, &row.user)?;
    }
    tell_use(rows, at, &user, id, &used);
    let accepted = AuditEvent::CodeAccepted {
        user: row.user.clone(),
        challenge: id,
        kind: code.kind,
        method: code.method,
    };
    rows.audit(at.service, at.now, accepted);
    code.passed = Some(Passed { at: at.now });
    row.code = Some(code);
    end(rows, at, row, ChallengeState::Approved);
    Ok(Verdict::Right)
}

/// Finds a pending challenge that is answered with a code.
pub(crate) fn find(
    rows: &dyn Rows,
    at: At,
    id: ChallengeId,
    session: &SessionCheck,
) -> Result<(ChallengeRow, CodeRow), Stop<Refusal>> {
    let row = rows.challenge(at.service, id)?.filter(|row| session.fits(row.session.as_ref()));
    let row = row.ok_or(Stop::Refused(Refusal::NotFound))?;
    let code = row.code.clone().ok_or(Stop::Refused(Refusal::NoCode))?;
    match row.state_at(at.now) {
        ChallengeState::Pending => Ok((row, code)),
        state @ (ChallengeState::Approved
        | ChallengeState::Denied
        | ChallengeState::Reported
        | ChallengeState::Superseded
        | ChallengeState::Cancelled
        | ChallengeState::Expired) => Err(Stop::Refused(Refusal::Ended(state))),
    }
}

/// Loads its user, who must be neither suspended nor locked. The lock does not hold for a ticket, which is what helps a
/// user who is locked, and cannot be guessed.
fn load(rows: &dyn Rows, at: At, row: &ChallengeRow, code: &CodeRow) -> Result<User, Stop<Refusal>> {
    let user = user::load(rows, at, &row.user)?;
    if user.row.suspended.is_some() {
        return Err(Stop::Refused(Refusal::Suspended));
    }
    match attempts::locked(&user.row.attempts, at.now).filter(|_| code.kind != MethodKind::Helpdesk) {
        Some(retry_after_s) => Err(Stop::Refused(Refusal::Locked { retry_after_s })),
        None => Ok(user),
    }
}

/// Takes a code that is right, so that it is never right again. The user's row is left to be written.
fn take(
    rows: &mut dyn Rows,
    at: At,
    user: &mut User,
    code: &CodeRow,
    proof: &Proof,
) -> Result<Option<Used>, StoreError> {
    if let Proof::Ticket { id, mac } = proof {
        return Ok(take_ticket(user, code, *id, mac));
    }
    let service = user.row.service;
    let owner = user.row.user.clone();
    let Some(method) = code.method.and_then(|id| user.method_mut(id)) else { return Ok(None) };
    if method.unconfirmed.is_some() || method.data.kind() != code.kind {
        return Ok(None);
    }
    let used = match (proof, &mut method.data) {
        (Proof::Sent { send, mac }, MethodData::Email(_) | MethodData::Sms(_)) => {
            let same = code.mac.is_some_and(|kept| kept.as_bytes().ct_eq(mac.as_bytes()).into());
            (same && code.sends == *send).then_some(Used::Nothing)
        }
        (Proof::Otp { sealed, place: Some(place) }, MethodData::Totp(row)) => {
            let fits = row.sealed == *sealed && otp::may_take(&row.moving, *place);
            fits.then(|| otp::take(&mut row.moving, *place)).map(|()| Used::Nothing)
        }
        (Proof::Otp { sealed, place: Some(place) }, MethodData::Fob { serial }) => {
            match rows.fob(service, serial)?.filter(|fob| fob.user.as_ref() == Some(&owner)) {
                Some(fob) => take_fob(rows, fob, sealed, *place),
                None => None,
            }
        }
        (Proof::Recovery { mac }, MethodData::Recovery { codes }) => take_recovery(codes, mac),
        _ => None,
    };
    if used.is_some() {
        method.last_used = Some(at.now);
    }
    Ok(used)
}

fn take_fob(rows: &mut dyn Rows, mut fob: FobRow, sealed: &str, place: Place) -> Option<Used> {
    if fob.otp.sealed != sealed || !otp::may_take(&fob.otp.moving, place) {
        return None;
    }
    otp::take(&mut fob.otp.moving, place);
    rows.put_fob(&fob);
    Some(Used::Nothing)
}

/// All slots are compared, whichever fits.
fn take_recovery(codes: &mut [Option<Digest>], mac: &Digest) -> Option<Used> {
    let mut found = Choice::from(0);
    for slot in codes.iter_mut() {
        let kept = slot.unwrap_or(Digest::from_bytes([0; 32]));
        let same = kept.as_bytes().ct_eq(mac.as_bytes()) & Choice::from(u8::from(slot.is_some()));
        found |= same;
        if bool::from(same) {
            *slot = None;
        }
    }
    let left = u32::try_from(codes.iter().flatten().count()).unwrap_or(u32::MAX);
    bool::from(found).then_some(Used::RecoveryCode { left })
}

fn take_ticket(user: &mut User, code: &CodeRow, id: TicketId, mac: &Digest) -> Option<Used> {
    let ticket = open_ticket(user).filter(|ticket| code.kind == MethodKind::Helpdesk && ticket.id == id)?;
    if !bool::from(ticket.mac.as_bytes().ct_eq(mac.as_bytes())) {
        return None;
    }
    user.row.ticket = None;
    Some(Used::Ticket(id))
}

/// Writes a wrong code down.
fn wrong(
    rows: &mut dyn Rows,
    at: At,
    policy: &MethodPolicy,
    mut row: ChallengeRow,
    code: CodeRow,
    mut user: User,
) {
    let event = AuditEvent::CodeWrong { user: row.user.clone(), challenge: row.id, kind: code.kind };
    rows.audit(at.service, at.now, event);
    attempts::wrong(rows, at, policy, &mut user.row, code.kind);
    rows.put_user(&user.row);
    let over = code.tries_left == 0;
    row.code = Some(code);
    if over {
        end(rows, at, row, ChallengeState::Denied);
    } else {
        rows.put_challenge(&row);
        rows.changed(Changed::Challenge(row.id));
    }
}

/// Writes a decision down.
fn end(rows: &mut dyn Rows, at: At, mut row: ChallengeRow, state: ChallengeState) {
    row.state = state;
    rows.put_challenge(&row);
    rows.changed(Changed::Challenge(row.id));
    let (user, challenge) = (row.user, row.id);
    let ended = AuditEvent::ChallengeEnded {
        user: user.clone(),
        challenge,
        state,
        binding: None,
        wrong_number: false,
    };
    rows.audit(at.service, at.now, ended);
    let decided = Event::ChallengeDecided { user, challenge_id: challenge, state, binding_id: None };
    rows.event(at.service, at.now, decided);
}

/// Tells the user what cannot be used again.
fn tell_use(rows: &mut dyn Rows, at: At, user: &User, challenge: ChallengeId, used: &Used) {
    match used {
        Used::Nothing => {}
        Used::RecoveryCode { left } => {
            user::tell(rows, at, &user.row, &Change::RecoveryCodeUsed { left: *left }, None);
        }
        Used::Ticket(ticket) => {
            let event = AuditEvent::TicketUsed { user: user.row.user.clone(), ticket: *ticket, challenge };
            rows.audit(at.service, at.now, event);
            user::tell(rows, at, &user.row, &Change::TicketUsed, None);
        }
    }
}

/// A fresh code that only waits to be sent.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// How many were sent with it.
    pub(crate) send: u32,
    pub(crate) mac: Digest,
    /// None when the user has no such method and must not be told so.
    pub(crate) letter: Option<Letter>,
}

/// Milliseconds until the code of a challenge can be sent again.
pub(crate) fn resend_wait_ms(code: &CodeRow, policy: &MethodPolicy, now: UnixMillis) -> u64 {
    let earliest = code.last_send.map(|last| last.plus(u64::from(policy.resend_after_s) * 1000));
    if code.resends_left == 0 { 0 } else { earliest.map_or(0, |earliest| earliest.since(now)) }
}

/// Whether a fresh code may be sent: the challenge and its user.
pub(crate) fn may_resend(
    rows: &dyn Rows,
    at: At,
    policy: &MethodPolicy,
    id: ChallengeId,
    session: &SessionCheck,
) -> Result<(ChallengeRow, CodeRow, User), Stop<Refusal>> {
    let (row, code) = find(rows, at, id, session)?;
    if !matches!(code.kind, MethodKind::Email | MethodKind::Sms) {
        return Err(Stop::Refused(Refusal::NoCode));
    }
    let user = load(rows, at, &row, &code)?;
    if policy.forbidden.has(code.kind) || !still_there(&user, &code, None) {
        return Err(Stop::Refused(Refusal::NoMethod));
    }
    let wait_ms = resend_wait_ms(&code, policy, at.now);
    if code.resends_left == 0 || wait_ms > 0 {
        let (resends_left, retry_after_s) = (code.resends_left, wait_ms.div_ceil(1000));
        return Err(Stop::Refused(Refusal::Resend { resends_left, retry_after_s }));
    }
    attempts::may_send(&user.row.attempts, policy, at.now)
        .map_err(|retry_after_s| Stop::Refused(Refusal::SendLimit { retry_after_s }))?;
    Ok((row, code, user))
}

/// Sends a fresh code; the one before it is void.
pub(crate) fn resend(
    rows: &mut dyn Rows,
    at: At,
    policy: &MethodPolicy,
    id: ChallengeId,
    session: &SessionCheck,
    fresh: Fresh,
) -> Result<(), Stop<Refusal>> {
    let (mut row, mut code, mut user) = may_resend(rows, at, policy, id, session)?;
    if !still_there(&user, &code, fresh.letter.as_ref()) || code.sends.saturating_add(1) != fresh.send {
        return Err(Stop::Refused(Refusal::NoMethod));
    }
    code.mac = Some(fresh.mac);
    code.sends = fresh.send;
    code.resends_left -= 1;
    code.last_send = Some(at.now);
    code.delivery = CodeDelivery::Queued;
    row.code = Some(code);
    rows.put_challenge(&row);
    rows.changed(Changed::Challenge(id));
    attempts::sent(&mut user.row.attempts, at.now);
    rows.put_user(&user.row);
    if let Some(letter) = fresh.letter {
        rows.letter(letter);
    }
    Ok(())
}

/// Whether a letter still says something that the user can use. A code can't be used once its challenge has ended, a newer
/// one was sent, or its method is gone; what tells of a change always counts.
pub(crate) fn letter_counts(rows: &dyn Rows, at: At, letter: &Letter) -> Result<bool, StoreError> {
    let (challenge, sent) = match letter.body {
        LetterBody::Code { challenge, send, .. } => (challenge, send),
        LetterBody::Confirm { method, .. } => {
            let user = user::load(rows, at, &letter.user)?;
            return Ok(user.method(method).is_some_and(|method| method.unconfirmed.is_some()));
        }
        LetterBody::Changed { .. } => return Ok(true),
    };
    let Some(row) = rows.challenge(at.service, challenge)? else { return Ok(false) };
    let Some(code) = row.code.as_ref().filter(|code| code.sends == sent) else { return Ok(false) };
    let user = user::load(rows, at, &row.user)?;
    let open = row.state_at(at.now) == ChallengeState::Pending && user.row.suspended.is_none();
    Ok(open && still_there(&user, code, Some(letter)))
}

/// Notes what became of a letter that carries a code; one that a newer one has replaced changes nothing.
pub(crate) fn letter_outcome(
    rows: &mut dyn Rows,
    at: At,
    letter: &Letter,
    outcome: LetterOutcome,
) -> Result<(), StoreError> {
    let LetterBody::Code { challenge, send, .. } = letter.body else { return Ok(()) };
    let Some(mut row) = rows.challenge(at.service, challenge)? else { return Ok(()) };
    let now = match outcome {
        LetterOutcome::Sent => CodeDelivery::Sent,
        LetterOutcome::Retrying => CodeDelivery::Queued,
        LetterOutcome::Failed => CodeDelivery::Failed,
    };
    let Some(code) = row.code.as_mut().filter(|code| code.sends == send && code.delivery != now) else {
        return Ok(());
    };
    code.delivery = now;
    let (user, kind) = (row.user.clone(), code.kind);
    match outcome {
        LetterOutcome::Sent => rows.audit(at.service, at.now, AuditEvent::CodeSent { user, challenge, kind }),
        LetterOutcome::Failed => {
            rows.audit(at.service, at.now, AuditEvent::CodeNotSent { user, challenge, kind });
        }
        LetterOutcome::Retrying => {}
    }
    rows.put_challenge(&row);
    rows.changed(Changed::Challenge(challenge));
    Ok(())
}

/// The row of a challenge's method, for opening what it keeps.
pub(crate) fn method_of(user: &User, id: Option<MethodId>) -> Option<&MethodRow> {
    id.and_then(|id| user.method(id))
}
