//! Moving to a new phone, as an app sees it.

use std::time::Duration;

use nod_protocol::qr::RelayAddress;
use nod_protocol::{CheckCode, MoveId};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::Phone;
use crate::engine::Engine;
use crate::event::{DisconnectReason, Event};
use crate::moving::MoveError;
use crate::vault::VaultError;
use crate::view::{MoveEnd, MoveStatus, MoveStep};

/// How long a relay may take to open a rendezvous, and the other phone to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// How long a relay may take to be told that a move has ended.
const FAREWELL: Duration = Duration::from_secs(3);

/// How often authorisations are looked at again while a move is waited for.
const LOOK: Duration = Duration::from_secs(5);

impl Phone {
    /// Old phone: verifies the user and opens a rendezvous. Gives the text of the QR code and how long it is good.
    ///
    /// The phones meet at `relay`, or at the relay of the oldest account.
    ///
    /// # Errors
    /// [`MoveError`] when there is nothing to move, the user was not verified, or the relay cannot be reached.
    pub async fn offer_move(
        &self,
        relay: Option<RelayAddress>,
    ) -> Result<(Zeroizing<String>, Duration), MoveError> {
        let mut events = self.events();
        let offered = self.shared.blocking(move |engine| engine.offer_move(relay)).await;
        let (id, _) = offered.ok_or(MoveError::NotFound)??;
        self.shared.deadlines.notify_one();
        self.connect()?;
        let until = Instant::now() + ANSWER_WAIT;
        loop {
            if let Some(shown) = self.shared.engine.move_qr() {
                return Ok(shown);
            }
            let event = timeout_at(until, events.next()).await.map_err(|_| MoveError::NoAnswer)?;
            ended(&event, id)?;
        }
    }

    /// Old phone: waits until a phone has scanned the QR code, and says what it calls itself.
    ///
    /// # Errors
    /// [`MoveError::Expired`] when none did in time; others when the offer has ended.
    pub async fn wait_joined(&self) -> Result<MoveStatus, MoveError> {
        let mut events = self.events();
        loop {
            let status = self.move_status()?.ok_or(MoveError::Expired)?;
            match status.step {
                MoveStep::AwaitingCode => return Ok(status),
                MoveStep::Offered => ended(&events.next().await, status.id)?,
                MoveStep::Joined | MoveStep::CodeShown(_) | MoveStep::Moving | MoveStep::Ended(_) => {
                    return Err(MoveError::Expired);
                }
            }
        }
    }

    /// Old phone: takes the code that the new phone shows. One guess: a wrong one ends the move.
    ///
    /// # Errors
    /// [`MoveError::WrongCode`], [`MoveError::Expired`], [`MoveError::SecondPhone`] when the offer has ended meanwhile.
    pub async fn confirm_move(&self, code: &str) -> Result<MoveId, MoveError> {
        let code = Zeroizing::new(code.to_owned());
        let confirmed = self.shared.blocking(move |engine| engine.confirm_move(&code)).await;
        match confirmed.ok_or(MoveError::NotFound)? {
            Ok(id) => {
                self.shared.emit([Event::MoveProgress { id }]);
                self.connect()?;
                Ok(id)
            }
            Err(error) => {
                self.farewell(FAREWELL).await?;
                Err(error)
            }
        }
    }

    /// New phone: scans the QR code, and waits until the old phone has proven itself: then there is a code to show.
    ///
    /// # Errors
    /// [`MoveError`] when the QR code is unusable, was used or has run out, or the old phone does not answer.
    pub async fn join_move(&self, qr: &str) -> Result<(CheckCode, MoveStatus), MoveError> {
        let mut events = self.events();
        let qr = Zeroizing::new(qr.to_owned());
        let joined = self.shared.blocking(move |engine| engine.join_move(&qr)).await;
        let (id, relay) = joined.ok_or(MoveError::NotFound)??;
        self.connect()?;
        let until = Instant::now() + ANSWER_WAIT;
        loop {
            let status = self.move_status()?.filter(|status| status.id == id).ok_or(MoveError::NotFound)?;
            match &status.step {
                MoveStep::CodeShown(code) => return Ok((code.clone(), status)),
                MoveStep::Ended(MoveEnd::Left) => return Err(MoveError::PeerLeft),
                MoveStep::Moving | MoveStep::Ended(_) => return Err(MoveError::NotFound),
                MoveStep::Joined | MoveStep::Offered | MoveStep::AwaitingCode => {}
            }
            let event = timeout_at(until, events.next()).await.map_err(|_| MoveError::NoAnswer)?;
            ended(&event, id)?;
            if let Event::Disconnected { relay: lost, reason: DisconnectReason::Untrusted, .. } = &event
                && *lost == relay
            {
                return Err(MoveError::NoAnswer);
            }
        }
    }

    /// The move that is under way, or the last one that was.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn move_status(&self) -> Result<Option<MoveStatus>, VaultError> {
        self.shared.engine.move_status()
    }

    /// Waits until the move is over, for at most `wait`, and says how it stands then. Call it after a restart to go on
    /// with a move that was under way: everything that is still to be sent is sent.
    ///
    /// # Errors
    /// [`MoveError::NotFound`] when there is none; [`MoveError::Key`] when the user was not verified for an account.
    pub async fn finish_move(&self, wait: Duration) -> Result<MoveStatus, MoveError> {
        let until = Instant::now() + wait;
        let mut events = self.events();
        let mut look = Instant::now();
        loop {
            let status = self.move_status()?.ok_or(MoveError::NotFound)?;
            if status.is_over() || Instant::now() >= until {
                return Ok(status);
            }
            // Not at every event: a relay that cannot be reached would be dialled at every failure.
            if Instant::now() >= look {
                let authorised = self.shared.blocking(Engine::authorise_accounts).await;
                authorised.unwrap_or(Ok(()))?;
                self.connect()?;
                look = Instant::now() + LOOK;
            }
            // Either something happened, or it is time to look whether something is due.
            let _ = timeout_at(until.min(look), events.next()).await;
        }
    }

    /// Waits until the relay has what is still to be said to the other phone, such as that the move has ended; for at
    /// most `wait`. For a program that is about to end: one that goes on says it by itself.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub async fn farewell(&self, wait: Duration) -> Result<(), VaultError> {
        let mut events = self.events();
        let until = Instant::now() + wait;
        self.shared.deadlines.notify_one();
        self.connect()?;
        while self.shared.engine.has_word_for_other_phone()? {
            if timeout_at(until, events.next()).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Old phone: deletes the one-time codes that the new one has acknowledged, and says how many.
    ///
    /// # Errors
    /// [`MoveError::NotFound`] when the last move has brought no codes over.
    pub fn delete_moved_codes(&self) -> Result<usize, MoveError> {
        self.shared.engine.delete_moved_codes()
    }

    /// Ends the move that is under way on this phone. What was authorised already may still move.
    ///
    /// # Errors
    /// [`MoveError::NotFound`] when none is.
    pub async fn cancel_move(&self) -> Result<(), MoveError> {
        let cancelled = self.shared.blocking(Engine::cancel_move).await;
        let event = cancelled.ok_or(MoveError::NotFound)??;
        self.shared.emit([event]);
        Ok(self.farewell(FAREWELL).await?)
    }
}

/// Whether an event says that the move is over.
fn ended(event: &Event, id: MoveId) -> Result<(), MoveError> {
    if let Event::MoveEnded { id: over, error } = event
        && *over == id
    {
        return Err(error.unwrap_or(MoveError::NotFound));
    }
    Ok(())
}
