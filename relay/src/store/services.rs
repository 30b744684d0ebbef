//! Services and their API keys.

use nod_login::{AuditEvent, Policy, SignedRotation, StoreError, UnixMillis};
use nod_protocol::ServiceId;
use nod_protocol::bytes::Digest;
use nod_protocol::messages::Mode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit;
use super::engine::Txn;
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;
use crate::managed::Origin;

/// The most services that one relay hosts.
pub const MAX_SERVICES: usize = 10_000;

/// An API key of a service: only the digest of its secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// The public part, by which it is found.
    pub id: String,
    /// SHA-256 of the secret.
    pub hash: Digest,
    /// When it was made.
    pub created: UnixMillis,
}

/// Where a service's events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRecord {
    /// An http or https URL.
    pub url: String,
    /// The signing secret, sealed under the master key.
    pub sealed_secret: String,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Its id.
    pub id: ServiceId,
    /// Its display name.
    pub name: String,
    /// Its domain, as the operator verified it.
    pub domain: Option<String>,
    /// Who verifies.
    pub mode: Mode,
    /// Its policy.
    pub policy: Policy,
    /// When it was made.
    pub created: UnixMillis,
    /// A managed service's signing keys, sealed under the master key.
    pub sealed_keys: Option<String>,
    /// The number of a managed service's key: how often it was rotated.
    #[serde(default)]
    pub key_seq: u64,
    /// The newest rotations of a managed service's key, oldest first.
    #[serde(default)]
    pub chain: Vec<SignedRotation>,
    /// SHA-256 of the signed bytes by which it was handed over to its organisation, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<Digest>,
    /// Its API keys; at most two live.
    pub api_keys: Vec<ApiKeyRecord>,
    /// Where its events go.
    pub webhook: Option<WebhookRecord>,
    /// The origins that a portal's user may be led back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub portal_return: Vec<Origin>,
}

impl RelayStore {
    /// Inserts or replaces a service, with the index of its API keys, in one step.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn put_service(&self, record: ServiceRecord) -> Result<(), StoreError> {
        let id = record.id;
        let has_webhook = record.webhook.is_some();
        self.own_step(move |txn, _| put(txn, &record)).await??;
        if let Ok(mut webhooks) = self.shared.webhooks.write() {
            if has_webhook {
                webhooks.insert(id);
            } else {
                webhooks.remove(&id);
            }
        }
        Ok(())
    }

    /// Changes a service in one step; none when there is no such service. An `Err` of `change` changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored; the inner error is the change's own.
    pub async fn change_service<E, F>(
        &self,
        id: ServiceId,
        change: F,
    ) -> Result<Option<Result<ServiceRecord, E>>, StoreError>
    where
        E: Send + 'static,
        F: FnOnce(&mut ServiceRecord) -> Result<(), E> + Send + 'static,
    {
        self.change_service_with(id, move |_, record| change(record).map_err(Stop::Own)).await
    }

    /// Changes a service as [`Self::change_service`] does, with an entry in the audit log.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored; the inner error is the change's own.
    pub async fn change_service_noted<E, F>(
        &self,
        id: ServiceId,
        at: UnixMillis,
        change: F,
    ) -> Result<Option<Result<ServiceRecord, E>>, StoreError>
    where
        E: Send + 'static,
        F: FnOnce(&mut ServiceRecord) -> Result<AuditEvent, E> + Send + 'static,
    {
        let noted = move |txn: &mut dyn Txn, record: &mut ServiceRecord| {
            let event = change(record).map_err(Stop::Own)?;
            let entry = json!({ "at": at, "service": id, "event": event });
            match audit::append(txn, &entry) {
                Ok(_) => Ok(()),
                Err(error) => Err(Stop::Store(StoreError::Unavailable(error.to_string()))),
            }
        };
        self.change_service_with(id, noted).await
    }

    async fn change_service_with<E, F>(
        &self,
        id: ServiceId,
        change: F,
    ) -> Result<Option<Result<ServiceRecord, E>>, StoreError>
    where
        E: Send + 'static,
        F: FnOnce(&mut dyn Txn, &mut ServiceRecord) -> Result<(), Stop<E>> + Send + 'static,
    {
        let changed = self
            .own_step(move |txn, _| {
                let mut record: ServiceRecord =
                    read_row(txn, &layout::service(id), "service")?.ok_or(Stop::Unknown)?;
                change(txn, &mut record)?;
                put(txn, &record)?;
                Ok(record)
            })
            .await?;
        match changed {
            Ok(record) => {
                if let Ok(mut webhooks) = self.shared.webhooks.write() {
                    if record.webhook.is_some() {
                        webhooks.insert(id);
                    } else {
                        webhooks.remove(&id);
                    }
                }
                Ok(Some(Ok(record)))
            }
            Err(Stop::Own(error)) => Ok(Some(Err(error))),
            Err(Stop::Unknown) => Ok(None),
            Err(Stop::Store(error)) => Err(error),
        }
    }

    /// A service.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn service(&self, id: ServiceId) -> Result<Option<ServiceRecord>, StoreError> {
        self.own_read(move |view| read_row(view, &layout::service(id), "service")).await
    }

    /// The service that an API key's public part belongs to.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn service_of_api_key(&self, key_id: &str) -> Result<Option<ServiceRecord>, StoreError> {
        let key = layout::key(Tag::ApiKey, &[layout::user(key_id).as_bytes()]);
        let key_id = key_id.to_owned();
        self.own_read(move |view| {
            let Some(bytes) = view.get(&key).map_err(unavailable)? else { return Ok(None) };
            let id = layout::tail(&bytes).map(ServiceId::from_bytes).ok_or(StoreError::Damaged("API key"))?;
            let record: Option<ServiceRecord> = read_row(view, &layout::service(id), "service")?;
            Ok(record.filter(|record| record.api_keys.iter().any(|k| k.id == key_id)))
        })
        .await
    }

    /// All services, at most [`MAX_SERVICES`].
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn services(&self) -> Result<Vec<ServiceRecord>, StoreError> {
        self.own_read(|view| {
            let rows =
                view.scan_prefix(&layout::key(Tag::Service, &[]), MAX_SERVICES).map_err(unavailable)?;
            rows.iter()
                .map(|(_, bytes)| serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged("service")))
                .collect()
        })
        .await
    }
}

/// Why a service was not changed.
enum Stop<E> {
    Store(StoreError),
    Unknown,
    Own(E),
}

impl<E> From<StoreError> for Stop<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) fn put(txn: &mut dyn Txn, record: &ServiceRecord) -> Result<(), StoreError> {
    let key = layout::service(record.id);
    if let Some(old) = read_row::<ServiceRecord>(txn, &key, "service")? {
        for gone in old.api_keys {
            txn.delete(&layout::key(Tag::ApiKey, &[layout::user(&gone.id).as_bytes()]));
        }
    }
    for live in &record.api_keys {
        let index = layout::key(Tag::ApiKey, &[layout::user(&live.id).as_bytes()]);
        txn.put(&index, record.id.as_bytes().to_vec());
    }
    txn.put(&key, serde_json::to_vec(record).map_err(|_| StoreError::Damaged("service"))?);
    Ok(())
}
