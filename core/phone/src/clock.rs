//! The phone's clock, behind a trait. Durations come from the monotonic clock; wall time is informative only.

use std::time::{Duration, Instant};

/// Tells the time to the phone.
pub trait PhoneClock: Send + Sync {
    /// Time since some fixed moment. Never goes back, whatever the user does to the date.
    fn monotonic(&self) -> Duration;

    /// Milliseconds since 1970-01-01 UTC, as far as the phone knows. Enters `iat` claims, envelope ids and the
    /// history, and time-based one-time codes are shown for it; nothing is judged by it.
    fn unix_millis(&self) -> u64;

    /// Seconds since 1970-01-01 UTC, for `iat` claims.
    fn unix_seconds(&self) -> u64 {
        self.unix_millis() / 1000
    }
}

/// The system's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemPhoneClock(Instant);

impl Default for SystemPhoneClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl PhoneClock for SystemPhoneClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    fn unix_millis(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is told to move; for tests.
#[derive(Debug, Default)]
pub struct ManualPhoneClock {
    millis: std::sync::atomic::AtomicU64,
    wall_offset: std::sync::atomic::AtomicU64,
}

impl ManualPhoneClock {
    /// A clock whose wall time stands at `unix_millis`.
    #[must_use]
    pub fn at(unix_millis: u64) -> Self {
        Self { millis: 0.into(), wall_offset: unix_millis.into() }
    }

    /// Moves both clocks on.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.millis.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as a user who changes the date does.
    pub fn set_wall(&self, unix_millis: u64) {
        let now = self.millis.load(std::sync::atomic::Ordering::SeqCst);
        self.wall_offset.store(unix_millis.wrapping_sub(now), std::sync::atomic::Ordering::SeqCst);
    }
}

impl PhoneClock for ManualPhoneClock {
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.millis.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn unix_millis(&self) -> u64 {
        let now = self.millis.load(std::sync::atomic::Ordering::SeqCst);
        self.wall_offset.load(std::sync::atomic::Ordering::SeqCst).wrapping_add(now)
    }
}
