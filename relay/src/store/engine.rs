//! The seam between the domain and a key-value engine: atomic steps, durable reads, limits and errors.
//!
//! A *step* is a closure that reads and writes rows. Steps run one after another in the order in which they were
//! queued; each sees its own and all earlier writes. Many steps share one sync of the disk, and nobody is told the
//! outcome of a step, an error included, before everything that the step saw or wrote is on disk.

use std::io;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::metrics::Metrics;

/// The longest key, in bytes.
pub const MAX_KEY: usize = 512;

/// The longest value, in bytes. A page of the embedded engine must stay in its log file, the only one that is synced.
pub const MAX_VALUE: usize = 16 * 1024;

/// What can go wrong in an engine, as opposed to what a step itself may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The operating system reported an error. After one while writing, the store stops ([`Self::Stopped`]).
    /// The step may or may not be found after a restart; it was never acknowledged.
    #[error("the disk failed: {0}")]
    Disk(io::ErrorKind),
    /// What is on disk is not what was written there.
    #[error("stored data is damaged")]
    Damaged,
    /// An earlier disk error stopped this store; only a restart helps. Readiness is red.
    #[error("an earlier disk error stopped this store")]
    Stopped,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// A key or value was empty or longer than [`MAX_KEY`] or [`MAX_VALUE`]; the step was discarded.
    #[error("a key or value is outside its limits")]
    TooLarge,
    /// The step panicked and was discarded.
    #[error("a step panicked")]
    Panicked,
    /// The store's files were written by a newer version of this program.
    #[error("the store was written by a newer version")]
    NewerFormat,
    /// Another process has this store open.
    #[error("another process has this store open")]
    InUse,
}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.kind())
    }
}

/// Reading rows. Keys are ordered as byte strings.
pub trait View {
    /// The value of `key`, if there is one.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// At most `limit` rows with `from <= key < to`, in order. An empty `to` means that there is no upper end.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Bytes, Bytes)>, EngineError>;

    /// At most `limit` rows whose key begins with `prefix`, in order.
    fn scan_prefix(&self, prefix: &[u8], limit: usize) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        self.scan(prefix, &prefix_end(prefix), limit)
    }
}

/// One step's view: reads see this step's and all earlier steps' writes.
pub trait Txn: View {
    /// Sets `key` to `value`. Keys of 1 to [`MAX_KEY`] bytes, values of at most [`MAX_VALUE`]; otherwise the whole
    /// step fails with [`EngineError::TooLarge`].
    fn put(&mut self, key: &[u8], value: Vec<u8>);

    /// Removes `key`, if it is there.
    fn delete(&mut self, key: &[u8]);
}

/// A step asks for its own writes to be discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollback;

/// A queued step with its completion, in one allocation. [`step`](trait.Engine.html#method.step) makes these.
pub trait Job: Send {
    /// Runs the step. Called once, on the committer's thread: never wait for anything in here.
    fn run(&mut self, txn: &mut dyn Txn) -> Result<(), Rollback>;

    /// Called once, when the batch is on disk or has failed.
    fn finish(self: Box<Self>, result: Result<(), EngineError>);
}

/// What the committer's queue holds.
pub enum Request {
    /// Run this step and commit it with the batch that it falls into.
    Step(Box<dyn Job>),
    /// Commit what was queued before, close the files, then tell the sender.
    Close(oneshot::Sender<()>),
}

/// How far the disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The number of batches that are on disk.
    pub durable: u64,
    /// Why no further batch will be, if that is so.
    pub halted: Option<EngineError>,
}

/// A key-value engine. Use it as `Arc<dyn Engine>`, through [`step`](trait.Engine.html#method.step),
/// [`read`](trait.Engine.html#method.read) and [`queue`](trait.Engine.html#method.queue).
pub trait Engine: Send + Sync + 'static {
    /// Where steps are queued. Bounded: a sender waits while it is full.
    fn requests(&self) -> &mpsc::Sender<Request>;

    /// Calls `f` at once with a consistent view, and returns the number of the batch that must be durable before what
    /// `f` saw may be told. `None`: this engine reads only in steps, and `f` was not called.
    fn look(&self, f: &mut dyn FnMut(&dyn View)) -> Result<Option<u64>, EngineError>;

    /// How far the disk is, to look at or to wait for.
    fn progress(&self) -> &watch::Receiver<Progress>;

    /// Counters for whoever renders them.
    fn metrics(&self) -> &Metrics;
}

impl dyn Engine + '_ {
    /// Runs `f` as one atomic step and waits until it is on disk. An `Err` of `f` discards this step's writes and no
    /// other's; it, too, is told only when all that `f` saw is on disk. A step that has been queued runs even if the
    /// returned future is dropped.
    pub async fn step<T, E, F>(&self, f: F) -> Result<Result<T, E>, EngineError>
    where
        F: FnOnce(&mut dyn Txn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (done, answer) = oneshot::channel();
        let job = Waited { step: Some(f), outcome: None, done };
        self.send(Request::Step(Box::new(job))).await?;
        answer.await.unwrap_or_else(|_| Err(self.why_gone()))
    }

    /// Queues `f` as one atomic step and returns once it is queued, not when it is on disk. It becomes durable before
    /// any step that is queued later. For what may be lost in a crash: a last-used time, a delivery mark.
    pub async fn queue<E, F>(&self, f: F) -> Result<(), EngineError>
    where
        F: FnOnce(&mut dyn Txn) -> Result<(), E> + Send + 'static,
    {
        self.send(Request::Step(Box::new(Unwaited { step: Some(f) }))).await
    }

    /// Reads rows from one consistent view, and resolves only when everything in that view is on disk: at once when
    /// the store is idle. `f` runs on the calling thread where the engine can do that; keep it short.
    pub async fn read<T, E, F>(&self, f: F) -> Result<Result<T, E>, EngineError>
    where
        F: FnOnce(&dyn View) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let mut f = Some(f);
        let mut outcome = None;
        let batch = self.look(&mut |view| {
            if let Some(f) = f.take() {
                outcome = Some(f(view));
            }
        })?;
        match (batch, outcome, f) {
            (Some(batch), Some(outcome), _) => {
                self.durable(batch).await?;
                Ok(outcome)
            }
            (_, _, Some(f)) => self.step(move |txn| f(txn)).await,
            (_, _, None) => Err(EngineError::Panicked),
        }
    }

    /// Whether steps can still be acknowledged; for readiness.
    pub fn health(&self) -> Result<(), EngineError> {
        match self.progress().borrow().halted {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Commits what has been queued, closes the files and waits for that. Later steps fail with
    /// [`EngineError::Closed`].
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.send(Request::Close(done)).await.is_ok() {
            // An error means that the committer has gone already, which is what is waited for.
            let _ = closed.await;
        }
    }

    async fn send(&self, request: Request) -> Result<(), EngineError> {
        self.requests().send(request).await.map_err(|_| self.why_gone())
    }

    async fn durable(&self, batch: u64) -> Result<(), EngineError> {
        let enough = |progress: &Progress| progress.durable >= batch || progress.halted.is_some();
        let now = *self.progress().borrow();
        let reached = if enough(&now) {
            now
        } else {
            let mut progress = self.progress().clone();
            let reached = progress.wait_for(enough).await.map_err(|_| EngineError::Closed)?;
            *reached
        };
        match reached.halted {
            Some(error) if reached.durable < batch => Err(error),
            _ => Ok(()),
        }
    }

    fn why_gone(&self) -> EngineError {
        self.health().err().unwrap_or(EngineError::Closed)
    }
}

/// The end of the range of keys that begin with `prefix`, for [`View::scan`]: empty if there is no such end.
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

struct Waited<F, T, E> {
    step: Option<F>,
    outcome: Option<Result<T, E>>,
    done: oneshot::Sender<Result<Result<T, E>, EngineError>>,
}

impl<F, T, E> Job for Waited<F, T, E>
where
    F: FnOnce(&mut dyn Txn) -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    fn run(&mut self, txn: &mut dyn Txn) -> Result<(), Rollback> {
        let outcome = self.step.take().map(|step| step(txn));
        let kept = matches!(outcome, Some(Ok(_)));
        self.outcome = outcome;
        if kept { Ok(()) } else { Err(Rollback) }
    }

    fn finish(self: Box<Self>, result: Result<(), EngineError>) {
        let Self { outcome, done, .. } = *self;
        // Whoever asked may have gone; the step stands all the same.
        let _ = done.send(result.and_then(|()| outcome.ok_or(EngineError::Panicked)));
    }
}

struct Unwaited<F> {
    step: Option<F>,
}

impl<F, E> Job for Unwaited<F>
where
    F: FnOnce(&mut dyn Txn) -> Result<(), E> + Send,
{
    fn run(&mut self, txn: &mut dyn Txn) -> Result<(), Rollback> {
        match self.step.take().map(|step| step(txn)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(Rollback),
        }
    }

    fn finish(self: Box<Self>, result: Result<(), EngineError>) {
        if let Err(error) = result {
            tracing::warn!(%error, "a queued step was not stored");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(prefix_end(b"ab"), b"ac");
        assert_eq!(prefix_end(&[1, 0xff, 0xff]), [2]);
    }

    #[test]
    fn a_prefix_of_only_ff_has_no_end() {
        assert!(prefix_end(&[0xff, 0xff]).is_empty());
        assert!(prefix_end(b"").is_empty());
    }
}
