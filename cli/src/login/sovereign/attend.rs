//! Serving the inbox: what phones send is taken in step by step, and acknowledged only once it is on disk here and its
//! answers are with the relay. Several processes may do so at once: every step is idempotent.

use std::time::{Duration, Instant};

use nod_login::{ReceiveError, Route, StoreExt as _, UnixMillis};
use nod_protocol::{EnrolmentId, EnvelopeId, MailboxId};
use nod_relay::store::RelayStore;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::keyring::Keyring;
use super::outbox::Outbox;
use crate::error::CliError;
use crate::rest::{Rest, is_passing};

/// Seconds of one long poll: also how late a helper notices that nothing is open any more.
const POLL_S: u64 = 5;

/// Pause after a poll that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a helper lives at most: an enrolment's life and a minute.
const HELPER_LIFE: Duration = Duration::from_secs(6 * 60);

/// Rows that one housekeeping step looks at.
const TICK: usize = 64;

/// Serves the inbox of one service.
#[derive(Clone)]
pub(super) struct Attendant {
    keyring: Keyring,
    store: RelayStore,
    rest: Rest,
    outbox: Outbox,
}

/// When to stop by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Never.
    Cancelled,
    /// When nothing is open any more, or at a helper's greatest age.
    NothingOpen,
}

#[derive(Deserialize)]
struct Inbox {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    seq: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum What {
    Message {
        from: MailboxId,
        #[serde(default)]
        enrolment: Option<EnrolmentId>,
        body: String,
    },
    Delivered {
        envelope: EnvelopeId,
    },
}

impl Attendant {
    /// An attendant over one service's parts.
    pub(super) const fn new(keyring: Keyring, store: RelayStore, rest: Rest, outbox: Outbox) -> Self {
        Self { keyring, store, rest, outbox }
    }

    /// Serves until it is cancelled, or has nothing to do.
    ///
    /// # Errors
    /// [`CliError`] when the relay refuses for good, or the store failed. A relay that is away is waited for.
    pub(super) async fn serve(&self, until: Until, stop: &CancellationToken) -> Result<(), CliError> {
        let begin = Instant::now();
        let mut after = 0;
        let result = loop {
            self.keyring.login().tick(TICK).await?;
            if until == Until::NothingOpen && (begin.elapsed() > HELPER_LIFE || !self.is_open().await?) {
                break Ok(());
            }
            let polled = tokio::select! {
                () = stop.cancelled() => break Ok(()),
                polled = self.poll(after, POLL_S) => polled,
            };
            match polled {
                Ok(inbox) => {
                    for item in inbox.items {
                        self.take(item.what).await?;
                        after = after.max(item.seq);
                    }
                    // Acknowledged by the next poll: not before the answers are with the relay.
                    self.outbox.flush().await?;
                }
                Err(error) if is_passing(&error) => tokio::select! {
                    () = stop.cancelled() => break Ok(()),
                    () = tokio::time::sleep(PAUSE) => {}
                },
                Err(error) => break Err(error),
            }
        };
        if after > 0 {
            // Only acknowledges; if it fails the items come again, which is harmless.
            let _ = tokio::time::timeout(Duration::from_secs(2), self.poll(after, 0)).await;
        }
        result
    }

    async fn poll(&self, after: u64, wait: u64) -> Result<Inbox, CliError> {
        self.rest.get(&["inbox"], &[("after", after.to_string()), ("wait", wait.to_string())]).await
    }

    async fn take(&self, what: What) -> Result<(), CliError> {
        match what {
            What::Message { from, enrolment, body } => {
                let route = enrolment.map_or(Route::Service, Route::Enrolment);
                match self.keyring.login().receive(from, route, &body).await {
                    Err(ReceiveError::Store(error)) => Err(error.into()),
                    // What cannot be read is dropped: it would be as unreadable the next time.
                    Ok(()) | Err(_) => Ok(()),
                }
            }
            What::Delivered { envelope } => Ok(self.keyring.login().delivered(envelope).await?),
        }
    }

    /// Whether an enrolment or a challenge is open.
    async fn is_open(&self) -> Result<bool, CliError> {
        let service = self.keyring.login().service().id;
        let far = UnixMillis(u64::MAX);
        let open = self.store.look(move |rows| rows.due(service, far, 1).map(|due| !due.is_empty())).await?;
        Ok(open?)
    }
}
