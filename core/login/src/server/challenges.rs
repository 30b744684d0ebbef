//! Challenges: asking a user, asking again, and asking by another method (docs/protocol.md section 5, C1 and Retry;
//! docs/methods.md, "Challenges").

use nod_protocol::bytes::Digest;
use nod_protocol::messages::ChallengeContext;
use nod_protocol::{BindingId, ChallengeId, MethodId, Number, NumberPolicy};

use super::choice::{self, Chosen, Takes};
use super::{
    ChallengeError, CodeView, LoginServer, MethodChoice, MethodOffer, SessionCheck, is_name, session_digest,
};
use crate::clock::UnixMillis;
use crate::method::{Acr, KindSet, MethodKind};
use crate::rows::{BindingRow, ChallengeRow, CodeRow};
use crate::steps::{At, limits, start, user};
use crate::store::{Rows, StoreExt as _};

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
    /// No code may be sent now: what would send one is refused with [`ChallengeError::NoSends`], and all else goes on.
    pub no_sends: bool,
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

/// A checked wish for a challenge.
pub(super) struct Wanted {
    pub(super) user: String,
    pub(super) context: ChallengeContext,
    pub(super) number: NumberPolicy,
    pub(super) session: Option<Digest>,
    pub(super) only: Option<BindingId>,
    pub(super) replaces: Option<ChallengeId>,
    pub(super) choice: Option<MethodChoice>,
    pub(super) accept: Option<KindSet>,
    pub(super) no_sends: bool,
}

/// What a first look at the rows says about a wish.
struct Sight {
    chosen: Chosen,
    /// The phones to ask, when it is push.
    targets: Vec<BindingRow>,
    method: MethodOffer,
    others: Vec<MethodOffer>,
}

impl LoginServer {
    /// Asks a user: by the method that is wanted, or by the primary one. When no method is named and push is off, the
    /// next one is taken; recovery codes and the helpdesk's ticket are taken when there is nothing else.
    ///
    /// The level of the result is the one of the method's kind, and of nothing else: no detour raises it.
    ///
    /// # Errors
    /// [`ChallengeError`].
    pub async fn start_challenge(&self, ask: Ask) -> Result<StartedChallenge, ChallengeError> {
        let Ask { user, context, number, session, only, method, accept, no_sends } = ask;
        if !is_name(&user) {
            return Err(ChallengeError::User);
        }
        context.check()?;
        let number = number.unwrap_or(self.service.policy.number);
        if number < self.service.policy.number {
            return Err(ChallengeError::NumberPolicy);
        }
        let (accept, number) = choice::accepted(accept.as_deref(), number);
        let session = session.as_deref().map(session_digest);
        let choice = method;
        let replaces = None;
        self.ask(Wanted { user, context, number, session, only, replaces, choice, accept, no_sends }).await
    }

    /// Asks again in place of an undecided or expired challenge, which is superseded in the same step. Counts against
    /// the limits like any other; session, context, method and the phone asked for stay the same.
    ///
    /// # Errors
    /// [`ChallengeError`]; [`ChallengeError::Ended`] when the old one was decided, cancelled or retried already.
    pub async fn retry_challenge(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<StartedChallenge, ChallengeError> {
        let old = self.replaceable(id, session).await?;
        let choice = match &old.code {
            None => MethodChoice::Kind(MethodKind::Push),
            Some(CodeRow { method: Some(method), .. }) => MethodChoice::Id(*method),
            Some(CodeRow { method: None, kind, .. }) => MethodChoice::Kind(*kind),
        };
        let only = old.only;
        self.ask_instead(old, choice, only, false).await
    }

    /// Asks by another method in place of an undecided or expired challenge, which is superseded in the same step.
    /// Session, context and what the login server accepts stay the same.
    ///
    /// # Errors
    /// [`ChallengeError`]; [`ChallengeError::Ended`] when the old one was decided, cancelled or replaced already.
    pub async fn switch_challenge(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        method: MethodChoice,
    ) -> Result<StartedChallenge, ChallengeError> {
        let old = self.replaceable(id, session).await?;
        self.ask_instead(old, method, None, false).await
    }

    /// Like [`Self::switch_challenge`] while no code may be sent.
    ///
    /// # Errors
    /// Those, and [`ChallengeError::NoSends`] when a code would be sent.
    pub async fn switch_without_sending(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        method: MethodChoice,
    ) -> Result<StartedChallenge, ChallengeError> {
        let old = self.replaceable(id, session).await?;
        self.ask_instead(old, method, None, true).await
    }

    async fn replaceable(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<ChallengeRow, ChallengeError> {
        let at = self.at(self.now());
        let old = self.store.look(move |rows| rows.challenge(at.service, id)).await??;
        let fits = |old: &ChallengeRow| SessionCheck::new(session).fits(old.session.as_ref());
        let old = old.filter(fits).ok_or(ChallengeError::NotFound)?;
        start::may_be_replaced(&old, at)?;
        Ok(old)
    }

    async fn ask_instead(
        &self,
        old: ChallengeRow,
        choice: MethodChoice,
        only: Option<BindingId>,
        no_sends: bool,
    ) -> Result<StartedChallenge, ChallengeError> {
        self.ask(Wanted {
            user: old.user,
            context: old.context,
            number: old.policy.max(self.service.policy.number),
            session: old.session,
            only,
            replaces: Some(old.id),
            choice: Some(choice),
            accept: old.accept,
            no_sends,
        })
        .await
    }

    async fn ask(&self, wanted: Wanted) -> Result<StartedChallenge, ChallengeError> {
        let now = self.now();
        let at = self.at(now);
        let policy = self.service.policy;
        let takes = Takes::new(&policy, wanted.number, wanted.accept, self.sealer.is_some());
        // Looked at twice: here, so that nothing is signed for nothing, and in the step, where it counts.
        let (user, session, ip, only) = (wanted.user.clone(), wanted.session, wanted.context.ip, wanted.only);
        let (replaces, choice) = (wanted.replaces, wanted.choice);
        let Sight { chosen, targets, method, others } = self
            .store
            .look(move |rows| {
                let asker = limits::Asker { session: session.as_ref(), ip, replaces };
                see(rows, at, &takes, asker, &user, choice, only)
            })
            .await??;
        if wanted.no_sends && chosen.sends() {
            return Err(ChallengeError::NoSends);
        }
        let new = match &chosen {
            Chosen::Push => {
                let targets = self.reachable(targets).await?;
                self.prepare_push(wanted, &targets, now)?
            }
            Chosen::Code(code) => self.prepare_code(wanted, code, now)?,
        };
        let (id, number, expires) = (new.row.id, new.row.number.clone(), new.row.exp);
        let window_s = u32::try_from(new.row.window_ms / 1000).unwrap_or(u32::MAX);
        let code =
            new.row.code.as_ref().map(|code| CodeView::of(code, chosen.digits(), &policy.methods, now));
        let devices = self.store.run(move |rows| start::start(rows, at, &policy, new)).await??;
        Ok(StartedChallenge { id, number, expires, window_s, devices, method, code, others })
    }

    /// The phones that can follow the service to its present key, which they are brought to.
    async fn reachable(&self, targets: Vec<BindingRow>) -> Result<Vec<BindingRow>, ChallengeError> {
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
        Ok(targets)
    }
}

/// Looks whether and how a user may be asked.
fn see(
    rows: &dyn Rows,
    at: At,
    takes: &Takes,
    asker: limits::Asker<'_>,
    name: &str,
    choice: Option<MethodChoice>,
    only: Option<BindingId>,
) -> Result<Sight, ChallengeError> {
    let bindings = rows.bindings_of(at.service, name)?;
    let user = user::load_with(rows, at, name, &bindings)?;
    if user.row.suspended.is_some() {
        return Err(ChallengeError::Suspended);
    }
    let counters = rows.limits(at.service, name)?;
    let views = user.views(rows, &takes.policy)?;
    let push: MethodId = user::push_id(at, name);
    let wants_push = only.is_some() && choice.is_none() || choice::is_push(choice, push);
    let chosen = if wants_push {
        takes.kind(MethodKind::Push).then_some(Chosen::Push).ok_or(ChallengeError::NoMethod)?
    } else {
        choice::choose(takes, &user, &views, choice, counters.push_off).ok_or_else(|| takes.nothing())?
    };
    let pending = rows.pending_of(at.service, name)?;
    let mut targets = Vec::new();
    match &chosen {
        Chosen::Push => {
            limits::check(&takes.policy.limits, &counters, &pending, asker, at.now)?;
            // Whoever has no phone at all is answered like someone whom nobody knows.
            let has_phones = only.is_some() || !bindings.is_empty();
            targets = match only {
                Some(id) => rows.binding(at.service, id)?.into_iter().collect(),
                None => bindings,
            };
            targets.retain(|target| target.user == name && start::may_be_asked(target, target.gen_));
            if targets.is_empty() {
                return Err(if has_phones { ChallengeError::NoDevice } else { takes.nothing() });
            }
        }
        Chosen::Code(code) => {
            limits::check_source(&takes.policy.limits, &counters, &pending, asker, at.now)?;
            start::refuse_locked(&user, code.kind, at)?;
        }
    }
    let method = takes.offer_of(&chosen, push);
    let others = choice::others(takes, &user, &views, &method, counters.push_off);
    Ok(Sight { chosen, targets, method, others })
}
