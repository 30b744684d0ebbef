//! Asking phones: one challenge signed and sealed for each (docs/protocol.md section 5, C1).

use nod_protocol::bytes::Nonce;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::ChallengeClaims;
use nod_protocol::{BindingId, ChallengeId};

use super::LoginServer;
use super::challenges::Wanted;
use super::sealing::{Letter, SealingFailed};
use crate::clock::UnixMillis;
use crate::rows::{Asked, BindingRow, ChallengeRow, ChallengeState};
use crate::steps::start::NewChallenge;

impl LoginServer {
    /// Signs and seals one challenge per phone.
    pub(super) fn prepare_push(
        &self,
        wanted: Wanted,
        targets: &[BindingRow],
        now: UnixMillis,
    ) -> Result<NewChallenge, SealingFailed> {
        let random = self.random.as_ref();
        let policy = &self.service.policy;
        let exp = now.plus(u64::from(policy.life_s) * 1000);
        let Wanted { user, context, number: digits, session, only, replaces, accept, .. } = wanted;
        let mut claims = ChallengeClaims {
            iss: self.service.id,
            aud: BindingId::from_bytes([0; 16]),
            jti: ChallengeId::random(random)?,
            nonce: Nonce::random(random)?,
            iat: now.seconds(),
            exp: now.seconds() + u64::from(policy.life_s),
            window: policy.window_s,
            gen_: 0,
            number: digits.digits(),
            ctx: context,
        };
        let mut asked = Vec::with_capacity(targets.len());
        let mut envelopes = Vec::with_capacity(targets.len());
        for target in targets {
            let Some(keys) = &target.keys else { continue };
            claims.aud = target.id;
            claims.gen_ = target.gen_;
            let (ch, body) = self.sign_and_seal(&claims, &keys.enc)?;
            let (to, challenge) = (target.mailbox, Some(claims.jti));
            let letter = Letter { to, kind: EnvelopeKind::Challenge, body, expires: exp, challenge };
            let envelope = self.envelope(now, letter)?;
            asked.push(Asked {
                binding: target.id,
                gen_: target.gen_,
                mailbox: target.mailbox,
                envelope: envelope.id,
                ch,
            });
            envelopes.push(envelope);
        }
        let row = ChallengeRow {
            id: claims.jti,
            service: self.service.id,
            user,
            session,
            context: claims.ctx,
            policy: digits,
            number: digits.draw(random)?,
            nonce: claims.nonce,
            created: now,
            exp,
            window_ms: u64::from(policy.window_s) * 1000,
            key_seq: self.service.keys.seq(),
            delivered: None,
            state: ChallengeState::Pending,
            asked,
            only,
            decided: None,
            others: Vec::new(),
            superseded_by: None,
            finalised: false,
            code: None,
            accept,
        };
        Ok(NewChallenge { row, envelopes, letter: None, replaces })
    }
}
