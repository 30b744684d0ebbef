//! Enrolments: opening one, looking at it, confirming the check code, ending it (docs/protocol.md section 4).

use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::es256::Signer as _;
use nod_protocol::messages::{DeviceInfo, NoticeEvent};
use nod_protocol::qr::EnrolmentQr;
use nod_protocol::{BindingId, CheckCode, EnrolmentId};
use zeroize::Zeroizing;

use super::sealing::SealingFailed;
use super::{LoginServer, is_name};
use crate::clock::UnixMillis;
use crate::effects::Outgoing;
use crate::rows::{AbortReason, BindingRow, EnrolmentRow, EnrolmentState};
use crate::steps::Stop;
use crate::steps::enrol::{self, ConfirmRefusal, Confirmed, OpenRefusal};
use crate::store::{StoreError, StoreExt as _};

/// Check codes that may be typed.
const TRIES: u8 = 3;

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

impl From<SealingFailed> for EnrolError {
    fn from(_: SealingFailed) -> Self {
        Self::Keys
    }
}

impl From<SealingFailed> for ConfirmError {
    fn from(_: SealingFailed) -> Self {
        Self::Keys
    }
}

impl From<Stop<OpenRefusal>> for EnrolError {
    fn from(stop: Stop<OpenRefusal>) -> Self {
        match stop {
            Stop::Refused(OpenRefusal::TooManyDevices) => Self::TooManyDevices,
            Stop::Refused(OpenRefusal::TooManyOpen) => Self::TooManyOpen,
            Stop::Store(error) => Self::Store(error),
        }
    }
}

impl From<Stop<ConfirmRefusal>> for EnrolError {
    fn from(stop: Stop<ConfirmRefusal>) -> Self {
        match stop {
            Stop::Refused(ConfirmRefusal::NotFound | ConfirmRefusal::NotClaimed) => Self::NotFound,
            Stop::Refused(ConfirmRefusal::TooManyDevices) => Self::TooManyDevices,
            Stop::Refused(ConfirmRefusal::Ended(state)) => Self::Ended { state },
            Stop::Store(error) => Self::Store(error),
        }
    }
}

impl From<Stop<ConfirmRefusal>> for ConfirmError {
    fn from(stop: Stop<ConfirmRefusal>) -> Self {
        match stop {
            Stop::Refused(ConfirmRefusal::NotFound) => Self::NotFound,
            Stop::Refused(ConfirmRefusal::NotClaimed) => Self::NotClaimedYet,
            Stop::Refused(ConfirmRefusal::TooManyDevices) => Self::TooManyDevices,
            Stop::Refused(ConfirmRefusal::Ended(state)) => Self::Ended { state },
            Stop::Store(error) => Self::Store(error),
        }
    }
}

impl LoginServer {
    /// Opens an enrolment for a user and makes its QR code. Older ones that no phone has answered end: only the
    /// newest QR code of a user is good. The label is the user's name where none is given.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub async fn start_enrolment(
        &self,
        user: &str,
        label: Option<&str>,
    ) -> Result<StartedEnrolment, EnrolError> {
        if !is_name(user) {
            return Err(EnrolError::User);
        }
        let label = label.unwrap_or(user);
        if !is_name(label) {
            return Err(EnrolError::Label);
        }
        let now = self.now();
        let random = self.random.as_ref();
        let id = EnrolmentId::random(random).map_err(SealingFailed::from)?;
        let secret = Secret::<32>::random(random).map_err(SealingFailed::from)?;
        let qr = EnrolmentQr {
            relay: self.service.relay.clone(),
            enrolment: id,
            secret: secret.clone(),
            service_key: self.service.keys.current().public_key().thumbprint(),
        };
        let row = EnrolmentRow {
            id,
            service: self.service.id,
            user: user.to_owned(),
            label: label.to_owned(),
            secret: Some(secret),
            state: EnrolmentState::Waiting,
            abort_reason: None,
            created: now,
            expires: enrol::expiry(now),
            tries_left: TRIES,
            claim: None,
        };
        let (at, expires) = (self.at(now), row.expires);
        self.store.run(move |rows| enrol::open(rows, at, &row)).await??;
        Ok(StartedEnrolment { id, qr: qr.to_text(), expires })
    }

    /// Looks at an enrolment.
    ///
    /// # Errors
    /// [`EnrolError::NotFound`], [`EnrolError::Store`].
    pub async fn enrolment(&self, id: EnrolmentId) -> Result<EnrolmentView, EnrolError> {
        let service = self.service.id;
        let row = self.store.look(move |rows| rows.enrolment(service, id)).await??;
        let row = row.ok_or(EnrolError::NotFound)?;
        let state = row.state_at(self.now());
        let (device, binding) = row.claim.map(|claim| (claim.binding.device, claim.binding.id)).unzip();
        Ok(EnrolmentView {
            id,
            user: row.user,
            label: row.label,
            state,
            abort_reason: row.abort_reason,
            tries_left: row.tries_left,
            device,
            binding: binding.filter(|_| state == EnrolmentState::Active),
            expires: row.expires,
        })
    }

    /// Takes the check code that the user typed, compared in constant time. The right one activates the binding; the
    /// third wrong one ends the enrolment.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_enrolment(&self, id: EnrolmentId, typed: &str) -> Result<BindingId, ConfirmError> {
        let typed = CheckCode::parse(typed).map_err(|_| ConfirmError::Malformed)?;
        let now = self.now();
        let at = self.at(now);
        let row = self.store.look(move |rows| rows.enrolment(at.service, id)).await??;
        let row = row.ok_or(ConfirmError::NotFound)?;
        // A claim never changes once it is there, so the verdict still holds when the step runs.
        let activated = match (&row.secret, &row.claim) {
            (Some(secret), Some(claim)) if row.state_at(now) == EnrolmentState::Claimed => {
                let e2 = Digest::of(claim.e2.as_bytes());
                if CheckCode::of_enrolment(secret, &claim.e1, &e2) == typed {
                    self.catch_up::<ConfirmError>(&claim.binding).await?;
                    self.notice(&claim.binding, NoticeEvent::Activated, 1, now)?
                } else {
                    None
                }
            }
            _ => None,
        };
        let first = self.service.policy.methods.new_is_primary;
        match self.store.run(move |rows| enrol::confirm(rows, at, first, id, activated)).await?? {
            Confirmed::Active(binding) => Ok(binding),
            Confirmed::Wrong { tries_left, ended } => {
                if let Some(first) = ended {
                    self.tell_aborted::<ConfirmError>(&first).await?;
                }
                Err(ConfirmError::WrongCode { tries_left })
            }
        }
    }

    /// Ends an enrolment that is still open.
    ///
    /// # Errors
    /// [`EnrolError::NotFound`], [`EnrolError::Ended`], [`EnrolError::Store`].
    pub async fn abort_enrolment(&self, id: EnrolmentId) -> Result<(), EnrolError> {
        let at = self.at(self.now());
        let first = self.store.run(move |rows| enrol::cancel(rows, at, id)).await??;
        if let Some(first) = first {
            self.tell_aborted::<EnrolError>(&first).await?;
        }
        Ok(())
    }

    /// Tells the phone that had answered first that nothing came of it. A courtesy after the fact: were it lost, the
    /// phone would see its five minutes run out.
    pub(super) async fn tell_aborted<E>(&self, first: &BindingRow) -> Result<(), E>
    where
        E: From<SealingFailed> + From<StoreError>,
    {
        self.catch_up::<E>(first).await?;
        if let Some(notice) = self.notice(first, NoticeEvent::Aborted, first.gen_, self.now())? {
            self.send(notice).await?;
        }
        Ok(())
    }

    /// Sends one envelope in a step of its own.
    pub(super) async fn send(&self, envelope: Outgoing) -> Result<(), StoreError> {
        self.store
            .step(Box::new(move |rows| {
                rows.send(envelope);
                Ok(())
            }))
            .await
    }
}
