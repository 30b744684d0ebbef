//! Finding a one-time code's place: which time step or which press a code belongs to (docs/methods.md, "Codes").

use nod_protocol::otp::hotp;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::clock::UnixMillis;
use crate::rows::{Moving, OtpRow};

/// Steps beside the expected one that are taken.
const WINDOW: i64 = 1;

/// The most steps that a user's clock may drift away by being used.
pub(crate) const MAX_DRIFT: i64 = 10;

/// The most steps by which it may be off: what a resynchronisation finds.
pub(crate) const MAX_RESYNC_DRIFT: i64 = 20;

/// Presses beyond the last one that was accepted that are taken.
const LOOK_AHEAD: u64 = 10;

/// Where a code belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The time step, or the counter.
    pub(crate) at: u64,
    /// Steps by which the user's clock is ahead, for a code of time.
    pub(crate) drift: i64,
}

/// The time step at `now`.
pub(crate) fn step_at(now: UnixMillis, period_s: u32) -> u64 {
    now.seconds() / u64::from(period_s.max(1))
}

/// Finds a code among those that may be taken now: one step around the remembered drift, or ten presses ahead. All of
/// them are computed and compared in constant time, whichever fits and whether or not one does.
pub(crate) fn find(secret: &[u8], row: &OtpRow, code: &str, now: UnixMillis) -> Option<Place> {
    match row.moving {
        Moving::Time { period_s, drift, .. } => {
            let now = step_at(now, period_s);
            let drift = drift.clamp(-MAX_RESYNC_DRIFT, MAX_RESYNC_DRIFT);
            let places = (drift - WINDOW..=drift + WINDOW)
                .map(|drift| Place { at: now.saturating_add_signed(drift), drift });
            among(secret, row, code, places)
        }
        Moving::Counter { next } => {
            let places = (0..LOOK_AHEAD).map(|ahead| Place { at: next.saturating_add(ahead), drift: 0 });
            among(secret, row, code, places)
        }
    }
    .filter(|place| may_take(&row.moving, *place))
}

/// The first of the places whose code it is.
pub(crate) fn among(
    secret: &[u8],
    row: &OtpRow,
    code: &str,
    places: impl Iterator<Item = Place>,
) -> Option<Place> {
    let (mut any, mut at, mut drift) = (Choice::from(0), 0, 0);
    for place in places {
        let made = zeroize::Zeroizing::new(hotp(secret, row.algorithm, row.digits, place.at));
        // A code that two places share counts for the later one, so that neither is taken again.
        let same = made.as_bytes().ct_eq(code.as_bytes());
        at = u64::conditional_select(&at, &place.at, same);
        drift = i64::conditional_select(&drift, &place.drift, same);
        any |= same;
    }
    bool::from(any).then_some(Place { at, drift })
}

/// Whether a code of that place may be taken still: none is taken twice, and none that is older than the last one.
pub(crate) fn may_take(moving: &Moving, place: Place) -> bool {
    match *moving {
        Moving::Time { last_step, drift, .. } => {
            // Only a resynchronisation puts it further away than that; from there it may come back.
            let most = drift.saturating_abs().clamp(MAX_DRIFT, MAX_RESYNC_DRIFT);
            place.drift.abs() <= most && last_step.is_none_or(|last| place.at > last)
        }
        Moving::Counter { next } => place.at >= next && place.at < u64::MAX,
    }
}

/// Remembers that a code was taken.
pub(crate) fn take(moving: &mut Moving, place: Place) {
    match moving {
        Moving::Time { last_step, drift, .. } => {
            *last_step = Some(place.at);
            *drift = place.drift;
        }
        Moving::Counter { next } => *next = place.at.saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use nod_protocol::otp::Algorithm;

    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";
    const NOW: UnixMillis = UnixMillis(1_700_000_010_000);

    fn time(last_step: Option<u64>, drift: i64) -> OtpRow {
        row(Moving::Time { period_s: 30, last_step, drift })
    }

    fn row(moving: Moving) -> OtpRow {
        OtpRow { sealed: String::new(), algorithm: Algorithm::Sha1, digits: 6, moving }
    }

    fn code(at: u64) -> String {
        hotp(SECRET, Algorithm::Sha1, 6, at)
    }

    fn steps_taken(row: &OtpRow) -> Vec<i64> {
        let now = step_at(NOW, 30);
        let taken = |by: &i64| find(SECRET, row, &code(now.saturating_add_signed(*by)), NOW).is_some();
        (-24..=24).filter(taken).collect()
    }

    #[test]
    fn one_step_around_the_remembered_drift_is_taken() {
        assert_eq!(steps_taken(&time(None, 0)), [-1, 0, 1]);
        assert_eq!(steps_taken(&time(None, -3)), [-4, -3, -2]);
    }

    #[test]
    fn a_clock_that_is_more_than_ten_steps_off_is_never_followed() {
        assert_eq!(steps_taken(&time(None, 10)), [9, 10]);
        assert_eq!(
            steps_taken(&time(None, 15)),
            [14, 15],
            "but for a resynchronisation, it comes back alone"
        );
        assert_eq!(steps_taken(&time(None, 400)), [19, 20], "nor is a row that says so believed");
        assert_eq!(steps_taken(&time(None, -10)), [-10, -9]);
    }

    #[test]
    fn a_step_is_taken_once_and_none_before_it() {
        let mut row = time(None, 0);
        let place = find(SECRET, &row, &code(step_at(NOW, 30)), NOW).unwrap();
        take(&mut row.moving, place);
        assert_eq!(steps_taken(&row), [1]);
    }

    #[test]
    fn a_counter_is_found_within_ten_presses_and_only_rises() {
        let mut row = row(Moving::Counter { next: 5 });
        let taken = |row: &OtpRow| -> Vec<u64> {
            (0..30).filter(|at| find(SECRET, row, &code(*at), NOW).is_some()).collect()
        };
        assert_eq!(taken(&row), (5..=14).collect::<Vec<_>>());
        take(&mut row.moving, Place { at: 7, drift: 0 });
        assert_eq!(taken(&row), (8..=17).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_code_at_all_is_not_found() {
        for bad in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(find(SECRET, &time(None, 0), bad, NOW), None, "{bad}");
        }
    }
}
