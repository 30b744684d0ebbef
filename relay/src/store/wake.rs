//! Where phones are woken up: one sealed row for each mailbox, and none for a mailbox that no service may write to.

use nod_login::{StoreError, UnixMillis};
use nod_protocol::{ChallengeId, MailboxId, ServiceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::audit;
use super::engine::Txn;
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;
use nod_login::rows::{ChallengeRow, ChallengeState};

/// A stored target: opaque here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedTarget {
    /// The target, sealed under the master key for its mailbox.
    pub sealed: String,
    /// When the phone gave it.
    pub at: UnixMillis,
}

/// Why a target was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No service may write to the mailbox, so there would never be a reason to wake its phone.
    #[error("no service may write to the mailbox")]
    NotLinked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RelayStore {
    /// Keeps where a mailbox's phone is woken up; what was kept before is gone.
    ///
    /// # Errors
    /// [`TargetError`] when it was not stored.
    pub async fn put_target(&self, mailbox: MailboxId, target: SealedTarget) -> Result<(), TargetError> {
        self.own_step(move |txn, _| {
            let mut linked = false;
            for tag in [Tag::Link, Tag::Wish] {
                let prefix = layout::key(tag, &[mailbox.as_bytes()]);
                linked = linked || !txn.scan_prefix(&prefix, 1).map_err(unavailable)?.is_empty();
            }
            if !linked {
                return Err(TargetError::NotLinked);
            }
            let row = serde_json::to_vec(&target).map_err(|_| StoreError::Damaged("wake"))?;
            txn.put(&layout::wake(mailbox), row);
            Ok(())
        })
        .await?
    }

    /// Where a mailbox's phone is woken up, if that is known.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn target(&self, mailbox: MailboxId) -> Result<Option<SealedTarget>, StoreError> {
        self.own_read(move |view| read_row(view, &layout::wake(mailbox), "wake")).await
    }

    /// Forgets where a mailbox's phone is woken up. With `only`, it must still be that one: what a phone gave
    /// meanwhile stays. Returns whether it was forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn drop_target(
        &self,
        mailbox: MailboxId,
        only: Option<SealedTarget>,
    ) -> Result<bool, StoreError> {
        self.own_step(move |txn, _| {
            let key = layout::wake(mailbox);
            let held: Option<SealedTarget> = read_row(txn, &key, "wake")?;
            let theirs = held.is_some() && only.is_none_or(|only| held.as_ref() == Some(&only));
            if theirs {
                txn.delete(&key);
            }
            Ok::<_, StoreError>(theirs)
        })
        .await?
    }

    /// Appends an event of the relay's own to the audit log.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn audit_relay(&self, at: UnixMillis, event: Value) -> Result<(), StoreError> {
        self.own_step(move |txn: &mut dyn Txn, _| {
            let entry = json!({ "at": at, "event": event });
            audit::append(txn, &entry).map_err(|error| StoreError::Unavailable(error.to_string()))?;
            Ok(())
        })
        .await?
    }

    /// The mailboxes that a pending challenge of a managed service waits in, while no phone has it; none otherwise.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn waiting_in(
        &self,
        service: ServiceId,
        challenge: ChallengeId,
    ) -> Result<Vec<MailboxId>, StoreError> {
        self.own_read(move |view| {
            let row: Option<ChallengeRow> =
                read_row(view, &layout::challenge(service, challenge), "challenge")?;
            let open = row.filter(|row| row.state == ChallengeState::Pending && row.delivered.is_none());
            Ok(open.map(|row| row.asked.iter().map(|asked| asked.mailbox).collect()).unwrap_or_default())
        })
        .await
    }
}
