//! Whether the relay is alive and ready, what it counts, and the description of the interface.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::{Problem, Slug};
use super::{App, metrics};

/// The OpenAPI document; a test holds it against the routes.
pub const OPENAPI: &str = include_str!("../../openapi/openapi.json");

pub(super) async fn alive() -> Response {
    Answer(json!({ "status": "alive" })).into_response()
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    if app.hub.is_draining() {
        return Err(Problem::with(Slug::Unavailable, "the relay is going down"));
    }
    app.store.engine().health().map_err(|_| Problem::with(Slug::Unavailable, "the store has failed"))?;
    Ok(Answer(json!({ "status": "ready" })).into_response())
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let head = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (head, metrics::render(&app).await).into_response()
}

pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
