//! A user's phones: listing and revoking (docs/protocol.md section 9).

use nod_protocol::BindingId;
use nod_protocol::messages::NoticeEvent;

use super::LoginServer;
use super::sealing::SealingFailed;
use crate::rows::{BindingRow, BindingState};
use crate::steps::Stop;
use crate::steps::revoke::{self, Refusal};
use crate::store::{StoreError, StoreExt as _};

/// Why a phone was not revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// The user has no such phone.
    #[error("no such device")]
    NotFound,
    /// The source of randomness or the service's key failed.
    #[error("the service's key or the source of randomness failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SealingFailed> for RevokeError {
    fn from(_: SealingFailed) -> Self {
        Self::Keys
    }
}

impl LoginServer {
    /// The user's phones that are not revoked, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn devices(&self, user: &str) -> Result<Vec<BindingRow>, StoreError> {
        let (service, user) = (self.service.id, user.to_owned());
        let mut devices = self.store.look(move |rows| rows.bindings_of(service, &user)).await??;
        devices.retain(|binding| binding.state != BindingState::Revoked);
        Ok(devices)
    }

    /// Revokes a phone at once; a second time changes nothing.
    ///
    /// # Errors
    /// [`RevokeError`].
    pub async fn revoke(&self, user: &str, binding: BindingId) -> Result<(), RevokeError> {
        let service = self.service.id;
        loop {
            let row = self.store.look(move |rows| rows.binding(service, binding)).await??;
            let row = row.filter(|row| row.user == user).ok_or(RevokeError::NotFound)?;
            self.catch_up::<RevokeError>(&row).await?;
            let (now, gen_) = (self.now(), row.gen_);
            let Some(notice) = self.notice(&row, NoticeEvent::Revoked, gen_ + 1, now)? else { return Ok(()) };
            let (at, user) = (self.at(now), user.to_owned());
            match self.store.run(move |rows| revoke::revoke(rows, at, &user, binding, gen_, notice)).await? {
                Ok(()) => return Ok(()),
                // Generations only rise, and rarely: the next round fits.
                Err(Stop::Refused(Refusal::Changed)) => {}
                Err(Stop::Refused(Refusal::NotFound)) => return Err(RevokeError::NotFound),
                Err(Stop::Store(error)) => return Err(error.into()),
            }
        }
    }
}
