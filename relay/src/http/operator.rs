//! What the operator fetches from a running relay: a consistent backup, the audit log, the audit log's proof.

use std::sync::Arc;

use axum::Json as Answer;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use nod_protocol::bytes;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use super::App;
use super::problem::{Problem, Slug};
use crate::store::audit::{self, AuditError};
use crate::store::backup;

/// Bytes of one piece of a backup.
const PIECE: usize = 64 * 1024;

/// Pieces of an answer that wait for a slow reader.
const QUEUE: usize = 16;

/// A copy of the database at one moment. Other steps wait while it is written beside the database, not while it is sent.
pub(super) async fn backup(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let name = format!("backup-{}.unsent", bytes::encode(&app.clock.now().0.to_be_bytes()));
    let path = app.scratch.join(name);
    let summary = backup::write(app.store.engine(), path.clone()).await.map_err(|error| {
        tracing::error!(%error, "the backup was not written");
        Problem::from(Slug::Unavailable)
    })?;
    let file = tokio::fs::File::open(&path).await;
    // The open file stays readable; its name is gone whatever happens next.
    let removed = tokio::fs::remove_file(&path).await;
    let (Ok(file), Ok(())) = (file, removed) else { return Err(Slug::Internal.into()) };
    tracing::info!(rows = summary.rows, "backup written");
    let pieces = stream::unfold(Some(file), async |file| {
        let mut file = file?;
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(n) => {
                piece.truncate(n);
                Some((Ok(Bytes::from(piece)), Some(file)))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    let head = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((head, Body::from_stream(pieces)).into_response())
}

/// The audit log, one JSON object a line; a log that is broken ends early and is named as such by its verification.
pub(super) async fn audit_log(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let (lines, mut written) = mpsc::channel::<Result<Bytes, AuditError>>(QUEUE);
    let engine = Arc::clone(app.store.engine());
    app.tasks.spawn(async move {
        let mut page = Vec::new();
        let ended = audit::export(&engine, 1, |line| {
            page.extend_from_slice(line.as_bytes());
            page.push(b'\n');
        })
        .await;
        for piece in page.chunks(PIECE) {
            if lines.send(Ok(Bytes::copy_from_slice(piece))).await.is_err() {
                return;
            }
        }
        if let Err(error) = ended {
            let _ = lines.send(Err(error)).await;
        }
    });
    let pieces = stream::poll_fn(move |cx| written.poll_recv(cx));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pieces)).into_response())
}

/// Walks the whole chain.
pub(super) async fn audit_verify(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    match audit::verify(app.store.engine(), 1, None).await {
        Ok(head) => {
            let answer = json!({ "intact": true, "entries": head.seq, "head": bytes::encode(&head.hash) });
            Ok(Answer(answer).into_response())
        }
        Err(AuditError::Broken { seq, fault }) => {
            let answer = json!({ "intact": false, "entry": seq, "fault": fault.to_string() });
            Ok(Answer(answer).into_response())
        }
        Err(error) => {
            tracing::error!(%error, "the audit log cannot be read");
            Err(Slug::Unavailable.into())
        }
    }
}
