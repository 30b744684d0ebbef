//! Making a challenge that is answered with a code, and the letter that carries the code (docs/methods.md, "Codes").

use nod_protocol::bytes::{Digest, Nonce};
use nod_protocol::{ChallengeId, EnvelopeId};
use zeroize::Zeroizing;

use super::challenges::Wanted;
use super::choice::{CodeChoice, SendTo};
use super::{ChallengeError, LoginServer};
use crate::clock::UnixMillis;
use crate::letter::{Letter, LetterBody};
use crate::method::Language;
use crate::rows::{ChallengeRow, ChallengeState, CodeDelivery, CodeRow};
use crate::sealer::{Sealed, Sealer};
use crate::steps::start::NewChallenge;
use crate::typed;

/// A code for a letter.
pub(super) struct ForLetter<'a> {
    pub(super) user: &'a str,
    pub(super) challenge: ChallengeId,
    pub(super) send: u32,
    pub(super) application: Option<String>,
    pub(super) language: Language,
    pub(super) expires: UnixMillis,
}

impl LoginServer {
    /// The key to seal with.
    pub(super) fn sealer(&self) -> Result<&dyn Sealer, ChallengeError> {
        self.sealer.as_deref().ok_or(ChallengeError::NoMethod)
    }

    /// Makes the challenge, and the letter when its code is sent.
    pub(super) fn prepare_code(
        &self,
        wanted: Wanted,
        choice: &CodeChoice,
        now: UnixMillis,
    ) -> Result<NewChallenge, ChallengeError> {
        let Wanted { user, context, number, session, replaces, accept, .. } = wanted;
        let policy = &self.service.policy.methods;
        let id = ChallengeId::random(self.random.as_ref())?;
        let life_ms = u64::from(policy.code_life_s) * 1000;
        let exp = now.plus(life_ms);
        let sends = choice.sends();
        let (mut mac, mut letter) = (None, None);
        if sends {
            let (application, language) = (context.application.clone(), choice.language);
            let code = ForLetter { user: &user, challenge: id, send: 1, application, language, expires: exp };
            let (kept, made) = self.code_letter(code, choice.to.as_ref(), now)?;
            (mac, letter) = (Some(kept), made);
        }
        let row = ChallengeRow {
            id,
            service: self.service.id,
            user,
            session,
            context,
            policy: number,
            number: None,
            nonce: Nonce::random(self.random.as_ref())?,
            created: now,
            exp,
            window_ms: life_ms,
            key_seq: self.service.keys.seq(),
            delivered: None,
            state: ChallengeState::Pending,
            asked: Vec::new(),
            only: None,
            decided: None,
            others: Vec::new(),
            superseded_by: None,
            finalised: false,
            code: Some(CodeRow {
                method: choice.id,
                kind: choice.kind,
                mac,
                tries_left: policy.tries,
                resends_left: if sends { policy.resends } else { 0 },
                sends: u32::from(sends),
                last_send: sends.then_some(now),
                delivery: if sends { CodeDelivery::Queued } else { CodeDelivery::None },
                passed: None,
            }),
            accept,
        };
        Ok(NewChallenge { row, envelopes: Vec::new(), letter, replaces })
    }

    /// Draws a code: what is kept of it, and the letter that carries it. The same is done where there is nobody to write
    /// to.
    pub(super) fn code_letter(
        &self,
        of: ForLetter<'_>,
        to: Option<&SendTo>,
        now: UnixMillis,
    ) -> Result<(Digest, Option<Letter>), ChallengeError> {
        let (sealer, service) = (self.sealer()?, self.service.id);
        let digits: Zeroizing<String> = typed::draw_digits(self.random.as_ref())?;
        let mac = typed::sent_mac(sealer, service, of.challenge, of.send, &digits);
        let code = sealer.seal(Sealed::Code, service, digits.as_bytes())?;
        let id = EnvelopeId::new(now.0, self.random.as_ref())?;
        let life_s = u32::try_from(of.expires.since(now) / 1000).unwrap_or(u32::MAX);
        let letter = to.map(|to| Letter {
            id,
            service,
            user: of.user.to_owned(),
            channel: to.channel,
            to: to.sealed.clone(),
            language: of.language,
            body: LetterBody::Code {
                challenge: of.challenge,
                send: of.send,
                code,
                application: of.application,
                life_s,
            },
            created: now,
            expires: of.expires,
        });
        Ok((mac, letter))
    }
}
