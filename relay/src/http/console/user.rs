//! A user's page: methods without their secrets, phones, standing, the ticket, and what happened lately.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use nod_login::rows::BindingState;
use nod_login::{MethodView, UnixMillis};
use serde::Deserialize;
use serde_json::{Value, json};

use super::seat::{Failed, Seat, Subject};
use super::words::{self, Names};

/// Events that the page shows.
const EVENTS: usize = 20;

/// What a page may be told to say about what was done before.
const SAID: [&str; 10] = [
    "approved",
    "withdrawn",
    "suspended",
    "unsuspended",
    "phone-revoked",
    "fob-assigned",
    "fob-waits",
    "fob-approved",
    "fob-revoked",
    "fob-resynchronised",
];

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    service: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    said: String,
}

pub(super) async fn show(seat: Seat, Query(asked): Query<Asked>) -> Response {
    let shown = async {
        let subject = Subject::find(&seat, &asked.service, &asked.name).await?;
        // Looking at a user is itself written down, before anything is shown.
        seat.desk()?.looked_at(&seat.operator, subject.id(), &subject.user).await?;
        page(&seat, &subject, StatusCode::OK, &asked.said, "").await
    };
    match shown.await {
        Ok(response) => response,
        Err(Failed::NotFound) => seat.error(StatusCode::NOT_FOUND, "console.error.name"),
        Err(failed) => seat.failed(failed),
    }
}

/// The page of a user, with a word about what was done, or about what was not.
pub(super) async fn page(
    seat: &Seat,
    subject: &Subject,
    status: StatusCode,
    said: &str,
    problem: &str,
) -> Result<Response, Failed> {
    let login = subject.login()?;
    let now = seat.app.clock.now();
    let names = Names::read(&seat.app.store).await?;
    let profile = login.profile(&subject.user).await?;
    let phones = login.devices(&subject.user).await?;
    let ticket = login.ticket(&subject.user).await?.filter(|ticket| now < ticket.expires);
    let activity = seat.app.store.activity(subject.id(), &subject.user, EVENTS).await?;
    let primary = profile.primary().map(|method| method.id);
    let methods: Vec<Value> =
        profile.methods.iter().map(|one| method(seat, &names, one, primary == Some(one.id))).collect();
    let phones: Vec<Value> = phones
        .into_iter()
        .map(|row| {
            json!({
                "id": row.id,
                "name": row.device.name,
                "model": row.device.model,
                "suspended": row.state == BindingState::Suspended,
                "created": row.created,
                "last_used": row.last_used,
            })
        })
        .collect();
    let events: Vec<Value> = activity
        .into_iter()
        .filter_map(|entry| {
            let mut shown = words::event(&names, &serde_json::to_value(&entry.event).ok()?);
            shown.as_object_mut()?.insert("at".to_owned(), json!(entry.at));
            Some(shown)
        })
        .collect();
    let known = !methods.is_empty() || !phones.is_empty() || profile.suspended.is_some();
    let context = json!({
        "service": { "id": subject.id(), "name": subject.hosted.record().name },
        "user": subject.user,
        "known": known,
        "fine": primary.is_some(),
        "suspended": profile.suspended,
        "locked_until": profile.locked_until.filter(|until| now < *until),
        "methods": methods,
        "phones": phones,
        "fobs_href": subject.address("/console/fobs", &[]),
        "ticket": ticket.map(|ticket| json!({
            "id": ticket.id,
            "by": names.of(&ticket.by),
            "own": ticket.by == seat.operator.by,
            "waits": ticket.waits,
            "approved_by": ticket.approved_by.as_deref().map(|by| names.of(by)),
            "left": left(ticket.expires, now),
        })),
        "two_persons": login.service().policy.methods.two_persons,
        "events": events,
        "said": if SAID.contains(&said) { said } else { "" },
        "problem": problem,
    });
    Ok(seat.page_with(status, "find", "console/user.html", context))
}

/// Whole seconds that are left.
pub(super) fn left(ends: UnixMillis, now: UnixMillis) -> u64 {
    ends.since(now).div_ceil(1000)
}

fn method(seat: &Seat, names: &Names, method: &MethodView, primary: bool) -> Value {
    let by = method.assigned_by.as_ref();
    json!({
        "id": method.id,
        "kind": method.kind.name(),
        "label": method.label,
        "hint": method.hint,
        "confirmed": method.confirmed,
        // Who assigned a key fob that waits for a second operator.
        "waits_by": by.map(|by| names.of(by)),
        "own": by == Some(&seat.operator.by),
        "usable": method.usable,
        "primary": primary,
        "count": method.count,
        "created": method.created,
        "last_used": method.last_used,
    })
}
