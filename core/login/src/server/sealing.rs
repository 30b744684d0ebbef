//! What the service signs and seals for a phone: challenges, notices, receipts.

use nod_protocol::bytes::{Digest, Nonce};
use nod_protocol::es256::KeyUseError;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{NoticeClaims, NoticeEvent, Outcome, ReceiptClaims};
use nod_protocol::{ChallengeId, EnvelopeId, MailboxId, PublicKey, RandomError, jwe, jws};

use super::LoginServer;
use crate::clock::UnixMillis;
use crate::effects::Outgoing;
use crate::rows::BindingRow;

/// How long a receipt waits for its phone, in milliseconds.
pub(super) const RECEIPT_MS: u64 = 600_000;

/// How long a notice or the receipt of a move waits for its phone, in milliseconds: thirty days.
pub(crate) const NOTICE_MS: u64 = 30 * 24 * 3_600_000;

/// The service's key or the source of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SealingFailed;

impl From<RandomError> for SealingFailed {
    fn from(_: RandomError) -> Self {
        Self
    }
}

impl From<KeyUseError> for SealingFailed {
    fn from(_: KeyUseError) -> Self {
        Self
    }
}

/// A message for a phone that is not yet in an envelope.
pub(super) struct Letter {
    pub(super) to: MailboxId,
    pub(super) kind: EnvelopeKind,
    pub(super) body: String,
    pub(super) expires: UnixMillis,
    pub(super) challenge: Option<ChallengeId>,
}

impl LoginServer {
    pub(super) fn envelope(&self, now: UnixMillis, letter: Letter) -> Result<Outgoing, SealingFailed> {
        let id = EnvelopeId::new(now.0, self.random.as_ref())?;
        let Letter { to, kind, body, expires, challenge } = letter;
        Ok(Outgoing { id, to, service: self.service.id, kind, body, expires, challenge })
    }

    /// Signs claims and seals them to a phone's `enc` key.
    pub(super) fn sign_and_seal<C: jws::Claims>(
        &self,
        claims: &C,
        enc: &PublicKey,
    ) -> Result<(Digest, String), SealingFailed> {
        let signed = jws::sign(claims, self.service.keys.current())?;
        let sealed = jwe::seal(&signed, enc, self.random.as_ref())?;
        Ok((Digest::of(signed.as_bytes()), sealed))
    }

    /// A notice about a binding, to the phone that holds (or held) its keys; none when they are gone.
    pub(super) fn notice(
        &self,
        binding: &BindingRow,
        event: NoticeEvent,
        gen_: u64,
        now: UnixMillis,
    ) -> Result<Option<Outgoing>, SealingFailed> {
        let Some(keys) = &binding.keys else { return Ok(None) };
        let jti = Nonce::random(self.random.as_ref())?;
        let claims =
            NoticeClaims { iss: self.service.id, aud: binding.id, jti, event, gen_, iat: now.seconds() };
        let (_, body) = self.sign_and_seal(&claims, &keys.enc)?;
        let expires = now.plus(NOTICE_MS);
        let letter =
            Letter { to: binding.mailbox, kind: EnvelopeKind::Notice, body, expires, challenge: None };
        self.envelope(now, letter).map(Some)
    }

    /// The receipt of an answer.
    pub(super) fn receipt(
        &self,
        binding: &BindingRow,
        challenge: ChallengeId,
        answer: Digest,
        outcome: Outcome,
        now: UnixMillis,
    ) -> Result<Outgoing, SealingFailed> {
        let claims = ReceiptClaims {
            iss: self.service.id,
            aud: binding.id,
            jti: challenge,
            ah: answer,
            outcome,
            iat: now.seconds(),
        };
        let body = jws::sign(&claims, self.service.keys.current())?;
        let expires = now.plus(RECEIPT_MS);
        let letter =
            Letter { to: binding.mailbox, kind: EnvelopeKind::Receipt, body, expires, challenge: None };
        self.envelope(now, letter)
    }
}
