//! Limits against push fatigue (docs/protocol.md section 5). A new challenge never resets a counter.

use std::net::IpAddr;

use nod_protocol::ChallengeId;
use nod_protocol::bytes::Digest;

use super::At;
use crate::clock::UnixMillis;
use crate::effects::AuditEvent;
use crate::rows::{ChallengeRow, ChallengeState, LimitsRow, Suppressed};
use crate::service::Limits;
use crate::store::{Rows, StoreError};

const FIVE_MINUTES_MS: u64 = 300_000;
const HOUR_MS: u64 = 3_600_000;

/// Sources that are remembered per user; the oldest is forgotten first.
const MAX_SUPPRESSED: usize = 32;

/// Why a user may not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    PushOff,
    SourceSuppressed,
    Live,
    Rate { retry_after_s: u64 },
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) session: Option<&'a Digest>,
    pub(crate) ip: Option<IpAddr>,
    /// The challenge that this one replaces; it no longer counts as live.
    pub(crate) replaces: Option<ChallengeId>,
}

/// Whether the user's phones may be asked at `now`.
pub(crate) fn check(
    limits: &Limits,
    row: &LimitsRow,
    pending: &[ChallengeRow],
    asker: Asker<'_>,
    now: UnixMillis,
) -> Result<(), Refusal> {
    if row.push_off {
        return Err(Refusal::PushOff);
    }
    check_source(limits, row, pending, asker, now)?;
    if live(pending, asker, now).filter(|other| other.code.is_none()).count() >= size(limits.live_per_user) {
        return Err(Refusal::Live);
    }
    for (most, within) in [(limits.per_hour, HOUR_MS), (limits.per_five_minutes, FIVE_MINUTES_MS)] {
        if let Some(wait_ms) = wait(&row.started, size(most), within, now) {
            return Err(Refusal::Rate { retry_after_s: wait_ms.div_ceil(1000).max(1) });
        }
    }
    Ok(())
}

/// Whether the user may be asked at `now` by any method: the source is not suppressed, and the session has nothing open.
pub(crate) fn check_source(
    limits: &Limits,
    row: &LimitsRow,
    pending: &[ChallengeRow],
    asker: Asker<'_>,
    now: UnixMillis,
) -> Result<(), Refusal> {
    let ip = asker.ip.map(|ip| ip.to_canonical());
    if row.suppressed.iter().any(|source| Some(source.ip) == ip && now < source.until) {
        return Err(Refusal::SourceSuppressed);
    }
    let of_session = live(pending, asker, now)
        .filter(|other| asker.session.is_some() && other.session.as_ref() == asker.session);
    if of_session.count() >= size(limits.live_per_session) { Err(Refusal::Live) } else { Ok(()) }
}

/// The open codes that end when the user is asked for another one: the oldest, so that no more are open than may be.
/// Refusing the new one instead would let whoever opens that many keep the user out.
pub(crate) fn codes_that_give_way<'a>(
    limits: &Limits,
    pending: &'a [ChallengeRow],
    asker: Asker<'a>,
    now: UnixMillis,
) -> Vec<&'a ChallengeRow> {
    let mut open: Vec<_> = live(pending, asker, now).filter(|other| other.code.is_some()).collect();
    open.sort_unstable_by_key(|other| (other.created, other.id));
    let too_many = (open.len() + 1).saturating_sub(size(limits.live_per_user));
    open.truncate(too_many);
    open
}

fn live<'a>(
    pending: &'a [ChallengeRow],
    asker: Asker<'a>,
    now: UnixMillis,
) -> impl Iterator<Item = &'a ChallengeRow> {
    pending
        .iter()
        .filter(move |other| Some(other.id) != asker.replaces)
        .filter(move |other| other.state_at(now) == ChallengeState::Pending)
}

/// Milliseconds until fewer than `most` starts lie within the last `within` milliseconds; none when that is so now.
fn wait(started: &[UnixMillis], most: usize, within: u64, now: UnixMillis) -> Option<u64> {
    let mut recent: Vec<UnixMillis> =
        started.iter().copied().filter(|start| now.since(*start) < within).collect();
    if recent.len() < most {
        return None;
    }
    recent.sort_unstable();
    // The start that must fall out before the next is allowed.
    let blocking = recent.len().checked_sub(most.max(1)).and_then(|at| recent.get(at).copied());
    Some(blocking.map_or(within, |start| start.plus(within).since(now)))
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Counts a challenge.
pub(crate) fn started(row: &mut LimitsRow, now: UnixMillis) {
    row.started.retain(|start| now.since(*start) < HOUR_MS);
    row.started.push(now);
}

/// Counts a success: the counters start again. Push that is off stays off: that takes another method.
pub(crate) fn succeeded(row: &mut LimitsRow) {
    row.started.clear();
    row.wrong_numbers = 0;
}

/// Another method than push let the user in: the counters start again, and push is on again.
pub(crate) fn another_method(rows: &mut dyn Rows, at: At, user: &str) -> Result<(), StoreError> {
    let mut row = rows.limits(at.service, user)?;
    succeeded(&mut row);
    let was_off = std::mem::take(&mut row.push_off);
    rows.put_limits(at.service, user, &row);
    if was_off {
        rows.audit(at.service, at.now, AuditEvent::PushOn { user: user.to_owned() });
    }
    Ok(())
}

/// Switches push on again where it is off. How often the user was asked still counts.
pub(crate) fn push_on(rows: &mut dyn Rows, at: At, user: &str) -> Result<(), StoreError> {
    let mut row = rows.limits(at.service, user)?;
    if std::mem::take(&mut row.push_off) {
        row.wrong_numbers = 0;
        rows.put_limits(at.service, user, &row);
        rows.audit(at.service, at.now, AuditEvent::PushOn { user: user.to_owned() });
    }
    Ok(())
}

/// Counts a wrong number; says whether that switched push off.
pub(crate) fn wrong_number(limits: &Limits, row: &mut LimitsRow) -> bool {
    row.wrong_numbers = row.wrong_numbers.saturating_add(1);
    let switched = !row.push_off && row.wrong_numbers >= limits.wrong_numbers;
    row.push_off |= switched;
    switched
}

/// Suppresses a reported source for this user.
pub(crate) fn suppress(limits: &Limits, row: &mut LimitsRow, ip: IpAddr, now: UnixMillis) {
    let ip = ip.to_canonical();
    row.suppressed.retain(|source| now < source.until && source.ip != ip);
    if row.suppressed.len() >= MAX_SUPPRESSED {
        row.suppressed.remove(0);
    }
    row.suppressed.push(Suppressed { ip, until: now.plus(limits.suppress_ms) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Asker<'static> {
        Asker { session: None, ip: None, replaces: None }
    }

    #[test]
    fn a_fourth_challenge_within_five_minutes_waits_for_the_first_to_fall_out() {
        let mut row = LimitsRow::default();
        for at in [0, 10_000, 20_000] {
            assert_eq!(check(&Limits::default(), &row, &[], nobody(), UnixMillis(at)), Ok(()));
            started(&mut row, UnixMillis(at));
        }
        let refused = check(&Limits::default(), &row, &[], nobody(), UnixMillis(30_000));
        assert_eq!(refused, Err(Refusal::Rate { retry_after_s: 270 }));
        assert!(check(&Limits::default(), &row, &[], nobody(), UnixMillis(299_999)).is_err());
        assert_eq!(check(&Limits::default(), &row, &[], nobody(), UnixMillis(300_000)), Ok(()));
    }

    #[test]
    fn an_address_is_the_same_source_in_both_of_its_forms() {
        let mut row = LimitsRow::default();
        suppress(&Limits::default(), &mut row, "::ffff:192.0.2.7".parse().unwrap(), UnixMillis(0));
        let asker = Asker { ip: Some("192.0.2.7".parse().unwrap()), ..nobody() };
        let check = |now| check(&Limits::default(), &row, &[], asker, UnixMillis(now));
        assert_eq!(check(3_599_999), Err(Refusal::SourceSuppressed));
        assert_eq!(check(3_600_000), Ok(()));
    }

    #[test]
    fn a_success_clears_the_counters_and_leaves_push_off() {
        let mut row = LimitsRow::default();
        started(&mut row, UnixMillis(1));
        let switched: Vec<bool> = (0..4).map(|_| wrong_number(&Limits::default(), &mut row)).collect();
        assert_eq!(switched, [false, false, true, false]);
        succeeded(&mut row);
        assert_eq!((row.started.len(), row.wrong_numbers, row.push_off), (0, 0, true));
    }
}
