//! The operators: those who sign in with Nod, and those who came through OpenID Connect.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::pages;
use super::seat::{Failed, Posted, Seat};
use crate::operators::phones::Invitation;
use crate::operators::{DeskError, Role, RoleSet};
use crate::store::operators::OperatorError;

pub(super) async fn show(seat: Seat) -> Response {
    answer(&seat, StatusCode::OK, "", None).await
}

/// The page, with a problem or a fresh link.
async fn answer(
    seat: &Seat,
    status: StatusCode,
    problem: &str,
    link: Option<(&str, &Invitation)>,
) -> Response {
    match context(seat, problem, link).await {
        Ok(context) => seat.page_with(status, "operators", "console/operators.html", context),
        Err(failed) => seat.failed(failed),
    }
}

async fn context(seat: &Seat, problem: &str, link: Option<(&str, &Invitation)>) -> Result<Value, Failed> {
    let store = &seat.app.store;
    let names = |roles: RoleSet| roles.roles().map(Role::name).collect::<Vec<_>>();
    let operators: Vec<Value> = store
        .operators()
        .await?
        .into_iter()
        .map(|row| {
            json!({
                "name": row.name,
                "roles": names(row.roles),
                "joined": row.joined,
                "last": row.last_sign_in,
                "own": seat.operator.by == format!("nod:{}", row.name),
            })
        })
        .collect();
    let seen: Vec<Value> = store
        .operators_seen()
        .await?
        .into_iter()
        .map(|row| json!({ "name": row.name, "roles": names(row.roles), "at": row.at }))
        .collect();
    let desk = seat.desk()?;
    let link = link.map(|(name, link)| {
        let secret = link.secret.to_text();
        let url = format!("{}/console/join/{}", seat.app.cookies.origin(), secret.as_str());
        json!({ "name": name, "url": url, "left": link.expires.since(seat.app.clock.now()).div_ceil(1000) })
    });
    Ok(json!({
        "operators": operators,
        "seen": seen,
        "all_roles": Role::ALL.map(Role::name),
        "nod": desk.has_nod(),
        "oidc": desk.has_oidc(),
        "problem": problem,
        "link": link,
    }))
}

fn roles_of(posted: &Posted) -> RoleSet {
    let named: Vec<&str> = posted.form.all("role").collect();
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| named.contains(&role.name())).collect();
    RoleSet::of(&roles)
}

async fn refused(seat: &Seat, error: DeskError) -> Response {
    let (status, problem) = match error {
        DeskError::Name => (StatusCode::UNPROCESSABLE_ENTITY, "name"),
        DeskError::NoRole => (StatusCode::UNPROCESSABLE_ENTITY, "no-role"),
        DeskError::Operator(OperatorError::Taken) => (StatusCode::CONFLICT, "taken"),
        DeskError::Operator(OperatorError::TooMany) => (StatusCode::CONFLICT, "too-many"),
        DeskError::Operator(OperatorError::NotFound) => (StatusCode::CONFLICT, "gone"),
        DeskError::Off => (StatusCode::CONFLICT, "off"),
        DeskError::NotFound
        | DeskError::Oidc(_)
        | DeskError::Operator(OperatorError::Store(_))
        | DeskError::WrongCode { .. }
        | DeskError::Services(_)
        | DeskError::Limited(_)
        | DeskError::Keys
        | DeskError::Store(_) => return seat.failed(Failed::Unavailable),
    };
    answer(seat, status, problem, None).await
}

/// The link is shown on the very answer, once.
pub(super) async fn invite(posted: Posted) -> Response {
    let (seat, name) = (&posted.seat, posted.form.text("name"));
    let Ok(desk) = seat.desk() else { return seat.failed(Failed::NotFound) };
    match desk.invite(name, roles_of(&posted), &seat.operator.by).await {
        Ok(link) => answer(seat, StatusCode::OK, "", Some((&name.to_ascii_lowercase(), &link))).await,
        Err(error) => refused(seat, error).await,
    }
}

pub(super) async fn link(posted: Posted) -> Response {
    let (seat, name) = (&posted.seat, posted.form.text("name"));
    let Ok(desk) = seat.desk() else { return seat.failed(Failed::NotFound) };
    match desk.invite_again(name, &seat.operator.by).await {
        Ok(link) => answer(seat, StatusCode::OK, "", Some((name, &link))).await,
        Err(error) => refused(seat, error).await,
    }
}

/// An operator's own roles stay: whoever took the last administrator away could not undo it.
fn is_own(posted: &Posted) -> bool {
    posted.seat.operator.by == format!("nod:{}", posted.form.text("name"))
}

pub(super) async fn roles(posted: Posted) -> Response {
    let seat = &posted.seat;
    let Ok(desk) = seat.desk() else { return seat.failed(Failed::NotFound) };
    if is_own(&posted) {
        return answer(seat, StatusCode::CONFLICT, "own", None).await;
    }
    match desk.set_roles(posted.form.text("name"), roles_of(&posted), &seat.operator.by).await {
        Ok(_) => pages::redirect("/console/operators"),
        Err(error) => refused(seat, error).await,
    }
}

pub(super) async fn remove(posted: Posted) -> Response {
    let seat = &posted.seat;
    let Ok(desk) = seat.desk() else { return seat.failed(Failed::NotFound) };
    if is_own(&posted) {
        return answer(seat, StatusCode::CONFLICT, "own", None).await;
    }
    match desk.remove(posted.form.text("name"), &seat.operator.by).await {
        Ok(()) => pages::redirect("/console/operators"),
        Err(error) => refused(seat, error).await,
    }
}
