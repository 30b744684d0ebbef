//! Operators of the helpdesk console, as the relay's operator makes them with the admin key.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use nod_login::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use super::input::{Json, Path};
use super::problem::{Problem, Slug};
use crate::operators::phones::Invitation;
use crate::operators::{Desk, DeskError, Role, RoleSet};
use crate::store::operators::{OperatorError, OperatorRow};

/// How the audit log names whoever shows the admin key.
const BY: &str = "admin-key";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    roles: Vec<Role>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    roles: Vec<Role>,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    roles: RoleSet,
    created_at: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_at: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sign_in_at: Option<UnixMillis>,
}

impl From<OperatorRow> for Shown {
    fn from(row: OperatorRow) -> Self {
        Self {
            name: row.name,
            roles: row.roles,
            created_at: row.created,
            joined_at: row.joined,
            last_sign_in_at: row.last_sign_in,
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Name => Self::with(Slug::Invalid, format!("name: {error}")),
            DeskError::NoRole => Self::with(Slug::Invalid, format!("roles: {error}")),
            DeskError::Off => {
                Self::with(Slug::Conflict, "operators do not sign in with Nod: console.nod is off")
            }
            DeskError::NotFound | DeskError::Operator(OperatorError::NotFound) => Slug::NotFound.into(),
            DeskError::Operator(OperatorError::Store(error)) | DeskError::Store(error) => error.into(),
            DeskError::Operator(error) => Self::with(Slug::Conflict, error.to_string()),
            DeskError::Services(error) => error.into(),
            DeskError::Limited(limited) => limited.into(),
            DeskError::Oidc(_) | DeskError::WrongCode { .. } | DeskError::Keys => Slug::Internal.into(),
        }
    }
}

/// The desk of a relay with a console.
fn desk(app: &App) -> Result<&Desk, Problem> {
    app.desk.as_deref().ok_or_else(|| DeskError::Off.into())
}

fn invited(app: &App, name: &str, status: StatusCode, link: &Invitation) -> Response {
    let url = format!("{}/console/join/{}", app.cookies.origin(), link.secret.to_text().as_str());
    let answer = json!({ "name": name, "join_url": url, "expires_at": link.expires });
    (status, Answer(answer)).into_response()
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Json(body): Json<Create>,
) -> Result<Response, Problem> {
    let link = desk(&app)?.invite(&body.name, RoleSet::of(&body.roles), BY).await?;
    Ok(invited(&app, &body.name.trim().to_ascii_lowercase(), StatusCode::CREATED, &link))
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    desk(&app)?;
    let operators: Vec<Shown> = app.store.operators().await?.into_iter().map(Shown::from).collect();
    Ok(Answer(json!({ "operators": operators })).into_response())
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Json(body): Json<Change>,
) -> Result<Response, Problem> {
    let row = desk(&app)?.set_roles(&name, RoleSet::of(&body.roles), BY).await?;
    Ok(Answer(Shown::from(row)).into_response())
}

pub(super) async fn link(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Response, Problem> {
    let link = desk(&app)?.invite_again(&name, BY).await?;
    Ok(invited(&app, &name, StatusCode::CREATED, &link))
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    desk(&app)?.remove(&name, BY).await?;
    Ok(StatusCode::NO_CONTENT)
}
