//! A relay's word on what a move has sent: taken, or refused for good.

use nod_protocol::EnvelopeId;
use nod_protocol::frames::RefusedReason;

use super::{Engine, LiveOffer, finish, new};
use crate::event::Event;
use crate::moving::MoveError;
use crate::vault::{MoveRow, VaultError};
use crate::view::{MoveEnd, MoveRole};

impl Engine {
    /// A relay has durably taken an envelope of a move.
    pub(in crate::engine) fn move_accepted(&self, envelope: EnvelopeId) -> Result<Vec<Event>, VaultError> {
        let events = self.on_accepted(envelope)?;
        self.tidy(&events)?;
        Ok(events)
    }

    fn on_accepted(&self, envelope: EnvelopeId) -> Result<Vec<Event>, VaultError> {
        let opened = {
            let mut live = self.live();
            match live.offer.take() {
                Some(LiveOffer::Opening { offer, envelope: waited }) if waited == envelope => {
                    let id = offer.id();
                    live.offer = Some(LiveOffer::Shown(offer));
                    Some(vec![Event::MoveOffered { id }])
                }
                Some(LiveOffer::Awaiting { awaiting, .. }) if awaiting.welcome().0 == envelope => {
                    live.offer = Some(LiveOffer::Awaiting { awaiting, sent: true });
                    Some(Vec::new())
                }
                other => {
                    live.offer = other;
                    None
                }
            }
        };
        if let Some(events) = opened {
            return Ok(events);
        }
        let concerned =
            self.vault.read(|contents| contents.moves.iter().any(|row| row.waits_for(envelope)))?;
        if !concerned {
            return Ok(Vec::new());
        }
        let (random, now) = (&*self.random, self.clock.unix_millis());
        let noted = self.vault.update(|contents| {
            let mut events = Vec::new();
            for row in contents.moves.iter_mut().filter(|row| row.waits_for(envelope)) {
                row.accepted(envelope);
                if row.role == MoveRole::New {
                    new::queue_proofs(row, random, now)?;
                }
                events.extend(finish(row));
                if !row.is_open() {
                    // Whoever waits for the other phone to be told may go now.
                    events.push(Event::MoveProgress { id: row.id });
                }
            }
            Ok::<_, MoveError>(events)
        });
        match noted {
            Ok(events) => Ok(events),
            Err(MoveError::Vault(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "a move could not go on");
                Ok(Vec::new())
            }
        }
    }

    /// A relay has refused an envelope of a move for good.
    pub(in crate::engine) fn move_refused(
        &self,
        envelope: EnvelopeId,
        reason: RefusedReason,
    ) -> Result<Vec<Event>, VaultError> {
        let error = Some(MoveError::Refused(reason));
        let offered = {
            let mut live = self.live();
            let of_offer = match &live.offer {
                Some(LiveOffer::Opening { envelope: waited, .. }) => *waited == envelope,
                Some(LiveOffer::Awaiting { awaiting, .. }) => awaiting.welcome().0 == envelope,
                Some(LiveOffer::Shown(_)) | None => false,
            };
            if of_offer { live.offer.take() } else { None }
        };
        if let Some(offer) = offered {
            return Ok(vec![Event::MoveEnded { id: offer.id(), error }]);
        }
        let waits = |row: &&MoveRow| row.outbox.iter().any(|out| out.envelope == envelope);
        let found = self
            .vault
            .read(|contents| contents.moves.iter().find(waits).map(|row| (row.id, row.is_open())))?;
        let Some((id, open)) = found else { return Ok(Vec::new()) };
        self.vault.update(|contents| {
            // What the other phone can no longer be told is not tried for ever.
            contents.moves.iter_mut().filter(|row| row.id == id).for_each(|row| row.outbox.clear());
            Ok::<_, VaultError>(())
        })?;
        if !open {
            return Ok(Vec::new());
        }
        match self.end_move(id, MoveEnd::Refused, false) {
            Ok(()) => Ok(vec![Event::MoveEnded { id, error }]),
            Err(MoveError::Vault(error)) => Err(error),
            Err(_) => Ok(Vec::new()),
        }
    }
}
