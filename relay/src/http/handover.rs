//! A managed service becomes sovereign: what its organisation's login server takes over.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json as Answer};
use nod_login::SignedRotation;
use nod_protocol::BindingId;
use nod_protocol::jws::MAX_LEN;
use serde::{Deserialize, Serialize};

use super::App;
use super::gate::Caller;
use super::input::Json;
use super::problem::{Problem, Slug};
use crate::store::handover::ExportPage;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Take {
    /// `nod-rotate+jwt` by the organisation's key.
    rotate: String,
    /// Where the page of the export begins: `next` of the page before.
    #[serde(default)]
    from: Option<BindingId>,
}

#[derive(Serialize)]
struct Taken<'a> {
    seq: u64,
    chain: &'a [SignedRotation],
    #[serde(flatten)]
    page: ExportPage,
}

/// Hands the service over, or answers for what was handed over by the same signature before.
pub(super) async fn to_sovereign(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Json(Take { rotate, from }): Json<Take>,
) -> Result<Response, Problem> {
    if rotate.len() > MAX_LEN {
        return Err(Problem::with(Slug::TooLarge, "rotate: at most 8 KiB"));
    }
    let id = caller.0.record().id;
    let managed = caller.0.login().is_some();
    let hosted = app.services.hand_over(id, &rotate).await?;
    if managed {
        tracing::warn!(service = %id, "service handed over: its organisation verifies from now on");
    }
    let record = hosted.record();
    let page = app.store.export(id, from).await?;
    Ok(Answer(Taken { seq: record.key_seq, chain: &record.chain, page }).into_response())
}
