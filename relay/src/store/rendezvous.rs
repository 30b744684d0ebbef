//! The rendezvous of a move to a new phone: two mailboxes, and what one sends to the other (docs/protocol.md section 6).
//!
//! The relay opens nothing: it sees who is part of a rendezvous, and bodies. What is carried lies apart from the
//! mailbox's other envelopes, so that no move can fill up the room of a challenge, and under ids that the relay makes,
//! so that no phone chooses the id of an envelope in another phone's mailbox.

use nod_login::{Outgoing, StoreError, UnixMillis};
use nod_protocol::bytes::Digest;
use nod_protocol::frames::{EnvelopeKind, MAX_BODY};
use nod_protocol::{EnvelopeId, MailboxId, MoveId};
use serde::{Deserialize, Serialize};

use super::effects::Effect;
use super::engine::{Txn, View};
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;

/// How long a rendezvous waits for the other phone, in milliseconds.
pub const UNJOINED_MS: u64 = 120_000;

/// How long a joined rendezvous lasts after its last message, in milliseconds.
pub const JOINED_MS: u64 = 30 * 60_000;

/// The most rendezvous that one mailbox has opened at a time, and the most that it has joined.
pub const MAX_OPEN: usize = 16;

/// The most rendezvous in all.
pub const MAX_RENDEZVOUS: u64 = 16_384;

/// The most envelopes that lie for one side of a rendezvous; a stranger's first message may lie beside them.
pub const MAX_LYING: usize = 64;

/// The most envelopes of moves that lie in all.
pub const MAX_LYING_IN_ALL: u64 = 16_384;

/// The longest body as JSON, in bytes, so that it fits a frame and a row whatever has to be escaped in it.
const MAX_ESCAPED: usize = 14 * 1024;

/// What became of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// It lies in the other phone's mailbox.
    New,
    /// It was carried before.
    Again,
    /// Two other phones have met here. The owner gets the first message of this kind, and its sender is refused.
    Stranger,
}

/// Why a rendezvous was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It belongs to another mailbox, or it is over.
    #[error("the rendezvous cannot be opened")]
    Closed,
    /// [`MAX_OPEN`] or [`MAX_RENDEZVOUS`] are open.
    #[error("too many rendezvous are open")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an envelope was not carried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarryError {
    /// There is no such rendezvous (any more), or nobody at its other side yet.
    #[error("nobody is there")]
    Unknown,
    /// The body is above [`MAX_BODY`], or would be in a frame.
    #[error("the body is too large")]
    TooLarge,
    /// [`MAX_LYING`] envelopes wait for the other phone, or [`MAX_LYING_IN_ALL`] for all.
    #[error("too much waits for the other phone")]
    QueueFull,
    /// The mailbox has joined [`MAX_OPEN`] rendezvous.
    #[error("the mailbox has joined too many")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RendezvousRow {
    owner: MailboxId,
    peer: Option<MailboxId>,
    /// A third mailbox's message was handed to the owner.
    third: bool,
    expires: UnixMillis,
    /// The time in the id of the latest envelope: ids only rise, so that envelopes keep their order.
    latest: UnixMillis,
}

/// How many rows there are in all, so that nobody has to count them.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Totals {
    open: u64,
    lying: u64,
}

impl RelayStore {
    /// Opens a rendezvous, which `owner` owns from then on. Again is the same, and does not prolong it.
    ///
    /// # Errors
    /// [`OpenError`] when it was not opened.
    pub async fn open_rendezvous(
        &self,
        id: MoveId,
        owner: MailboxId,
        now: UnixMillis,
    ) -> Result<(), OpenError> {
        self.own_step(move |txn, _| {
            if let Some(row) = read(txn, id)? {
                let again = row.owner == owner && now < row.expires;
                return if again { Ok(()) } else { Err(OpenError::Closed) };
            }
            let mut totals = totals(txn)?;
            if totals.open >= MAX_RENDEZVOUS
                || count_of(txn, owner, now, |row| row.owner == owner)? >= MAX_OPEN
            {
                return Err(OpenError::TooMany);
            }
            let expires = now.plus(UNJOINED_MS);
            put(txn, id, &RendezvousRow { owner, peer: None, third: false, expires, latest: UnixMillis(0) })?;
            txn.put(&layout::rendezvous_of(owner, id), vec![1]);
            totals.open += 1;
            put_totals(txn, totals)?;
            Ok(())
        })
        .await?
    }

    /// Carries an envelope to the other side of a rendezvous. The first mailbox that is not the owner's joins by it.
    ///
    /// # Errors
    /// [`CarryError`] when it was not carried.
    pub async fn carry(
        &self,
        id: MoveId,
        from: MailboxId,
        envelope: EnvelopeId,
        body: String,
        now: UnixMillis,
    ) -> Result<Carried, CarryError> {
        if body.len() > MAX_BODY || escaped(&body) > MAX_ESCAPED {
            return Err(CarryError::TooLarge);
        }
        self.own_step(move |txn, effects| {
            let mut row = read(txn, id)?.filter(|row| now < row.expires).ok_or(CarryError::Unknown)?;
            let to = if from == row.owner { row.peer.ok_or(CarryError::Unknown)? } else { row.owner };
            let stranger = from != row.owner && row.peer.is_some_and(|peer| peer != from);
            if stranger {
                if row.third {
                    return Ok(Carried::Stranger);
                }
                row.third = true;
            } else {
                let sent = layout::sent(from, envelope);
                if txn.get(&sent).map_err(unavailable)?.is_some() {
                    return Ok(Carried::Again);
                }
                txn.put(&sent, layout::time(now).to_vec());
                if row.peer.is_none() {
                    if count_of(txn, from, now, |row| row.peer == Some(from))? >= MAX_OPEN {
                        return Err(CarryError::TooMany);
                    }
                    row.peer = Some(from);
                    txn.put(&layout::rendezvous_of(from, id), vec![1]);
                }
                if lying_at(txn, to, id, now)?.len() >= MAX_LYING {
                    return Err(CarryError::QueueFull);
                }
                row.expires = row.expires.max(now.plus(JOINED_MS));
            }
            let mut totals = totals(txn)?;
            if totals.lying >= MAX_LYING_IN_ALL {
                return Err(CarryError::QueueFull);
            }
            totals.lying += 1;
            put_totals(txn, totals)?;
            row.latest = now.max(row.latest.plus(1));
            let outgoing = Outgoing {
                id: own_id(id, from, envelope, row.latest),
                to,
                service: id.as_sender(),
                kind: EnvelopeKind::Move,
                body,
                expires: row.expires,
                challenge: None,
            };
            put(txn, id, &row)?;
            let bytes = serde_json::to_vec(&outgoing).map_err(|_| StoreError::Damaged("envelope"))?;
            txn.put(&layout::carried(to, id, outgoing.id), bytes);
            effects.push(Effect::Envelope(outgoing));
            Ok(if stranger { Carried::Stranger } else { Carried::New })
        })
        .await?
    }

    /// How many rendezvous are kept, for `/metrics`; those that ended within the last minute may be among them.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn rendezvous_open(&self) -> Result<u64, StoreError> {
        self.own_read(|view| Ok(totals(view)?.open)).await
    }
}

/// The valid envelopes of a mailbox's moves, in the order of each move.
pub(super) fn lying(
    view: &dyn View,
    mailbox: MailboxId,
    now: UnixMillis,
) -> Result<Vec<Outgoing>, StoreError> {
    let mut all = Vec::new();
    for id in parts_of(view, mailbox)? {
        all.extend(lying_at(view, mailbox, id, now)?);
    }
    Ok(all)
}

/// An envelope of a mailbox's moves, with its key.
pub(super) fn find(
    view: &dyn View,
    mailbox: MailboxId,
    id: EnvelopeId,
) -> Result<Option<(Vec<u8>, Outgoing)>, StoreError> {
    for part in parts_of(view, mailbox)? {
        let key = layout::carried(mailbox, part, id);
        if let Some(envelope) = read_row(view, &key, "envelope")? {
            return Ok(Some((key, envelope)));
        }
    }
    Ok(None)
}

/// Deletes an envelope that was received or has expired, if it is still there.
pub(super) fn forget_carried(txn: &mut dyn Txn, key: &[u8]) -> Result<(), StoreError> {
    if txn.get(key).map_err(unavailable)?.is_some() {
        txn.delete(key);
        let mut totals = totals(txn)?;
        totals.lying = totals.lying.saturating_sub(1);
        put_totals(txn, totals)?;
    }
    Ok(())
}

/// Deletes a rendezvous that is over, if it is still there. What lies in it ends no later.
pub(super) fn forget(txn: &mut dyn Txn, key: &[u8], now: UnixMillis) -> Result<(), StoreError> {
    let Some(id) = layout::tail(key).map(MoveId::from_bytes) else { return Ok(()) };
    let Some(row) = read(txn, id)?.filter(|row| row.expires <= now) else { return Ok(()) };
    for mailbox in std::iter::once(row.owner).chain(row.peer) {
        txn.delete(&layout::rendezvous_of(mailbox, id));
    }
    txn.delete(key);
    let mut totals = totals(txn)?;
    totals.open = totals.open.saturating_sub(1);
    put_totals(txn, totals)
}

/// The rendezvous that a mailbox has opened or joined. Ended ones are among them until they are swept.
fn parts_of(view: &dyn View, mailbox: MailboxId) -> Result<Vec<MoveId>, StoreError> {
    let prefix = layout::key(Tag::RendezvousOf, &[mailbox.as_bytes()]);
    // Live ones are bounded, and ended ones are swept within a minute, half the shortest life.
    let rows = view.scan_prefix(&prefix, 8 * MAX_OPEN).map_err(unavailable)?;
    Ok(rows.iter().filter_map(|(key, _)| layout::tail(key)).map(MoveId::from_bytes).collect())
}

fn lying_at(
    view: &dyn View,
    mailbox: MailboxId,
    id: MoveId,
    now: UnixMillis,
) -> Result<Vec<Outgoing>, StoreError> {
    let prefix = layout::key(Tag::Carried, &[mailbox.as_bytes(), id.as_bytes()]);
    let rows = view.scan_prefix(&prefix, 4 * MAX_LYING).map_err(unavailable)?;
    let read = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged("envelope"));
    let all: Vec<Outgoing> = rows.iter().map(|(_, bytes)| read(bytes)).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|envelope| now < envelope.expires).collect())
}

/// How many live rendezvous of a mailbox are of a kind.
fn count_of(
    view: &dyn View,
    mailbox: MailboxId,
    now: UnixMillis,
    is: impl Fn(&RendezvousRow) -> bool,
) -> Result<usize, StoreError> {
    let mut count = 0;
    for id in parts_of(view, mailbox)? {
        count += usize::from(read(view, id)?.is_some_and(|row| now < row.expires && is(&row)));
    }
    Ok(count)
}

/// An id of the relay's own for what a phone sent: a phone that could choose it might take the id of another's envelope.
fn own_id(rendezvous: MoveId, from: MailboxId, sent: EnvelopeId, at: UnixMillis) -> EnvelopeId {
    let parts =
        [b"nod/relay/carried/1", rendezvous.as_bytes().as_slice(), from.as_bytes(), sent.0.as_bytes()];
    let digest = Digest::of(&parts.concat());
    let mut bits = [0; 10];
    for (bit, byte) in bits.iter_mut().zip(digest.as_bytes()) {
        *bit = *byte;
    }
    EnvelopeId(uuid::Builder::from_unix_timestamp_millis(at.0, &bits).into_uuid())
}

fn escaped(body: &str) -> usize {
    serde_json::to_string(body).map_or(usize::MAX, |text| text.len())
}

fn read(view: &dyn View, id: MoveId) -> Result<Option<RendezvousRow>, StoreError> {
    read_row(view, &layout::rendezvous(id), "rendezvous")
}

fn put(txn: &mut dyn Txn, id: MoveId, row: &RendezvousRow) -> Result<(), StoreError> {
    txn.put(&layout::rendezvous(id), serde_json::to_vec(row).map_err(|_| StoreError::Damaged("rendezvous"))?);
    Ok(())
}

fn totals(view: &dyn View) -> Result<Totals, StoreError> {
    Ok(read_row(view, &layout::key(Tag::MoveTotals, &[]), "totals")?.unwrap_or_default())
}

fn put_totals(txn: &mut dyn Txn, totals: Totals) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(&totals).map_err(|_| StoreError::Damaged("totals"))?;
    txn.put(&layout::key(Tag::MoveTotals, &[]), bytes);
    Ok(())
}
