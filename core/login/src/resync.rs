//! Finding the place of a key fob again that was pressed too often, or whose clock is off: by two codes that follow each
//! other, looked for far about its place (RFC 4226 section 7.4; docs/methods.md, "Key fobs").

use nod_protocol::otp::hotp;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::clock::UnixMillis;
use crate::otp::{MAX_RESYNC_DRIFT, step_at};
use crate::rows::{Moving, OtpRow};

/// Presses beyond the last one that was accepted in which the first of the two codes is looked for.
const PRESSES: u64 = 1_000;

/// Where the fob stands after the two codes, which are then used up; none when they are not found. No code is found that
/// was used, or that is older than one that was.
pub(crate) fn find(secret: &[u8], row: &OtpRow, codes: [&str; 2], now: UnixMillis) -> Option<Moving> {
    match row.moving {
        Moving::Time { period_s, last_step, .. } => {
            let current = step_at(now, period_s);
            // The second code is the current one of the fob's clock.
            let firsts = (-MAX_RESYNC_DRIFT..=MAX_RESYNC_DRIFT)
                .map(|drift| current.saturating_add_signed(drift).saturating_sub(1))
                .filter(|first| last_step.is_none_or(|last| *first > last));
            let last = pair(secret, row, codes, firsts)?.checked_add(1)?;
            let drift = i64::try_from(last).ok()?.checked_sub_unsigned(current)?;
            Some(Moving::Time { period_s, last_step: Some(last), drift })
        }
        Moving::Counter { next } => {
            let first = pair(secret, row, codes, next..next.saturating_add(PRESSES))?;
            Some(Moving::Counter { next: first.checked_add(2)? })
        }
    }
}

/// The last of the places at which the two codes begin. All of them are looked at whatever is found, and each code is
/// compared in constant time.
fn pair(
    secret: &[u8],
    row: &OtpRow,
    [first, second]: [&str; 2],
    places: impl Iterator<Item = u64>,
) -> Option<u64> {
    let fits = |code: &str, place| {
        let right = Zeroizing::new(hotp(secret, row.algorithm, row.digits, place));
        right.as_bytes().ct_eq(code.as_bytes())
    };
    let (mut any, mut at) = (Choice::from(0), 0);
    for place in places {
        let both = fits(first, place) & fits(second, place.saturating_add(1));
        at = u64::conditional_select(&at, &place, both);
        any |= both;
    }
    bool::from(any).then_some(at)
}

#[cfg(test)]
mod tests {
    use nod_protocol::otp::Algorithm;

    use super::*;
    use crate::otp;

    const SECRET: &[u8] = b"12345678901234567890";
    const NOW: UnixMillis = UnixMillis(1_700_000_010_000);
    const STEP: u64 = 1_700_000_010 / 30;

    fn row(moving: Moving) -> OtpRow {
        OtpRow { sealed: String::new(), algorithm: Algorithm::Sha1, digits: 6, moving }
    }

    fn code(place: u64) -> String {
        hotp(SECRET, Algorithm::Sha1, 6, place)
    }

    fn found(moving: Moving, first: u64, second: u64) -> Option<Moving> {
        find(SECRET, &row(moving), [&code(first), &code(second)], NOW)
    }

    #[test]
    fn two_codes_that_follow_each_other_are_found_within_a_thousand_presses() {
        let at = |first, second| found(Moving::Counter { next: 7 }, first, second);
        assert_eq!(at(7, 8), Some(Moving::Counter { next: 9 }));
        assert_eq!(at(1006, 1007), Some(Moving::Counter { next: 1008 }));
        for (first, second) in [(1007, 1008), (6, 7), (500, 500), (500, 502), (501, 500)] {
            assert_eq!(at(first, second), None, "{first}, {second}");
        }
    }

    #[test]
    fn two_codes_that_follow_each_other_are_found_within_twenty_steps() {
        let at =
            |last_step, last: u64| found(Moving::Time { period_s: 30, last_step, drift: 0 }, last - 1, last);
        for drift in [-20_i64, 0, 20] {
            let last = STEP.saturating_add_signed(drift);
            let moving = Moving::Time { period_s: 30, last_step: Some(last), drift };
            assert_eq!(at(None, last), Some(moving));
            let next = otp::find(SECRET, &row(moving), &code(last + 1), NOW.plus(30_000));
            assert!(next.is_some(), "the next code is taken then");
        }
        assert!(at(None, STEP + 21).is_none() && at(None, STEP - 21).is_none());
        assert!(at(Some(STEP - 5), STEP - 4).is_none(), "the first of the two was used");
        assert!(at(Some(STEP - 5), STEP - 3).is_some());
    }

    #[test]
    fn the_ends_of_the_numbers_do_not_overflow() {
        assert_eq!(found(Moving::Counter { next: u64::MAX }, u64::MAX, u64::MAX), None);
        let early = Moving::Time { period_s: 30, last_step: None, drift: 0 };
        assert_eq!(find(SECRET, &row(early), ["", ""], UnixMillis(0)), None);
        assert_eq!(find(SECRET, &row(early), ["", ""], UnixMillis(u64::MAX)), None);
    }
}
