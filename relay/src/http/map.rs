//! What the login server and the stores refuse, as problems.

use axum::http::StatusCode;
use nod_login::rows::ChallengeState;
use nod_login::{
    ChallengeError, ConfirmError, EnrolError, HandOverError, MethodError, RevokeError, StoreError,
};
use serde_json::json;

use super::problem::{Problem, Slug};
use crate::managed::ServicesError;
use crate::store::engine::EngineError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store refused");
        Slug::Unavailable.into()
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        tracing::warn!(%error, "the store refused");
        Slug::Unavailable.into()
    }
}

impl From<ServicesError> for Problem {
    fn from(error: ServicesError) -> Self {
        match error {
            ServicesError::Store(error) => error.into(),
            ServicesError::NotFound => Slug::NotFound.into(),
            ServicesError::Display(error) => Self::with(Slug::Invalid, format!("name or domain: {error}")),
            ServicesError::Policy(error) => Self::with(Slug::Invalid, error.to_string()),
            ServicesError::TooManyKeys => {
                Self::with(Slug::Conflict, "two API keys are live: delete one first")
            }
            ServicesError::LastKey => Self::with(Slug::Conflict, "the last API key cannot be deleted"),
            ServicesError::Url(error) => Self::with(Slug::Invalid, format!("webhook.url: {error}")),
            ServicesError::Origin(error) => Self::with(Slug::Invalid, format!("portal_return: {error}")),
            ServicesError::NotManaged => Slug::NotManaged.into(),
            ServicesError::HandOver(HandOverError::Rotate(_)) => Slug::Internal.into(),
            ServicesError::HandOver(error) => Self::with(Slug::Conflict, error.to_string()),
            ServicesError::KeyMoved => Self::with(Slug::Conflict, error.to_string()),
            ServicesError::Keys => {
                tracing::error!("a service's sealed secrets do not open under this master key");
                Slug::Internal.into()
            }
        }
    }
}

impl From<EnrolError> for Problem {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::User | EnrolError::Label => Self::with(Slug::Invalid, error.to_string()),
            EnrolError::TooManyDevices | EnrolError::TooManyOpen => {
                Self::with(Slug::Conflict, error.to_string())
            }
            EnrolError::NotFound => Slug::NotFound.into(),
            EnrolError::Ended { state } => Self::from(Slug::EnrolmentEnded).member("state", json!(state)),
            EnrolError::Store(error) => error.into(),
            EnrolError::Keys => Slug::Internal.into(),
            other => unknown(&other),
        }
    }
}

impl From<ConfirmError> for Problem {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::WrongCode { tries_left } => {
                Self::from(Slug::WrongCode).member("tries_left", json!(tries_left))
            }
            ConfirmError::Ended { state } => Self::from(Slug::EnrolmentEnded).member("state", json!(state)),
            ConfirmError::NotClaimedYet | ConfirmError::TooManyDevices => {
                Self::with(Slug::Conflict, error.to_string())
            }
            ConfirmError::NotFound => Slug::NotFound.into(),
            ConfirmError::Malformed => Self::with(Slug::Invalid, error.to_string()),
            ConfirmError::Store(error) => error.into(),
            ConfirmError::Keys => Slug::Internal.into(),
            other => unknown(&other),
        }
    }
}

impl From<ChallengeError> for Problem {
    fn from(error: ChallengeError) -> Self {
        match error {
            ChallengeError::User | ChallengeError::Context(_) => Self::with(Slug::Invalid, error.to_string()),
            ChallengeError::NumberPolicy => Slug::NumberPolicy.into(),
            ChallengeError::LiveLimit => Slug::LimitLive.into(),
            ChallengeError::RateLimit { retry_after_s } => {
                Self::from(Slug::LimitRate).retry_after(retry_after_s)
            }
            ChallengeError::PushOff => Slug::PushOff.into(),
            ChallengeError::SourceSuppressed => Slug::SourceSuppressed.into(),
            ChallengeError::NoDevice => Slug::NoDevice.into(),
            ChallengeError::LeftBehind => Self::with(Slug::NoDevice, error.to_string()),
            ChallengeError::NotFound => Slug::NotFound.into(),
            ChallengeError::Ended { state } | ChallengeError::NotApproved { state } => {
                Self::with(Slug::Conflict, error.to_string()).member("state", json!(state))
            }
            ChallengeError::AlreadyFinalised | ChallengeError::TooLate => {
                Self::with(Slug::Conflict, error.to_string())
            }
            ChallengeError::NoMethod => Slug::NoMethod.into(),
            ChallengeError::NoCode => Self::with(Slug::Conflict, error.to_string()),
            ChallengeError::WrongCode { tries_left } => {
                let state = if tries_left == 0 { ChallengeState::Denied } else { ChallengeState::Pending };
                Self::from(Slug::WrongCode)
                    .member("tries_left", json!(tries_left))
                    .member("state", json!(state))
            }
            ChallengeError::Locked { retry_after_s } => Self::from(Slug::Locked).retry_after(retry_after_s),
            // Waiting does not help where the challenge has no resend left.
            ChallengeError::ResendLimit { resends_left: 0, .. } => {
                Self::from(Slug::ResendLimit).status(StatusCode::CONFLICT).member("resends_left", json!(0))
            }
            ChallengeError::ResendLimit { resends_left, retry_after_s } => Self::from(Slug::ResendLimit)
                .retry_after(retry_after_s)
                .member("resends_left", json!(resends_left)),
            ChallengeError::SendLimit { retry_after_s } => {
                Self::from(Slug::SendLimit).retry_after(retry_after_s)
            }
            ChallengeError::NoSends => Slug::RateLimited.into(),
            ChallengeError::Suspended => Slug::Suspended.into(),
            ChallengeError::Store(error) => error.into(),
            ChallengeError::Keys => Slug::Internal.into(),
            other => unknown(&other),
        }
    }
}

impl From<MethodError> for Problem {
    fn from(error: MethodError) -> Self {
        match error {
            MethodError::User
            | MethodError::Label
            | MethodError::Address
            | MethodError::Order
            | MethodError::Fob(_) => Self::with(Slug::Invalid, error.to_string()),
            MethodError::NotFound => Slug::NotFound.into(),
            MethodError::Forbidden => Slug::ForbiddenMethod.into(),
            MethodError::TooMany => Slug::TooManyMethods.into(),
            MethodError::AlreadyConfirmed | MethodError::Unsupported => {
                Self::with(Slug::Conflict, error.to_string())
            }
            MethodError::WrongCode { tries_left } => {
                Self::from(Slug::WrongCode).member("tries_left", json!(tries_left))
            }
            MethodError::Locked { retry_after_s } => Self::from(Slug::Locked).retry_after(retry_after_s),
            MethodError::SendLimit { retry_after_s } => {
                Self::from(Slug::SendLimit).retry_after(retry_after_s)
            }
            MethodError::Store(error) => error.into(),
            MethodError::Keys => {
                tracing::error!("a user's sealed method does not open under this master key");
                Slug::Internal.into()
            }
            other => unknown(&other),
        }
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::NotFound => Slug::NotFound.into(),
            RevokeError::Store(error) => error.into(),
            RevokeError::Keys => Slug::Internal.into(),
            other => unknown(&other),
        }
    }
}

/// An error that a newer login server knows and this interface does not.
fn unknown(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "an error without a problem of its own");
    Slug::Internal.into()
}
