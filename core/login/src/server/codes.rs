//! Challenges that are answered with a code: checking it, sending it again, and what became of a letter (docs/methods.md).

use std::sync::Arc;

use nod_protocol::{ChallengeId, MethodId};

use super::choice::SendTo;
use super::coding::ForLetter;
use super::{ChallengeError, ChallengeView, LoginServer, SessionCheck};
use crate::clock::UnixMillis;
use crate::letter::{Letter, LetterOutcome};
use crate::method::{Acr, MethodKind, MethodPolicy};
use crate::otp;
use crate::rows::{CodeDelivery, CodeRow, FobRow, MethodData, OtpRow};
use crate::sealer::Sealed;
use crate::steps::codes::{self, Fresh, Proof, Verdict};
use crate::steps::user::{self, User, address_of};
use crate::steps::{At, Stop};
use crate::store::{Rows, StoreError, StoreExt as _};
use crate::typed;

/// Which method a challenge is to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodChoice {
    /// The user's first usable one of this kind.
    Kind(MethodKind),
    /// This one.
    Id(MethodId),
}

impl std::str::FromStr for MethodChoice {
    type Err = crate::method::UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(kind) => Ok(Self::Kind(kind)),
            Err(unknown) => text.parse().map(Self::Id).map_err(|_| unknown),
        }
    }
}

/// A method as a login page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodOffer {
    /// Its id; none for the helpdesk's ticket, and for a user who has none and must not be told so.
    pub id: Option<MethodId>,
    /// Its kind.
    pub kind: MethodKind,
    /// What the user calls it; may be empty.
    pub label: String,
    /// Where codes go, masked; or the fob's serial number.
    pub hint: Option<String>,
    /// The level that it reaches.
    pub acr: Acr,
}

/// What a login page needs to ask for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeView {
    /// Digits that the code has; none when it is not made of digits (recovery codes, tickets).
    pub digits: Option<u8>,
    /// Wrong codes that are left.
    pub tries_left: u32,
    /// How far the code has come that was sent.
    pub delivery: CodeDelivery,
    /// How often it can still be sent again.
    pub resends_left: u32,
    /// Seconds until it can be sent again; 0 now.
    pub resend_after_s: u64,
}

impl CodeView {
    /// How a code looks at `now`. Where nobody must learn who has an address, a code by e-mail looks as if it had been
    /// sent, whatever became of it: to nobody's address nothing ever fails.
    pub(super) fn of(code: &CodeRow, digits: Option<u8>, policy: &MethodPolicy, now: UnixMillis) -> Self {
        let hidden = policy.conceal_unknown && code.kind == MethodKind::Email;
        Self {
            digits,
            tries_left: code.tries_left,
            delivery: if hidden { CodeDelivery::Sent } else { code.delivery },
            resends_left: code.resends_left,
            resend_after_s: codes::resend_wait_ms(code, policy, now).div_ceil(1000),
        }
    }
}

/// What a code is compared with.
struct Kept {
    code: CodeRow,
    /// The app's or the key fob's secret.
    otp: Option<OtpRow>,
    ticket: Option<nod_protocol::TicketId>,
}

impl LoginServer {
    /// Checks a code. The right one approves the challenge, at the level of its method's kind and no other.
    ///
    /// Whatever the code looks like, it is computed and compared in full, and a wrong one is counted.
    ///
    /// # Errors
    /// [`ChallengeError::WrongCode`] (at no tries left the challenge is denied), [`ChallengeError::Locked`],
    /// [`ChallengeError::NotFound`], [`ChallengeError::Ended`], [`ChallengeError::NoCode`] for a push.
    pub async fn submit_code(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        code: &str,
    ) -> Result<ChallengeView, ChallengeError> {
        let (at, check) = (self.at(self.now()), SessionCheck::new(session));
        let kept = self.store.look(move |rows| kept(rows, at, id, &check)).await??;
        let proof = self.prove(id, &kept, code, at.now)?;
        let (policy, service, clock) =
            (self.service.policy.methods, self.service.id, Arc::clone(&self.clock));
        let verdict = self
            .store
            .run(move |rows| {
                // The moment that counts is the one at which the step runs.
                let at = At { service, now: clock.now() };
                codes::submit(rows, at, &policy, id, &check, &proof)
            })
            .await??;
        match verdict {
            Verdict::Right => self.challenge(id, session).await,
            Verdict::Wrong { tries_left } => Err(ChallengeError::WrongCode { tries_left }),
        }
    }

    /// Computes from a code what the step compares.
    fn prove(
        &self,
        id: ChallengeId,
        kept: &Kept,
        typed: &str,
        now: UnixMillis,
    ) -> Result<Proof, ChallengeError> {
        let (sealer, service) = (self.sealer()?, self.service.id);
        Ok(match kept.code.kind {
            MethodKind::Email | MethodKind::Sms => {
                let send = kept.code.sends;
                Proof::Sent { send, mac: typed::sent_mac(sealer, service, id, send, &typed::digits(typed)) }
            }
            MethodKind::Totp | MethodKind::Fob => {
                let Some(row) = &kept.otp else { return Ok(Proof::Nothing) };
                let secret = sealer.open(Sealed::OtpSecret, service, &row.sealed)?;
                let place = otp::find(&secret, row, &typed::digits(typed), now);
                Proof::Otp { sealed: row.sealed.clone(), place }
            }
            MethodKind::Recovery => {
                let Some(method) = kept.code.method else { return Ok(Proof::Nothing) };
                let mac = typed::recovery_mac(sealer, service, method, &typed::letters(typed));
                Proof::Recovery { mac }
            }
            MethodKind::Helpdesk => {
                let Some(id) = kept.ticket else { return Ok(Proof::Nothing) };
                Proof::Ticket { id, mac: typed::ticket_mac(sealer, service, id, &typed::letters(typed)) }
            }
            MethodKind::Push => Proof::Nothing,
        })
    }

    /// Sends a fresh code; the one before it is void. Neither the tries that are left nor the end of the challenge change.
    ///
    /// # Errors
    /// [`ChallengeError::ResendLimit`], [`ChallengeError::SendLimit`], [`ChallengeError::NoCode`], and as
    /// [`Self::submit_code`].
    pub async fn resend_code(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<ChallengeView, ChallengeError> {
        let (at, check) = (self.at(self.now()), SessionCheck::new(session));
        let policy = self.service.policy.methods;
        let (row, code, user) = self
            .store
            .look(move |rows| codes::may_resend(rows, at, &policy, id, &check))
            .await?
            .map_err(ChallengeError::from)?;
        let to = codes::method_of(&user, code.method).and_then(|method| address_of(&method.data));
        let to = to.map(|(channel, address)| SendTo { channel, sealed: address.sealed.clone() });
        let send = code.sends.saturating_add(1);
        let of = ForLetter {
            user: &row.user,
            challenge: id,
            send,
            application: row.context.application.clone(),
            language: user.row.language.unwrap_or_default(),
            expires: row.exp,
        };
        let (mac, letter) = self.code_letter(of, to.as_ref(), at.now)?;
        let fresh = Fresh { send, mac, letter };
        self.store.run(move |rows| codes::resend(rows, at, &policy, id, &check, fresh)).await??;
        self.challenge(id, session).await
    }

    /// Whether a letter that waited still says something that its user can use: to be asked right before it is sent, so that
    /// nobody gets a code that is void.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn letter_counts(&self, letter: &Letter) -> Result<bool, StoreError> {
        let (at, letter) = (self.at(self.now()), letter.clone());
        self.store.look(move |rows| codes::letter_counts(rows, at, &letter)).await?
    }

    /// Notes what became of a letter; a challenge whose code could not be sent says so from then on.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub async fn letter_outcome(&self, letter: &Letter, outcome: LetterOutcome) -> Result<(), StoreError> {
        let (at, letter) = (self.at(self.now()), letter.clone());
        self.store.run(move |rows| codes::letter_outcome(rows, at, &letter, outcome)).await?
    }
}

/// Reads what a code is to be compared with.
fn kept(
    rows: &dyn Rows,
    at: At,
    id: ChallengeId,
    session: &SessionCheck,
) -> Result<Kept, Stop<codes::Refusal>> {
    let (row, code) = codes::find(rows, at, id, session)?;
    let user = user::load(rows, at, &row.user)?;
    let otp = otp_of(rows, at, &user, code.method)?;
    let ticket = codes::open_ticket(&user).map(|ticket| ticket.id);
    Ok(Kept { code, otp, ticket })
}

fn otp_of(
    rows: &dyn Rows,
    at: At,
    user: &User,
    method: Option<MethodId>,
) -> Result<Option<OtpRow>, StoreError> {
    let mine = |fob: &FobRow| fob.user.as_ref() == Some(&user.row.user);
    Ok(match codes::method_of(user, method).map(|method| &method.data) {
        Some(MethodData::Totp(row)) => Some(row.clone()),
        Some(MethodData::Fob { serial }) => rows.fob(at.service, serial)?.filter(mine).map(|fob| fob.otp),
        _ => None,
    })
}
