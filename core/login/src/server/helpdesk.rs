//! What a helpdesk may do to a user: suspend, and issue a reset ticket (docs/methods.md, "Helpdesk").

use nod_protocol::TicketId;
use zeroize::Zeroizing;

use super::{LoginServer, MethodError};
use crate::clock::UnixMillis;

/// Milliseconds that a reset ticket lives at most: ten minutes.
pub const TICKET_LIFE_MS: u64 = 600_000;

/// A fresh reset ticket; its code is shown this once.
#[derive(Debug)]
pub struct IssuedTicket {
    /// Its id.
    pub id: TicketId,
    /// The code that the user types, as `XXXX-XXXX-XXXX`: 60 bits.
    pub code: Zeroizing<String>,
    /// When it ends.
    pub expires: UnixMillis,
    /// Whether another operator must approve it first.
    pub needs_second: bool,
}

/// A reset ticket as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketView {
    /// Its id.
    pub id: TicketId,
    /// Who issued it.
    pub by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Whether it waits for another operator.
    pub waits: bool,
    /// When it ends.
    pub expires: UnixMillis,
}

/// Why a ticket was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// No such ticket, or it has ended.
    #[error("no such ticket, or it has ended")]
    NotFound,
    /// Whoever issued a ticket cannot approve it.
    #[error("a ticket is approved by another operator than the one who issued it")]
    SamePerson,
    /// It waits for nobody.
    #[error("the ticket needs no approval, or has it")]
    NotWaiting,
    /// Otherwise refused.
    #[error(transparent)]
    Method(#[from] MethodError),
}

impl LoginServer {
    /// Suspends a user, whom then nothing lets in, or ends that. Open challenges are void. `by` is who did it.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn suspend(&self, user: &str, suspended: bool, by: &str) -> Result<(), MethodError> {
        let _ = (user, suspended, by);
        Err(MethodError::Unsupported)
    }

    /// Issues a reset ticket; an older one of the user is void. The user is told by every channel.
    ///
    /// # Errors
    /// [`TicketError`].
    pub async fn issue_ticket(&self, user: &str, by: &str) -> Result<IssuedTicket, TicketError> {
        let _ = (user, by);
        Err(TicketError::NotFound)
    }

    /// Approves a ticket that another operator issued.
    ///
    /// # Errors
    /// [`TicketError`].
    pub async fn approve_ticket(&self, user: &str, ticket: TicketId, by: &str) -> Result<(), TicketError> {
        let _ = (user, ticket, by);
        Err(TicketError::NotFound)
    }

    /// Takes a ticket back; a second time changes nothing.
    ///
    /// # Errors
    /// [`TicketError`].
    pub async fn withdraw_ticket(&self, user: &str, by: &str) -> Result<(), TicketError> {
        let _ = (user, by);
        Err(TicketError::NotFound)
    }

    /// The user's ticket, if one is open.
    ///
    /// # Errors
    /// [`TicketError`].
    pub async fn ticket(&self, user: &str) -> Result<Option<TicketView>, TicketError> {
        let _ = user;
        Ok(None)
    }
}
