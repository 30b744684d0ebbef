//! Long polls: `wait=S` answers when something changed, and at the latest after S seconds.

use std::time::Duration;

use tokio::time::Instant;

use super::App;
use super::problem::{Problem, Slug};
use crate::bus::Topic;
use crate::hub::Woken;

/// The longest wait, in seconds.
pub(super) const MAX_WAIT_S: u64 = 60;

/// What a look found.
pub(super) struct Seen<T> {
    /// What would be answered.
    pub(super) value: T,
    /// Whether there is anything to wait for.
    pub(super) open: bool,
    /// When it changes by itself, in milliseconds from now: nobody tells of that.
    pub(super) ends_in_ms: Option<u64>,
}

/// Looks, and looks again after each change, until `differs` from the first look, nothing can change any more, the
/// time is over, or the relay goes down.
pub(super) async fn until<T, F>(
    app: &App,
    topic: Topic,
    wait_s: Option<u64>,
    look: impl Fn() -> F,
    differs: impl Fn(&T, &T) -> bool,
) -> Result<T, Problem>
where
    F: Future<Output = Result<Seen<T>, Problem>>,
{
    let wait_s = wait_s.unwrap_or(0);
    if wait_s > MAX_WAIT_S {
        return Err(Problem::with(Slug::Invalid, "wait is 0 to 60 seconds"));
    }
    if wait_s == 0 {
        return Ok(look().await?.value);
    }
    // Made before the first look, so that no change falls between them.
    let watcher = app.hub.watch(topic);
    let end = Instant::now() + Duration::from_secs(wait_s);
    let first = look().await?;
    // Too many calls wait already: answer at once with what is known.
    let Ok(mut watcher) = watcher else { return Ok(first.value) };
    if !first.open {
        return Ok(first.value);
    }
    let mut ends_in_ms = first.ends_in_ms;
    let first = first.value;
    loop {
        let own = ends_in_ms.map_or(end, |ms| Instant::now() + Duration::from_millis(ms.max(1)));
        let woken = tokio::time::timeout_at(own.min(end), watcher.woken()).await;
        let now = look().await?;
        ends_in_ms = now.ends_in_ms;
        let over = Instant::now() >= end || matches!(woken, Ok(Woken::Draining));
        if over || !now.open || differs(&first, &now.value) {
            return Ok(now.value);
        }
    }
}
