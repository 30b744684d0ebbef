//! A challenge's result: looking at it, withdrawing it, using it once.

use nod_protocol::messages::{ChallengeContext, DeviceInfo};
use nod_protocol::{BindingId, ChallengeId, Number, NumberPolicy};

use super::choice::{self, Takes};
use super::{ChallengeError, CodeView, LoginServer, MethodOffer, SessionCheck};
use crate::clock::UnixMillis;
use crate::method::{Acr, MethodKind};
use crate::rows::{ChallengeRow, ChallengeState, Decided};
use crate::steps::end::{self, Refusal};
use crate::steps::{At, Stop, user};
use crate::store::{Rows, StoreError, StoreExt as _};
use crate::typed::SENT_DIGITS;

/// Milliseconds after a challenge's latest end in which its result can still be used.
pub const FINALISE_MS: u64 = 60_000;

/// A challenge as its service sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeView {
    /// Its id.
    pub id: ChallengeId,
    /// The service's own name for the user.
    pub user: String,
    /// What was asked.
    pub context: ChallengeContext,
    /// The policy it was made under.
    pub policy: NumberPolicy,
    /// The number on the login page.
    pub number: Option<Number>,
    /// How it stands now.
    pub state: ChallengeState,
    /// When it was made.
    pub created: UnixMillis,
    /// When it ends as far as is known now: it moves when a phone has it.
    pub deadline: UnixMillis,
    /// Seconds that the user has from delivery.
    pub window_s: u32,
    /// When the first phone had it.
    pub delivered: Option<UnixMillis>,
    /// How many phones were asked.
    pub devices: u32,
    /// The answer that decided it.
    pub decided: Option<Decided>,
    /// The phone that decided it.
    pub device: Option<(BindingId, DeviceInfo)>,
    /// The challenge that replaced it.
    pub superseded_by: Option<ChallengeId>,
    /// Whether the result was used.
    pub finalised: bool,
    /// The method.
    pub method: MethodOffer,
    /// What the login page needs to ask for a code.
    pub code: Option<CodeView>,
    /// The other methods that the user may switch to; only while it is undecided or expired.
    pub others: Vec<MethodOffer>,
    /// The level that was reached, once it is approved.
    pub acr: Option<Acr>,
    /// When a code was right.
    pub passed: Option<UnixMillis>,
}

/// A result that cannot be used is not an ended challenge but one that was not approved.
fn not_finalised(stop: Stop<Refusal>) -> ChallengeError {
    if let Stop::Refused(Refusal::Ended(state)) = stop {
        return ChallengeError::NotApproved { state };
    }
    stop.into()
}

impl LoginServer {
    /// Looks at a challenge. One that was made with a session is shown to that session alone.
    ///
    /// # Errors
    /// [`ChallengeError::NotFound`], [`ChallengeError::Store`].
    pub async fn challenge(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<ChallengeView, ChallengeError> {
        let at = self.at(self.now());
        let session = SessionCheck::new(session);
        let (policy, codes) = (self.service.policy, self.sealer.is_some());
        let found = self
            .store
            .look(move |rows| -> Result<_, StoreError> {
                let row = rows.challenge(at.service, id)?.filter(|row| session.fits(row.session.as_ref()));
                let Some(row) = row else { return Ok(None) };
                let device = match &row.decided {
                    Some(decided) => rows.binding(at.service, decided.binding)?,
                    None => None,
                };
                let ways = ways(rows, at, &Takes::new(&policy, row.policy, row.accept, codes), &row)?;
                Ok(Some((row, ways, device.map(|binding| (binding.id, binding.device)))))
            })
            .await??;
        let (row, Ways { method, digits, others }, device) = found.ok_or(ChallengeError::NotFound)?;
        let state = row.state_at(at.now);
        Ok(ChallengeView {
            id,
            state,
            created: row.created,
            deadline: row.deadline(),
            window_s: u32::try_from(row.window_ms / 1000).unwrap_or(u32::MAX),
            devices: u32::try_from(row.asked.len()).unwrap_or(u32::MAX),
            user: row.user,
            context: row.context,
            acr: (state == ChallengeState::Approved).then_some(method.acr),
            method,
            code: row.code.as_ref().map(|code| CodeView::of(code, digits, &policy.methods, at.now)),
            others,
            passed: row.code.as_ref().and_then(|code| code.passed).map(|passed| passed.at),
            policy: row.policy,
            number: row.number,
            delivered: row.delivered,
            decided: row.decided,
            device,
            superseded_by: row.superseded_by,
            finalised: row.finalised,
        })
    }

    /// Withdraws an undecided challenge; a second time changes nothing.
    ///
    /// # Errors
    /// [`ChallengeError::NotFound`], [`ChallengeError::Ended`], [`ChallengeError::Store`].
    pub async fn cancel_challenge(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<ChallengeView, ChallengeError> {
        let at = self.at(self.now());
        let check = SessionCheck::new(session);
        self.store.run(move |rows| end::cancel(rows, at, id, &check)).await??;
        self.challenge(id, session).await
    }

    /// Uses an approval: once, and within [`FINALISE_MS`] of the challenge's latest end.
    ///
    /// # Errors
    /// [`ChallengeError::NotFound`], [`ChallengeError::NotApproved`], [`ChallengeError::AlreadyFinalised`],
    /// [`ChallengeError::TooLate`], [`ChallengeError::Store`].
    pub async fn finalise(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<ChallengeView, ChallengeError> {
        let at = self.at(self.now());
        let check = SessionCheck::new(session);
        self.store.run(move |rows| end::finalise(rows, at, id, &check)).await?.map_err(not_finalised)?;
        self.challenge(id, session).await
    }
}

/// How a challenge can be answered, and how else the user may be asked.
struct Ways {
    method: MethodOffer,
    digits: Option<u8>,
    others: Vec<MethodOffer>,
}

fn ways(rows: &dyn Rows, at: At, takes: &Takes, row: &ChallengeRow) -> Result<Ways, StoreError> {
    let open = matches!(row.state_at(at.now), ChallengeState::Pending | ChallengeState::Expired);
    let push = user::push_id(at, &row.user);
    let Some(code) = &row.code else {
        let method = takes.bare(MethodKind::Push, Some(push));
        // Whoever has nothing but phones has no row and no other way: most challenges are looked at without more.
        let others = match rows.user(at.service, &row.user)? {
            Some(_) if open => {
                let user = user::load_with(rows, at, &row.user, &[])?;
                choice::others(takes, &user, &user.views(rows, &takes.policy)?, &method, false)
            }
            _ => Vec::new(),
        };
        return Ok(Ways { method, digits: None, others });
    };
    let user = user::load(rows, at, &row.user)?;
    let views = user.views(rows, &takes.policy)?;
    let view = views.iter().find(|view| Some(view.id) == code.method);
    let method = view.map_or_else(|| takes.bare(code.kind, code.method), |view| takes.offer(view));
    let digits = match code.kind {
        MethodKind::Email | MethodKind::Sms => Some(SENT_DIGITS),
        MethodKind::Totp | MethodKind::Fob => view.and_then(|view| view.digits),
        MethodKind::Push | MethodKind::Recovery | MethodKind::Helpdesk => None,
    };
    let others = if open {
        let push_off = rows.limits(at.service, &row.user)?.push_off;
        choice::others(takes, &user, &views, &method, push_off)
    } else {
        Vec::new()
    };
    Ok(Ways { method, digits, others })
}
