//! The audit log's newest entries, and the whole of it as a file.

use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use nod_protocol::ServiceId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::operator::audit_log;
use super::seat::{Failed, Seat, with_query};
use super::words::{self, Names};
use crate::store::audit;
use crate::store::operators::RELAY;

/// Entries of one page.
const SHOWN: usize = 50;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    before: Option<u64>,
}

pub(super) async fn show(seat: Seat, Query(asked): Query<Asked>) -> Response {
    match context(&seat, asked.before).await {
        Ok(context) => seat.page("audit", "console/audit.html", context),
        Err(failed) => seat.failed(failed),
    }
}

async fn context(seat: &Seat, before: Option<u64>) -> Result<Value, Failed> {
    let entries = seat.app.store.engine().read(move |view| audit::newest(view, before, SHOWN)).await;
    let entries = entries.map_err(|_| Failed::Unavailable)?.map_err(|_| Failed::Unavailable)?;
    let names = Names::read(&seat.app.store).await?;
    let own = seat.desk()?.own_service_id().await?;
    let services = seat.app.services.all().await.map_err(|_| Failed::Unavailable)?;
    let service_of = |entry: &Value| {
        let id: ServiceId = entry.get("service").and_then(Value::as_str)?.parse().ok()?;
        if id == RELAY || Some(id) == own {
            return None;
        }
        let known = services.iter().find(|hosted| hosted.record().id == id);
        Some(known.map_or_else(|| id.to_string(), |hosted| hosted.record().name.clone()))
    };
    let oldest = entries.last().map(|(seq, _)| *seq).filter(|seq| *seq > 1);
    let shown: Vec<Value> = entries
        .iter()
        .map(|(seq, entry)| {
            let mut shown = words::event(&names, entry.get("event").unwrap_or(&Value::Null));
            if let Some(members) = shown.as_object_mut() {
                members.insert("seq".to_owned(), json!(seq));
                members.insert("at".to_owned(), entry.get("at").cloned().unwrap_or_default());
                members.insert("service".to_owned(), json!(service_of(entry)));
            }
            shown
        })
        .collect();
    let older = oldest.map(|seq| with_query("/console/audit", &[("before", &seq.to_string())]));
    Ok(json!({ "entries": shown, "older": older, "first": before.is_none() }))
}

/// The whole log, as `GET /v1/admin/audit` gives it.
pub(super) async fn export(seat: Seat) -> Response {
    let noted = match seat.desk() {
        Ok(desk) => desk.note_own("audit-exported", &seat.operator.by).await.map_err(Failed::from),
        Err(failed) => Err(failed),
    };
    if let Err(failed) = noted {
        return seat.failed(failed);
    }
    let mut response = audit_log(State(seat.app)).await.into_response();
    let name = HeaderValue::from_static("attachment; filename=\"nod-audit.ndjson\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    response
}
