//! What comes from phones: E1, C2, and the word that an envelope arrived.

use nod_protocol::{EnvelopeId, MailboxId};

use super::{LoginServer, Route};
use crate::store::StoreError;

/// Why a message from a phone was not taken. A wrong number or a late answer is taken: the receipt tells the phone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// Not a message that belongs there.
    #[error("the message is malformed")]
    Malformed,
    /// No such enrolment or binding, or not signed by its key: alike on purpose.
    #[error("nobody here knows this message's sender")]
    UnknownAddress,
    /// The source of randomness or the service's key failed.
    #[error("the service's key or the source of randomness failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LoginServer {
    /// Takes a message from the phone that owns the mailbox `from`.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub async fn receive(&self, from: MailboxId, route: Route, body: &str) -> Result<(), ReceiveError> {
        let _ = (from, route, body);
        unimplemented!()
    }

    /// Notes that an envelope reached its phone; the first phone's starts the user's window. Others are ignored.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be noted.
    pub async fn delivered(&self, envelope: EnvelopeId) -> Result<(), StoreError> {
        let _ = envelope;
        unimplemented!()
    }
}
