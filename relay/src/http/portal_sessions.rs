//! One-time links into the self-service portal (docs/integrating.md, "Portal session").

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::Language;
use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::text;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::gate::Caller;
use super::input::Json;
use super::problem::{Problem, Slug};
use crate::managed::Origin;
use crate::store::portal::{LINK_MS, PortalLink};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    user: String,
    #[serde(default)]
    return_to: Option<String>,
    #[serde(default)]
    language: Option<Language>,
}

fn not_allowed() -> Problem {
    Problem::with(Slug::Invalid, "return_to: not below one of the service's portal_return origins")
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Start>,
) -> Result<Response, Problem> {
    caller.login()?;
    let Start { user, return_to, language } = body;
    if text::check(&user, 128).is_err() {
        return Err(Problem::with(Slug::Invalid, "user: empty, longer than 128 characters, or misleading"));
    }
    let allowed = &caller.0.record().portal_return;
    let return_to = match return_to {
        Some(to) => Some(Origin::lead_back(allowed, &to).ok_or_else(not_allowed)?),
        None => None,
    };
    let secret = Secret::<32>::random(app.random.as_ref()).map_err(|_| Problem::from(Slug::Internal))?;
    let expires = app.clock.now().plus(LINK_MS);
    let row = PortalLink { service: caller.id(), user, return_to, language, expires };
    app.store.put_portal_link(Digest::of(secret.expose()), row).await?;
    let url = format!("{}/portal/enter?t={}", app.cookies.origin(), secret.to_text().as_str());
    Ok((StatusCode::CREATED, Answer(json!({ "url": url, "expires_at": expires }))).into_response())
}
