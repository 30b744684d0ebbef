//! The one task that takes due events off the queue and posts them, a bounded number at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nod_login::{Clock, UnixMillis};
use nod_protocol::ServiceId;
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{WebhookUrl, signature};
use crate::hub::{Counter, Hub};
use crate::managed::Services;
use crate::outbound::{self, Private};
use crate::settings::Webhooks;
use crate::store::RelayStore;
use crate::store::webhooks::WebhookJob;

/// How long an event is tried, in milliseconds: a day.
const GIVE_UP_MS: u64 = 24 * 3_600_000;

/// Events that one look takes off the queue at most.
const PAGE: usize = 256;

/// Without a call, the queue is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Milliseconds to wait after so many failed attempts.
#[must_use]
pub fn back_off(failed: u32) -> u64 {
    const STEPS: [u64; 8] = [1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000];
    let at = usize::try_from(failed).unwrap_or(usize::MAX).min(STEPS.len() - 1);
    STEPS.get(at).copied().unwrap_or(7_200_000)
}

/// The sender could not be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client for webhooks cannot be set up")]
pub struct SetupError;

/// What is counted for `/metrics`.
#[derive(Debug, Default)]
pub struct Counts {
    /// Events that were taken.
    pub delivered: Counter,
    /// Attempts that failed.
    pub failed: Counter,
    /// Events that were given up.
    pub given_up: Counter,
}

/// Sends events. Clones share everything.
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

struct Inner {
    client: Client,
    settings: Webhooks,
    services: Arc<Services>,
    store: RelayStore,
    clock: Arc<dyn Clock>,
    counts: Counts,
    /// What is being posted now, and for whom.
    in_flight: Mutex<HashMap<Uuid, ServiceId>>,
    done: tokio::sync::Notify,
}

impl Sender {
    /// Sets the sender up.
    ///
    /// # Errors
    /// `SetupError` when there can be no HTTP client.
    pub fn new(
        settings: Webhooks,
        services: Arc<Services>,
        store: RelayStore,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let client = Client::builder()
            // A redirect could lead where the service's URL may not.
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(settings.timeout_s))
            .dns_resolver(outbound::resolver(Private::Any(settings.private_addresses)))
            .user_agent("nod-relay")
            .build()
            .map_err(|_| SetupError)?;
        Ok(Self(Arc::new(Inner {
            client,
            settings,
            services,
            store,
            clock,
            counts: Counts::default(),
            in_flight: Mutex::default(),
            done: tokio::sync::Notify::new(),
        })))
    }

    /// What is counted.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// Runs until `stop`; what is being posted then is finished or comes again after the next start.
    pub async fn run(self, hub: Arc<Hub>, tracker: TaskTracker, stop: CancellationToken) {
        loop {
            let pause = match self.look(&tracker, &stop).await {
                Ok(Some(due)) => Duration::from_millis(due.since(self.0.clock.now())).min(LOOK_EVERY),
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "webhooks were put off");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = hub.webhook_due() => {}
                () = self.0.done.notified() => {}
                () = tokio::time::sleep(pause.max(Duration::from_millis(10))) => {}
            }
        }
    }

    /// Starts what is due and fits, and says when the next event is due.
    async fn look(
        &self,
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Option<UnixMillis>, nod_login::StoreError> {
        let (due, next) = self.0.store.webhooks_due(self.0.clock.now(), PAGE).await?;
        for job in due {
            if self.claim(&job) {
                let (sender, stop) = (self.clone(), stop.clone());
                tracker.spawn(async move {
                    // An attempt that is cut off by the end of the process was not counted and comes again.
                    stop.run_until_cancelled(sender.attempt(&job)).await;
                    sender.release(&job);
                });
            }
        }
        Ok(next)
    }

    /// Takes a place for an event, unless it has one or there is none: one service gets at most a quarter of them.
    fn claim(&self, job: &WebhookJob) -> bool {
        let mut in_flight = self.0.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.0.settings.concurrency;
        let own = in_flight.values().filter(|service| **service == job.service).count();
        if in_flight.len() >= most || own >= (most / 4).max(1) || in_flight.contains_key(&job.id) {
            return false;
        }
        in_flight.insert(job.id, job.service);
        true
    }

    fn release(&self, job: &WebhookJob) {
        self.0.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&job.id);
        self.0.done.notify_one();
    }

    async fn attempt(&self, job: &WebhookJob) {
        let result = self.post(job).await;
        let now = self.0.clock.now();
        let noted = match result {
            Ok(()) => {
                self.0.counts.delivered.add();
                self.0.store.webhook_done(job).await
            }
            Err(why) => {
                self.0.counts.failed.add();
                let due = now.plus(back_off(job.attempts));
                let over = due.since(job.created) > GIVE_UP_MS;
                tracing::info!(event = %job.id, service = %job.service, why, given_up = over, "webhook failed");
                if over || why == GONE {
                    self.0.counts.given_up.add();
                    self.0.store.webhook_done(job).await
                } else {
                    self.0.store.webhook_failed(job, due).await
                }
            }
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "a webhook's outcome was not stored: it comes again");
        }
    }

    /// Posts one event; the error is a word for the log.
    async fn post(&self, job: &WebhookJob) -> Result<(), &'static str> {
        let hosted = self.0.services.get(job.service).await.map_err(|_| "store")?.ok_or(GONE)?;
        let webhook = hosted.record().webhook.as_ref().ok_or(GONE)?;
        let secret = self.0.services.webhook_secret(job.service, webhook).map_err(|_| "secret")?;
        let url = WebhookUrl::parse(&webhook.url).map_err(|_| "url")?.into_url();
        if !Private::Any(self.0.settings.private_addresses).admits(&url) {
            return Err("address");
        }
        let body = body(job).ok_or("event")?;
        let (id, timestamp) = (job.id.to_string(), self.0.clock.now().seconds());
        let sent = self
            .0
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("nod-webhook-signature", signature(&secret, &id, timestamp, &body))
            .header("nod-webhook-id", id)
            .header("nod-webhook-timestamp", timestamp)
            .body(body)
            .send();
        match sent.await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(_) => Err("status"),
            Err(error) if error.is_timeout() => Err("timeout"),
            Err(_) => Err("connection"),
        }
    }
}

/// The service has no webhook any more.
const GONE: &str = "no webhook";

/// `{id, type, created, data}`.
fn body(job: &WebhookJob) -> Option<String> {
    let mut data = serde_json::to_value(&job.event).ok()?;
    let kind = data.as_object_mut()?.remove("type")?;
    Some(json!({ "id": job.id, "type": kind, "created": job.created, "data": data }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_spaced_out_and_bounded() {
        let waits: Vec<u64> = (0..5).map(back_off).collect();
        assert_eq!(waits, [1_000, 5_000, 30_000, 120_000, 600_000]);
        assert_eq!(back_off(u32::MAX), 7_200_000);
    }
}
