//! Why a call about a challenge was refused, whichever call and step it was.

use nod_protocol::RandomError;
use nod_protocol::messages::ContextError;

use super::sealing::SealingFailed;
use crate::rows::ChallengeState;
use crate::sealer::SealerError;
use crate::steps::{Stop, codes, end, limits, start};
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
    /// A code would be sent, and whoever asked said that none may be.
    #[error("no code may be sent now")]
    NoSends,
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

impl From<SealingFailed> for ChallengeError {
    fn from(_: SealingFailed) -> Self {
        Self::Keys
    }
}

impl From<SealerError> for ChallengeError {
    fn from(_: SealerError) -> Self {
        Self::Keys
    }
}

impl From<RandomError> for ChallengeError {
    fn from(_: RandomError) -> Self {
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

impl From<start::Refusal> for ChallengeError {
    fn from(refusal: start::Refusal) -> Self {
        match refusal {
            start::Refusal::Limits(refusal) => refusal.into(),
            start::Refusal::NoDevice => Self::NoDevice,
            start::Refusal::NoMethod => Self::NoMethod,
            start::Refusal::Suspended => Self::Suspended,
            start::Refusal::Locked { retry_after_s } => Self::Locked { retry_after_s },
            start::Refusal::SendLimit { retry_after_s } => Self::SendLimit { retry_after_s },
            start::Refusal::NotFound => Self::NotFound,
            start::Refusal::Ended(state) => Self::Ended { state },
        }
    }
}

impl From<end::Refusal> for ChallengeError {
    fn from(refusal: end::Refusal) -> Self {
        match refusal {
            end::Refusal::NotFound => Self::NotFound,
            end::Refusal::Ended(state) => Self::Ended { state },
            end::Refusal::AlreadyFinalised => Self::AlreadyFinalised,
            end::Refusal::TooLate => Self::TooLate,
            end::Refusal::Suspended => Self::Suspended,
        }
    }
}

impl From<codes::Refusal> for ChallengeError {
    fn from(refusal: codes::Refusal) -> Self {
        match refusal {
            codes::Refusal::NotFound => Self::NotFound,
            codes::Refusal::Ended(state) => Self::Ended { state },
            codes::Refusal::NoCode => Self::NoCode,
            codes::Refusal::NoMethod => Self::NoMethod,
            codes::Refusal::Suspended => Self::Suspended,
            codes::Refusal::Locked { retry_after_s } => Self::Locked { retry_after_s },
            codes::Refusal::Resend { resends_left, retry_after_s } => {
                Self::ResendLimit { resends_left, retry_after_s }
            }
            codes::Refusal::SendLimit { retry_after_s } => Self::SendLimit { retry_after_s },
        }
    }
}

impl<R> From<Stop<R>> for ChallengeError
where
    Self: From<R>,
{
    fn from(stop: Stop<R>) -> Self {
        match stop {
            Stop::Refused(refusal) => refusal.into(),
            Stop::Store(error) => Self::Store(error),
        }
    }
}
