//! Answers kept for requests that are sent again with the same `Idempotency-Key`.

use nod_login::{StoreError, UnixMillis};
use nod_protocol::ServiceId;
use nod_protocol::bytes::Digest;
use serde::{Deserialize, Serialize};

use super::layout::{self, Tag};
use super::login_rows::read_row;
use super::relay_store::RelayStore;

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotentResponse {
    /// A MAC of the request that it answers.
    pub request_hash: Digest,
    /// The HTTP status.
    pub status: u16,
    /// The body, sealed under the master key: it may hold a secret.
    pub sealed_body: String,
    /// When it was given.
    pub at: UnixMillis,
}

impl RelayStore {
    /// The answer that was kept for a key, if any.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn kept(
        &self,
        service: ServiceId,
        key: Digest,
    ) -> Result<Option<IdempotentResponse>, StoreError> {
        let key = layout::key(Tag::Kept, &[service.as_bytes(), key.as_bytes()]);
        self.own_read(move |view| read_row(view, &key, "kept answer")).await
    }

    /// Keeps an answer; the first one for a key stays.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn keep(
        &self,
        service: ServiceId,
        key: Digest,
        answer: IdempotentResponse,
    ) -> Result<(), StoreError> {
        let key = layout::key(Tag::Kept, &[service.as_bytes(), key.as_bytes()]);
        self.own_step(move |txn, _| {
            if read_row::<IdempotentResponse>(txn, &key, "kept answer")?.is_none() {
                txn.put(&key, serde_json::to_vec(&answer).map_err(|_| StoreError::Damaged("kept answer"))?);
            }
            Ok(())
        })
        .await?
    }
}
