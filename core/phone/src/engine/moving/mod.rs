//! Moves: begun on either side, driven by what the other phone and the login servers say, and resumed after a crash.
//!
//! What a message calls for is worked out first (keys may ask the user), then noted in one write together with the
//! answer that is to be sent: a crash in between repeats the work, and nothing is sent that is not noted.

mod answered;
mod codes;
mod frames;
mod new;
mod old;
mod receipts;

pub(super) use frames::move_frames;

use std::time::Duration;

use nod_protocol::qr::RelayAddress;
use nod_protocol::{CheckCode, EnvelopeId, MoveId};
use zeroize::Zeroizing;

use super::accounts::drop_idle_channel;
use super::{Engine, Envelope, Handled};
use crate::event::Event;
use crate::moving::{AwaitingCode, CodeShown, MoveError, Moving, Offer, Taken};
use crate::vault::{Contents, MAX_MOVES, MoveRow, MoveStage, MovingRow, VaultError};
use crate::view::{MoveEnd, MoveRole, MoveStatus, MoveStep, MovingAccount};

/// Messages of a move that came before the one they follow; further ones come again after a reconnect.
const MAX_EARLY: usize = 64;

/// The old phone before the right code was typed.
pub(super) enum LiveOffer {
    /// The relay has not opened the rendezvous yet.
    Opening { offer: Offer, envelope: EnvelopeId },
    /// The QR code is shown.
    Shown(Offer),
    /// A phone has scanned it. `sent` once the relay has accepted the answer to it.
    Awaiting { awaiting: Box<AwaitingCode>, sent: bool },
}

impl LiveOffer {
    fn id(&self) -> MoveId {
        match self {
            Self::Opening { offer, .. } | Self::Shown(offer) => offer.id(),
            Self::Awaiting { awaiting, .. } => awaiting.id(),
        }
    }

    fn relay(&self) -> &RelayAddress {
        match self {
            Self::Opening { offer, .. } | Self::Shown(offer) => offer.relay(),
            Self::Awaiting { awaiting, .. } => awaiting.relay(),
        }
    }

    fn until(&self) -> Duration {
        match self {
            Self::Opening { offer, .. } | Self::Shown(offer) => offer.until(),
            Self::Awaiting { awaiting, .. } => awaiting.until(),
        }
    }
}

impl Engine {
    /// The QR code of the offer that is on, and how long it is good; none before the relay has opened the rendezvous
    /// and after a phone has scanned it.
    #[must_use]
    pub fn move_qr(&self) -> Option<(Zeroizing<String>, Duration)> {
        let now = self.clock.monotonic();
        match &self.live().offer {
            Some(LiveOffer::Shown(offer)) => Some((offer.qr(), offer.until().saturating_sub(now))),
            Some(LiveOffer::Opening { .. } | LiveOffer::Awaiting { .. }) | None => None,
        }
    }

    /// The move that is under way, or the last one that was.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn move_status(&self) -> Result<Option<MoveStatus>, VaultError> {
        if let Some(offer) = &self.live().offer {
            let (step, peer) = match offer {
                LiveOffer::Opening { .. } | LiveOffer::Shown(_) => (MoveStep::Offered, None),
                LiveOffer::Awaiting { awaiting, .. } => {
                    (MoveStep::AwaitingCode, Some(awaiting.peer().clone()))
                }
            };
            return Ok(Some(MoveStatus {
                id: offer.id(),
                role: MoveRole::Old,
                step,
                peer,
                accounts: Vec::new(),
                codes: 0,
                codes_arrived: false,
            }));
        }
        self.vault.read(|contents| contents.moves.last().map(status_of))
    }

    /// Ends whatever move is under way on this phone. What was authorised is not taken back: its receipt is still waited for.
    ///
    /// # Errors
    /// [`MoveError::NotFound`] when none is.
    pub fn cancel_move(&self) -> Result<Event, MoveError> {
        let offer = self.live().offer.take();
        if let Some(offer) = offer {
            let id = offer.id();
            if let LiveOffer::Awaiting { awaiting, sent } = offer {
                self.keep_move(self.farewell(&awaiting, sent)?)?;
            }
            return Ok(Event::MoveEnded { id, error: None });
        }
        let open =
            self.vault.read(|contents| contents.moves.iter().find(|row| row.is_open()).map(|row| row.id))?;
        let id = open.ok_or(MoveError::NotFound)?;
        self.end_move(id, MoveEnd::Cancelled, true)?;
        Ok(Event::MoveEnded { id, error: None })
    }

    /// Whether something is still to be said to the other phone of a move, be it over or not.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn has_word_for_other_phone(&self) -> Result<bool, VaultError> {
        self.vault.read(|contents| contents.moves.iter().any(|row| !row.outbox.is_empty()))
    }

    /// Takes a message of a move.
    pub(super) fn on_move(&self, relay: &RelayAddress, envelope: &Envelope) -> Result<Handled, VaultError> {
        let handled = self.on_message(relay, envelope)?;
        self.tidy(&handled.events)?;
        Ok(handled)
    }

    /// Gives up the mailbox where the phones met, once a move is over and nothing else needs it.
    pub(super) fn tidy(&self, events: &[Event]) -> Result<(), VaultError> {
        if !events.iter().any(|event| matches!(event, Event::MoveEnded { .. })) {
            return Ok(());
        }
        let offered = self.offer_relay();
        self.vault.update(|contents| {
            let relays: Vec<_> = contents.moves.iter().map(|row| row.relay.clone()).collect();
            for relay in relays.iter().filter(|relay| Some(*relay) != offered.as_ref()) {
                drop_idle_channel(contents, relay);
            }
            Ok::<_, VaultError>(())
        })?;
        self.bury()
    }

    fn on_message(&self, relay: &RelayAddress, envelope: &Envelope) -> Result<Handled, VaultError> {
        if let Some(handled) = self.on_first_message(envelope) {
            return Ok(handled);
        }
        let mut handled = match self.on_later_message(relay, envelope) {
            Ok(handled) => handled,
            Err(MoveError::Vault(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "a message of a move was refused");
                return Ok(Handled::default());
            }
        };
        // What had come too early may be next now.
        while handled.acknowledge {
            let Some(next) = self.next_early(relay) else { break };
            let Ok(more) = self.on_later_message(relay, &next) else { break };
            if !more.acknowledge {
                break;
            }
            self.live().remember(next.id);
            handled.also.push(next.id);
            handled.events.extend(more.events);
        }
        Ok(handled)
    }

    fn on_later_message(&self, relay: &RelayAddress, envelope: &Envelope) -> Result<Handled, MoveError> {
        let row = self.vault.read(|contents| {
            let here = |row: &&MoveRow| &row.relay == relay && row.id.as_sender() == envelope.service;
            contents.moves.iter().find(here).cloned()
        })?;
        let Some(row) = row else { return Ok(Handled::default()) };
        let done = |events| Ok(Handled { acknowledge: true, events, ..Handled::default() });
        if row.stage == MoveStage::Joined {
            return self.on_welcome(row, &envelope.body);
        }
        match row.look(&envelope.body)? {
            Taken::Known => done(Vec::new()),
            Taken::Early => {
                self.keep_early(envelope);
                Ok(Handled::default())
            }
            Taken::Next { .. } if !row.is_open() => done(Vec::new()),
            Taken::Next { n, message, text } => {
                let id = row.id;
                let events = match row.role {
                    MoveRole::Old => self.on_message_of_new(row, n, message),
                    MoveRole::New => self.on_message_of_old(row, n, message, text),
                };
                match events {
                    Ok(events) => done(events),
                    Err(error @ (MoveError::Vault(_) | MoveError::Random(_) | MoveError::Key(_))) => {
                        Err(error)
                    }
                    Err(error) => {
                        let end = if error == MoveError::PeerLeft { MoveEnd::Left } else { MoveEnd::Broken };
                        self.end_move(id, end, false)?;
                        done(vec![Event::MoveEnded { id, error: Some(error) }])
                    }
                }
            }
        }
    }

    /// Notes that message `n` was acted on, with what came of it, in one write. No event when it was noted meanwhile.
    fn note(
        &self,
        id: MoveId,
        n: u32,
        change: impl FnOnce(&mut MoveRow) -> Result<Vec<Event>, MoveError>,
    ) -> Result<Vec<Event>, MoveError> {
        self.vault.update(|contents| {
            let Some(row) = contents.moves.iter_mut().find(|row| row.id == id) else {
                return Ok(Vec::new());
            };
            if row.taken + 1 != n {
                return Ok(Vec::new());
            }
            row.taken = n;
            let mut events = change(row)?;
            events.extend(finish(row));
            Ok(events)
        })
    }

    /// Ends a move: what the new phone made for accounts that were never authorised is deleted.
    fn end_move(&self, id: MoveId, end: MoveEnd, tell: bool) -> Result<(), MoveError> {
        let (random, now) = (&*self.random, self.clock.unix_millis());
        self.vault.update(|contents| {
            let Contents { moves, doomed, .. } = contents;
            let Some(row) = moves.iter_mut().find(|row| row.id == id && row.is_open()) else {
                return Ok::<_, MoveError>(());
            };
            if tell && row.stage != MoveStage::Joined {
                row.queue(&crate::moving::Message::End {}, random, now)?;
            }
            row.stage = MoveStage::Ended(end);
            for account in row.accounts.iter_mut().filter(|account| account.authorisations.is_empty()) {
                doomed.extend(account.fresh.take().into_iter().flat_map(|fresh| fresh.keys.all()));
            }
            Ok(())
        })?;
        Ok(self.bury()?)
    }

    fn keep_early(&self, envelope: &Envelope) {
        let mut live = self.live();
        if live.early.len() < MAX_EARLY && live.early.iter().all(|known| known.id != envelope.id) {
            live.early.push(envelope.clone());
        }
    }

    fn next_early(&self, relay: &RelayAddress) -> Option<Envelope> {
        let rows = self.vault.read(|contents| contents.moves.clone()).ok()?;
        let mut live = self.live();
        let next = live.early.iter().position(|envelope| {
            let mine = |row: &&MoveRow| &row.relay == relay && row.id.as_sender() == envelope.service;
            rows.iter()
                .find(mine)
                .is_some_and(|row| matches!(row.look(&envelope.body), Ok(Taken::Next { .. })))
        })?;
        Some(live.early.remove(next))
    }

    /// Ends an offer whose time is over.
    pub(super) fn expire_offer(&self) -> Vec<Event> {
        let now = self.clock.monotonic();
        let mut live = self.live();
        let over = live.offer.as_ref().is_some_and(|offer| offer.until() <= now);
        let ended = if over { live.offer.take() } else { None };
        let error = Some(MoveError::Expired);
        ended.map(|offer| Event::MoveEnded { id: offer.id(), error }).into_iter().collect()
    }

    /// Ends moves that nobody has gone on with for a day: the relay has long forgotten where the phones met.
    pub(super) fn expire_moves(&self) -> Result<Vec<Event>, VaultError> {
        let now = self.clock.unix_millis();
        let stale: Vec<_> = self.vault.read(|contents| {
            contents.moves.iter().filter(|row| row.is_open() && row.is_stale(now)).map(|row| row.id).collect()
        })?;
        let mut events = Vec::new();
        for id in stale {
            match self.end_move(id, MoveEnd::Cancelled, false) {
                Err(MoveError::Vault(error)) => return Err(error),
                Ok(()) | Err(_) => events.push(Event::MoveEnded { id, error: Some(MoveError::Expired) }),
            }
        }
        self.tidy(&events)?;
        Ok(events)
    }

    /// When the offer that is on ends.
    pub(super) fn offer_deadline(&self) -> Option<Duration> {
        self.live().offer.as_ref().map(LiveOffer::until)
    }

    pub(super) fn offer_relay(&self) -> Option<RelayAddress> {
        self.live().offer.as_ref().map(|offer| offer.relay().clone())
    }

    /// Keeps a move; one that is under way is not replaced, finished ones make room.
    fn keep_move(&self, row: MoveRow) -> Result<(), MoveError> {
        self.vault.update(|contents| {
            if contents.moves.iter().any(|other| other.id == row.id) {
                return Ok(());
            }
            if row.is_open() && contents.moves.iter().any(MoveRow::is_open) {
                return Err(MoveError::Busy);
            }
            if contents.moves.len() >= MAX_MOVES {
                let now = self.clock.unix_millis();
                // The new phone's rows hold keys that may be in force: they stay until every receipt is there.
                let at = contents.moves.iter().position(|row| {
                    let waiting = row.accounts.iter().any(MovingRow::is_waiting);
                    !waiting || (row.role == MoveRole::Old && row.is_stale(now))
                });
                contents.moves.remove(at.ok_or(MoveError::Busy)?);
            }
            contents.moves.push(row);
            Ok(())
        })
    }
}

/// Ends a move of which nothing is under way any more.
fn finish(row: &mut MoveRow) -> Vec<Event> {
    let Some(moving) = Moving::from_row(row.clone()) else { return Vec::new() };
    match moving.finish() {
        Ok(done) => {
            *row = done.into_row();
            vec![Event::MoveEnded { id: row.id, error: None }]
        }
        Err(moving) => vec![Event::MoveProgress { id: moving.into_row().id }],
    }
}

fn status_of(row: &MoveRow) -> MoveStatus {
    let step = match row.stage {
        MoveStage::Joined => MoveStep::Joined,
        MoveStage::Coded => CodeShown::from_row(row.clone())
            .map_or(MoveStep::Joined, |shown| MoveStep::CodeShown(shown.code())),
        MoveStage::Moving => MoveStep::Moving,
        MoveStage::Ended(end) => MoveStep::Ended(end),
    };
    let accounts = row.accounts.iter().map(|account| MovingAccount {
        id: account.account,
        service_name: account.service_name.clone(),
        label: account.label.clone(),
        state: account.state,
    });
    let arrived = match row.role {
        MoveRole::Old => row.codes.acknowledged,
        MoveRole::New => row.codes.whole,
    };
    MoveStatus {
        id: row.id,
        role: row.role,
        step,
        peer: row.peer.clone(),
        accounts: accounts.collect(),
        codes: row.codes.count,
        codes_arrived: arrived && row.codes.count > 0,
    }
}

/// Typed digits, read as a person types them.
pub(super) fn read_code(typed: &str) -> Result<CheckCode, MoveError> {
    CheckCode::parse(typed).map_err(|_| MoveError::NotACode)
}
