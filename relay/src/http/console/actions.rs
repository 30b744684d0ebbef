//! What a helpdesk does to a user: tickets, suspending, revoking a phone.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use nod_login::{RevokeError, TicketError};
use nod_protocol::{BindingId, MethodId, TicketId};
use serde::Deserialize;
use serde_json::json;

use super::super::pages;
use super::seat::{Failed, Posted, Seat, Subject};
use super::user::{self, left};
use crate::store::console::WaitingRow;

/// An action's answer: the page of the user with a word, or with a problem.
enum Done {
    Said(&'static str),
    Ticket(TicketId),
    Problem(StatusCode, &'static str),
}

/// Runs an action on the user that a form names, and answers.
async fn act<F>(posted: Posted, action: F) -> Response
where
    F: AsyncFnOnce(&Posted, &Subject) -> Result<Done, Failed>,
{
    let answer = async {
        let subject = posted.subject().await?;
        match action(&posted, &subject).await? {
            Done::Said(word) => Ok(pages::redirect(&subject.page(word))),
            Done::Ticket(id) => {
                let to = subject.address("/console/ticket", &[("ticket", &id.to_string())]);
                Ok(pages::redirect(&to))
            }
            Done::Problem(status, problem) => user::page(&posted.seat, &subject, status, "", problem).await,
        }
    };
    match answer.await {
        Ok(response) => response,
        Err(failed) => posted.seat.failed(failed),
    }
}

pub(super) async fn issue(posted: Posted) -> Response {
    act(posted, async |posted, subject| {
        let seat = &posted.seat;
        let login = subject.login()?;
        if login.profile(&subject.user).await?.suspended.is_some() {
            return Ok(Done::Problem(StatusCode::CONFLICT, "suspended"));
        }
        let issued = login.issue_ticket(&subject.user, &seat.operator.by).await?;
        let (id, user) = (issued.id, subject.user.as_str());
        seat.desk()?.keep_once(&seat.operator, subject.id(), user, id, &issued.code).await?;
        if issued.needs_second {
            let row = WaitingRow {
                service: subject.id(),
                user: subject.user.clone(),
                ticket: id,
                expires: issued.expires,
            };
            seat.app.store.put_ticket_waiting(row).await?;
        }
        Ok(Done::Ticket(id))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    service: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    ticket: String,
}

/// The page that shows a ticket's code, to the operator who issued it and once; afterwards it says that it has.
pub(super) async fn ticket(seat: Seat, Query(asked): Query<Asked>) -> Response {
    let shown = async {
        let subject = Subject::find(&seat, &asked.service, &asked.name).await?;
        let id: TicketId = asked.ticket.parse().map_err(|_| Failed::NotFound)?;
        let ticket = subject.login()?.ticket(&subject.user).await?;
        let now = seat.app.clock.now();
        let ticket =
            ticket.filter(|ticket| ticket.id == id && now < ticket.expires).ok_or(Failed::NotFound)?;
        let code = seat.desk()?.take_once(&seat.operator, id).await?;
        let groups: Vec<&str> = code.as_ref().map_or_else(Vec::new, |code| code.split('-').collect());
        let context = json!({
            "service": { "id": subject.id(), "name": subject.hosted.record().name },
            "user": subject.user,
            "user_href": subject.address("/console/user", &[]),
            "groups": groups,
            "waits": ticket.waits,
            "left": left(ticket.expires, now),
            "expires": ticket.expires,
        });
        Ok(seat.page("find", "console/ticket.html", context))
    };
    match shown.await {
        Ok(response) => response,
        Err(failed) => seat.failed(failed),
    }
}

pub(super) async fn approve(posted: Posted) -> Response {
    act(posted, async |posted, subject| {
        let id: TicketId = posted.form.text("ticket").parse().map_err(|_| Failed::NotFound)?;
        let by = &posted.seat.operator.by;
        let login = subject.login()?;
        let ticket = login.ticket(&subject.user).await?.filter(|ticket| ticket.id == id);
        if let Some(ticket) = ticket
            && posted.seat.desk()?.one_made_the_other(by, &ticket.by).await?
        {
            return Ok(Done::Problem(StatusCode::FORBIDDEN, "own-link"));
        }
        match login.approve_ticket(&subject.user, id, by).await {
            Ok(()) => Ok(Done::Said("approved")),
            Err(TicketError::SamePerson) => Ok(Done::Problem(StatusCode::FORBIDDEN, "same-person")),
            Err(TicketError::NotFound | TicketError::NotWaiting) => {
                Ok(Done::Problem(StatusCode::CONFLICT, "ticket-over"))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// Puts a key fob in force that another operator assigned.
pub(super) async fn approve_fob(posted: Posted) -> Response {
    act(posted, async |posted, subject| {
        let id: MethodId = posted.form.text("method").parse().map_err(|_| Failed::NotFound)?;
        let by = &posted.seat.operator.by;
        let login = subject.login()?;
        let profile = login.profile(&subject.user).await?;
        let assigned_by = profile.methods.iter().find(|method| method.id == id);
        if let Some(assigned_by) = assigned_by.and_then(|method| method.assigned_by.as_ref())
            && posted.seat.desk()?.one_made_the_other(by, assigned_by).await?
        {
            return Ok(Done::Problem(StatusCode::FORBIDDEN, "own-link"));
        }
        match login.approve_fob(&subject.user, id, by).await {
            Ok(_) => Ok(Done::Said("fob-approved")),
            Err(TicketError::SamePerson) => Ok(Done::Problem(StatusCode::FORBIDDEN, "same-person-fob")),
            Err(TicketError::NotFound | TicketError::NotWaiting) => {
                Ok(Done::Problem(StatusCode::CONFLICT, "fob-over"))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

pub(super) async fn withdraw(posted: Posted) -> Response {
    act(posted, async |posted, subject| {
        subject.login()?.withdraw_ticket(&subject.user, &posted.seat.operator.by).await?;
        Ok(Done::Said("withdrawn"))
    })
    .await
}

pub(super) async fn suspend(posted: Posted) -> Response {
    set_suspended(posted, true).await
}

pub(super) async fn unsuspend(posted: Posted) -> Response {
    set_suspended(posted, false).await
}

async fn set_suspended(posted: Posted, suspended: bool) -> Response {
    act(posted, async |posted, subject| {
        subject.login()?.suspend(&subject.user, suspended, &posted.seat.operator.by).await?;
        Ok(Done::Said(if suspended { "suspended" } else { "unsuspended" }))
    })
    .await
}

pub(super) async fn revoke_phone(posted: Posted) -> Response {
    act(posted, async |posted, subject| {
        let binding: BindingId = posted.form.text("phone").parse().map_err(|_| Failed::NotFound)?;
        let seat = &posted.seat;
        // The login server's own entry does not say who asked.
        seat.desk()?.note(subject.id(), &subject.user, "phone-revocation-asked", &seat.operator.by).await?;
        match subject.login()?.revoke(&subject.user, binding).await {
            Ok(()) => Ok(Done::Said("phone-revoked")),
            Err(RevokeError::NotFound) => Ok(Done::Problem(StatusCode::CONFLICT, "phone-gone")),
            Err(RevokeError::Store(error)) => Err(error.into()),
            Err(_) => Err(Failed::Unavailable),
        }
    })
    .await
}
