//! Challenges: asking a user's phones, and asking again (docs/protocol.md section 5, C1 and Retry).

use nod_protocol::bytes::{Digest, Nonce};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{ChallengeClaims, ChallengeContext, ContextError};
use nod_protocol::{BindingId, ChallengeId, Number, NumberPolicy};

use super::sealing::{Letter, SealingFailed};
use super::{CodeView, LoginServer, MethodChoice, MethodOffer, SessionCheck, is_name, session_digest};
use crate::clock::UnixMillis;
use crate::method::{Acr, MethodKind};
use crate::rows::{Asked, BindingRow, ChallengeRow, ChallengeState};
use crate::steps::start::{self, NewChallenge, Refusal};
use crate::steps::{Stop, limits};
use crate::store::{StoreError, StoreExt as _};

/// Why a challenge call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The user's name is empty, longer than 128 characters, or misleading.
    #[error("the user's name is empty, longer than 128 characters, or misleading")]
    User,
    /// A part of the context cannot be shown.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// Less number matching than the service's policy asks for.
    #[error("the service's policy asks for more number matching")]
    NumberPolicy,
    /// The session or the user has as many live challenges as allowed.
    #[error("too many live challenges")]
    LiveLimit,
    /// Too many challenges without a success.
    #[error("too many challenges; wait {retry_after_s} seconds")]
    RateLimit {
        /// Seconds until the next one is allowed.
        retry_after_s: u64,
    },
    /// Push is off for the user until another method succeeds.
    #[error("push is off for this user until another method succeeds")]
    PushOff,
    /// The user reported this source.
    #[error("the user reported this source")]
    SourceSuppressed,
    /// The user has no active phone, or not the one that was asked for.
    #[error("the user has no such active device")]
    NoDevice,
    /// No such challenge, or not this session's.
    #[error("no such challenge")]
    NotFound,
    /// It has ended in a way that does not allow this.
    #[error("the challenge has ended")]
    Ended {
        /// How it stands.
        state: ChallengeState,
    },
    /// Only an approved challenge can be finalised.
    #[error("the challenge is not approved")]
    NotApproved {
        /// How it stands.
        state: ChallengeState,
    },
    /// The result was taken before.
    #[error("the result was used already")]
    AlreadyFinalised,
    /// The result was not taken in time.
    #[error("the result was not used in time")]
    TooLate,
    /// The user's phones missed more rotations of the service's key than are kept: they must enrol again.
    #[error("the user's device missed too many rotations of the service's key and must be enrolled again")]
    LeftBehind,
    /// The user has no method that can be used here: none, not this one, or not one of those that are accepted. An
    /// unknown user is answered alike.
    #[error("the user has no such method")]
    NoMethod,
    /// The challenge is answered on a phone, or its code is not sent by the login server.
    #[error("the challenge has no such code")]
    NoCode,
    /// A wrong code.
    #[error("wrong code")]
    WrongCode {
        /// Tries that are left; at 0 the challenge is denied.
        tries_left: u32,
    },
    /// The user's codes are locked.
    #[error("codes are locked; wait {retry_after_s} seconds")]
    Locked {
        /// Seconds until they are not.
        retry_after_s: u64,
    },
    /// The code was sent again often enough, or just now.
    #[error("the code cannot be sent again {}", if *.resends_left == 0 { "for this challenge" } else { "yet" })]
    ResendLimit {
        /// How often it can still be.
        resends_left: u32,
        /// Seconds until then.
        retry_after_s: u64,
    },
    /// Too many codes were sent to this user.
    #[error("too many codes were sent; wait {retry_after_s} seconds")]
    SendLimit {
        /// Seconds until the next one is allowed.
        retry_after_s: u64,
    },
    /// Nothing lets the user in.
    #[error("the user is suspended")]
    Suspended,
    /// The source of randomness or the service's key failed.
    #[error("the service's key or the source of randomness failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What to ask.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The service's own name for the user.
    pub user: String,
    /// What the user is shown.
    pub context: ChallengeContext,
    /// Number matching, where more than the policy's is wanted.
    pub number: Option<NumberPolicy>,
    /// The session that asks; the result is then shown to it alone.
    pub session: Option<String>,
    /// The one phone to ask; all active ones otherwise.
    pub only: Option<BindingId>,
    /// The method; the user's primary one when none is named.
    pub method: Option<MethodChoice>,
    /// The levels that the login server takes for this login; all that the service's policy allows when it names none.
    pub accept: Option<Vec<Acr>>,
}

/// A challenge that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// The number to show on the login page.
    pub number: Option<Number>,
    /// When it ends at the latest.
    pub expires: UnixMillis,
    /// Seconds that the user has from delivery.
    pub window_s: u32,
    /// How many phones were asked; 0 when it is answered with a code.
    pub devices: u32,
    /// The method.
    pub method: MethodOffer,
    /// What the login page needs to ask for a code.
    pub code: Option<CodeView>,
    /// The other methods that the user may switch to.
    pub others: Vec<MethodOffer>,
}

impl From<SealingFailed> for ChallengeError {
    fn from(_: SealingFailed) -> Self {
        Self::Keys
    }
}

impl From<limits::Refusal> for ChallengeError {
    fn from(refusal: limits::Refusal) -> Self {
        match refusal {
            limits::Refusal::PushOff => Self::PushOff,
            limits::Refusal::SourceSuppressed => Self::SourceSuppressed,
            limits::Refusal::Live => Self::LiveLimit,
            limits::Refusal::Rate { retry_after_s } => Self::RateLimit { retry_after_s },
        }
    }
}

impl From<Refusal> for ChallengeError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Limits(refusal) => refusal.into(),
            Refusal::NoDevice => Self::NoDevice,
            Refusal::NotFound => Self::NotFound,
            Refusal::Ended(state) => Self::Ended { state },
        }
    }
}

impl From<Stop<Refusal>> for ChallengeError {
    fn from(stop: Stop<Refusal>) -> Self {
        match stop {
            Stop::Refused(refusal) => refusal.into(),
            Stop::Store(error) => Self::Store(error),
        }
    }
}

/// A checked wish for a challenge.
struct Wanted {
    user: String,
    context: ChallengeContext,
    policy: NumberPolicy,
    session: Option<Digest>,
    only: Option<BindingId>,
    replaces: Option<ChallengeId>,
}

impl LoginServer {
    /// Asks the user's phones: all active ones, or the one that is wanted.
    ///
    /// # Errors
    /// [`ChallengeError`].
    pub async fn start_challenge(&self, ask: Ask) -> Result<StartedChallenge, ChallengeError> {
        let Ask { user, context, number, session, only, method: _, accept: _ } = ask;
        if !is_name(&user) {
            return Err(ChallengeError::User);
        }
        context.check()?;
        let policy = number.unwrap_or(self.service.policy.number);
        if policy < self.service.policy.number {
            return Err(ChallengeError::NumberPolicy);
        }
        let session = session.as_deref().map(session_digest);
        self.ask(Wanted { user, context, policy, session, only, replaces: None }).await
    }

    /// Asks again in place of an undecided or expired challenge, which is superseded in the same step. Counts against
    /// the limits like any other; session, context and the phone asked for stay the same.
    ///
    /// # Errors
    /// [`ChallengeError`]; [`ChallengeError::Ended`] when the old one was decided, cancelled or retried already.
    pub async fn retry_challenge(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<StartedChallenge, ChallengeError> {
        let at = self.at(self.now());
        let old = self.store.look(move |rows| rows.challenge(at.service, id)).await??;
        let fits = |old: &ChallengeRow| SessionCheck::new(session).fits(old.session.as_ref());
        let old = old.filter(fits).ok_or(ChallengeError::NotFound)?;
        start::may_be_replaced(&old, at)?;
        self.ask(Wanted {
            user: old.user,
            context: old.context,
            policy: old.policy.max(self.service.policy.number),
            session: old.session,
            only: old.only,
            replaces: Some(id),
        })
        .await
    }

    async fn ask(&self, wanted: Wanted) -> Result<StartedChallenge, ChallengeError> {
        let now = self.now();
        let at = self.at(now);
        let policy = self.service.policy;
        // Looked at twice: here, so that nothing is signed for nothing, and in the step, where it counts.
        let (user, session, ip, only) = (wanted.user.clone(), wanted.session, wanted.context.ip, wanted.only);
        let replaces = wanted.replaces;
        let targets = self
            .store
            .look(move |rows| -> Result<Vec<BindingRow>, ChallengeError> {
                let asker = limits::Asker { session: session.as_ref(), ip, replaces };
                let counters = rows.limits(at.service, &user)?;
                limits::check(&policy.limits, &counters, &rows.pending_of(at.service, &user)?, asker, now)?;
                let mut targets = match only {
                    Some(id) => rows.binding(at.service, id)?.into_iter().collect(),
                    None => rows.bindings_of(at.service, &user)?,
                };
                targets.retain(|target| target.user == user && start::may_be_asked(target, target.gen_));
                Ok(targets)
            })
            .await??;
        if targets.is_empty() {
            return Err(ChallengeError::NoDevice);
        }
        let (targets, lost): (Vec<_>, Vec<_>) =
            targets.into_iter().partition(|target| self.can_catch_up(target));
        if !lost.is_empty() {
            self.left_behind(lost).await?;
        }
        if targets.is_empty() {
            return Err(ChallengeError::LeftBehind);
        }
        for target in &targets {
            self.catch_up::<ChallengeError>(target).await?;
        }
        let new = self.prepare(wanted, &targets, now)?;
        let (id, number, expires) = (new.row.id, new.row.number.clone(), new.row.exp);
        let devices = self.store.run(move |rows| start::start(rows, at, &policy.limits, new)).await??;
        let acr = MethodKind::Push.acr(policy.number);
        let method = MethodOffer { id: None, kind: MethodKind::Push, label: String::new(), hint: None, acr };
        let window_s = policy.window_s;
        Ok(StartedChallenge {
            id,
            number,
            expires,
            window_s,
            devices,
            method,
            code: None,
            others: Vec::new(),
        })
    }

    /// Signs and seals one challenge per phone.
    fn prepare(
        &self,
        wanted: Wanted,
        targets: &[BindingRow],
        now: UnixMillis,
    ) -> Result<NewChallenge, SealingFailed> {
        let random = self.random.as_ref();
        let policy = &self.service.policy;
        let exp = now.plus(u64::from(policy.life_s) * 1000);
        let Wanted { user, context, policy: digits, session, only, replaces } = wanted;
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
            accept: None,
        };
        Ok(NewChallenge { row, envelopes, replaces })
    }
}
