//! A move to or from a phone of the site: what its screen shows beside what the phone itself knows.

use std::sync::Arc;
use std::time::Duration;

use nod_phone::moving::OFFER_LIFE;
use nod_phone::{MoveEnd, MoveError, MoveRole, MoveStatus, MoveStep};
use nod_protocol::frames::RefusedReason;
use nod_protocol::qr::{MoveQr, RelayAddress};
use nod_protocol::{CheckCode, MoveId};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::device::{Device, Refusal};
use super::drawn::Drawn;

/// How long one wait for the end of a move lasts before the next begins.
const ROUND: Duration = Duration::from_secs(600);
/// How long beyond the old phone's time the new one goes on showing its code.
const GRACE: Duration = Duration::from_secs(10);

/// A QR code on the screen.
pub(super) struct Shown {
    /// Its text.
    pub(super) text: Zeroizing<String>,
    /// Its outline.
    pub(super) drawn: Drawn,
}

/// What the screen shows of a move before accounts move.
#[derive(Default)]
pub(super) enum MoveStage {
    /// What the phone says.
    #[default]
    Phone,
    /// The relay, or the other phone, is waited for.
    Waiting(MoveRole),
    /// The QR code.
    Shown(Shown),
    /// It came to nothing.
    Failed {
        /// Which side this phone was.
        role: MoveRole,
        /// Why.
        reason: &'static str,
    },
}

/// What the screen knows of moves.
#[derive(Default)]
pub(super) struct MoveScreen {
    pub(super) stage: MoveStage,
    /// When the QR code, or the time for the code, runs out.
    pub(super) until: Option<Instant>,
    /// The last move whose end was put away.
    pub(super) seen: Option<MoveId>,
    /// The last move whose one-time codes were deleted here.
    pub(super) codes_deleted: Option<MoveId>,
    /// What `stage` is about: what belongs to an earlier attempt changes nothing.
    attempt: u64,
}

impl Device {
    /// Begins to move away from this phone. The phones meet at `relay` when this one knows no other.
    ///
    /// # Errors
    /// [`Refusal::Moving`] while another move goes on, [`Refusal::Nothing`] when there is nothing to move.
    pub(super) fn offer_move(self: &Arc<Self>, relay: RelayAddress) -> Result<(), Refusal> {
        let accounts = self.phone.accounts().map_err(Refusal::Vault)?;
        if accounts.is_empty() && self.phone.codes().map_err(Refusal::Vault)?.is_empty() {
            return Err(Refusal::Nothing);
        }
        let relay = accounts.is_empty().then_some(relay);
        let attempt = self.begin_move(MoveRole::Old)?;
        self.spawn(Arc::clone(self).run_offer(attempt, relay));
        Ok(())
    }

    async fn run_offer(self: Arc<Self>, attempt: u64, relay: Option<RelayAddress>) {
        let flow = async {
            let (text, good_for) = self.phone.offer_move(relay).await?;
            let drawn = Drawn::of(&text).ok_or(MoveError::Protocol)?;
            let shown = MoveStage::Shown(Shown { text, drawn });
            if !self.show_move(attempt, shown, Some(Instant::now() + good_for)) {
                // Cancelled before there was anything to cancel.
                return self.phone.cancel_move().await;
            }
            self.phone.wait_joined().await.map(|_| ())
        };
        match flow.await {
            Ok(()) => {
                self.show_move(attempt, MoveStage::Phone, Some(Instant::now() + OFFER_LIFE));
            }
            Err(error) => self.fail_move(attempt, MoveRole::Old, error),
        }
    }

    /// Begins to take over the accounts of an old phone, with the text of its QR code.
    ///
    /// # Errors
    /// [`Refusal::InvalidQr`], or [`Refusal::Moving`] while another move goes on.
    pub(super) fn join_move(self: &Arc<Self>, qr: &str) -> Result<(), Refusal> {
        MoveQr::parse(qr).map_err(|_| Refusal::InvalidQr)?;
        let qr = Zeroizing::new(qr.to_owned());
        let attempt = self.begin_move(MoveRole::New)?;
        self.spawn(Arc::clone(self).run_join(attempt, qr));
        Ok(())
    }

    async fn run_join(self: Arc<Self>, attempt: u64, qr: Zeroizing<String>) {
        match self.phone.join_move(&qr).await {
            Ok(_) => {
                let until = Instant::now() + OFFER_LIFE;
                if self.show_move(attempt, MoveStage::Phone, Some(until)) {
                    self.drive(Some(until + GRACE)).await;
                } else {
                    self.give_up_move().await;
                }
            }
            Err(error) => {
                // What still waits for an answer would be in the way of the next attempt.
                self.give_up_move().await;
                self.fail_move(attempt, MoveRole::New, error);
            }
        }
    }

    /// Takes the six digits. One guess: a wrong one ends the move.
    ///
    /// # Errors
    /// [`Refusal::NumberMissing`] for what is not six digits, which is no guess; [`Refusal::WrongCode`] when the move
    /// has ended; [`Refusal::NotFound`] when no code is asked for.
    pub(super) async fn confirm_move(self: &Arc<Self>, code: &str) -> Result<(), Refusal> {
        CheckCode::parse(code).map_err(|_| Refusal::NumberMissing)?;
        let attempt = self.screen().moving.attempt;
        match self.phone.confirm_move(code).await {
            Ok(_) => {
                self.show_move(attempt, MoveStage::Phone, None);
                self.spawn(Arc::clone(self).drive(None));
                Ok(())
            }
            Err(MoveError::NotFound) => Err(Refusal::NotFound),
            Err(error) => {
                // The other phone is to hear of it at once.
                if let Err(error) = self.phone.connect() {
                    tracing::warn!(%error, "the other phone could not be told that the move has ended");
                }
                let refusal = if error == MoveError::WrongCode { Refusal::WrongCode } else { Refusal::Gone };
                self.fail_move(attempt, MoveRole::Old, error);
                Err(refusal)
            }
        }
    }

    /// Ends the move that is under way, wherever it is.
    pub(super) async fn cancel_move(&self) {
        self.forget_attempt();
        self.give_up_move().await;
        if self.phone.move_status().ok().flatten().is_some_and(|status| is_empty(&status)) {
            self.put_move_away();
        }
        self.touch();
    }

    /// What the attempt that was on still does changes nothing on the screen.
    fn forget_attempt(&self) {
        let mut screen = self.screen();
        screen.moving.attempt += 1;
        screen.moving.stage = MoveStage::Phone;
    }

    /// Puts the end of a move away. One that goes on stays.
    pub(super) fn put_move_away(&self) {
        let over = self.phone.move_status().ok().flatten().filter(MoveStatus::is_over);
        let mut screen = self.screen();
        if matches!(screen.moving.stage, MoveStage::Failed { .. }) {
            screen.moving.stage = MoveStage::Phone;
        }
        if let Some(status) = over {
            screen.moving.seen = Some(status.id);
        }
        drop(screen);
        self.touch();
    }

    /// Deletes the one-time codes that the new phone has, and says how many.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the last move has brought none over.
    pub(super) fn delete_moved_codes(&self) -> Result<usize, Refusal> {
        let deleted = self.phone.delete_moved_codes().map_err(|_| Refusal::NotFound)?;
        let status = self.phone.move_status().map_err(Refusal::Vault)?;
        self.screen().moving.codes_deleted = status.map(|status| status.id);
        self.touch();
        Ok(deleted)
    }

    /// Goes on with a move that was under way when the process ended; the end of one is not told anew.
    pub(super) fn resume_move(self: &Arc<Self>) {
        let Ok(Some(status)) = self.phone.move_status() else { return };
        let until = Instant::now() + OFFER_LIFE;
        match status.step {
            MoveStep::Ended(_) => self.screen().moving.seen = Some(status.id),
            MoveStep::CodeShown(_) | MoveStep::Joined => {
                self.screen().moving.until = Some(until);
                self.spawn(Arc::clone(self).drive(Some(until + GRACE)));
            }
            MoveStep::Moving => self.spawn(Arc::clone(self).drive(None)),
            MoveStep::Offered | MoveStep::AwaitingCode => {}
        }
    }

    /// Move `id` has ended with `error`. Where nothing had begun to move, that is all there is to say.
    pub(super) fn move_ended(&self, id: MoveId, error: MoveError) {
        let status = self.phone.move_status().ok().flatten().filter(|status| status.id == id);
        let role = status.as_ref().map_or(MoveRole::Old, |status| status.role);
        if status.is_none_or(|status| is_empty(&status)) {
            let attempt = self.screen().moving.attempt;
            self.fail_move(attempt, role, error);
        }
    }

    /// Waits for the end of a move and does its part meanwhile. A code that nobody typed until `code_until` is given up.
    async fn drive(self: Arc<Self>, code_until: Option<Instant>) {
        let attempt = self.screen().moving.attempt;
        let mut code_until = code_until;
        loop {
            let wait = code_until.map_or(ROUND, |until| until.saturating_duration_since(Instant::now()));
            let status = match self.phone.finish_move(wait).await {
                Ok(status) => status,
                Err(error) => {
                    tracing::warn!(%error, "a move cannot go on by itself");
                    return;
                }
            };
            if status.is_over() {
                return;
            }
            let waits = matches!(status.step, MoveStep::CodeShown(_) | MoveStep::Joined);
            if code_until.take().is_some() && waits {
                self.give_up_move().await;
                self.fail_move(attempt, status.role, MoveError::Expired);
                return;
            }
        }
    }

    fn begin_move(&self, role: MoveRole) -> Result<u64, Refusal> {
        let open = self.phone.move_status().map_err(Refusal::Vault)?.is_some_and(|status| !status.is_over());
        let mut screen = self.screen();
        let waits = matches!(screen.moving.stage, MoveStage::Waiting(_) | MoveStage::Shown(_));
        if open || waits {
            return Err(Refusal::Moving);
        }
        screen.moving.attempt += 1;
        screen.moving.stage = MoveStage::Waiting(role);
        let attempt = screen.moving.attempt;
        drop(screen);
        self.touch();
        Ok(attempt)
    }

    /// False when the attempt is not the present one any more.
    fn show_move(&self, attempt: u64, stage: MoveStage, until: Option<Instant>) -> bool {
        let mut screen = self.screen();
        let present = screen.moving.attempt == attempt;
        if present && !matches!(screen.moving.stage, MoveStage::Failed { .. }) {
            screen.moving.stage = stage;
            screen.moving.until = until;
        }
        drop(screen);
        self.touch();
        present
    }

    fn fail_move(&self, attempt: u64, role: MoveRole, error: MoveError) {
        tracing::info!(%error, "a move has come to nothing");
        let mut screen = self.screen();
        if screen.moving.attempt == attempt && !matches!(screen.moving.stage, MoveStage::Failed { .. }) {
            screen.moving.stage = MoveStage::Failed { role, reason: reason_of(&error) };
        }
        drop(screen);
        self.touch();
    }

    async fn give_up_move(&self) {
        match self.phone.cancel_move().await {
            Ok(()) | Err(MoveError::NotFound) => {}
            Err(error) => tracing::warn!(%error, "a move could not be ended"),
        }
    }
}

/// Whether nothing of a move has begun.
pub(super) const fn is_empty(status: &MoveStatus) -> bool {
    status.accounts.is_empty() && status.codes == 0
}

/// Why a move came to nothing, in the words of the interface.
fn reason_of(error: &MoveError) -> &'static str {
    use MoveError as E;
    match error {
        E::WrongCode => "wrong-code",
        E::SecondPhone => "second-phone",
        E::Expired | E::Refused(RefusedReason::UnknownAddress) => "expired",
        E::Refused(RefusedReason::Taken) => "taken",
        E::PeerLeft => "left",
        E::NoAnswer | E::Refused(RefusedReason::Unavailable | RefusedReason::RateLimited) => "unreachable",
        E::Qr(_)
        | E::Nothing
        | E::NoRelay
        | E::Busy
        | E::NotFound
        | E::NotForThisMove
        | E::Protocol
        | E::Refused(_)
        | E::Key(_)
        | E::Random(_)
        | E::Vault(_)
        | _ => "other",
    }
}

/// How a move that had begun ended, in the words of the interface.
pub(super) const fn word_of(end: MoveEnd) -> &'static str {
    match end {
        MoveEnd::Done => "done",
        MoveEnd::Cancelled => "cancelled",
        MoveEnd::Left => "left",
        MoveEnd::Refused => "refused",
        MoveEnd::Broken => "broken",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_must_know_has_a_word_of_its_own() {
        assert_eq!(reason_of(&MoveError::WrongCode), "wrong-code");
        assert_eq!(reason_of(&MoveError::SecondPhone), "second-phone");
        assert_eq!(reason_of(&MoveError::Refused(RefusedReason::Taken)), "taken");
        assert_eq!(reason_of(&MoveError::NoAnswer), "unreachable");
        assert_eq!(reason_of(&MoveError::Protocol), "other");
    }
}
