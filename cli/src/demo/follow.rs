//! Long polls of the demo's documents: at once when the document differs from the caller's, otherwise at its next change.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::problem::Problem;

/// The longest wait of a caller, in seconds.
pub(super) const LONGEST_S: u64 = 25;

/// A pause before the second look: what a change follows on within a moment is then seen at once.
const MOMENT: Duration = Duration::from_millis(100);

/// `?since=REV&wait=S`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Since {
    /// The revision that the caller has.
    pub(super) since: Option<String>,
    /// How long it waits for another, in seconds.
    #[serde(default)]
    pub(super) wait: u64,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Look {
    /// The document.
    pub(super) document: Value,
    /// Its revision.
    pub(super) rev: String,
    /// Whether it can still change.
    pub(super) open: bool,
    /// How long the next look may wait for a change, in seconds.
    pub(super) next_s: u64,
}

/// Where a document comes from.
pub(super) trait Source {
    /// Looks at it, or waits up to `wait_s` seconds for its next change.
    fn look(&self, wait_s: u64) -> impl Future<Output = Result<Look, Problem>> + Send;
}

/// Looks until the revision is another than the caller's, the document cannot change any more, the time is over or
/// `stop` is cancelled.
///
/// # Errors
/// Whatever the source refuses.
pub(super) async fn answer(
    since: Since,
    stop: CancellationToken,
    source: impl Source,
) -> Result<Value, Problem> {
    let end = Instant::now() + Duration::from_secs(since.wait.min(LONGEST_S));
    let mut seen = source.look(0).await?;
    let mut first = true;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let known = since.since.as_deref() == Some(&*seen.rev);
        if !known || !seen.open || left.is_zero() || stop.is_cancelled() {
            return Ok(seen.document);
        }
        let wait_s = if first { 0 } else { seen.next_s.min(left.as_secs().max(1)) };
        if first {
            tokio::time::sleep(MOMENT.min(left)).await;
        }
        first = false;
        seen = tokio::select! {
            next = source.look(wait_s) => next?,
            () = stop.cancelled() => return Ok(seen.document),
        };
    }
}

/// A duration in whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    /// Answers with one revision after the other; a look that may wait takes its time.
    struct Script {
        revs: Vec<u32>,
        open: bool,
        looks: AtomicUsize,
    }

    impl Source for Script {
        async fn look(&self, wait_s: u64) -> Result<Look, Problem> {
            tokio::time::sleep(Duration::from_secs(wait_s)).await;
            let at = self.looks.fetch_add(1, Ordering::SeqCst).min(self.revs.len() - 1);
            let rev = self.revs[at];
            Ok(Look { document: json!(rev), rev: rev.to_string(), open: self.open, next_s: 1 })
        }
    }

    fn script(revs: &[u32], open: bool) -> Script {
        Script { revs: revs.to_vec(), open, looks: AtomicUsize::new(0) }
    }

    fn since(rev: &str, wait: u64) -> Since {
        Since { since: Some(rev.to_owned()), wait }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_without_the_newest_revision_is_answered_at_once() {
        for asked in [Since::default(), since("1", 20)] {
            let began = Instant::now();
            assert_eq!(answer(asked, CancellationToken::new(), script(&[2], true)).await.unwrap(), 2);
            assert_eq!(began.elapsed(), Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_with_the_newest_revision_waits_for_the_next() {
        let source = script(&[1, 1, 1, 1, 2], true);
        assert_eq!(answer(since("1", 20), CancellationToken::new(), source).await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_change_the_same_document_comes_when_the_time_is_over() {
        let began = Instant::now();
        let document = answer(since("1", 99), CancellationToken::new(), script(&[1], true)).await;
        assert_eq!(document.unwrap(), 1);
        assert!((24..=27).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_and_what_goes_down_is_not_waited_for() {
        let began = Instant::now();
        let stop = CancellationToken::new();
        assert_eq!(answer(since("1", 20), stop.clone(), script(&[1], false)).await.unwrap(), 1);
        stop.cancel();
        assert_eq!(answer(since("1", 20), stop, script(&[1], true)).await.unwrap(), 1);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
