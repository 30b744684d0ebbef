//! Enrolments of managed services: start, watch, confirm, abort.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::rows::{AbortReason, EnrolmentState};
use nod_login::{Changed, EnrolmentView, UnixMillis};
use nod_protocol::messages::DeviceInfo;
use nod_protocol::{BindingId, EnrolmentId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::gate::Caller;
use super::input::{Json, Params, Path};
use super::problem::{Problem, Slug};
use super::wait::{self, Seen};
use super::{App, qr};
use crate::bus::Topic;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    user: String,
    #[serde(default)]
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    #[serde(default)]
    wait: Option<u64>,
}

#[derive(Serialize)]
struct Shown {
    enrolment_id: EnrolmentId,
    user: String,
    label: String,
    state: EnrolmentState,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<AbortReason>,
    tries_left: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<BindingId>,
    expires_at: UnixMillis,
}

impl From<EnrolmentView> for Shown {
    fn from(view: EnrolmentView) -> Self {
        Self {
            enrolment_id: view.id,
            user: view.user,
            label: view.label,
            state: view.state,
            reason: view.abort_reason,
            tries_left: view.tries_left,
            device: view.device,
            binding_id: view.binding,
            expires_at: view.expires,
        }
    }
}

pub(super) async fn start(
    Extension(caller): Extension<Caller>,
    Json(body): Json<Start>,
) -> Result<Response, Problem> {
    let login = caller.login()?;
    let started = login.start_enrolment(&body.user, body.label.as_deref()).await?;
    let svg = qr::svg(&started.qr).ok_or(Slug::Internal)?;
    let answer = Answer(json!({
        "enrolment_id": started.id,
        "qr": started.qr.as_str(),
        "qr_svg": svg,
        "expires_at": started.expires,
        "state": EnrolmentState::Waiting,
    }));
    Ok((StatusCode::CREATED, answer).into_response())
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<EnrolmentId>,
    Params(query): Params<Wait>,
) -> Result<Response, Problem> {
    let (login, clock) = (caller.login()?, app.clock.as_ref());
    let view = wait::until(
        &app,
        Topic::Row(Changed::Enrolment(id)),
        query.wait,
        || async move {
            let value = login.enrolment(id).await?;
            let open = matches!(value.state, EnrolmentState::Waiting | EnrolmentState::Claimed);
            let ends_in_ms = Some(value.expires.since(clock.now()));
            Ok(Seen { value, open, ends_in_ms })
        },
        |before, now| before.state != now.state,
    )
    .await?;
    Ok(Answer(Shown::from(view)).into_response())
}

pub(super) async fn confirm(
    Extension(caller): Extension<Caller>,
    Path(id): Path<EnrolmentId>,
    Json(body): Json<Confirm>,
) -> Result<Response, Problem> {
    let binding = caller.login()?.confirm_enrolment(id, &body.code).await?;
    Ok(Answer(json!({ "state": EnrolmentState::Active, "binding_id": binding })).into_response())
}

pub(super) async fn abort(
    Extension(caller): Extension<Caller>,
    Path(id): Path<EnrolmentId>,
) -> Result<StatusCode, Problem> {
    caller.login()?.abort_enrolment(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
