//! A challenge's result: looking at it, withdrawing it, using it once.

use nod_protocol::messages::{ChallengeContext, DeviceInfo};
use nod_protocol::{BindingId, ChallengeId, Number, NumberPolicy};

use super::{ChallengeError, LoginServer};
use crate::clock::UnixMillis;
use crate::rows::{ChallengeState, Decided};

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
        let _ = (id, session);
        unimplemented!()
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
        let _ = (id, session);
        unimplemented!()
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
        let _ = (id, session);
        unimplemented!()
    }
}
