//! An enrolment between its check code and its activation.

use std::time::Duration;

use nod_protocol::messages::ServiceDisplay;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{CheckCode, EnrolmentId};
use tokio::time::{Instant, timeout_at};

use super::{EventStream, Phone};
use crate::enrol::EnrolError;
use crate::event::Event;
use crate::view::Account;

/// How long the user may take for the check code: a QR code's life and some grace.
const CODE_WAIT: Duration = Duration::from_secs(6 * 60);

/// Whether an event ends an enrolment.
pub(super) fn failure_of(event: &Event, id: EnrolmentId, relay: &RelayAddress) -> Result<(), EnrolError> {
    if let Event::EnrolmentFailed { id: failed, error } = event
        && *failed == id
    {
        return Err(*error);
    }
    if let Event::Disconnected { relay: lost, retry_in: None, .. } = event
        && lost == relay
    {
        return Err(EnrolError::Replaced);
    }
    Ok(())
}

/// An enrolment whose service proved itself: show the code. Dropping it does not end the enrolment: the account
/// appears when the login server activates it while the phone is connected.
pub struct PendingEnrolment {
    pub(super) phone: Phone,
    pub(super) events: EventStream,
    pub(super) id: EnrolmentId,
    pub(super) relay: RelayAddress,
    pub(super) code: CheckCode,
    pub(super) service: ServiceDisplay,
}

impl PendingEnrolment {
    /// The enrolment.
    #[must_use]
    pub const fn id(&self) -> EnrolmentId {
        self.id
    }

    /// The six digits that the user types on the page with the QR code.
    #[must_use]
    pub const fn code(&self) -> &CheckCode {
        &self.code
    }

    /// How the service introduces itself.
    #[must_use]
    pub const fn service(&self) -> &ServiceDisplay {
        &self.service
    }

    /// Waits until the login server has activated the account, or ended the enrolment.
    ///
    /// # Errors
    /// [`EnrolError::Aborted`] after a wrong code, a second phone or a cancellation, [`EnrolError::Expired`] when
    /// nothing came in time.
    pub async fn finished(mut self) -> Result<Account, EnrolError> {
        let until = Instant::now() + CODE_WAIT;
        loop {
            match timeout_at(until, self.events.next()).await {
                Err(_) => return Err(EnrolError::Expired),
                Ok(Event::AccountAdded { id, enrolment }) if enrolment == self.id => {
                    let accounts = self.phone.accounts()?;
                    let account = accounts.into_iter().find(|account| account.id == id);
                    return account.ok_or(EnrolError::NotFound);
                }
                Ok(event) => failure_of(&event, self.id, &self.relay)?,
            }
        }
    }

    /// Ends the enrolment on this phone and deletes its keys. The login server's side runs out by itself.
    ///
    /// # Errors
    /// [`EnrolError::NotFound`] when it has ended meanwhile.
    pub async fn abort(self) -> Result<(), EnrolError> {
        self.phone.abort_enrolment(self.id).await
    }
}

impl Phone {
    /// Ends an enrolment on this phone and deletes its keys, also while [`PendingEnrolment::finished`] waits for it: that
    /// gives [`EnrolError::Aborted`] then. The login server's side runs out by itself.
    ///
    /// # Errors
    /// [`EnrolError::NotFound`] when it has ended meanwhile.
    pub async fn abort_enrolment(&self, id: EnrolmentId) -> Result<(), EnrolError> {
        let ended = self.shared.blocking(move |e| e.end_enrolment(id, EnrolError::Aborted)).await;
        self.shared.emit([ended.ok_or(EnrolError::NotFound)??]);
        Ok(())
    }
}

impl std::fmt::Debug for PendingEnrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingEnrolment").field("id", &self.id).finish_non_exhaustive()
    }
}
