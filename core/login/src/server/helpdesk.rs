//! What a helpdesk may do to a user: suspend, and issue a reset ticket (docs/methods.md, "Helpdesk").

use nod_protocol::TicketId;
use zeroize::Zeroizing;

use super::{LoginServer, MethodError};
use crate::clock::UnixMillis;
use crate::method::MethodKind;
use crate::rows::TicketRow;
use crate::steps::{helpdesk, user};
use crate::store::{StoreError, StoreExt as _};
use crate::typed;

/// Groups of four letters of a ticket's code.
const TICKET_GROUPS: usize = 3;

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

/// Why a ticket, or the approval of a key fob, was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// No such ticket or key fob, or it has ended.
    #[error("no such ticket or key fob, or it has ended")]
    NotFound,
    /// Whoever issued a ticket or assigned a key fob cannot approve it.
    #[error("it is approved by another operator than the one who issued or assigned it")]
    SamePerson,
    /// It waits for nobody.
    #[error("it needs no approval, or has it")]
    NotWaiting,
    /// Otherwise refused.
    #[error(transparent)]
    Method(#[from] MethodError),
}

impl From<StoreError> for TicketError {
    fn from(error: StoreError) -> Self {
        Self::Method(error.into())
    }
}

impl From<nod_protocol::RandomError> for TicketError {
    fn from(error: nod_protocol::RandomError) -> Self {
        Self::Method(error.into())
    }
}

impl LoginServer {
    /// Suspends a user, whom then nothing lets in, or ends that; the same again changes nothing. Open challenges and the
    /// reset ticket are void. The user is told by every channel. `by` is who did it.
    ///
    /// # Errors
    /// [`MethodError::User`], [`MethodError::Store`].
    pub async fn suspend(&self, user: &str, suspended: bool, by: &str) -> Result<(), MethodError> {
        let (at, _, name) = self.about(user)?;
        let by = by.to_owned();
        self.store.run(move |rows| helpdesk::suspend(rows, at, &name, suspended, &by)).await?
    }

    /// Issues a reset ticket; an older one of the user is void. The user is told by every channel.
    ///
    /// # Errors
    /// [`TicketError::Method`].
    pub async fn issue_ticket(&self, user: &str, by: &str) -> Result<IssuedTicket, TicketError> {
        let (at, policy, name) = self.about(user)?;
        let sealer = self.sealer_for(MethodKind::Helpdesk)?;
        let id = TicketId::random(self.random.as_ref())?;
        let code = typed::draw_letters(self.random.as_ref(), TICKET_GROUPS)?;
        let (expires, needs_second) = (at.now.plus(TICKET_LIFE_MS), policy.methods.two_persons);
        let ticket = TicketRow {
            id,
            mac: typed::ticket_mac(sealer, at.service, id, &typed::letters(&code)),
            by: by.to_owned(),
            needs_second,
            approved_by: None,
            expires,
        };
        self.store.run(move |rows| helpdesk::issue(rows, at, &name, ticket)).await??;
        Ok(IssuedTicket { id, code, expires, needs_second })
    }

    /// Approves a ticket that another operator issued.
    ///
    /// # Errors
    /// [`TicketError`].
    pub async fn approve_ticket(&self, user: &str, ticket: TicketId, by: &str) -> Result<(), TicketError> {
        let (at, _, name) = self.about(user)?;
        let by = by.to_owned();
        self.store.run(move |rows| helpdesk::approve(rows, at, &name, ticket, &by)).await?
    }

    /// Takes a ticket back; a second time changes nothing.
    ///
    /// # Errors
    /// [`TicketError::Method`].
    pub async fn withdraw_ticket(&self, user: &str, by: &str) -> Result<(), TicketError> {
        let (at, _, name) = self.about(user)?;
        let by = by.to_owned();
        self.store.run(move |rows| helpdesk::withdraw(rows, at, &name, &by)).await?
    }

    /// The user's ticket, if one is open.
    ///
    /// # Errors
    /// [`TicketError::Method`].
    pub async fn ticket(&self, user: &str) -> Result<Option<TicketView>, TicketError> {
        let (at, _, name) = self.about(user)?;
        let user = self.store.look(move |rows| user::load(rows, at, &name)).await??;
        Ok(user.row.ticket.map(|ticket| TicketView {
            id: ticket.id,
            waits: ticket.needs_second && ticket.approved_by.is_none(),
            by: ticket.by,
            approved_by: ticket.approved_by,
            expires: ticket.expires,
        }))
    }
}
