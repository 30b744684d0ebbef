//! The queue of webhook events, ordered by when each is due.

use nod_login::{Event, StoreError, UnixMillis};
use nod_protocol::ServiceId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::engine::Txn;
use super::layout::{self, Tag};
use super::login_rows::unavailable;
use super::relay_store::RelayStore;

/// An event on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookJob {
    /// The event's id, the same on every attempt.
    pub id: Uuid,
    /// Whose event.
    pub service: ServiceId,
    /// When it happened.
    pub created: UnixMillis,
    /// Attempts that failed.
    pub attempts: u32,
    /// When it is due.
    pub due: UnixMillis,
    /// The event.
    pub event: Event,
}

/// Queues an event within a step. Its id follows from its time and content, so that a step needs no random numbers.
pub(super) fn enqueue(
    txn: &mut dyn Txn,
    service: ServiceId,
    at: UnixMillis,
    event: &Event,
) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(event).map_err(|_| StoreError::Damaged("webhook"))?;
    let mut salt = [0u8; 10];
    let digest = nod_protocol::bytes::Digest::of(&[service.as_bytes().as_slice(), &bytes].concat());
    for (to, from) in salt.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    let id = uuid::Builder::from_unix_timestamp_millis(at.0, &salt).into_uuid();
    put(txn, &WebhookJob { id, service, created: at, attempts: 0, due: at, event: event.clone() })
}

impl RelayStore {
    /// The events that are due, oldest first, and when the next one will be if fewer than `limit` are.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn webhooks_due(
        &self,
        now: UnixMillis,
        limit: usize,
    ) -> Result<(Vec<WebhookJob>, Option<UnixMillis>), StoreError> {
        self.own_read(move |view| {
            let rows = view
                .scan_prefix(&layout::key(Tag::Webhook, &[]), limit.saturating_add(1))
                .map_err(unavailable)?;
            let mut due = Vec::new();
            for (_, bytes) in rows {
                let job: WebhookJob =
                    serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("webhook"))?;
                if job.due > now {
                    return Ok((due, Some(job.due)));
                }
                if due.len() < limit {
                    due.push(job);
                }
            }
            Ok((due, None))
        })
        .await
    }

    /// Takes an event off the queue: delivered, or given up.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn webhook_done(&self, job: &WebhookJob) -> Result<(), StoreError> {
        let key = key(job);
        self.own_step(move |txn, _| {
            txn.delete(&key);
            Ok(())
        })
        .await?
    }

    /// Puts an event back for another attempt at `due`.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn webhook_failed(&self, job: &WebhookJob, due: UnixMillis) -> Result<(), StoreError> {
        let old = key(job);
        let next = WebhookJob { attempts: job.attempts.saturating_add(1), due, ..job.clone() };
        self.own_step(move |txn, _| {
            txn.delete(&old);
            put(txn, &next)
        })
        .await?
    }
}

fn key(job: &WebhookJob) -> Vec<u8> {
    layout::key(Tag::Webhook, &[&layout::time(job.due), job.id.as_bytes()])
}

fn put(txn: &mut dyn Txn, job: &WebhookJob) -> Result<(), StoreError> {
    txn.put(&key(job), serde_json::to_vec(job).map_err(|_| StoreError::Damaged("webhook"))?);
    Ok(())
}
