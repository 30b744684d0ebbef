//! What the login server sends leaves through here: envelopes to the relay, in order, after they are on disk.

use std::time::Duration;

use nod_login::clock::SystemClock;
use nod_login::{Changed, Clock as _, Outgoing, Withdrawal};
use nod_protocol::ServiceId;
use nod_protocol::frames::EnvelopeKind;
use nod_relay::store::{EffectSink, RelayStore};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::error::CliError;
use crate::rest::{Rest, is_passing};

/// How long the relay may be away before an envelope is left for the next command to post.
const PATIENCE: Duration = Duration::from_secs(10);

/// Envelopes of earlier commands that are posted again at the start.
const LEFT_OVER: usize = 256;

enum Item {
    Post(Outgoing),
    Withdraw(Withdrawal),
    Flush(oneshot::Sender<Result<(), CliError>>),
}

/// The way out. Clones share it.
#[derive(Clone)]
pub(super) struct Outbox {
    items: mpsc::UnboundedSender<Item>,
}

/// Takes the store's effects. It holds the way out only weakly, so that the outbox ends when its last user has gone.
pub(super) struct Sink {
    items: mpsc::WeakUnboundedSender<Item>,
}

impl Outbox {
    /// Starts posting; ends when the last clone is dropped.
    pub(super) fn start(store: RelayStore, rest: Rest, tasks: &TaskTracker) -> Self {
        let (items, queue) = mpsc::unbounded_channel();
        tasks.spawn(work(store, rest, queue));
        Self { items }
    }

    /// What the store tells its effects to.
    pub(super) fn sink(&self) -> Sink {
        Sink { items: self.items.downgrade() }
    }

    /// Waits until everything before is with the relay.
    ///
    /// # Errors
    /// The first error since the last flush; what could not be posted is posted by the next command.
    pub(super) async fn flush(&self) -> Result<(), CliError> {
        let (done, flushed) = oneshot::channel();
        self.items.send(Item::Flush(done)).map_err(|_| CliError::Stopped)?;
        flushed.await.unwrap_or(Err(CliError::Stopped))
    }
}

impl Sink {
    fn send(&self, item: Item) {
        // Bounded by what one command causes; the store's thread must not wait.
        if let Some(items) = self.items.upgrade() {
            let _ = items.send(item);
        }
    }
}

impl EffectSink for Sink {
    fn envelope(&self, envelope: Outgoing) {
        self.send(Item::Post(envelope));
    }

    fn withdrawn(&self, withdrawal: Withdrawal) {
        self.send(Item::Withdraw(withdrawal));
    }

    fn changed(&self, _: Changed) {}

    fn webhook(&self, _: ServiceId) {}

    fn letter(&self) {}

    fn inbox(&self, _: ServiceId) {}
}

async fn work(store: RelayStore, rest: Rest, mut queue: mpsc::UnboundedReceiver<Item>) {
    let mut failed: Option<CliError> = None;
    // A command that was killed between its disk and the relay has left envelopes behind. The relay knows them by
    // their ids, so posting one again is harmless.
    for envelope in store.envelopes(SystemClock.now(), LEFT_OVER).await.unwrap_or_default() {
        // Reported by nobody: this command did not send it.
        let _ = post(&store, &rest, envelope).await;
    }
    while let Some(item) = queue.recv().await {
        let done = match item {
            Item::Post(envelope) => post(&store, &rest, envelope).await,
            Item::Withdraw(withdrawal) => withdraw(&rest, withdrawal).await,
            Item::Flush(flushed) => {
                // Whoever waited may have gone.
                let _ = flushed.send(failed.take().map_or(Ok(()), Err));
                Ok(())
            }
        };
        if let Err(error) = done {
            failed.get_or_insert(error);
        }
    }
}

async fn post(store: &RelayStore, rest: &Rest, envelope: Outgoing) -> Result<(), CliError> {
    let ttl_ms = envelope.expires.since(SystemClock.now());
    if ttl_ms == 0 {
        return Ok(());
    }
    let body = json!({
        "id": envelope.id,
        "to": envelope.to,
        "kind": envelope.kind,
        "body": envelope.body,
        "ttl_s": ttl_ms.div_ceil(1000),
    });
    match patiently(|| rest.post_only(&["envelopes"], &body)).await {
        // Sealed anew under the id that it had before, a link of the chain of keys lies there already.
        Err(CliError::Refused(problem))
            if envelope.kind == EnvelopeKind::Rotation && problem.status == 409 => {}
        result => result?,
    }
    // The relay has it: what needs no withdrawal later need not be kept here. If this fails it is posted twice.
    let _ = store.received(envelope.to, envelope.id).await;
    Ok(())
}

async fn withdraw(rest: &Rest, withdrawal: Withdrawal) -> Result<(), CliError> {
    let id = withdrawal.id.to_string();
    let reason = serde_json::to_value(withdrawal.reason).ok();
    let reason = reason.as_ref().and_then(|reason| reason.as_str()).unwrap_or("answered").to_owned();
    let query = [("reason", reason)];
    let parts = ["envelopes", id.as_str()];
    match patiently(|| rest.delete(&parts, &query)).await {
        // Gone already is as good.
        Err(CliError::Refused(problem)) if problem.status == 404 => Ok(()),
        result => result,
    }
}

/// Tries again while the relay is away.
async fn patiently<F>(call: impl Fn() -> F) -> Result<(), CliError>
where
    F: Future<Output = Result<(), CliError>>,
{
    let begin = tokio::time::Instant::now();
    loop {
        match call().await {
            Err(error) if is_passing(&error) && begin.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            result => return result,
        }
    }
}
