//! Challenges: asking a user's phones, and asking again (docs/protocol.md section 5, C1 and Retry).

use nod_protocol::messages::{ChallengeContext, ContextError};
use nod_protocol::{BindingId, ChallengeId, Number, NumberPolicy};

use super::LoginServer;
use crate::clock::UnixMillis;
use crate::rows::ChallengeState;
use crate::store::StoreError;

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
    /// How many phones were asked.
    pub devices: u32,
}

impl LoginServer {
    /// Asks the user's phones.
    ///
    /// # Errors
    /// [`ChallengeError`].
    pub async fn start_challenge(&self, ask: Ask) -> Result<StartedChallenge, ChallengeError> {
        let _ = ask;
        unimplemented!()
    }

    /// Asks again in place of an undecided challenge, which is superseded in the same step.
    ///
    /// # Errors
    /// [`ChallengeError`]; [`ChallengeError::Ended`] when the old one was decided, cancelled or retried already.
    pub async fn retry_challenge(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<StartedChallenge, ChallengeError> {
        let _ = (id, session);
        unimplemented!()
    }
}
