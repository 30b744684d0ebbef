//! Handing a managed service over to its organisation: what is open ends, the relay's private keys go, and what the
//! organisation's login server needs can be read from then on (docs/protocol.md section 9).

use bytes::Bytes;
use nod_login::rows::{BindingRow, BindingState, MoveRow};
use nod_login::{AuditEvent, SignedRotation, StoreError, UnixMillis, rotation};
use nod_protocol::bytes::Digest;
use nod_protocol::messages::Mode;
use nod_protocol::{BindingId, ServiceId};
use serde::Serialize;
use serde_json::json;

use super::audit;
use super::engine::{Txn, View};
use super::layout::{self, Tag};
use super::login_rows::{StepRows, read_row, unavailable};
use super::relay_store::RelayStore;
use super::services::{ServiceRecord, put};

/// Bindings that one page of an export holds, at most.
const PAGE: usize = 200;

/// Bytes after which a page ends.
const PAGE_BYTES: usize = 256 * 1024;

/// Moves of one binding that are looked at.
const MOVES: usize = 64;

/// What a service becomes when it is handed over.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// The service.
    pub service: ServiceId,
    /// The number of the key that the relay holds; nothing is changed when it is another by now.
    pub from_seq: u64,
    /// The rotations to the relay's last key and to the organisation's.
    pub links: [SignedRotation; 2],
    /// SHA-256 of what the organisation's key signed: the same again is the same hand-over.
    pub signed: Digest,
    /// When.
    pub at: UnixMillis,
}

/// A page of what an organisation's login server takes over: public keys and counters, no private key.
#[derive(Debug, Serialize)]
pub struct ExportPage {
    /// Bindings, also those that are revoked or suspended.
    pub bindings: Vec<BindingRow>,
    /// The moves of these bindings, so that a phone that asks again gets the receipt that it got.
    pub moves: Vec<MoveRow>,
    /// Where the next page begins.
    pub next: Option<BindingId>,
}

impl RelayStore {
    /// Hands a service over in one step; none when there is no such service, or its key is another one by now.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was changed.
    pub async fn hand_over(&self, handover: HandOver) -> Result<Option<ServiceRecord>, StoreError> {
        let shared = std::sync::Arc::clone(&self.shared);
        self.own_step(move |txn, effects| {
            let HandOver { service, from_seq, links, signed, at } = handover;
            let record: Option<ServiceRecord> = read_row(txn, &layout::service(service), "service")?;
            let Some(mut record) = record.filter(|r| r.mode == Mode::Managed && r.key_seq == from_seq) else {
                return Ok(None);
            };
            let has_webhook = |service| shared.has_webhook(service);
            let mut rows = StepRows::new(txn, &has_webhook);
            rotation::end_all(&mut rows, service, at)?;
            effects.extend(rows.finish()?);
            link_bindings(txn, service)?;
            forget_users(txn, service)?;
            record.sealed_keys = None;
            record.mode = Mode::Sovereign;
            record.handed_over = Some(signed);
            for link in &links {
                record.key_seq = link.seq;
                let event = AuditEvent::KeyRotated { seq: link.seq };
                note(txn, service, at, &event)?;
            }
            rotation::extend(&mut record.chain, links);
            note(txn, service, at, &AuditEvent::HandedOver { seq: record.key_seq })?;
            put(txn, &record)?;
            Ok(Some(record))
        })
        .await?
    }

    /// A page of a service's bindings and their moves, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn export(
        &self,
        service: ServiceId,
        from: Option<BindingId>,
    ) -> Result<ExportPage, StoreError> {
        self.own_read(move |view| {
            let from = from.map_or_else(
                || layout::key(Tag::Binding, &[service.as_bytes()]),
                |from| layout::binding(service, from),
            );
            let end = layout::key(Tag::Binding, &[service.as_bytes(), &[0xff; 17]]);
            let found = view.scan(&from, &end, PAGE).map_err(unavailable)?;
            let full = found.len() >= PAGE;
            let mut page = ExportPage { bindings: Vec::new(), moves: Vec::new(), next: None };
            let mut size = 0;
            for (at, (_, bytes)) in found.into_iter().enumerate() {
                let row: BindingRow =
                    serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("binding"))?;
                if size > PAGE_BYTES || (full && at + 1 == PAGE) {
                    page.next = Some(row.id);
                    break;
                }
                size += bytes.len();
                for (_, bytes) in moves_of(view, service, row.id)? {
                    size += bytes.len();
                    page.moves.push(serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("move"))?);
                }
                page.bindings.push(row);
            }
            Ok(page)
        })
        .await
    }
}

fn moves_of(
    view: &dyn View,
    service: ServiceId,
    binding: BindingId,
) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
    let prefix = layout::key(Tag::Moved, &[service.as_bytes(), binding.as_bytes()]);
    view.scan_prefix(&prefix, MOVES).map_err(unavailable)
}

/// Lets the organisation's login server write to the phones, and them to it.
fn link_bindings(txn: &mut dyn Txn, service: ServiceId) -> Result<(), StoreError> {
    let prefix = layout::key(Tag::Binding, &[service.as_bytes()]);
    for (_, bytes) in txn.scan_prefix(&prefix, usize::MAX).map_err(unavailable)? {
        let row: BindingRow = serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("binding"))?;
        if row.state != BindingState::Revoked {
            txn.delete(&layout::wish(row.mailbox, service));
            txn.put(&layout::link(row.mailbox, service), vec![1]);
        }
    }
    Ok(())
}

/// Drops the users' other ways in, key fobs and activity: a sovereign login server offers push alone, and seeds and
/// addresses that nobody uses would only wait for a thief.
fn forget_users(txn: &mut dyn Txn, service: ServiceId) -> Result<(), StoreError> {
    for tag in [Tag::User, Tag::Fob, Tag::Activity] {
        let prefix = layout::key(tag, &[service.as_bytes()]);
        for (key, _) in txn.scan_prefix(&prefix, usize::MAX).map_err(unavailable)? {
            txn.delete(&key);
        }
    }
    Ok(())
}

fn note(txn: &mut dyn Txn, service: ServiceId, at: UnixMillis, event: &AuditEvent) -> Result<(), StoreError> {
    let entry = json!({ "at": at, "service": service, "event": event });
    audit::append(txn, &entry).map(|_| ()).map_err(|error| StoreError::Unavailable(error.to_string()))
}
