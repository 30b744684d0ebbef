//! Links: which service may write to which mailbox, and which phone may write to which inbox (docs/protocol.md
//! section 8).
//!
//! An enrolment links both ways. A phone that takes an account over *wishes* for a link first: the service may write to
//! it from then on, and its first envelope makes the wish a link.

use nod_login::{StoreError, UnixMillis};
use nod_protocol::{MailboxId, ServiceId};
use serde::{Deserialize, Serialize};

use super::engine::{Txn, View};
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;

/// The most links and wishes of one mailbox.
pub const MAX_LINKS: usize = 256;

/// How long a wish waits for the service, in milliseconds: thirty days, as long as the longest envelope lives.
pub const WISH_MS: u64 = 30 * 24 * 3_600_000;

/// Why a link was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The mailbox has [`MAX_LINKS`] links.
    #[error("the mailbox has too many links")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct WishRow {
    expires: UnixMillis,
}

impl RelayStore {
    /// Links a mailbox and a service both ways. Again is harmless.
    ///
    /// # Errors
    /// [`LinkError`] when it was not stored.
    pub async fn link(&self, mailbox: MailboxId, service: ServiceId) -> Result<(), LinkError> {
        self.own_step(move |txn, _| {
            let key = layout::link(mailbox, service);
            if txn.get(&key).map_err(unavailable)?.is_none() {
                bound(txn, mailbox, &layout::wish(mailbox, service))?;
                txn.delete(&layout::wish(mailbox, service));
                txn.put(&key, vec![1]);
            }
            Ok(())
        })
        .await?
    }

    /// Lets a service write to a mailbox whose phone asked for it: one way, until the service does so. Again is
    /// harmless, and never takes a link away.
    ///
    /// # Errors
    /// [`LinkError`] when it was not stored.
    pub async fn wish_link(
        &self,
        mailbox: MailboxId,
        service: ServiceId,
        now: UnixMillis,
    ) -> Result<(), LinkError> {
        self.own_step(move |txn, _| {
            if txn.get(&layout::link(mailbox, service)).map_err(unavailable)?.is_some() {
                return Ok(());
            }
            let key = layout::wish(mailbox, service);
            bound(txn, mailbox, &key)?;
            let row = WishRow { expires: now.plus(WISH_MS) };
            txn.put(&key, serde_json::to_vec(&row).map_err(|_| StoreError::Damaged("link"))?);
            Ok(())
        })
        .await?
    }

    /// Whether the phone of a mailbox may write to the service's inbox: an enrolment linked them, or the service has
    /// written to the phone.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn is_linked(&self, mailbox: MailboxId, service: ServiceId) -> Result<bool, StoreError> {
        let key = layout::link(mailbox, service);
        self.own_read(move |view| Ok(view.get(&key).map_err(unavailable)?.is_some())).await
    }
}

/// Whether a service may post to a mailbox.
pub(super) fn may_post(
    view: &dyn View,
    mailbox: MailboxId,
    service: ServiceId,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    if view.get(&layout::link(mailbox, service)).map_err(unavailable)?.is_some() {
        return Ok(true);
    }
    let wish: Option<WishRow> = read_row(view, &layout::wish(mailbox, service), "link")?;
    Ok(wish.is_some_and(|wish| now < wish.expires))
}

/// The service posts: a wish becomes a link.
pub(super) fn fulfil(txn: &mut dyn Txn, mailbox: MailboxId, service: ServiceId) -> Result<(), StoreError> {
    let wish = layout::wish(mailbox, service);
    if txn.get(&wish).map_err(unavailable)?.is_some() {
        txn.delete(&wish);
        txn.put(&layout::link(mailbox, service), vec![1]);
    }
    Ok(())
}

/// Refuses one link more than [`MAX_LINKS`]; `wish` does not count when it is there already.
fn bound(view: &dyn View, mailbox: MailboxId, wish: &[u8]) -> Result<(), LinkError> {
    if view.get(wish).map_err(unavailable)?.is_some() {
        return Ok(());
    }
    let mut count = 0;
    for tag in [Tag::Link, Tag::Wish] {
        let prefix = layout::key(tag, &[mailbox.as_bytes()]);
        count += view.scan_prefix(&prefix, MAX_LINKS).map_err(unavailable)?.len();
    }
    if count < MAX_LINKS { Ok(()) } else { Err(LinkError::TooMany) }
}
