//! When to connect again: jittered exponential back-off, bounded, started over by a welcome.

use std::time::Duration;

use nod_protocol::Random;
use nod_protocol::frames::CloseCode;
use nod_protocol::random::below;

use crate::event::DisconnectReason;

/// The first pause.
const FIRST: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// The shortest pause after a refusal that a quick repetition would only make worse.
const REFUSED: Duration = Duration::from_secs(5);

/// How one connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) reason: DisconnectReason,
    /// Whether the relay had welcomed the phone.
    pub(super) was_online: bool,
    /// How long a draining relay still wants the phone to stay away.
    pub(super) stay_away: Option<Duration>,
}

/// The pauses between connections to one relay.
#[derive(Debug, Default)]
pub(super) struct Retry {
    failures: u32,
}

impl Retry {
    /// How long to wait before the next connection; none when there must be no further one.
    pub(super) fn after(&mut self, ended: &Ended, random: &dyn Random) -> Option<Duration> {
        let least = match ended.reason {
            // The newer connection is this phone too: fighting for the place would serve nobody.
            DisconnectReason::Asked | DisconnectReason::Closed(CloseCode::Replaced) => return None,
            DisconnectReason::Closed(CloseCode::BadHello | CloseCode::RateLimited | CloseCode::Protocol)
            | DisconnectReason::Protocol
            | DisconnectReason::Untrusted => REFUSED,
            DisconnectReason::Closed(_)
            | DisconnectReason::Unreachable
            | DisconnectReason::Lost
            | DisconnectReason::Silent => Duration::ZERO,
        };
        if ended.was_online {
            self.failures = 0;
        }
        let step = FIRST.saturating_mul(1 << self.failures.min(16)).clamp(least, LONGEST);
        self.failures = self.failures.saturating_add(1);
        let pause = jitter(step, random);
        Some(pause.max(ended.stay_away.unwrap_or_default()))
    }
}

/// Somewhere in the upper half of `step`, so that many phones do not come back together.
fn jitter(step: Duration, random: &dyn Random) -> Duration {
    let half = step / 2;
    let span = u32::try_from(half.as_millis()).unwrap_or(u32::MAX);
    // Without randomness the pause is merely not spread.
    let extra = below(random, span).unwrap_or(span);
    half + Duration::from_millis(u64::from(extra))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nod_protocol::random::SeededForTests;
    use proptest::prelude::*;

    fn ended(reason: DisconnectReason) -> Ended {
        Ended { reason, was_online: false, stay_away: None }
    }

    #[test]
    fn pauses_grow_to_a_bound_and_start_over_after_a_welcome() {
        let (random, mut retry) = (SeededForTests::new(1), Retry::default());
        let pauses: Vec<_> =
            (0..12).map(|_| retry.after(&ended(DisconnectReason::Unreachable), &random).unwrap()).collect();
        assert!(pauses[0] <= FIRST);
        assert!(pauses[6] > pauses[0] * 8);
        assert!(pauses[11] >= LONGEST / 2 && pauses[11] <= LONGEST);
        let good = Ended { was_online: true, ..ended(DisconnectReason::Lost) };
        assert!(retry.after(&good, &random).unwrap() <= FIRST);
    }

    #[test]
    fn a_replaced_phone_does_not_fight_for_its_place() {
        let random = SeededForTests::new(1);
        let replaced = ended(DisconnectReason::Closed(CloseCode::Replaced));
        assert_eq!(Retry::default().after(&replaced, &random), None);
        assert_eq!(Retry::default().after(&ended(DisconnectReason::Asked), &random), None);
    }

    #[test]
    fn a_draining_relay_is_left_alone_for_as_long_as_it_asked() {
        let random = SeededForTests::new(1);
        let draining = Ended {
            reason: DisconnectReason::Closed(CloseCode::Draining),
            was_online: true,
            stay_away: Some(Duration::from_secs(7)),
        };
        assert_eq!(Retry::default().after(&draining, &random), Some(Duration::from_secs(7)));
    }

    proptest! {
        #[test]
        fn every_pause_is_bounded_and_never_zero(seed: u64, failures in 0u32..2000) {
            let random = SeededForTests::new(seed);
            let mut retry = Retry { failures };
            let pause = retry.after(&ended(DisconnectReason::Lost), &random).unwrap();
            prop_assert!(pause >= FIRST / 2 && pause <= LONGEST);
        }
    }
}
