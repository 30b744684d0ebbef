//! Medians and percentiles.

use std::time::Duration;

use serde::Serialize;

/// The middle and the tail of some durations, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Spread {
    /// Half took at most this long.
    pub(super) p50: f64,
    /// 99 of 100 took at most this long.
    pub(super) p99: f64,
}

impl Spread {
    /// Of some durations; 0 when there are none.
    pub(super) fn of(durations: &[Duration]) -> Self {
        let mut sorted = durations.to_vec();
        sorted.sort_unstable();
        Self { p50: round(millis(percentile(&sorted, 50))), p99: round(millis(percentile(&sorted, 99))) }
    }
}

/// The nearest-rank percentile of sorted values.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The median of some values; 0 when there are none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (1, Some(value)) => *value,
        (0, Some(value)) => {
            sorted.get(middle.wrapping_sub(1)).map_or(*value, |below| f64::midpoint(*below, *value))
        }
        _ => 0.0,
    }
}

/// A duration in milliseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A duration in microseconds.
pub(super) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Four significant digits: more would pretend.
pub(super) fn round(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powf(3.0 - value.abs().log10().floor());
    (value * scale).round() / scale
}

/// A count as a number to calculate with.
#[allow(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let hundred: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(Spread::of(&hundred), Spread { p50: 50.0, p99: 99.0 });
        assert_eq!(Spread::of(&[Duration::from_millis(7)]), Spread { p50: 7.0, p99: 7.0 });
        assert_eq!(Spread::of(&[]), Spread { p50: 0.0, p99: 0.0 });
    }

    #[test]
    fn median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn figures_keep_four_digits() {
        assert_eq!([round(123_456.0), round(0.012_345_6), round(0.0)], [123_500.0, 0.012_35, 0.0]);
    }
}
