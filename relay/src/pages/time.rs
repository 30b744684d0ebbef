//! Times as people read them: in words of the page's language, in UTC; the page's script writes them in local time.

use nod_login::{Language, UnixMillis};

use super::words::Words;

const DAY_S: u64 = 86_400;

/// A moment in the Gregorian calendar, UTC.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    /// Days are counted from 1 March of year 0, so that the leap day is a year's last.
    fn of(at: UnixMillis) -> Self {
        let seconds = at.0 / 1000;
        let days = seconds / DAY_S + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let of_day = seconds % DAY_S;
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: of_year - (153 * shifted + 2) / 5 + 1,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }
}

/// `2026-11-22T10:50:00Z`.
pub(super) fn machine(at: UnixMillis) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::of(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `22 November 2026, 10:50 UTC` in the language's way.
pub(super) fn shown(language: Language, at: UnixMillis) -> Option<String> {
    let Civil { year, month, day, hour, minute, .. } = Civil::of(at);
    let words = Words::of(language);
    let month = words.get(&format!("shared.month.{month}"))?;
    let clock = format!("{hour:02}:{minute:02}");
    words.fill(
        "shared.when",
        &[("day", &day.to_string()), ("month", month), ("year", &year.to_string()), ("clock", &clock)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_found_in_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(machine(UnixMillis(seconds * 1000)), text);
        }
    }

    #[test]
    fn a_time_is_written_in_each_language() {
        let at = UnixMillis(1_795_344_600_000);
        let shown: Vec<_> = Language::ALL.iter().map(|one| shown(*one, at).unwrap()).collect();
        assert_eq!(
            shown,
            [
                "22 November 2026, 10:50 UTC",
                "22 november 2026 kl. 10:50 UTC",
                "22. november 2026 kl. 10:50 UTC",
                "22. november 2026 kl. 10:50 UTC"
            ]
        );
    }
}
