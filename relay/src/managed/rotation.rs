//! Rotating the keys of managed services.

use std::sync::Arc;

use nod_login::{AuditEvent, RotateError};
use nod_protocol::ServiceId;
use nod_protocol::messages::Mode;

use super::{Hosted, Services, ServicesError};

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
}
