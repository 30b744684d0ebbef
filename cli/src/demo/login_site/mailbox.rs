//! The mailbox page: what arrived for the made-up people, and what they carry in their pockets.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::LoginSite;
use crate::demo::assets;
use crate::demo::follow::{LONGEST_S, Since};
use crate::demo::problem::Problem;
use crate::demo::security::Policy;

/// Which letter.
#[derive(Deserialize)]
pub(super) struct Which {
    id: u64,
}

/// The page. It frames the letters' HTML parts.
pub(super) async fn page() -> Response {
    let mut page = assets::answer("login/mailbox.html");
    page.extensions_mut().insert(Policy::Framing);
    page
}

/// The letters, now or at their next change. Everybody may look: the people are made up, and so are their secrets.
pub(super) async fn letters(State(site): State<Arc<LoginSite>>, Query(since): Query<Since>) -> Json<Value> {
    let mut changes = site.inbox.changes();
    let mut rev = site.inbox.rev(*changes.borrow_and_update());
    if since.since.as_deref() == Some(&*rev) {
        let wait = Duration::from_secs(since.wait.min(LONGEST_S));
        tokio::select! {
            _ = timeout(wait, changes.changed()) => {}
            () = site.stop.cancelled() => {}
        }
        rev = site.inbox.rev(*changes.borrow_and_update());
    }
    // The document may hold more than its revision says, never less: then the next poll brings it again.
    Json(json!({ "rev": rev, "letters": site.inbox.letters() }))
}

/// The HTML part of a letter, for a frame in which nothing runs and nothing is fetched.
pub(super) async fn html(
    State(site): State<Arc<LoginSite>>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let html = site.inbox.html(which.id).ok_or_else(Problem::not_found)?;
    let mut response = ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    response.extensions_mut().insert(Policy::Letter);
    Ok(response)
}

/// The key fob and the sheet of paper.
pub(super) async fn pocket(State(site): State<Arc<LoginSite>>) -> Json<Value> {
    Json(site.pocket.document())
}
