//! Moves to a new phone: an authorisation by the old one with the new one's proof (docs/protocol.md section 6).

use std::sync::Arc;

use nod_protocol::bytes::Digest;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{
    DeviceKeys, MoveClaims, MoveOutcome, MoveProofClaims, MoveReceiptClaims, MoveRequest,
};
use nod_protocol::{BindingId, EnvelopeId, MailboxId, PublicKey};

use super::sealing::{Letter, RECEIPT_MS, SealingFailed};
use super::{LoginServer, ReceiveError};
use crate::clock::UnixMillis;
use crate::rows::{BindingRow, MoveRow, ReceiptCopy};
use crate::steps::At;
use crate::steps::moving::{self, CheckedMove, MovedReceipt, Verdict};
use crate::store::{StoreError, StoreExt as _};

impl LoginServer {
    /// Takes a move. What does not verify gets no receipt; whatever else becomes of it is told by one.
    pub(super) async fn receive_move(&self, from: MailboxId, body: &str) -> Result<(), ReceiveError> {
        let malformed = |_| ReceiveError::Malformed;
        let MoveRequest { authorisation, proof } =
            MoveRequest::parse(body).map_err(|_| ReceiveError::Malformed)?;
        let received = Received::<MoveClaims>::parse(&authorisation).map_err(malformed)?;
        let proof = Received::<MoveProofClaims>::parse(&proof).map_err(malformed)?;
        let (service, id, gen_) = (self.service.id, received.hint().iss, received.hint().gen_);
        let (binding, record) = self
            .store
            .look(move |rows| -> Result<_, StoreError> {
                Ok((rows.binding(service, id)?, rows.move_record(service, id, gen_)?))
            })
            .await??;
        let binding = binding.ok_or(ReceiveError::UnknownAddress)?;
        let (approve, old_mailbox) = signer(&binding, record.as_ref());
        let new_mailbox = MailboxId::from(received.hint().keys.channel.thumbprint());
        if from != old_mailbox && from != new_mailbox {
            return Err(ReceiveError::UnknownAddress);
        }
        let Some(approve) = approve else {
            // Revoked: there is no key to check with, but no authorisation can ever be taken, and a phone that waits
            // for the end of its own may know that.
            let signed = jws::signed_digest(&authorisation).ok_or(ReceiveError::Malformed)?;
            self.check_addressed(received.hint(), signed, proof)?;
            return self.tell(from, id, signed, (MoveOutcome::Refused, binding.gen_)).await;
        };
        let verified = received.verify(&approve).map_err(|_| ReceiveError::UnknownAddress)?;
        let signed = verified.signed_digest();
        let claims = verified.into_claims();
        self.check_addressed(&claims, signed, proof)?;
        check_content(&claims, &binding)?;
        let foreseen = self.foresee_moved(&claims, signed, (old_mailbox, new_mailbox))?;
        let checked = CheckedMove { claims, signed, approve };
        let clock = Arc::clone(&self.clock);
        let verdict = self
            .store
            .run(move |rows| {
                // The moment that counts is the one at which the step runs.
                moving::settle(rows, At { service, now: clock.now() }, checked, foreseen)
            })
            .await??;
        match verdict {
            Verdict::Moved => Ok(()),
            Verdict::Unheard => Err(ReceiveError::UnknownAddress),
            Verdict::Expired { gen_ } => self.tell(from, id, signed, (MoveOutcome::Expired, gen_)).await,
            Verdict::Refused { gen_ } => self.tell(from, id, signed, (MoveOutcome::Refused, gen_)).await,
        }
    }

    /// Checks that an authorisation is for this service and that the new phone holds the new `approve` key.
    fn check_addressed(
        &self,
        claims: &MoveClaims,
        signed: Digest,
        proof: Received<MoveProofClaims>,
    ) -> Result<(), ReceiveError> {
        let proof = proof.verify(&claims.keys.approve).map_err(|_| ReceiveError::UnknownAddress)?;
        let expected = MoveProofClaims { iss: claims.iss, aud: self.service.id, h: signed };
        let fits = claims.aud == self.service.id && *proof.claims() == expected;
        if fits { Ok(()) } else { Err(ReceiveError::UnknownAddress) }
    }

    fn sign_move_receipt(
        &self,
        binding: BindingId,
        signed: Digest,
        (outcome, gen_): (MoveOutcome, u64),
        now: UnixMillis,
    ) -> Result<String, SealingFailed> {
        let iat = now.seconds();
        let claims = MoveReceiptClaims { iss: self.service.id, aud: binding, mh: signed, outcome, gen_, iat };
        Ok(jws::sign(&claims, self.service.keys.current())?)
    }

    /// Signs `moved` before it is so.
    fn foresee_moved(
        &self,
        claims: &MoveClaims,
        signed: Digest,
        (old, new): (MailboxId, MailboxId),
    ) -> Result<MovedReceipt, SealingFailed> {
        let now = self.now();
        let end = (MoveOutcome::Moved, claims.gen_.saturating_add(1));
        let receipt = self.sign_move_receipt(claims.iss, signed, end, now)?;
        let copy =
            |to| EnvelopeId::new(now.0, self.random.as_ref()).map(|envelope| ReceiptCopy { to, envelope });
        Ok(MovedReceipt { receipt, old: copy(old)?, new: copy(new)? })
    }

    /// Signs an outcome and sends it to the phone that asks.
    async fn tell(
        &self,
        to: MailboxId,
        binding: BindingId,
        signed: Digest,
        end: (MoveOutcome, u64),
    ) -> Result<(), ReceiveError> {
        let now = self.now();
        let body = self.sign_move_receipt(binding, signed, end, now)?;
        let (kind, expires) = (EnvelopeKind::Moved, now.plus(RECEIPT_MS));
        Ok(self.send(self.envelope(now, Letter { to, kind, body, expires, challenge: None })?).await?)
    }
}

/// The key that must have signed an authorisation, and the mailbox of its phone: those of the binding, or of the
/// generation that the authorisation names where a move has ended that. No key once the binding is revoked.
fn signer(binding: &BindingRow, record: Option<&MoveRow>) -> (Option<PublicKey>, MailboxId) {
    match record.and_then(|record| record.moved.as_ref()) {
        Some(moved) => (Some(moved.old_approve), moved.old.to),
        None => (binding.keys.as_ref().map(|keys| keys.approve), binding.mailbox),
    }
}

/// Checks what an authorisation says of the new phone. Whether the keys are new can be told as long as the old ones
/// are the binding's; afterwards it no longer matters.
fn check_content(claims: &MoveClaims, binding: &BindingRow) -> Result<(), ReceiveError> {
    let old = binding.keys.as_ref().filter(|_| binding.gen_ == claims.gen_);
    let new = all(&claims.keys);
    let fine = claims.device.check().is_ok()
        && claims.keys.are_distinct()
        && old.is_none_or(|old| all(old).iter().all(|key| !new.contains(key)));
    if fine { Ok(()) } else { Err(ReceiveError::Malformed) }
}

const fn all(keys: &DeviceKeys) -> [PublicKey; 4] {
    let DeviceKeys { approve, deny, enc, channel } = keys;
    [*approve, *deny, *enc, *channel]
}
