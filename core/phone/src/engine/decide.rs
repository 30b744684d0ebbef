//! Decisions: from a waiting challenge to bytes that are kept until their receipt.

use std::time::Duration;

use nod_protocol::frames::{Destination, DeviceFrame, GoneReason, RefusedReason};
use nod_protocol::messages::Decision;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{ChallengeId, EnvelopeId, Number};

use super::accounts::remember;
use super::{Engine, LiveChallenge};
use crate::answer::{self, AnswerError, AnswerKeys};
use crate::event::Event;
use crate::vault::{AnswerRow, Contents, KeyNames, MAX_ANSWERS, VaultError};
use crate::view::{HistoryEnd, HistoryEntry};

/// How long beyond its challenge's end an answer is kept for its receipt.
const RECEIPT_GRACE: Duration = Duration::from_secs(120);

impl Engine {
    /// Signs a decision and makes it durable; [`Engine::outstanding`] has it from then on. Gives the relay that it
    /// goes to and the time that was left.
    ///
    /// The counter is durable before the signature exists, and the signed bytes are durable before they can leave.
    ///
    /// # Errors
    /// [`AnswerError`]; the challenge still waits unless it says otherwise.
    pub fn decide(
        &self,
        id: ChallengeId,
        decision: Decision,
        number: Option<Number>,
    ) -> Result<(RelayAddress, Duration), AnswerError> {
        let asked = self.begin_deciding(id, decision, number.as_ref())?;
        let decided = self.sign_and_keep(&asked, decision, number);
        let mut live = self.live();
        if let Some(at) = live.challenges.iter().position(|c| c.challenge.claims().jti == id) {
            let ended = matches!(decided, Ok(()) | Err(AnswerError::AlreadyAnswered | AnswerError::NotFound));
            if ended {
                live.challenges.remove(at);
            } else if let Some(challenge) = live.challenges.get_mut(at) {
                challenge.deciding = false;
            }
        }
        drop(live);
        decided?;
        Ok((asked.relay, asked.deadline.saturating_sub(self.clock.monotonic())))
    }

    /// Takes the challenge off the table, so that no second decision can begin.
    fn begin_deciding(
        &self,
        id: ChallengeId,
        decision: Decision,
        number: Option<&Number>,
    ) -> Result<LiveChallenge, AnswerError> {
        let known = self.vault.read(|contents| answered(contents, id))?;
        let now = self.clock.monotonic();
        let mut live = self.live();
        let found = live.challenges.iter_mut().find(|c| c.challenge.claims().jti == id);
        let Some(challenge) = found else {
            return Err(if known { AnswerError::AlreadyAnswered } else { AnswerError::NotFound });
        };
        if known || challenge.deciding {
            return Err(AnswerError::AlreadyAnswered);
        }
        if challenge.deadline <= now {
            return Err(AnswerError::Expired);
        }
        answer::check_number(&challenge.challenge, decision, number)?;
        challenge.deciding = true;
        Ok(challenge.copy())
    }

    fn sign_and_keep(
        &self,
        asked: &LiveChallenge,
        decision: Decision,
        number: Option<Number>,
    ) -> Result<(), AnswerError> {
        let id = asked.challenge.claims().jti;
        let (names, ctr) = self.vault.update(|contents| {
            if answered(contents, id) {
                return Err(AnswerError::AlreadyAnswered);
            }
            if contents.answers.len() >= MAX_ANSWERS {
                return Err(AnswerError::TooMany);
            }
            let rows = &mut contents.accounts;
            let row = rows.iter_mut().find(|row| row.id == asked.account).ok_or(AnswerError::NotFound)?;
            row.ctr += 1;
            Ok((row.keys.clone(), row.ctr))
        })?;
        let KeyNames { approve, deny, .. } = &names;
        let keys = AnswerKeys { store: &*self.keys, approve, deny, service_name: &asked.service_name };
        let signed = answer::sign(&asked.challenge, decision, number, ctr, self.clock.unix_seconds(), &keys)?;
        let left = asked.deadline.saturating_sub(self.clock.monotonic());
        if left.is_zero() {
            // The prompt took longer than the challenge lives.
            return Err(AnswerError::Expired);
        }
        let now = self.clock.unix_millis();
        let keep = u64::try_from((left + RECEIPT_GRACE).as_millis()).unwrap_or(u64::MAX);
        let answer = AnswerRow {
            challenge: id,
            account: asked.account,
            service: asked.challenge.claims().iss,
            relay: asked.relay.clone(),
            decision,
            context: asked.challenge.claims().ctx.clone(),
            envelope: EnvelopeId::new(now, &*self.random)?,
            body: signed.into_compact(),
            until: now.saturating_add(keep),
        };
        self.vault.update(|contents| {
            // Another process of this phone may have answered meanwhile.
            if answered(contents, id) {
                return Err(AnswerError::AlreadyAnswered);
            }
            if !contents.accounts.iter().any(|row| row.id == asked.account) {
                return Err(AnswerError::NotFound);
            }
            contents.answers.push(answer);
            Ok(())
        })
    }

    /// The relay did not take an envelope. Says whether it is worth sending again on this connection.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be written.
    pub fn refused(&self, id: EnvelopeId, reason: RefusedReason) -> Result<(bool, Vec<Event>), VaultError> {
        if is_temporary(reason) {
            return Ok((true, Vec::new()));
        }
        let at = self.clock.unix_millis();
        let answer = self.vault.update(|contents| {
            let found = contents.answers.iter().position(|row| row.envelope == id);
            let Some(row) = found.map(|at| contents.answers.remove(at)) else {
                return Ok::<_, VaultError>(None);
            };
            let challenge = row.challenge;
            close(contents, &row, HistoryEnd::Unconfirmed(row.decision), at);
            Ok(Some(challenge))
        })?;
        if let Some(challenge) = answer {
            return Ok((false, vec![Event::AnswerRefused { id: challenge, reason }]));
        }
        let mut events = self.enrolment_refused(id, reason)?;
        events.extend(self.move_refused(id, reason)?);
        Ok((false, events))
    }

    /// A relay has durably taken an envelope. Answers stay outstanding until their receipt; a message of a move does not.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be written.
    pub fn accepted(&self, id: EnvelopeId) -> Result<Vec<Event>, VaultError> {
        self.move_accepted(id)
    }

    /// Ends what has run out: waiting challenges by the monotonic clock; answers without a receipt, and enrolments.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be written.
    pub fn expire(&self) -> Result<Vec<Event>, VaultError> {
        let mono = self.clock.monotonic();
        let mut ended = Vec::new();
        self.live().challenges.retain(|c| {
            let over = c.deadline <= mono && !c.deciding;
            if over {
                ended.push(c.copy());
            }
            !over
        });
        let mut events = Vec::new();
        for challenge in ended {
            events.push(self.end(&challenge, GoneReason::Expired)?);
        }
        let now = self.clock.unix_millis();
        let due = self.vault.read(|contents| contents.answers.iter().any(|row| row.until <= now))?;
        if due {
            self.vault.update(|contents| {
                let (over, waiting) =
                    contents.answers.drain(..).partition::<Vec<_>, _>(|row| row.until <= now);
                contents.answers = waiting;
                for row in over {
                    close(contents, &row, HistoryEnd::Unconfirmed(row.decision), now);
                }
                Ok::<_, VaultError>(())
            })?;
        }
        events.extend(self.expire_enrolments(now)?);
        events.extend(self.expire_offer());
        events.extend(self.expire_moves()?);
        Ok(events)
    }

    /// Writes into the history that a challenge ended without a decision here.
    pub(super) fn end(&self, challenge: &LiveChallenge, reason: GoneReason) -> Result<Event, VaultError> {
        let id = challenge.challenge.claims().jti;
        let entry = HistoryEntry {
            id,
            account: challenge.account,
            service_name: challenge.service_name.clone(),
            label: challenge.label.clone(),
            context: challenge.challenge.claims().ctx.clone(),
            end: HistoryEnd::Gone(reason),
            at: self.clock.unix_millis(),
        };
        self.vault.update(|contents| {
            if !answered(contents, id) {
                remember(contents, entry);
            }
            Ok::<_, VaultError>(())
        })?;
        Ok(Event::Gone { id, reason })
    }
}

impl LiveChallenge {
    fn copy(&self) -> Self {
        Self {
            envelope: self.envelope,
            relay: self.relay.clone(),
            account: self.account,
            service_name: self.service_name.clone(),
            service_domain: self.service_domain.clone(),
            label: self.label.clone(),
            challenge: self.challenge.clone(),
            deadline: self.deadline,
            deciding: self.deciding,
        }
    }
}

/// Whether this phone has decided the challenge, or knows that it ended.
pub(super) fn answered(contents: &Contents, id: ChallengeId) -> bool {
    contents.answers.iter().any(|row| row.challenge == id) || contents.history.iter().any(|e| e.id == id)
}

/// Moves an answer to the history.
pub(super) fn close(contents: &mut Contents, row: &AnswerRow, end: HistoryEnd, at: u64) {
    let account = contents.accounts.iter().find(|account| account.id == row.account);
    let entry = HistoryEntry {
        id: row.challenge,
        account: row.account,
        service_name: account.map(|a| a.display.name.clone()).unwrap_or_default(),
        label: account.map(|a| a.label.clone()).unwrap_or_default(),
        context: row.context.clone(),
        end,
        at,
    };
    remember(contents, entry);
}

pub(super) fn frame_of(row: &AnswerRow) -> DeviceFrame {
    DeviceFrame::Send { id: row.envelope, to: Destination::Service(row.service), body: row.body.clone() }
}

const fn is_temporary(reason: RefusedReason) -> bool {
    matches!(reason, RefusedReason::QueueFull | RefusedReason::RateLimited | RefusedReason::Unavailable)
}
