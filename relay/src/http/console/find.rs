//! The first page: finding a user, users looked at before, and tickets that wait for a second operator.

use axum::response::Response;
use nod_login::UnixMillis;
use serde_json::{Value, json};

use super::seat::{Failed, Seat, with_query};
use super::words::Names;
use crate::operators::Right;

pub(super) async fn show(seat: Seat) -> Response {
    match context(&seat).await {
        Ok(context) => seat.page("find", "console/find.html", context),
        Err(failed) => seat.failed(failed),
    }
}

async fn context(seat: &Seat) -> Result<Value, Failed> {
    let services = seat.services().await?;
    let name_of =
        |id| services.iter().find(|hosted| hosted.record().id == id).map(|hosted| &hosted.record().name);
    let recent: Vec<Value> = seat
        .operator
        .recent
        .iter()
        .filter_map(|(id, user)| {
            let (service, id) = (name_of(*id)?, id.to_string());
            let href = with_query("/console/user", &[("service", &id), ("name", user)]);
            Some(json!({ "service": service, "user": user, "href": href }))
        })
        .collect();
    let listed: Vec<Value> = services
        .iter()
        .map(|hosted| json!({ "id": hosted.record().id, "name": hosted.record().name }))
        .collect();
    let last = seat.operator.recent.first().map(|(id, _)| id);
    let waiting = if seat.operator.may(Right::Help) { waiting(seat).await? } else { Vec::new() };
    Ok(json!({ "services": listed, "last": last, "recent": recent, "waiting": waiting }))
}

/// Tickets that wait for an approval, the oldest first. The operator's own ones are listed, too, and say so.
async fn waiting(seat: &Seat) -> Result<Vec<Value>, Failed> {
    let now: UnixMillis = seat.app.clock.now();
    let names = Names::read(&seat.app.store).await?;
    let mut shown = Vec::new();
    for row in seat.app.store.tickets_waiting(now).await? {
        let Ok(hosted) = seat.service(&row.service.to_string()).await else { continue };
        let Some(login) = hosted.login() else { continue };
        let ticket = login.ticket(&row.user).await?;
        let Some(ticket) = ticket.filter(|ticket| ticket.id == row.ticket && ticket.waits) else { continue };
        let id = row.service.to_string();
        shown.push(json!({
            "service": hosted.record().name,
            "user": row.user,
            "by": names.of(&ticket.by),
            "own": ticket.by == seat.operator.by,
            "left": ticket.expires.since(now).div_ceil(1000),
            "href": with_query("/console/user", &[("service", &id), ("name", &row.user)]),
        }));
    }
    Ok(shown)
}
