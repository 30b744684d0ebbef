//! Where phones are woken up, sealed in the store: in the clear only for as long as a wake-up takes.

use std::sync::Arc;

use nod_login::{Clock, StoreError};
use nod_protocol::bytes;
use nod_protocol::messages::WakeTarget;
use nod_protocol::{Digest, MailboxId, Random, RandomError};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keys::{MasterKey, Purpose};
use crate::store::RelayStore;
use crate::store::wake::{SealedTarget, TargetError};

/// A target as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) target: WakeTarget,
    /// Random and without meaning: by it a push service keeps only the latest wake-up of this phone.
    pub(super) topic: String,
}

/// A target could not be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetError {
    /// It was not stored.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It could not be sealed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl From<StoreError> for SetError {
    fn from(error: StoreError) -> Self {
        Self::Target(error.into())
    }
}

/// The targets of all phones.
pub(super) struct Targets {
    pub(super) store: RelayStore,
    pub(super) master: Arc<MasterKey>,
    pub(super) random: Arc<dyn Random>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Targets {
    /// The digest of what is held for a mailbox.
    pub(super) async fn held(&self, mailbox: MailboxId) -> Result<Option<Digest>, StoreError> {
        Ok(self.of(mailbox).await?.map(|(kept, _)| kept.target.digest()))
    }

    /// Takes over what a phone says.
    pub(super) async fn set(&self, mailbox: MailboxId, target: Option<WakeTarget>) -> Result<(), SetError> {
        let Some(target) = target else {
            self.store.drop_target(mailbox, None).await?;
            return Ok(());
        };
        let held = self.of(mailbox).await?;
        if held.is_some_and(|(kept, _)| kept.target == target) {
            return Ok(());
        }
        let mut topic = [0; 16];
        self.random.fill(&mut topic)?;
        let kept = Kept { target, topic: bytes::encode(&topic) };
        let plain = Zeroizing::new(serde_json::to_vec(&kept).map_err(|_| StoreError::Damaged("wake"))?);
        let sealed =
            self.master.seal(Purpose::WakeTarget, mailbox.as_bytes(), &plain, self.random.as_ref())?;
        self.store.put_target(mailbox, SealedTarget { sealed, at: self.clock.now() }).await?;
        Ok(())
    }

    /// The target of a mailbox's phone, and the row that it came from. One that does not open, as after a restore
    /// beside another master key, counts as none: the phone gives it anew.
    pub(super) async fn of(&self, mailbox: MailboxId) -> Result<Option<(Kept, SealedTarget)>, StoreError> {
        let Some(row) = self.store.target(mailbox).await? else { return Ok(None) };
        let plain = self.master.open(Purpose::WakeTarget, mailbox.as_bytes(), &row.sealed);
        let kept = plain.ok().and_then(|plain| serde_json::from_slice(&plain).ok());
        Ok(kept.map(|kept| (kept, row)))
    }

    /// Forgets a target that its push service does not know any more, unless the phone gave another one meanwhile.
    pub(super) async fn forget(&self, mailbox: MailboxId, row: SealedTarget) -> Result<bool, StoreError> {
        self.store.drop_target(mailbox, Some(row)).await
    }
}
