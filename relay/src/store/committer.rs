//! The one thread that writes: it drains the queue, runs the steps in order, and shares one sync among them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::engine::{Engine, EngineError, Job, Progress, Request, View};
use super::metrics::Metrics;
use super::overlay::{Overlay, Writes};

/// Steps that may wait in the queue before senders wait.
const QUEUE: usize = 1024;

/// Steps that one batch, and so one sync, takes at most.
const BATCH: usize = 512;

/// Where rows live. Only the committer writes; others may read between two batches' application.
pub(super) trait Backend: Send + Sync + 'static {
    /// Whether others may read beside the committer. If not, every read is a step.
    const SHARED_READS: bool;

    /// Before the steps of a batch run.
    fn begin(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// After a batch, whatever became of it.
    fn end(&mut self) {}

    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Calls `row` for each row of `from..to` (empty: no end), in order, until it returns false. `from < to` holds.
    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        row: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), EngineError>;

    /// Applies a batch: all of it or, after a crash, all or nothing of it.
    fn apply(&mut self, writes: Writes) -> Result<(), EngineError>;

    /// Returns when all that was applied would survive a power cut.
    fn sync(&self) -> Result<(), EngineError>;
}

/// An engine made of a backend and the committer's thread.
pub(super) struct Committed<B> {
    requests: mpsc::Sender<Request>,
    progress: watch::Receiver<Progress>,
    shared: Arc<Shared<B>>,
}

impl<B: Backend> Committed<B> {
    /// Starts the committer's thread. It ends when the engine is closed or dropped.
    pub(super) fn start(name: &str, backend: B) -> Result<Arc<dyn Engine>, EngineError> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let (told, progress) = watch::channel(Progress { durable: 0, halted: None });
        let shared = Arc::new(Shared {
            backend: RwLock::new(Some(backend)),
            applied: AtomicU64::new(0),
            metrics: Metrics::default(),
        });
        let committer = Committer { queue, told, shared: Arc::clone(&shared) };
        // A plain thread: it blocks on the disk, outlives no runtime and needs none.
        std::thread::Builder::new().name(format!("store-{name}")).spawn(move || committer.run())?;
        Ok(Arc::new(Self { requests, progress, shared }))
    }
}

impl<B: Backend> Engine for Committed<B> {
    fn requests(&self) -> &mpsc::Sender<Request> {
        &self.requests
    }

    fn look(&self, f: &mut dyn FnMut(&dyn View)) -> Result<Option<u64>, EngineError> {
        if !B::SHARED_READS {
            return Ok(None);
        }
        let guard = self.shared.read();
        let backend = guard.as_ref().ok_or(EngineError::Closed)?;
        // An overlay without writes is a view of the backend that remembers its faults.
        let view = Overlay::new(backend);
        f(&view);
        let batch = self.shared.applied.load(Ordering::Acquire);
        match view.take_fault() {
            Some(error) => Err(error),
            None => Ok(Some(batch)),
        }
    }

    fn progress(&self) -> &watch::Receiver<Progress> {
        &self.progress
    }

    fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }
}

struct Shared<B> {
    backend: RwLock<Option<B>>,
    /// The number of batches that readers can see. Changes only while `backend` is locked for writing.
    applied: AtomicU64,
    metrics: Metrics,
}

impl<B> Shared<B> {
    // The lock guards no invariant that a panic could break: a panic while applying stops the store.
    fn read(&self) -> RwLockReadGuard<'_, Option<B>> {
        self.backend.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<B>> {
        self.backend.write().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Committer<B> {
    queue: mpsc::Receiver<Request>,
    told: watch::Sender<Progress>,
    shared: Arc<Shared<B>>,
}

/// A step that has run, with what the engine has to say about it so far.
type Ran = (Box<dyn Job>, Result<(), EngineError>);

impl<B: Backend> Committer<B> {
    fn run(mut self) {
        let mut requests = Vec::new();
        let mut jobs = Vec::new();
        let mut closing: Vec<oneshot::Sender<()>> = Vec::new();
        while self.queue.blocking_recv_many(&mut requests, BATCH) > 0 {
            for request in requests.drain(..) {
                match request {
                    Request::Step(job) => jobs.push(job),
                    Request::Close(done) => {
                        self.queue.close();
                        closing.push(done);
                    }
                }
            }
            self.commit(&mut jobs);
        }
        self.told.send_modify(|progress| progress.halted = progress.halted.or(Some(EngineError::Closed)));
        let backend = self.shared.write().take();
        drop(backend);
        for done in closing {
            // Nobody has to wait for the end.
            let _ = done.send(());
        }
    }

    /// Commits `jobs` as one batch and leaves the vector empty.
    fn commit(&self, jobs: &mut Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        if self.told.borrow().halted.is_some() {
            for job in jobs.drain(..) {
                self.finish(job, Err(EngineError::Stopped));
            }
            return;
        }
        let mut ran = Vec::with_capacity(jobs.len());
        let outcome = catch_unwind(AssertUnwindSafe(|| self.write_batch(jobs, &mut ran)));
        let outcome = outcome.unwrap_or(Err(EngineError::Damaged));
        if !B::SHARED_READS
            && let Some(backend) = self.shared.write().as_mut()
        {
            backend.end();
        }
        if let Err(error) = outcome {
            // What is in memory can no longer be trusted to reach the disk: acknowledge nothing from here on.
            tracing::error!(%error, "the store has stopped");
            self.told.send_modify(|progress| progress.halted = Some(EngineError::Stopped));
        }
        for (job, result) in ran {
            self.finish(job, outcome.and(result));
        }
        for job in jobs.drain(..) {
            self.finish(job, Err(outcome.err().unwrap_or(EngineError::Stopped)));
        }
    }

    fn write_batch(&self, jobs: &mut Vec<Box<dyn Job>>, ran: &mut Vec<Ran>) -> Result<(), EngineError> {
        let started = Instant::now();
        let metrics = &self.shared.metrics;
        if !B::SHARED_READS {
            self.shared.write().as_mut().ok_or(EngineError::Closed)?.begin()?;
        }
        let writes = {
            let guard = self.shared.read();
            let mut overlay = Overlay::new(guard.as_ref().ok_or(EngineError::Closed)?);
            for mut job in jobs.drain(..) {
                let result = run_step(job.as_mut(), &mut overlay, metrics);
                ran.push((job, result));
            }
            overlay.into_writes()
        };
        if writes.is_empty() {
            return Ok(());
        }
        let rows = writes.len();
        let batch = {
            let mut guard = self.shared.write();
            // Numbered before it is applied: if applying fails halfway, whoever reads waits for a batch that never
            // becomes durable, and is refused.
            let batch = self.shared.applied.load(Ordering::Relaxed) + 1;
            self.shared.applied.store(batch, Ordering::Release);
            guard.as_mut().ok_or(EngineError::Closed)?.apply(writes)?;
            batch
        };
        metrics.applied(started.elapsed());
        let syncing = Instant::now();
        self.shared.read().as_ref().ok_or(EngineError::Closed)?.sync()?;
        metrics.synced(syncing.elapsed());
        metrics.batch(ran.len(), rows);
        self.told.send_modify(|progress| progress.durable = batch);
        Ok(())
    }

    fn finish(&self, job: Box<dyn Job>, result: Result<(), EngineError>) {
        if result.is_err() {
            Metrics::count(&self.shared.metrics.failed, 1);
        }
        job.finish(result);
    }
}

fn run_step<B: Backend>(
    job: &mut dyn Job,
    overlay: &mut Overlay<'_, B>,
    metrics: &Metrics,
) -> Result<(), EngineError> {
    // A step that panics must not end the thread that everybody waits for.
    let outcome = catch_unwind(AssertUnwindSafe(|| job.run(overlay)));
    match (overlay.take_fault(), outcome) {
        (None, Ok(Ok(()))) => {
            overlay.keep();
            Metrics::count(&metrics.steps, 1);
            Ok(())
        }
        (None, Ok(Err(_rollback))) => {
            overlay.discard();
            Metrics::count(&metrics.rolled_back, 1);
            Ok(())
        }
        (Some(error), Ok(_)) => {
            overlay.discard();
            Err(error)
        }
        (_, Err(_panic)) => {
            overlay.discard();
            Err(EngineError::Panicked)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Mutex, PoisonError};
    use std::task::Poll;

    use super::super::engine::Txn;
    use super::*;

    /// One row, on a disk whose syncs end when the test says so and as it says.
    struct Gated {
        row: Option<Bytes>,
        syncing: Sender<()>,
        verdicts: Mutex<Receiver<Result<(), EngineError>>>,
    }

    impl Backend for Gated {
        const SHARED_READS: bool = true;

        fn get(&self, _: &[u8]) -> Result<Option<Bytes>, EngineError> {
            Ok(self.row.clone())
        }

        fn scan(
            &self,
            _: &[u8],
            _: &[u8],
            _: &mut dyn FnMut(&[u8], &[u8]) -> bool,
        ) -> Result<(), EngineError> {
            Ok(())
        }

        fn apply(&mut self, writes: Writes) -> Result<(), EngineError> {
            self.row = writes.into_values().next_back().flatten();
            Ok(())
        }

        fn sync(&self) -> Result<(), EngineError> {
            self.syncing.send(()).unwrap();
            self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).recv().unwrap()
        }
    }

    type Gate = (Arc<dyn Engine>, Receiver<()>, Sender<Result<(), EngineError>>);

    fn gated() -> Gate {
        let (syncing, started) = channel();
        let (verdict, verdicts) = channel();
        let backend = Gated { row: None, syncing, verdicts: Mutex::new(verdicts) };
        (Committed::start("gated", backend).unwrap(), started, verdict)
    }

    fn write(txn: &mut dyn Txn) -> Result<(), Infallible> {
        txn.put(b"row", b"new".to_vec());
        Ok(())
    }

    async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }

    #[tokio::test]
    async fn neither_a_step_nor_a_read_is_told_before_the_disk_has_it() {
        let (engine, started, verdict) = gated();
        let mut step = Box::pin(engine.step(write));
        assert!(is_pending(&mut step).await);
        started.recv().unwrap();
        // The row is in memory now, and not on disk.
        let mut read = Box::pin(engine.read(|view| view.get(b"row")));
        let mut refusal = Box::pin(engine.step(|txn| match txn.get(b"row") {
            Ok(row) => Err::<(), _>(row),
            Err(_) => Ok(()),
        }));
        for _ in 0..9 {
            assert!(
                is_pending(&mut step).await && is_pending(&mut read).await && is_pending(&mut refusal).await
            );
            tokio::task::yield_now().await;
        }
        verdict.send(Ok(())).unwrap();
        let new = Some(Bytes::from_static(b"new"));
        assert_eq!(step.await, Ok(Ok(())));
        assert_eq!(read.await, Ok(Ok(new.clone())));
        assert_eq!(refusal.await, Ok(Err(new)));
    }

    #[tokio::test]
    async fn a_read_of_an_idle_store_is_told_at_once() {
        let (engine, started, verdict) = gated();
        verdict.send(Ok(())).unwrap();
        engine.step(write).await.unwrap().unwrap();
        started.recv().unwrap();
        let mut read = Box::pin(engine.read(|view| view.get(b"row")));
        assert!(!is_pending(&mut read).await);
    }

    #[tokio::test]
    async fn a_failed_sync_is_never_acknowledged_and_stops_the_store() {
        let (engine, started, verdict) = gated();
        let failure = EngineError::Disk(std::io::ErrorKind::StorageFull);
        let mut step = Box::pin(engine.step(write));
        assert!(is_pending(&mut step).await);
        started.recv().unwrap();
        let mut read = Box::pin(engine.read(|view| view.get(b"row")));
        assert!(is_pending(&mut read).await);
        verdict.send(Err(failure)).unwrap();
        assert_eq!(step.await, Err(failure));
        assert_eq!(read.await, Err(EngineError::Stopped));
        assert_eq!(engine.health(), Err(EngineError::Stopped));
        assert_eq!(engine.step(write).await, Err(EngineError::Stopped));
        assert_eq!(engine.read(|view| view.get(b"row")).await, Err(EngineError::Stopped));
        // Not even tried: after a failed sync a later one that succeeds proves nothing.
        assert!(started.try_recv().is_err());
        assert_eq!(engine.metrics().failed.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn steps_that_wait_share_one_sync() {
        let (engine, started, verdict) = gated();
        let mut first = Box::pin(engine.step(write));
        assert!(is_pending(&mut first).await);
        started.recv().unwrap();
        let mut others: Vec<_> = (0..100).map(|_| Box::pin(engine.step(write))).collect();
        for step in &mut others {
            assert!(is_pending(step).await);
        }
        verdict.send(Ok(())).unwrap();
        verdict.send(Ok(())).unwrap();
        for step in others {
            step.await.unwrap().unwrap();
        }
        assert_eq!(engine.metrics().batches.load(Ordering::SeqCst), 2);
        assert_eq!(engine.metrics().batch_size_max.load(Ordering::SeqCst), 100);
    }
}
