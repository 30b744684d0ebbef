//! E1: what the first phone to answer a QR code brings, and everything that is checked before E2 answers it
//! (docs/protocol.md section 4).

use nod_protocol::bytes::{Digest, Nonce, Secret};
use nod_protocol::enrol_seal::{self, E1Parts};
use nod_protocol::es256::Signer as _;
use nod_protocol::ids::SubjectId;
use nod_protocol::jws::{Received, Verified};
use nod_protocol::messages::{
    BindingClaims, Confirmation, EnrolClaims, EnrolKeyClaims, KeyRole, NoticeEvent,
};
use nod_protocol::{BindingId, EnrolmentId, EnvelopeId, MailboxId, PublicKey};

use super::sealing::SealingFailed;
use super::{LoginServer, ReceiveError};
use crate::clock::UnixMillis;
use crate::rows::{BindingRow, BindingState, Claim, EnrolmentRow, EnrolmentState};
use crate::steps::enrol::{self, Claimed};
use crate::store::StoreExt as _;

/// The longest attestation that is kept, in bytes.
const MAX_ATTESTATION: usize = 6 * 1024;

impl LoginServer {
    pub(super) async fn receive_e1(
        &self,
        from: MailboxId,
        id: EnrolmentId,
        body: &str,
    ) -> Result<(), ReceiveError> {
        let now = self.now();
        let at = self.at(now);
        let row = self.store.look(move |rows| rows.enrolment(at.service, id)).await??;
        let row = row.ok_or(ReceiveError::UnknownAddress)?;
        let e1 = Digest::of(body.as_bytes());
        let repeated = row.claim.as_ref().is_some_and(|claim| claim.e1 == e1);
        let claim = match (row.state_at(now), &row.secret) {
            (EnrolmentState::Claimed | EnrolmentState::Active, _) if repeated => None,
            (EnrolmentState::Claimed, Some(secret)) => {
                // Only who knows the QR code's secret can end an enrolment by a second answer.
                enrol_seal::open(body, id, secret).map_err(|_| ReceiveError::Malformed)?;
                None
            }
            (EnrolmentState::Waiting, Some(secret)) => {
                let claims = self.check_e1(from, id, secret, body)?;
                Some(self.provisional(&row, claims, e1, now)?)
            }
            _ => return Err(ReceiveError::UnknownAddress),
        };
        match self.store.run(move |rows| enrol::claim(rows, at, id, e1, claim)).await?? {
            Claimed::Answered => Ok(()),
            Claimed::AlreadyActive(binding) => {
                self.catch_up::<ReceiveError>(&binding).await?;
                if let Some(notice) = self.notice(&binding, NoticeEvent::Activated, 1, now)? {
                    self.send(notice).await?;
                }
                Ok(())
            }
            Claimed::SecondDevice(first) => {
                tracing::warn!(enrolment = %id, "a second phone answered an enrolment: it was aborted");
                self.tell_aborted(&first).await
            }
            Claimed::Gone => Err(ReceiveError::UnknownAddress),
        }
    }

    /// Opens E1 and checks all that it says of itself.
    fn check_e1(
        &self,
        from: MailboxId,
        id: EnrolmentId,
        secret: &Secret<32>,
        body: &str,
    ) -> Result<Verified<EnrolClaims>, ReceiveError> {
        let malformed = ReceiveError::Malformed;
        let E1Parts { e1, deny, channel } =
            enrol_seal::open(body, id, secret).map_err(|_| malformed.clone())?;
        let received = Received::<EnrolClaims>::parse(&e1).map_err(|_| malformed.clone())?;
        let approve = received.hint().keys.approve;
        let verified = received.verify(&approve).map_err(|_| malformed.clone())?;
        let EnrolClaims { aud, eid, keys, attestation, device, np: _, iat: _ } = verified.claims();
        let fine = *aud == self.service.keys.current().public_key().thumbprint()
            && *eid == id
            && keys.are_distinct()
            && MailboxId::from(keys.channel.thumbprint()) == from
            && device.check().is_ok()
            && attestation.as_ref().is_none_or(|text| text.len() <= MAX_ATTESTATION)
            && co_signs(&deny, &keys.deny, KeyRole::Deny, id, verified.digest())
            && co_signs(&channel, &keys.channel, KeyRole::Channel, id, verified.digest());
        if fine { Ok(verified) } else { Err(malformed) }
    }

    /// Makes the provisional binding and its E2.
    fn provisional(
        &self,
        row: &EnrolmentRow,
        claims: Verified<EnrolClaims>,
        e1: Digest,
        now: UnixMillis,
    ) -> Result<Claim, SealingFailed> {
        let random = self.random.as_ref();
        let EnrolClaims { keys, np, attestation, device, .. } = claims.into_claims();
        let binding = BindingRow {
            id: BindingId::random(random)?,
            service: self.service.id,
            user: row.user.clone(),
            sub: SubjectId::random(random)?,
            label: row.label.clone(),
            gen_: 0,
            state: BindingState::Active,
            mailbox: keys.channel.thumbprint().into(),
            keys: Some(keys.clone()),
            device,
            attestation,
            ctr: 0,
            ctr_seen: 0,
            key_seq: self.service.keys.seq(),
            left_behind: false,
            created: now,
            last_used: None,
        };
        let e2 = BindingClaims {
            iss: self.service.id,
            eid: row.id,
            key: self.service.keys.current().public_key(),
            nkh: self.service.keys.next_commitment(),
            seq: self.service.keys.seq(),
            sub: binding.sub,
            label: row.label.clone(),
            bid: binding.id,
            gen_: 0,
            mode: self.service.mode,
            cnf: Confirmation { jkt: keys.approve.thumbprint() },
            np,
            ns: Nonce::random(random)?,
            service: self.service.display.clone(),
            iat: now.seconds(),
        };
        let (_, e2) = self.sign_and_seal(&e2, &keys.enc)?;
        Ok(Claim { e1, e2, envelope: EnvelopeId::new(now.0, random)?, binding })
    }
}

/// Whether `compact` is the co-signature of `key` in its role over E1.
fn co_signs(compact: &str, key: &PublicKey, role: KeyRole, eid: EnrolmentId, h: Digest) -> bool {
    Received::<EnrolKeyClaims>::parse(compact)
        .and_then(|received| received.verify(key))
        .is_ok_and(|verified| *verified.claims() == EnrolKeyClaims { eid, h, role })
}
