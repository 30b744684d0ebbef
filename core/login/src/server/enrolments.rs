//! Enrolments: opening one, looking at it, confirming the check code, ending it (docs/protocol.md section 4).

use nod_protocol::messages::DeviceInfo;
use nod_protocol::{BindingId, EnrolmentId};
use zeroize::Zeroizing;

use super::LoginServer;
use crate::clock::UnixMillis;
use crate::rows::{AbortReason, EnrolmentState};
use crate::store::StoreError;

/// How long an enrolment is open, in milliseconds: five minutes.
pub const ENROLMENT_LIFE_MS: u64 = 300_000;

/// Why an enrolment call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The user's name is empty, longer than 128 characters, or misleading.
    #[error("the user's name is empty, longer than 128 characters, or misleading")]
    User,
    /// The label is empty, longer than 128 characters, or misleading.
    #[error("the label is empty, longer than 128 characters, or misleading")]
    Label,
    /// The user has as many devices as a user may have.
    #[error("the user has too many devices")]
    TooManyDevices,
    /// Too many phones of this user wait for their check code.
    #[error("the user has too many open enrolments")]
    TooManyOpen,
    /// No such enrolment.
    #[error("no such enrolment")]
    NotFound,
    /// It has ended already.
    #[error("the enrolment has ended")]
    Ended {
        /// How it stands.
        state: EnrolmentState,
    },
    /// The source of randomness or the service's key failed.
    #[error("the service's key or the source of randomness failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a check code was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// Another code.
    #[error("the check code is wrong")]
    WrongCode {
        /// How often it may still be tried; at 0 the enrolment has ended.
        tries_left: u8,
    },
    /// The enrolment has ended.
    #[error("the enrolment has ended")]
    Ended {
        /// How it stands.
        state: EnrolmentState,
    },
    /// No phone has answered yet.
    #[error("no phone has answered yet")]
    NotClaimedYet,
    /// The user has as many devices as a user may have.
    #[error("the user has too many devices")]
    TooManyDevices,
    /// No such enrolment.
    #[error("no such enrolment")]
    NotFound,
    /// Not six digits; no try is spent.
    #[error("a check code is six digits")]
    Malformed,
    /// The source of randomness or the service's key failed.
    #[error("the service's key or the source of randomness failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An enrolment that was just opened.
#[derive(Debug)]
pub struct StartedEnrolment {
    /// Its id.
    pub id: EnrolmentId,
    /// The QR code's text. Holds the secret: for the user's screen only.
    pub qr: Zeroizing<String>,
    /// When it ends.
    pub expires: UnixMillis,
}

/// An enrolment as its service sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentView {
    /// Its id.
    pub id: EnrolmentId,
    /// The service's own name for the user.
    pub user: String,
    /// The account's label.
    pub label: String,
    /// How it stands now.
    pub state: EnrolmentState,
    /// Why it was aborted, if it was.
    pub abort_reason: Option<AbortReason>,
    /// Wrong check codes that are still allowed.
    pub tries_left: u8,
    /// What the phone says of itself, once one has answered.
    pub device: Option<DeviceInfo>,
    /// The binding, once it is active.
    pub binding: Option<BindingId>,
    /// When it ends, or would have.
    pub expires: UnixMillis,
}

impl LoginServer {
    /// Opens an enrolment for a user and makes its QR code. Older ones that no phone has answered end.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub async fn start_enrolment(
        &self,
        user: &str,
        label: Option<&str>,
    ) -> Result<StartedEnrolment, EnrolError> {
        let _ = (user, label);
        unimplemented!()
    }

    /// Looks at an enrolment.
    ///
    /// # Errors
    /// [`EnrolError::NotFound`], [`EnrolError::Store`].
    pub async fn enrolment(&self, id: EnrolmentId) -> Result<EnrolmentView, EnrolError> {
        let _ = id;
        unimplemented!()
    }

    /// Takes the check code that the user typed. The right one activates the binding.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_enrolment(&self, id: EnrolmentId, typed: &str) -> Result<BindingId, ConfirmError> {
        let _ = (id, typed);
        unimplemented!()
    }

    /// Ends an enrolment that is still open.
    ///
    /// # Errors
    /// [`EnrolError::NotFound`], [`EnrolError::Ended`], [`EnrolError::Store`].
    pub async fn abort_enrolment(&self, id: EnrolmentId) -> Result<(), EnrolError> {
        let _ = id;
        unimplemented!()
    }
}
