//! The counters over all of a user's codes: how many were wrong, how many were sent.

use super::At;
use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Event};
use crate::letter::Change;
use crate::method::{MethodKind, MethodPolicy};
use crate::rows::{Attempts, UserRow};
use crate::store::Rows;

const HOUR_MS: u64 = 3_600_000;

/// Forgets what no longer counts: sends of more than an hour ago, and a lock whose time has passed. Wrong codes are
/// forgotten by a success alone, so that the first wrong code after a lock locks again.
pub(crate) fn forget(attempts: &mut Attempts, now: UnixMillis) {
    attempts.sent.retain(|sent| now < sent.plus(HOUR_MS));
    attempts.locked_until = attempts.locked_until.filter(|until| now < *until);
}

/// Seconds until codes are looked at again, when they are locked.
pub(crate) fn locked(attempts: &Attempts, now: UnixMillis) -> Option<u64> {
    attempts.locked_until.filter(|until| now < *until).map(|until| until.since(now).div_ceil(1000))
}

/// Counts a wrong code of that kind. One too many locks all codes, of which the user is told by every channel; not of
/// each later one, or a guesser could write to the user for ever.
pub(crate) fn wrong(rows: &mut dyn Rows, at: At, policy: &MethodPolicy, row: &mut UserRow, kind: MethodKind) {
    let first = row.attempts.wrong_in_all() < policy.wrong_before_lock;
    let counter = if kind.is_strong() { &mut row.attempts.wrong } else { &mut row.attempts.wrong_sent };
    *counter = counter.saturating_add(1);
    // A ticket is looked at during a lock: a wrong one counts, and does not make the lock longer.
    let holds = locked(&row.attempts, at.now).is_some();
    if row.attempts.wrong_in_all() < policy.wrong_before_lock || holds {
        return;
    }
    let until = at.now.plus(u64::from(policy.lock_s) * 1000);
    row.attempts.locked_until = Some(until);
    let user = row.user.clone();
    rows.audit(at.service, at.now, AuditEvent::CodesLocked { user: user.clone() });
    rows.event(at.service, at.now, Event::UserLocked { user, until });
    if first {
        super::user::tell(rows, at, row, &Change::CodesLocked, None);
    }
}

/// A right code: no wrong one before it counts any more. Unless it `clears_all`, that holds for e-mail and SMS alone.
pub(crate) const fn right(attempts: &mut Attempts, clears_all: bool) {
    attempts.wrong_sent = 0;
    if clears_all {
        attempts.wrong = 0;
        attempts.locked_until = None;
    }
}

/// Whether a code may be sent now.
///
/// # Errors
/// Seconds until one may.
pub(crate) fn may_send(attempts: &Attempts, policy: &MethodPolicy, now: UnixMillis) -> Result<(), u64> {
    let most = usize::try_from(policy.sends_per_hour).unwrap_or(usize::MAX);
    let mut recent: Vec<_> =
        attempts.sent.iter().map(|sent| sent.plus(HOUR_MS)).filter(|end| now < *end).collect();
    recent.sort_unstable();
    // The newest `most` count: once the oldest of them has passed, one more fits.
    let Some(over) = recent.len().checked_sub(most) else { return Ok(()) };
    Err(recent.get(over).map_or(1, |end| end.since(now).div_ceil(1000)))
}

/// Notes that a code was sent.
pub(crate) fn sent(attempts: &mut Attempts, now: UnixMillis) {
    attempts.sent.push(now);
}
