//! The steps of a helpdesk: suspending a user, and reset tickets.

use nod_protocol::TicketId;

use super::{At, end, user};
use crate::effects::{AuditEvent, Event};
use crate::letter::Change;
use crate::rows::TicketRow;
use crate::server::{MethodError, TicketError};
use crate::store::Rows;

/// Suspends a user or ends that; the same again changes nothing.
pub(crate) fn suspend(
    rows: &mut dyn Rows,
    at: At,
    name: &str,
    suspended: bool,
    by: &str,
) -> Result<(), MethodError> {
    let mut user = user::load(rows, at, name)?;
    if user.row.suspended.is_some() == suspended {
        return Ok(());
    }
    user.row.suspended = suspended.then_some(at.now);
    let (owner, by) = (name.to_owned(), by.to_owned());
    let (event, change) = if suspended {
        user.row.ticket = None;
        end::void(rows, at, name)?;
        (AuditEvent::UserSuspended { user: owner.clone(), by }, Change::Suspended)
    } else {
        (AuditEvent::UserUnsuspended { user: owner.clone(), by }, Change::Unsuspended)
    };
    rows.put_user(&user.row);
    rows.audit(at.service, at.now, event);
    rows.event(at.service, at.now, Event::UserSuspended { user: owner, suspended });
    user::tell(rows, at, &user.row, &change, None);
    Ok(())
}

/// Issues a reset ticket in place of an older one.
pub(crate) fn issue(rows: &mut dyn Rows, at: At, name: &str, ticket: TicketRow) -> Result<(), MethodError> {
    let mut user = user::load(rows, at, name)?;
    let (owner, id, by) = (name.to_owned(), ticket.id, ticket.by.clone());
    user.row.ticket = Some(ticket);
    rows.put_user(&user.row);
    rows.audit(at.service, at.now, AuditEvent::TicketIssued { user: owner.clone(), ticket: id, by });
    rows.event(at.service, at.now, Event::TicketIssued { user: owner, ticket_id: id });
    user::tell(rows, at, &user.row, &Change::TicketIssued, None);
    Ok(())
}

/// Approves a ticket that another operator issued.
pub(crate) fn approve(
    rows: &mut dyn Rows,
    at: At,
    name: &str,
    id: TicketId,
    by: &str,
) -> Result<(), TicketError> {
    let mut user = user::load(rows, at, name).map_err(MethodError::from)?;
    let ticket = user.row.ticket.as_mut().filter(|ticket| ticket.id == id).ok_or(TicketError::NotFound)?;
    if !ticket.needs_second || ticket.approved_by.is_some() {
        return Err(TicketError::NotWaiting);
    }
    if ticket.by == by {
        return Err(TicketError::SamePerson);
    }
    ticket.approved_by = Some(by.to_owned());
    rows.put_user(&user.row);
    let event = AuditEvent::TicketApproved { user: name.to_owned(), ticket: id, by: by.to_owned() };
    rows.audit(at.service, at.now, event);
    Ok(())
}

/// Takes the user's ticket back, if there is one.
pub(crate) fn withdraw(rows: &mut dyn Rows, at: At, name: &str, by: &str) -> Result<(), TicketError> {
    let mut user = user::load(rows, at, name).map_err(MethodError::from)?;
    if user.row.ticket.take().is_none() {
        return Ok(());
    }
    rows.put_user(&user.row);
    let event = AuditEvent::TicketWithdrawn { user: name.to_owned(), by: by.to_owned() };
    rows.audit(at.service, at.now, event);
    Ok(())
}
