//! One-time codes of a move: sent in parts by the old phone, stored whole or not at all by the new one.

use nod_protocol::{Digest, MoveId, Random};

use super::{Engine, finish};
use crate::codes::{CodeRow, merge};
use crate::event::Event;
use crate::moving::{Message, MoveError, batches};
use crate::vault::{MoveRow, MovingCodesRow};
use crate::view::MoveRole;

impl Engine {
    /// A part of the set. With the last one the whole set is stored, and its digest acknowledged, in one write.
    pub(super) fn on_codes(
        &self,
        id: MoveId,
        n: u32,
        items: Vec<CodeRow>,
        more: bool,
        text: Digest,
    ) -> Result<Vec<Event>, MoveError> {
        let (random, now) = (&*self.random, self.clock.unix_millis());
        self.vault.update(|contents| {
            let row = contents.moves.iter_mut().find(|row| row.id == id && row.taken + 1 == n);
            let Some(row) = row else { return Ok(Vec::new()) };
            if row.codes.whole || row.codes.refused {
                return Err(MoveError::Protocol);
            }
            row.taken = n;
            row.codes.add(&items, &text);
            row.codes.rows.extend(items);
            if more {
                return Ok(vec![Event::MoveProgress { id }]);
            }
            let whole = std::mem::take(&mut row.codes.rows);
            let mut stored = contents.clone();
            let fits = merge(&mut stored, whole).is_ok();
            if fits {
                contents.codes = stored.codes;
            }
            let Some(row) = contents.moves.iter_mut().find(|row| row.id == id) else { return Ok(Vec::new()) };
            (row.codes.whole, row.codes.refused) = (fits, !fits);
            let answer = match row.codes.hash {
                Some(hash) if fits => Message::Have { hash, count: row.codes.count },
                _ => Message::Full {},
            };
            row.queue(&answer, random, now)?;
            Ok(finish(row))
        })
    }

    /// Old phone: deletes the one-time codes that the new one has acknowledged. Offer it, do not just do it: until then both
    /// phones show them.
    ///
    /// # Errors
    /// [`MoveError::NotFound`] when the last move has brought no codes over.
    pub fn delete_moved_codes(&self) -> Result<usize, MoveError> {
        self.vault.update(|contents| {
            let moved = |row: &&mut MoveRow| row.role == MoveRole::Old && row.codes.acknowledged;
            let row = contents.moves.iter_mut().rev().find(moved).ok_or(MoveError::NotFound)?;
            let ids = std::mem::take(&mut row.codes.ids);
            let before = contents.codes.len();
            contents.codes.retain(|code| !ids.contains(&code.id));
            Ok(before - contents.codes.len())
        })
    }
}

/// Queues the whole set, in parts. A set of none is one empty part: the new phone waits for no more then.
pub(super) fn queue_codes(
    row: &mut MoveRow,
    codes: &[CodeRow],
    random: &dyn Random,
    now: u64,
) -> Result<(), MoveError> {
    row.codes.ids = codes.iter().map(|code| code.id).collect();
    let mut parts = batches(codes.to_vec())?;
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    let last = parts.len() - 1;
    for (at, items) in parts.into_iter().enumerate() {
        let message = Message::Codes { items: items.clone(), more: at < last };
        let text = row.queue(&message, random, now)?;
        row.codes.add(&items, &text);
    }
    Ok(())
}

impl MovingCodesRow {
    /// Adds a part to the running digest: SHA-256 over the digest so far and the one of the part's text.
    fn add(&mut self, items: &[CodeRow], text: &Digest) {
        let before = self.hash.unwrap_or(Digest::from_bytes([0; 32]));
        self.hash = Some(Digest::of(&[before.as_bytes().as_slice(), text.as_bytes()].concat()));
        self.count = self.count.saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
    }
}
