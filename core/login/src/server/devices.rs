//! A user's phones: listing and revoking (docs/protocol.md section 9).

use nod_protocol::BindingId;

use super::LoginServer;
use crate::rows::BindingRow;
use crate::store::StoreError;

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

impl LoginServer {
    /// The user's phones that are not revoked, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn devices(&self, user: &str) -> Result<Vec<BindingRow>, StoreError> {
        let _ = user;
        unimplemented!()
    }

    /// Revokes a phone at once; a second time changes nothing.
    ///
    /// # Errors
    /// [`RevokeError`].
    pub async fn revoke(&self, user: &str, binding: BindingId) -> Result<(), RevokeError> {
        let _ = (user, binding);
        unimplemented!()
    }
}
