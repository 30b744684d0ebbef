//! Key fobs of a user: finding one by its serial number, assigning, taking back, resynchronising by two codes.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use nod_login::{MethodError, MethodKind};
use nod_protocol::MethodId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::pages;
use super::seat::{Failed, Posted, Seat, Subject};

/// Key fobs that one search shows.
const SHOWN: usize = 20;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    service: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    serial: String,
}

pub(super) async fn show(seat: Seat, Query(asked): Query<Asked>) -> Response {
    let shown = async {
        let subject = Subject::find(&seat, &asked.service, &asked.name).await?;
        seat.desk()?.looked_at(&seat.operator, subject.id(), &subject.user).await?;
        page(&seat, &subject, StatusCode::OK, asked.serial.trim(), "").await
    };
    match shown.await {
        Ok(response) => response,
        Err(failed) => seat.failed(failed),
    }
}

async fn page(
    seat: &Seat,
    subject: &Subject,
    status: StatusCode,
    serial: &str,
    problem: &str,
) -> Result<Response, Failed> {
    let profile = subject.login()?.profile(&subject.user).await?;
    let own: Vec<Value> = profile
        .methods
        .iter()
        .filter(|method| method.kind == MethodKind::Fob)
        .map(|method| {
            json!({
                "id": method.id,
                "serial": method.hint,
                "label": method.label,
                "counter_based": method.counter_based,
                "last_used": method.last_used,
                "digits": method.digits,
                "waits": method.assigned_by.is_some(),
            })
        })
        .collect();
    let found = if serial.is_empty() { None } else { Some(search(subject, serial).await?) };
    let context = json!({
        "service": { "id": subject.id(), "name": subject.hosted.record().name },
        "user": subject.user,
        "user_href": subject.address("/console/user", &[]),
        "own": own,
        "serial": serial,
        "found": found,
        "problem": problem,
    });
    Ok(seat.page_with(status, "find", "console/fobs.html", context))
}

/// The key fobs whose serial numbers begin with `serial`.
async fn search(subject: &Subject, serial: &str) -> Result<Vec<Value>, Failed> {
    let login = subject.login()?;
    // The list begins after a serial number: right before those that begin with this one.
    let mut before = serial.to_owned();
    let last = before.pop().and_then(|last| char::from_u32(u32::from(last).saturating_sub(1)));
    before.extend(last.into_iter().chain([char::MAX]));
    let fobs = login.fobs(Some(before), SHOWN).await?;
    Ok(fobs
        .into_iter()
        .filter(|fob| fob.serial.starts_with(serial))
        .map(|fob| {
            let state = match &fob.user {
                None => "free",
                Some(user) if *user == subject.user => "own",
                Some(_) => "taken",
            };
            json!({
                "serial": fob.serial,
                "model": fob.model,
                "state": state,
                "counter_based": fob.counter_based,
            })
        })
        .collect())
}

/// Runs an action on a key fob of the user that a form names; `note` goes into the audit log first, with who asked. The
/// action gives the word that the user's page then says.
async fn act<F>(posted: Posted, note: &'static str, action: F) -> Response
where
    F: AsyncFnOnce(&Posted, &Subject) -> Result<&'static str, MethodError>,
{
    let answer = async {
        let subject = posted.subject().await?;
        let seat = &posted.seat;
        seat.desk()?.note(subject.id(), &subject.user, note, &seat.operator.by).await?;
        let (status, problem) = match action(&posted, &subject).await {
            Ok(said) => return Ok(pages::redirect(&subject.page(said))),
            Err(MethodError::NotFound) => (StatusCode::CONFLICT, "gone"),
            Err(MethodError::WrongCode { .. }) => (StatusCode::UNPROCESSABLE_ENTITY, "codes"),
            Err(MethodError::Locked { .. }) => (StatusCode::TOO_MANY_REQUESTS, "locked"),
            Err(MethodError::Forbidden) => (StatusCode::FORBIDDEN, "forbidden"),
            Err(MethodError::TooMany) => (StatusCode::CONFLICT, "too-many"),
            Err(error) => return Err(error.into()),
        };
        page(seat, &subject, status, posted.form.text("serial"), problem).await
    };
    match answer.await {
        Ok(response) => response,
        Err(failed) => posted.seat.failed(failed),
    }
}

pub(super) async fn assign(posted: Posted) -> Response {
    act(posted, "fob-assignment-asked", async |posted, subject| {
        let login = subject.login().map_err(|_| MethodError::NotFound)?;
        let (serial, by) = (posted.form.text("serial"), &posted.seat.operator.by);
        let assigned = login.assign_fob_by(&subject.user, serial, by).await?;
        Ok(if assigned.assigned_by.is_some() { "fob-waits" } else { "fob-assigned" })
    })
    .await
}

/// The method that a form names, if it is a key fob of the user.
async fn own_fob(posted: &Posted, subject: &Subject) -> Result<MethodId, MethodError> {
    let id: MethodId = posted.form.text("method").parse().map_err(|_| MethodError::NotFound)?;
    let profile = subject.login().map_err(|_| MethodError::NotFound)?.profile(&subject.user).await?;
    let is_fob = |method: &&nod_login::MethodView| method.id == id && method.kind == MethodKind::Fob;
    profile.methods.iter().find(is_fob).map(|method| method.id).ok_or(MethodError::NotFound)
}

pub(super) async fn revoke(posted: Posted) -> Response {
    act(posted, "fob-return-asked", async |posted, subject| {
        let method = own_fob(posted, subject).await?;
        subject.login().map_err(|_| MethodError::NotFound)?.remove_method(&subject.user, method).await?;
        Ok("fob-revoked")
    })
    .await
}

pub(super) async fn resync(posted: Posted) -> Response {
    act(posted, "fob-resynchronisation-asked", async |posted, subject| {
        let method = own_fob(posted, subject).await?;
        let codes = [posted.form.text("first"), posted.form.text("second")];
        let login = subject.login().map_err(|_| MethodError::NotFound)?;
        login.resync_fob(&subject.user, method, codes).await?;
        Ok("fob-resynchronised")
    })
    .await
}
