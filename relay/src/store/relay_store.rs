//! The relay's store: the login library's atomic steps, and the rows of the relay itself, over one engine.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock, RwLock};

use async_trait::async_trait;
use nod_login::store::Read;
use nod_login::{Step, Store, StoreError};
use nod_protocol::ServiceId;
use tokio::sync::oneshot;

use super::effects::{Effect, EffectSink};
use super::engine::{Engine, EngineError, Job, Request, Rollback, Txn, View};
use super::login_rows::{ReadRows, StepRows, unavailable};

/// The relay's store. Cheap to clone.
#[derive(Clone)]
pub struct RelayStore {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) engine: Arc<dyn Engine>,
    sink: OnceLock<Arc<dyn EffectSink>>,
    /// Services that have a webhook, so that a step need not read the service's row.
    pub(super) webhooks: RwLock<HashSet<ServiceId>>,
}

impl Shared {
    pub(super) fn has_webhook(&self, service: ServiceId) -> bool {
        self.webhooks.read().is_ok_and(|set| set.contains(&service))
    }

    fn emit(&self, effects: Vec<Effect>) {
        if let Some(sink) = self.sink.get() {
            for effect in effects {
                effect.emit(sink.as_ref());
            }
        }
    }
}

impl std::fmt::Debug for RelayStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelayStore")
    }
}

impl RelayStore {
    /// A store over `engine`.
    ///
    /// # Errors
    /// [`StoreError`] when the services cannot be read.
    pub async fn open(engine: Arc<dyn Engine>) -> Result<Self, StoreError> {
        let shared = Shared { engine, sink: OnceLock::new(), webhooks: RwLock::default() };
        let store = Self { shared: Arc::new(shared) };
        let with: HashSet<ServiceId> =
            store.services().await?.into_iter().filter(|s| s.webhook.is_some()).map(|s| s.id).collect();
        if let Ok(mut webhooks) = store.shared.webhooks.write() {
            *webhooks = with;
        }
        Ok(store)
    }

    /// Names who hears of effects; the first call counts.
    pub fn set_sink(&self, sink: Arc<dyn EffectSink>) {
        let _ = self.shared.sink.set(sink);
    }

    /// The engine below, for backup, audit, metrics and readiness.
    #[must_use]
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.shared.engine
    }

    /// Runs a step of the relay's own; effects leave once it is durable, also when the caller has gone.
    pub(super) async fn own_step<T, E, F>(&self, step: F) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + From<StoreError> + 'static,
        F: FnOnce(&mut dyn Txn, &mut Vec<Effect>) -> Result<T, E> + Send + 'static,
    {
        let (done, answer) = oneshot::channel();
        let job = OwnJob {
            step: Some(step),
            result: None,
            effects: Vec::new(),
            shared: Arc::clone(&self.shared),
            done,
        };
        self.submit(Box::new(job)).await?;
        answer
            .await
            .map_err(|_| StoreError::Unavailable("the store is closed".to_owned()))?
            .map_err(unavailable)
    }

    /// Reads rows of the relay's own; whatever is seen is on disk.
    pub(super) async fn own_read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn View) -> Result<T, StoreError> + Send + 'static,
    {
        self.shared.engine.read(read).await.map_err(unavailable)?
    }

    async fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let sent = self.shared.engine.requests().send(Request::Step(job)).await;
        sent.map_err(|_| unavailable(self.shared.engine.health().err().unwrap_or(EngineError::Closed)))
    }

    async fn login_step(&self, step: Step<'static>, wait: bool) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        let job = LoginJob {
            step: Some(step),
            outcome: Err(StoreError::Unavailable("the step did not run".to_owned())),
            shared: Arc::clone(&self.shared),
            done,
        };
        self.submit(Box::new(job)).await?;
        if !wait {
            return Ok(());
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the store is closed".to_owned())))
    }
}

#[async_trait]
impl Store for RelayStore {
    async fn step(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.login_step(step, true).await
    }

    async fn step_lazily(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.login_step(step, false).await
    }

    async fn read(&self, read: Read<'static>) -> Result<(), StoreError> {
        self.own_read(move |view| {
            read(&ReadRows { view });
            Ok(())
        })
        .await
    }
}

/// A step of the login library with its effects.
struct LoginJob {
    step: Option<Step<'static>>,
    outcome: Result<Vec<Effect>, StoreError>,
    shared: Arc<Shared>,
    done: oneshot::Sender<Result<(), StoreError>>,
}

impl Job for LoginJob {
    fn run(&mut self, txn: &mut dyn Txn) -> Result<(), Rollback> {
        let Some(step) = self.step.take() else { return Err(Rollback) };
        let has_webhook = |service| self.shared.has_webhook(service);
        let mut rows = StepRows::new(txn, &has_webhook);
        if step(&mut rows).is_err() {
            // The step took itself back on purpose: told to its caller by the value that it kept.
            self.outcome = Ok(Vec::new());
            return Err(Rollback);
        }
        self.outcome = rows.finish();
        if self.outcome.is_ok() { Ok(()) } else { Err(Rollback) }
    }

    fn finish(self: Box<Self>, result: Result<(), EngineError>) {
        let Self { outcome, shared, done, .. } = *self;
        let told = match result {
            Err(error) => Err(unavailable(error)),
            Ok(()) => outcome.map(|effects| shared.emit(effects)),
        };
        // Whoever asked may have gone; the step and its effects stand all the same.
        let _ = done.send(told);
    }
}

/// A step of the relay's own with its effects.
struct OwnJob<T, E, F> {
    step: Option<F>,
    result: Option<Result<T, E>>,
    effects: Vec<Effect>,
    shared: Arc<Shared>,
    done: oneshot::Sender<Result<Result<T, E>, EngineError>>,
}

impl<T, E, F> Job for OwnJob<T, E, F>
where
    T: Send,
    E: Send,
    F: FnOnce(&mut dyn Txn, &mut Vec<Effect>) -> Result<T, E> + Send,
{
    fn run(&mut self, txn: &mut dyn Txn) -> Result<(), Rollback> {
        let Some(step) = self.step.take() else { return Err(Rollback) };
        let result = step(txn, &mut self.effects);
        let kept = result.is_ok();
        self.result = Some(result);
        if kept { Ok(()) } else { Err(Rollback) }
    }

    fn finish(self: Box<Self>, result: Result<(), EngineError>) {
        let Self { result: value, effects, shared, done, .. } = *self;
        if result.is_ok() && matches!(value, Some(Ok(_))) {
            shared.emit(effects);
        }
        let _ = done.send(result.and_then(|()| value.ok_or(EngineError::Panicked)));
    }
}
