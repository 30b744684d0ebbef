//! One phone of the site: the real `nod_phone::Phone`, and what its screen shows beside what the phone itself knows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nod_phone::{AnswerError, EnrolError, Event, HistoryEnd, Pending, Phone, VaultError};
use nod_protocol::messages::Decision;
use nod_protocol::{ChallengeId, CheckCode, Number};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::moving::MoveScreen;
use super::outcome::Ended;

/// How long an enrolment is shown as going on.
pub(super) const ENROLMENT: Duration = Duration::from_secs(300);
/// How long giving up an enrolment may take.
const GIVE_UP: Duration = Duration::from_secs(2);

/// An enrolment as the screen shows it.
pub(super) enum Enrolling {
    /// No code yet: the service has not proved itself.
    Contacting {
        /// When it runs out.
        ends: Instant,
    },
    /// The service proved itself.
    Code {
        /// Its name.
        service: String,
        /// Its verified domain.
        domain: Option<String>,
        /// What the user types on the page with the QR code.
        code: CheckCode,
        /// When it runs out.
        ends: Instant,
    },
    /// It came to nothing.
    Failed {
        /// Why.
        reason: &'static str,
    },
}

/// A decision whose receipt is outstanding.
pub(super) struct Sending {
    pub(super) pending: Pending,
    pub(super) decision: Decision,
    /// When `pending` was looked at.
    pub(super) since: Instant,
}

/// What the screen shows beside what the phone knows.
#[derive(Default)]
pub(super) struct Screen {
    pub(super) enrolling: Option<Enrolling>,
    pub(super) sending: Vec<Sending>,
    pub(super) outcome: Option<Ended>,
    pub(super) moving: MoveScreen,
    /// Which outcome was shown last, dismissed or not: nothing is told twice.
    told: Option<(ChallengeId, &'static str)>,
    /// The enrolment that `enrolling` is about.
    attempt: u64,
    give_up: Option<CancellationToken>,
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such thing.
    NotFound,
    /// It was decided before.
    Decided,
    /// It ended.
    Gone,
    /// The number is missing, or has another length than asked for.
    NumberMissing,
    /// An enrolment is going on.
    Busy,
    /// The text is none of the codes that a phone reads.
    InvalidQr,
    /// Another move is going on.
    Moving,
    /// There is nothing to move.
    Nothing,
    /// The six digits were wrong, and the move has ended.
    WrongCode,
    /// The phone's vault failed.
    Vault(VaultError),
}

/// One phone.
pub(super) struct Device {
    /// Which, from 1.
    pub(super) number: u8,
    /// The phone.
    pub(super) phone: Phone,
    screen: Mutex<Screen>,
    changed: watch::Sender<u64>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Device {
    /// Follows `phone` until `stop`; its tasks run on `tracker`.
    pub(super) fn new(number: u8, phone: Phone, tracker: TaskTracker, stop: CancellationToken) -> Arc<Self> {
        let (changed, _) = watch::channel(0);
        let device = Arc::new(Self { number, phone, screen: Mutex::default(), changed, tracker, stop });
        device.tracker.spawn(Arc::clone(&device).watch());
        device.resume_move();
        device
    }

    /// Runs `work` until it is done or the phone is stopped.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = work => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// What the screen shows.
    pub(super) fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of every change from now on; its value is the revision.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Marks the state as changed.
    pub(super) fn touch(&self) {
        self.changed.send_modify(|rev| *rev += 1);
    }

    async fn watch(self: Arc<Self>) {
        let mut events = self.phone.events();
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = self.stop.cancelled() => return,
            };
            if let Event::Decided { id, .. } | Event::Gone { id, .. } = event {
                self.ended(id);
            }
            if let Event::MoveEnded { id, error: Some(error) } = event {
                self.move_ended(id, error);
            }
            self.touch();
        }
    }

    /// A challenge ended: the history says how.
    fn ended(&self, id: ChallengeId) {
        let Ok(history) = self.phone.history() else { return };
        let Some(entry) = history.iter().find(|entry| entry.id == id) else { return };
        let domain = self.domain_of(entry.account);
        self.tell(id, Ended::of_entry(entry, domain));
    }

    fn tell(&self, id: ChallengeId, ended: Ended) {
        let mut screen = self.screen();
        screen.sending.retain(|sending| sending.pending.id != id);
        if screen.told != Some((id, ended.outcome)) {
            screen.told = Some((id, ended.outcome));
            screen.outcome = Some(ended);
        }
        drop(screen);
        self.touch();
    }

    fn domain_of(&self, account: nod_protocol::BindingId) -> Option<String> {
        let accounts = self.phone.accounts().ok()?;
        accounts.into_iter().find(|known| known.id == account)?.domain
    }

    /// Decides a challenge. What comes of it is told by the state.
    ///
    /// # Errors
    /// [`Refusal`] when there is nothing to decide or the number is missing.
    pub(super) fn decide(
        self: &Arc<Self>,
        id: ChallengeId,
        decision: Decision,
        number: Option<&str>,
    ) -> Result<(), Refusal> {
        let mut screen = self.screen();
        if screen.sending.iter().any(|sending| sending.pending.id == id) {
            return Err(Refusal::Decided);
        }
        let found = self.phone.pending().into_iter().find(|pending| pending.id == id);
        let Some(pending) = found else { return Err(self.why_not(id)) };
        let number = match decision {
            Decision::Approve if pending.digits > 0 => {
                let typed = number.and_then(|typed| Number::parse(typed).ok());
                let fits = typed.filter(|number| number.expose().len() == usize::from(pending.digits));
                Some(fits.ok_or(Refusal::NumberMissing)?)
            }
            Decision::Approve | Decision::Deny | Decision::Report => None,
        };
        screen.sending.push(Sending { pending, decision, since: Instant::now() });
        drop(screen);
        self.touch();
        self.tracker.spawn(Arc::clone(self).send(id, decision, number));
        Ok(())
    }

    /// Why a challenge that does not wait cannot be decided.
    fn why_not(&self, id: ChallengeId) -> Refusal {
        let history = self.phone.history().unwrap_or_default();
        match history.iter().find(|entry| entry.id == id).map(|entry| entry.end) {
            Some(HistoryEnd::Gone(_)) => Refusal::Gone,
            Some(HistoryEnd::Receipt(_) | HistoryEnd::Unconfirmed(_)) => Refusal::Decided,
            None => Refusal::NotFound,
        }
    }

    async fn send(self: Arc<Self>, id: ChallengeId, decision: Decision, number: Option<Number>) {
        let answer = async {
            match decision {
                Decision::Approve => self.phone.approve(id, number).await,
                Decision::Deny => self.phone.deny(id).await,
                Decision::Report => self.phone.report(id).await,
            }
        };
        let result = tokio::select! {
            result = answer => result,
            () = self.stop.cancelled() => return,
        };
        match result {
            Ok(_) => self.ended(id),
            Err(AnswerError::NoReceipt | AnswerError::Refused(_) | AnswerError::Replaced) => {
                self.unconfirmed(id)
            }
            // Nothing was decided: the challenge waits as before, or its end is told by an event.
            Err(error) => {
                tracing::warn!(%error, "a decision could not be made");
                self.screen().sending.retain(|sending| sending.pending.id != id);
                self.touch();
            }
        }
    }

    fn unconfirmed(&self, id: ChallengeId) {
        let mut screen = self.screen();
        let at = screen.sending.iter().position(|sending| sending.pending.id == id);
        let Some(sending) = at.map(|at| screen.sending.remove(at)) else { return };
        drop(screen);
        self.tell(id, Ended::unconfirmed(&sending.pending));
    }

    /// Begins to enrol with the text of a QR code.
    ///
    /// # Errors
    /// [`Refusal::InvalidQr`], or [`Refusal::Busy`] while another enrolment goes on.
    pub(super) fn enrol(self: &Arc<Self>, qr: &str) -> Result<(), Refusal> {
        let qr = Zeroizing::new(qr.trim().to_owned());
        nod_protocol::qr::EnrolmentQr::parse(&qr).map_err(|_| Refusal::InvalidQr)?;
        let mut screen = self.screen();
        if matches!(screen.enrolling, Some(Enrolling::Contacting { .. } | Enrolling::Code { .. })) {
            return Err(Refusal::Busy);
        }
        let give_up = CancellationToken::new();
        let ends = Instant::now() + ENROLMENT;
        screen.enrolling = Some(Enrolling::Contacting { ends });
        screen.give_up = Some(give_up.clone());
        screen.attempt += 1;
        let attempt = screen.attempt;
        drop(screen);
        self.touch();
        self.tracker.spawn(Arc::clone(self).run_enrolment(attempt, qr, ends, give_up));
        Ok(())
    }

    async fn run_enrolment(
        self: Arc<Self>,
        attempt: u64,
        qr: Zeroizing<String>,
        ends: Instant,
        give_up: CancellationToken,
    ) {
        let flow = async {
            let pending = self.phone.enrol(&qr).await?;
            let service = pending.service();
            let shown = Enrolling::Code {
                service: service.name.clone(),
                domain: service.domain.clone(),
                code: pending.code().clone(),
                ends,
            };
            self.show(attempt, Some(shown));
            pending.finished().await.map(|_| ())
        };
        let result = tokio::select! {
            result = flow => result,
            () = give_up.cancelled() => return self.abandon(&qr).await,
            () = self.stop.cancelled() => return,
        };
        self.show(attempt, result.err().map(|error| Enrolling::Failed { reason: reason_of(&error) }));
    }

    /// Ends an enrolment on the phone, where it is far enough to be ended.
    async fn abandon(&self, qr: &str) {
        // The same code goes on where it was.
        if let Ok(Ok(pending)) = tokio::time::timeout(GIVE_UP, self.phone.enrol(qr)).await {
            // It may have ended meanwhile.
            let _ = pending.abort().await;
        }
    }

    fn show(&self, attempt: u64, enrolling: Option<Enrolling>) {
        let mut screen = self.screen();
        if screen.attempt == attempt && screen.enrolling.is_some() {
            screen.enrolling = enrolling;
        }
        drop(screen);
        self.touch();
    }

    /// Puts the end of a challenge away.
    pub(super) fn dismiss_outcome(&self) {
        self.screen().outcome = None;
        self.touch();
    }

    /// Puts an enrolment away; one that goes on is given up.
    pub(super) fn dismiss_enrolling(&self) {
        let mut screen = self.screen();
        screen.enrolling = None;
        if let Some(give_up) = screen.give_up.take() {
            give_up.cancel();
        }
        drop(screen);
        self.touch();
    }
}

/// Why an enrolment failed, in the words of the interface.
fn reason_of(error: &EnrolError) -> &'static str {
    use EnrolError as E;
    use nod_protocol::frames::RefusedReason::UnknownAddress;
    if matches!(error, E::Expired | E::Refused(UnknownAddress)) {
        return "expired";
    }
    if matches!(error, E::Aborted) {
        return "aborted";
    }
    if matches!(error, E::NoAnswer) {
        return "unreachable";
    }
    let forged = matches!(
        error,
        E::NotForThisPhone
            | E::NotABinding
            | E::WrongServiceKey
            | E::WrongEnrolment
            | E::NotProvisional
            | E::Display
            | E::KnownBinding
    );
    if forged {
        return "not-genuine";
    }
    tracing::warn!(%error, "an enrolment failed");
    "refused"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enrolment_that_was_tampered_with_is_never_called_a_mishap() {
        for error in [EnrolError::WrongServiceKey, EnrolError::WrongEnrolment, EnrolError::NotABinding] {
            assert_eq!(reason_of(&error), "not-genuine");
        }
        assert_eq!(reason_of(&EnrolError::Aborted), "aborted");
        assert_eq!(reason_of(&EnrolError::NoAnswer), "unreachable");
    }
}
