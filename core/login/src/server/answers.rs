//! What comes from phones: E1, C2, moves, and the word that an envelope arrived.

use std::sync::Arc;

use nod_protocol::bytes::Digest;
use nod_protocol::jws::{self, Received, Verified};
use nod_protocol::messages::{AnswerClaims, Decision, MoveRequest, Outcome};
use nod_protocol::{ChallengeId, EnvelopeId, MailboxId, PublicKey};

use super::sealing::SealingFailed;
use super::{LoginServer, Route};
use crate::rows::{BindingRow, ChallengeRow};
use crate::steps::decide::{self, CheckedAnswer};
use crate::steps::{At, end};
use crate::store::{Rollback, StoreError, StoreExt as _};

/// Why a message from a phone was not taken. A wrong number or a late answer is taken: the receipt tells the phone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// Not a message that belongs there.
    #[error("the message is malformed")]
    Malformed,
    /// No such enrolment or binding, or not signed by its key: alike on purpose.
    #[error("nobody here knows this message's sender")]
    UnknownAddress,
    /// The source of randomness or the service's key failed.
    #[error("the service's key or the source of randomness failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SealingFailed> for ReceiveError {
    fn from(_: SealingFailed) -> Self {
        Self::Keys
    }
}

impl LoginServer {
    /// Takes a message from the phone that owns the mailbox `from`.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub async fn receive(&self, from: MailboxId, route: Route, body: &str) -> Result<(), ReceiveError> {
        match route {
            Route::Enrolment(id) => self.receive_e1(from, id, body).await,
            Route::Service if MoveRequest::looks_like(body) => self.receive_move(from, body).await,
            Route::Service => self.receive_answer(from, body).await,
        }
    }

    /// Notes that an envelope reached its phone; the first phone's starts the user's window. Others are ignored.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be noted.
    pub async fn delivered(&self, envelope: EnvelopeId) -> Result<(), StoreError> {
        let at = self.at(self.now());
        // What fails inside the step takes it back: the window then starts with the next delivery, or not at all.
        self.store
            .step_lazily(Box::new(move |rows| end::delivered(rows, at, envelope).map_err(|_| Rollback)))
            .await
    }

    async fn receive_answer(&self, from: MailboxId, body: &str) -> Result<(), ReceiveError> {
        let received = Received::<AnswerClaims>::parse(body).map_err(|_| ReceiveError::Malformed)?;
        let service = self.service.id;
        let (binding, jti) = (received.hint().iss, received.hint().jti);
        let (binding, challenge) = self
            .store
            .look(move |rows| -> Result<_, StoreError> {
                let Some(binding) = rows.binding(service, binding)? else { return Ok((None, None)) };
                Ok((Some(binding), rows.challenge(service, jti)?))
            })
            .await??;
        let binding = binding.ok_or(ReceiveError::UnknownAddress)?;
        let Some(keys) = &binding.keys else {
            // Revoked: there is no key to check with, but its own mailbox may know that it is refused, or what became of
            // an answer that was taken before.
            if binding.mailbox != from {
                return Err(ReceiveError::UnknownAddress);
            }
            let taken = challenge.as_ref().zip(jws::signed_digest(body));
            let outcome = taken.and_then(|(row, signed)| decide::remembered(row, signed));
            let answer = Digest::of(body.as_bytes());
            return self.send_receipt(&binding, jti, answer, outcome.unwrap_or(Outcome::Refused)).await;
        };
        let key = match received.hint().decision {
            Decision::Approve => keys.approve,
            Decision::Deny | Decision::Report => keys.deny,
        };
        let answer = received.verify(&key).map_err(|_| ReceiveError::UnknownAddress)?;
        let digest = answer.digest();
        let checked = match &challenge {
            Some(row) => self.check(row, &answer, key).ok_or(Outcome::Refused),
            None => Err(Outcome::Expired),
        };
        let mut binding = binding;
        if let Ok(checked) = &checked {
            // Whoever answers a challenge has verified it, and so has the key that signed it.
            binding.key_seq = binding.key_seq.max(checked.key_seq);
        }
        self.catch_up::<ReceiveError>(&binding).await?;
        match (checked, challenge) {
            (Ok(checked), Some(row)) => self.decide(&row, &binding, checked, digest).await,
            (Ok(_), None) => self.send_receipt(&binding, jti, digest, Outcome::Expired).await,
            (Err(outcome), _) => self.send_receipt(&binding, jti, digest, outcome).await,
        }
    }

    /// Checks a verified answer against the challenge that its phone was given.
    fn check(
        &self,
        row: &ChallengeRow,
        answer: &Verified<AnswerClaims>,
        key: PublicKey,
    ) -> Option<CheckedAnswer> {
        let claims = answer.claims();
        let asked = row.asked.iter().find(|asked| asked.binding == claims.iss)?;
        let fits = claims.aud == self.service.id
            && claims.nonce == row.nonce
            && claims.ch == asked.ch
            && claims.gen_ == asked.gen_;
        // Compared in constant time. A tap must not carry a number: something asked for one that was never shown.
        let number_right = claims.number == row.number;
        fits.then(|| CheckedAnswer {
            challenge: row.id,
            binding: claims.iss,
            gen_: claims.gen_,
            ctr: claims.ctr,
            key_seq: row.key_seq,
            decision: claims.decision,
            number_right,
            signed: answer.signed_digest(),
            compact: answer.compact().to_owned(),
            key,
        })
    }

    /// Signs the receipt for what will most likely become of the answer, then lets the step decide. Should something
    /// else become of it, another receipt follows.
    async fn decide(
        &self,
        row: &ChallengeRow,
        binding: &BindingRow,
        checked: CheckedAnswer,
        digest: Digest,
    ) -> Result<(), ReceiveError> {
        let now = self.now();
        let foreseen = decide::foresee(row, binding, &checked, now);
        let receipt = (foreseen, self.receipt(binding, row.id, digest, foreseen, now)?);
        let (limits, service, clock) = (self.service.policy.limits, self.service.id, Arc::clone(&self.clock));
        let outcome = self
            .store
            .run(move |rows| {
                // The moment that counts is the one at which the step runs.
                let at = At { service, now: clock.now() };
                decide::decide(rows, at, &limits, checked, receipt)
            })
            .await??;
        if outcome == foreseen {
            return Ok(());
        }
        self.send_receipt(binding, row.id, digest, outcome).await
    }

    async fn send_receipt(
        &self,
        binding: &BindingRow,
        challenge: ChallengeId,
        answer: Digest,
        outcome: Outcome,
    ) -> Result<(), ReceiveError> {
        let receipt = self.receipt(binding, challenge, answer, outcome, self.now())?;
        Ok(self.send(receipt).await?)
    }
}
