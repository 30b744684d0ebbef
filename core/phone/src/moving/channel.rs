//! The numbered messages of a move over its row: what is queued, what is taken, and in which order.

use nod_protocol::move_seal::{self, Direction, MoveKeys};
use nod_protocol::{Digest, EnvelopeId, MoveId, Random};

use super::MoveError;
use super::wire::Message;
use crate::vault::{MoveRow, OutRow};
use crate::view::MoveRole;

/// What became of a message of the other phone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is the next one; nothing has been noted yet.
    Next { n: u32, message: Message, text: Digest },
    /// It was acted on before.
    Known,
    /// One before it is missing.
    Early,
}

impl MoveRow {
    /// Seals a message and queues it; gives the digest of its text.
    pub(crate) fn queue(
        &mut self,
        message: &Message,
        random: &dyn Random,
        now: u64,
    ) -> Result<Digest, MoveError> {
        let text = message.to_text()?;
        let n = self.sent + 1;
        let way = self.role.outward();
        let body = move_seal::seal(&self.keys.keys(), self.id, way, n, &text, random)?;
        self.outbox.push(OutRow { envelope: EnvelopeId::new(now, random)?, body });
        self.sent = n;
        Ok(Digest::of(text.as_bytes()))
    }

    /// Opens a message of the other phone.
    pub(crate) fn look(&self, body: &str) -> Result<Taken, MoveError> {
        open(&self.keys.keys(), self.id, self.role.inward(), body, self.taken)
    }
}

/// Opens message `body`, of which `taken` were acted on before.
pub(super) fn open(
    keys: &MoveKeys,
    mid: MoveId,
    way: Direction,
    body: &str,
    taken: u32,
) -> Result<Taken, MoveError> {
    let (n, text) = move_seal::open(keys, mid, way, body)?;
    if n <= taken {
        return Ok(Taken::Known);
    }
    if n > taken + 1 {
        return Ok(Taken::Early);
    }
    Ok(Taken::Next { n, message: Message::parse(&text)?, text: Digest::of(text.as_bytes()) })
}

impl MoveRole {
    /// Which way its own messages go.
    pub(crate) const fn outward(self) -> Direction {
        match self {
            Self::Old => Direction::ToNew,
            Self::New => Direction::ToOld,
        }
    }

    /// Which way the other phone's go.
    pub(crate) const fn inward(self) -> Direction {
        match self {
            Self::Old => Direction::ToOld,
            Self::New => Direction::ToNew,
        }
    }
}
