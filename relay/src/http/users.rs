//! Users of managed services: their devices, and the word that another method verified one.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::UnixMillis;
use nod_login::rows::{BindingRow, BindingState};
use nod_protocol::BindingId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::gate::Caller;
use super::input::Path;
use super::problem::Problem;

#[derive(Deserialize)]
pub(super) struct UserDevice {
    user: String,
    binding: BindingId,
}

#[derive(Serialize)]
struct Device {
    binding_id: BindingId,
    name: String,
    model: String,
    label: String,
    #[serde(rename = "gen")]
    generation: u64,
    state: BindingState,
    created_at: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<UnixMillis>,
}

impl From<BindingRow> for Device {
    fn from(row: BindingRow) -> Self {
        Self {
            binding_id: row.id,
            name: row.device.name,
            model: row.device.model,
            label: row.label,
            generation: row.gen_,
            state: row.state,
            created_at: row.created,
            last_used_at: row.last_used,
        }
    }
}

/// An unknown user is answered like one without devices.
pub(super) async fn devices(
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
) -> Result<Response, Problem> {
    let rows = caller.login()?.devices(&user).await?;
    let devices: Vec<Device> =
        rows.into_iter().filter(|row| row.state != BindingState::Revoked).map(Device::from).collect();
    Ok(Answer(json!({ "devices": devices })).into_response())
}

pub(super) async fn revoke(
    Extension(caller): Extension<Caller>,
    Path(UserDevice { user, binding }): Path<UserDevice>,
) -> Result<StatusCode, Problem> {
    caller.login()?.revoke(&user, binding).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn verified(
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.login()?.method_succeeded(&user).await?;
    Ok(StatusCode::NO_CONTENT)
}
