//! Adding a phone: a QR code, the wait for the phone that scans it, and the six digits that it shows.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use nod_login::rows::EnrolmentState;
use nod_login::{Changed, ConfirmError, EnrolError, EnrolmentView};
use nod_protocol::EnrolmentId;
use serde_json::json;

use super::super::input::Path;
use super::super::wait::{self, Seen};
use super::super::{pages, qr};
use super::asking::plain;
use super::confirm::SeenQuery;
use super::draft::Draft;
use super::visitor::{Posted, Visitor};
use crate::bus::Topic;

const THEN: &str = "phones/add";

/// Seconds that a page's script waits for news in one request.
const WAIT_S: u64 = 20;

pub(super) async fn ask(visitor: Visitor) -> Response {
    if let Err(confirm) = visitor.gate(THEN) {
        return confirm;
    }
    visitor.page("portal/phone-add.html", "phones", json!({ "error": null }))
}

pub(super) async fn start(Posted { visitor, .. }: Posted) -> Response {
    if let Err(confirm) = visitor.gate(THEN) {
        return confirm;
    }
    match visitor.login.start_enrolment(visitor.user(), None).await {
        Ok(started) => {
            let draft = Draft::Phone { enrolment: started.id, qr: started.qr.to_string() };
            if visitor.keep(&draft).await {
                pages::redirect(&path(started.id))
            } else {
                visitor.unavailable()
            }
        }
        Err(error) => {
            let context = json!({ "error": visitor.why_enrolment(&error) });
            visitor.page_with(StatusCode::CONFLICT, "portal/phone-add.html", "phones", context)
        }
    }
}

fn path(id: EnrolmentId) -> String {
    format!("/portal/phones/add/{id}")
}

/// The enrolment, if it is this user's.
async fn look(visitor: &Visitor, id: EnrolmentId) -> Result<EnrolmentView, Response> {
    match visitor.login.enrolment(id).await {
        Ok(view) if view.user == visitor.user() => Ok(view),
        Ok(_) | Err(EnrolError::NotFound) => Err(visitor.nothing()),
        Err(_) => Err(visitor.unavailable()),
    }
}

const fn name(state: EnrolmentState) -> &'static str {
    match state {
        EnrolmentState::Waiting => "waiting",
        EnrolmentState::Claimed => "claimed",
        EnrolmentState::Active => "active",
        EnrolmentState::Aborted => "aborted",
        EnrolmentState::Expired => "expired",
    }
}

pub(super) async fn show(visitor: Visitor, Path(id): Path<EnrolmentId>) -> Response {
    page(&visitor, id, None).await
}

async fn page(visitor: &Visitor, id: EnrolmentId, error: Option<&str>) -> Response {
    let view = match look(visitor, id).await {
        Ok(view) => view,
        Err(answer) => return answer,
    };
    if view.state == EnrolmentState::Active {
        return visitor.done("phone");
    }
    // The code is shown in the session that asked for it, and only while it can be scanned.
    let text = match visitor.draft() {
        Some(Draft::Phone { enrolment, ref qr }) if enrolment == id => Some(qr.clone()),
        _ => None,
    };
    let waiting = view.state == EnrolmentState::Waiting;
    let text = text.filter(|_| waiting);
    let left_ms = view.expires.since(visitor.now());
    let context = json!({
        "base": path(id),
        "state": name(view.state),
        "qr_svg": text.as_deref().and_then(qr::svg),
        "qr_text": text,
        "device": view.device.map(|device| json!({ "name": device.name, "model": device.model })),
        "left_ms": left_ms,
        "left_s": left_ms.div_ceil(1000),
        "error": error,
    });
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visitor.page_with(status, "portal/phone-adding.html", "phones", context)
}

pub(super) async fn confirm(Path(id): Path<EnrolmentId>, Posted { visitor, form }: Posted) -> Response {
    if let Err(answer) = look(&visitor, id).await {
        return answer;
    }
    match visitor.login.confirm_enrolment(id, form.text("code")).await {
        Ok(_) => visitor.done("phone"),
        Err(ConfirmError::Ended { .. }) => pages::redirect(&path(id)),
        Err(ConfirmError::NotFound) => visitor.nothing(),
        Err(error) => page(&visitor, id, Some(&visitor.why_check_code(&error))).await,
    }
}

pub(super) async fn cancel(Path(id): Path<EnrolmentId>, Posted { visitor, .. }: Posted) -> Response {
    if let Err(answer) = look(&visitor, id).await {
        return answer;
    }
    // One that has ended already is as well.
    let _ = visitor.login.abort_enrolment(id).await;
    pages::redirect("/portal/phones")
}

pub(super) async fn news(visitor: Visitor, Path(id): Path<EnrolmentId>, query: Query<SeenQuery>) -> Response {
    if let Err(answer) = look(&visitor, id).await {
        return answer;
    }
    let (login, seen) = (&visitor.login, query.seen.as_str());
    let visitor = &visitor;
    let found = wait::until(
        &visitor.app,
        Topic::Row(Changed::Enrolment(id)),
        Some(WAIT_S),
        || async move {
            let view = login.enrolment(id).await?;
            let ends_in_ms = Some(view.expires.since(visitor.now()));
            let value = name(view.state);
            Ok(Seen { value, open: value == seen, ends_in_ms })
        },
        |before, now| before != now,
    )
    .await;
    match found {
        Ok(state) => plain(state.to_owned()),
        Err(problem) => problem.into_response(),
    }
}
