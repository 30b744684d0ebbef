//! Rotating the keys of managed services, and handing a service over to its organisation.

use std::sync::Arc;

use nod_login::{AuditEvent, RotateError};
use nod_protocol::messages::Mode;
use nod_protocol::{ServiceId, jws};

use super::{Hosted, Services, ServicesError};
use crate::store::handover::HandOver;

impl From<RotateError> for ServicesError {
    fn from(_: RotateError) -> Self {
        Self::Keys
    }
}

impl Services {
    /// Rotates a managed service's key: its new keys, the link that leads phones to them and the audit entry are stored
    /// together, and from then on its login server signs with the new key.
    ///
    /// # Errors
    /// [`ServicesError::NotManaged`] for a sovereign service, which rotates its key itself; others when nothing was
    /// changed.
    pub async fn rotate_key(&self, id: ServiceId) -> Result<Arc<Hosted>, ServicesError> {
        let _alone = self.writing.lock().await;
        // What is stored, not what is cached: the keys must be those that the link was made from.
        let record = self.parts.store.service(id).await?.ok_or(ServicesError::NotFound)?;
        let sealed = record.sealed_keys.as_ref().ok_or(ServicesError::NotManaged)?;
        let keys = self.open_keys(&record, sealed)?;
        let (now, random) = (self.parts.clock.now(), self.parts.random.as_ref());
        let (keys, link) = keys.rotate(id, Mode::Managed, record.chain.last(), random, now)?;
        let sealed = self.seal_keys(id, &keys)?;
        let seq = keys.seq();
        let changed = self
            .parts
            .store
            .change_service_noted(id, now, move |record| {
                record.sealed_keys = Some(sealed);
                record.key_seq = seq;
                nod_login::rotation::extend(&mut record.chain, [link]);
                Ok::<_, ServicesError>(AuditEvent::KeyRotated { seq })
            })
            .await?;
        self.cache(changed.ok_or(ServicesError::NotFound)??)
    }

    /// Hands a managed service over to the key that signed `rotate`: from then on its organisation verifies, and the
    /// relay only carries. The same `rotate` again changes nothing.
    ///
    /// # Errors
    /// [`ServicesError::HandOver`] when `rotate` does not follow the service's next key, [`ServicesError::NotManaged`]
    /// when the service is sovereign by another way; others when nothing was changed.
    pub async fn hand_over(&self, id: ServiceId, rotate: &str) -> Result<Arc<Hosted>, ServicesError> {
        let _alone = self.writing.lock().await;
        let record = self.parts.store.service(id).await?.ok_or(ServicesError::NotFound)?;
        let signed = jws::signed_digest(rotate);
        if let (Some(done), Some(signed)) = (record.handed_over, signed) {
            return if done == signed { self.cache(record) } else { Err(ServicesError::KeyMoved) };
        }
        let sealed = record.sealed_keys.as_ref().ok_or(ServicesError::NotManaged)?;
        let at = self.parts.clock.now();
        let links = self.open_keys(&record, sealed)?.hand_over(id, rotate, record.chain.last(), at)?;
        let signed = signed.ok_or(ServicesError::KeyMoved)?;
        let handover = HandOver { service: id, from_seq: record.key_seq, links, signed, at };
        let record = self.parts.store.hand_over(handover).await?;
        self.cache(record.ok_or(ServicesError::KeyMoved)?)
    }
}
