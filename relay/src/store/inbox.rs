//! The inboxes of sovereign services: what phones sent, in order, until it is acknowledged.

use nod_login::{StoreError, UnixMillis};
use nod_protocol::{EnrolmentId, EnvelopeId, MailboxId, ServiceId};
use serde::{Deserialize, Serialize};

use super::effects::Effect;
use super::engine::View;
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;

/// The most items in one inbox.
pub const MAX_ITEMS: u64 = 10_000;

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum InboxItem {
    /// A phone sent something.
    Message {
        /// The phone's mailbox.
        from: MailboxId,
        /// The enrolment it answers, for a first message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrolment: Option<EnrolmentId>,
        /// The message.
        body: String,
    },
    /// A phone has an envelope.
    Delivered {
        /// The envelope.
        envelope: EnvelopeId,
    },
}

/// Why an item was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// [`MAX_ITEMS`] lie in the inbox.
    #[error("the inbox is full")]
    Full,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Ends {
    first: u64,
    last: u64,
}

impl RelayStore {
    /// Appends an item and returns once it is on disk. What one phone sends under one envelope id is taken once.
    ///
    /// # Errors
    /// [`InboxError`] when it was not taken.
    pub async fn inbox_append(
        &self,
        service: ServiceId,
        item: InboxItem,
        sent: Option<(MailboxId, EnvelopeId)>,
        now: UnixMillis,
    ) -> Result<(), InboxError> {
        self.own_step(move |txn, effects| {
            if let Some((mailbox, id)) = sent {
                let seen = layout::sent(mailbox, id);
                if txn.get(&seen).map_err(unavailable)?.is_some() {
                    return Ok(());
                }
                txn.put(&seen, layout::time(now).to_vec());
            }
            let mut ends = ends(txn, service)?;
            if ends.last.saturating_sub(ends.first) >= MAX_ITEMS {
                return Err(InboxError::Full);
            }
            ends.last += 1;
            txn.put(
                &item_key(service, ends.last),
                serde_json::to_vec(&item).map_err(|_| StoreError::Damaged("inbox"))?,
            );
            txn.put(&ends_key(service), serde_json::to_vec(&ends).map_err(|_| StoreError::Damaged("inbox"))?);
            effects.push(Effect::Inbox(service));
            Ok(())
        })
        .await?
    }

    /// The items after number `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn inbox(
        &self,
        service: ServiceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, InboxItem)>, StoreError> {
        self.own_read(move |view| {
            let from = item_key(service, after.saturating_add(1));
            let to = super::engine::prefix_end(&layout::key(Tag::Inbox, &[service.as_bytes()]));
            let rows = view.scan(&from, &to, limit).map_err(unavailable)?;
            rows.iter()
                .map(|(key, bytes)| {
                    let seq =
                        layout::tail(key).map(u64::from_be_bytes).ok_or(StoreError::Damaged("inbox"))?;
                    let item = serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged("inbox"))?;
                    Ok((seq, item))
                })
                .collect()
        })
        .await
    }

    /// Drops the items up to number `upto`, lazily: after a crash some may come again.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn inbox_ack(&self, service: ServiceId, upto: u64) -> Result<(), StoreError> {
        let dropped = self.shared.engine.queue(move |txn| -> Result<(), StoreError> {
            let mut ends = ends(txn, service)?;
            let upto = upto.min(ends.last);
            if upto <= ends.first {
                return Ok(());
            }
            for seq in ends.first + 1..=upto {
                txn.delete(&item_key(service, seq));
            }
            ends.first = upto;
            txn.put(&ends_key(service), serde_json::to_vec(&ends).map_err(|_| StoreError::Damaged("inbox"))?);
            Ok(())
        });
        dropped.await.map_err(unavailable)
    }
}

fn ends(view: &dyn View, service: ServiceId) -> Result<Ends, StoreError> {
    Ok(read_row(view, &ends_key(service), "inbox")?.unwrap_or_default())
}

fn ends_key(service: ServiceId) -> Vec<u8> {
    layout::key(Tag::InboxEnds, &[service.as_bytes()])
}

fn item_key(service: ServiceId, seq: u64) -> Vec<u8> {
    layout::key(Tag::Inbox, &[service.as_bytes(), &seq.to_be_bytes()])
}
