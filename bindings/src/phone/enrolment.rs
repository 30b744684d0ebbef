//! Enrolment: from the QR code to the account.

use std::sync::{Arc, Mutex, PoisonError};

use nod_phone::{PendingEnrolment, Phone};
use nod_protocol::EnrolmentId;
use zeroize::Zeroizing;

use super::NodPhone;
use crate::error::NodError;
use crate::view::AccountView;

#[uniffi::export(async_runtime = "tokio")]
impl NodPhone {
    /// Scans the QR code of a login page and waits until its service has proven itself: then there is a code to show.
    /// The same QR code again goes on where it was.
    ///
    /// # Errors
    /// [`NodError`] says why not: among others [`NodError::UsedUp`], [`NodError::WrongService`], [`NodError::NoAnswer`].
    pub async fn enrol(&self, qr: String) -> Result<Arc<NodEnrolment>, NodError> {
        let qr = Zeroizing::new(qr);
        Ok(Arc::new(NodEnrolment::of(self.0.clone(), self.0.enrol(&qr).await?)))
    }
}

/// An enrolment whose service has proven itself. Dropping it does not end it.
#[derive(uniffi::Object)]
pub struct NodEnrolment {
    phone: Phone,
    id: EnrolmentId,
    code: Zeroizing<String>,
    service_name: String,
    domain: Option<String>,
    pending: Mutex<Option<PendingEnrolment>>,
}

impl NodEnrolment {
    fn of(phone: Phone, pending: PendingEnrolment) -> Self {
        Self {
            phone,
            id: pending.id(),
            code: Zeroizing::new(pending.code().expose()),
            service_name: pending.service().name.clone(),
            domain: pending.service().domain.clone(),
            pending: Mutex::new(Some(pending)),
        }
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl NodEnrolment {
    /// The enrolment, as events name it.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// The six digits that the user types on the page with the QR code.
    pub fn code(&self) -> String {
        self.code.to_string()
    }

    /// The service's name.
    pub fn service_name(&self) -> String {
        self.service_name.clone()
    }

    /// The service's verified domain.
    pub fn domain(&self) -> Option<String> {
        self.domain.clone()
    }

    /// Waits until the login server has taken the account in, or ended the enrolment. Once only.
    ///
    /// # Errors
    /// [`NodError::EnrolmentEnded`] after a wrong code, a second phone or a cancellation, [`NodError::Expired`] when nothing
    /// came in time, [`NodError::NotFound`] when it was asked before.
    pub async fn finished(&self) -> Result<AccountView, NodError> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(pending.ok_or(NodError::NotFound)?.finished().await?.into())
    }

    /// Ends the enrolment on this phone and deletes its keys. Whoever waits for [`NodEnrolment::finished`] is told
    /// [`NodError::EnrolmentEnded`].
    ///
    /// # Errors
    /// [`NodError::NotFound`] when it has ended.
    pub async fn abort(&self) -> Result<(), NodError> {
        Ok(self.phone.abort_enrolment(self.id).await?)
    }
}
