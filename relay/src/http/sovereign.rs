//! What sovereign services use: envelopes for phones, routes of enrolments, and the inbox.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::Outgoing;
use nod_protocol::frames::{EnvelopeKind, GoneReason, MAX_BODY};
use nod_protocol::{EnrolmentId, EnvelopeId, MailboxId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use super::gate::Caller;
use super::input::{Json, Params, Path};
use super::problem::{Problem, Slug};
use super::wait::{self, Seen};
use crate::bus::Topic;
use crate::store::inbox::InboxItem;
use crate::store::mailboxes::{PostError, RouteError};

/// The longest life of an envelope, in seconds: thirty days, as long as a notice waits for its phone.
const MAX_ENVELOPE_TTL_S: u64 = 30 * 24 * 3600;

/// The longest life of a route, in seconds.
const MAX_ROUTE_TTL_S: u64 = 900;

/// Items that one call hands out at most.
const INBOX_PAGE: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Post {
    #[serde(default)]
    id: Option<EnvelopeId>,
    to: MailboxId,
    kind: EnvelopeKind,
    body: String,
    ttl_s: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Withdraw {
    #[serde(default)]
    reason: Option<GoneReason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Announce {
    enrolment: EnrolmentId,
    ttl_s: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    #[serde(default)]
    after: Option<u64>,
    #[serde(default)]
    wait: Option<u64>,
}

#[derive(Serialize)]
struct Numbered {
    seq: u64,
    #[serde(flatten)]
    item: InboxItem,
}

pub(super) async fn post(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Json(envelope): Json<Post>,
) -> Result<Response, Problem> {
    let service = caller.sovereign()?;
    if envelope.body.len() > MAX_BODY {
        return Err(Problem::with(Slug::TooLarge, "body: at most 12 KiB"));
    }
    let compact = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if envelope.body.is_empty() || !envelope.body.bytes().all(compact) {
        return Err(Problem::with(Slug::Invalid, "body: not compact JOSE"));
    }
    if !(1..=MAX_ENVELOPE_TTL_S).contains(&envelope.ttl_s) {
        return Err(Problem::with(Slug::Invalid, "ttl_s: 1 to 2592000 seconds (30 days)"));
    }
    if envelope.kind == EnvelopeKind::Move {
        return Err(Problem::with(Slug::Invalid, "kind: only a phone sends a move"));
    }
    let now = app.clock.now();
    let id = match envelope.id {
        Some(id) => id,
        None => EnvelopeId::new(now.0, app.random.as_ref()).map_err(|_| Slug::Internal)?,
    };
    let outgoing = Outgoing {
        id,
        to: envelope.to,
        service,
        kind: envelope.kind,
        body: envelope.body,
        expires: now.plus(envelope.ttl_s.saturating_mul(1000)),
        challenge: None,
    };
    app.store.post_envelope(outgoing, now).await.map_err(|error| match error {
        PostError::NotLinked => Problem::from(Slug::NotFound),
        PostError::QueueFull => Problem::from(Slug::QueueFull).retry_after(10),
        PostError::IdTaken => Problem::with(Slug::Conflict, error.to_string()),
        PostError::Store(error) => error.into(),
    })?;
    Ok((StatusCode::ACCEPTED, Answer(json!({ "id": id }))).into_response())
}

pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<EnvelopeId>,
    Params(query): Params<Withdraw>,
) -> Result<StatusCode, Problem> {
    let reason = query.reason.unwrap_or(GoneReason::Cancelled);
    if app.store.withdraw(caller.sovereign()?, id, reason).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Slug::NotFound.into())
    }
}

pub(super) async fn announce(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Json(route): Json<Announce>,
) -> Result<StatusCode, Problem> {
    let service = caller.sovereign()?;
    if !(1..=MAX_ROUTE_TTL_S).contains(&route.ttl_s) {
        return Err(Problem::with(Slug::Invalid, "ttl_s: 1 to 900 seconds"));
    }
    let expires = app.clock.now().plus(route.ttl_s.saturating_mul(1000));
    app.store.put_route(route.enrolment, service, expires).await.map_err(|error| match error {
        RouteError::Taken => Problem::with(Slug::Conflict, error.to_string()),
        RouteError::Store(error) => error.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asking for what comes after a number acknowledges everything up to it.
pub(super) async fn inbox(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<Read>,
) -> Result<Response, Problem> {
    let service = caller.sovereign()?;
    let after = query.after.unwrap_or(0);
    if after > 0 {
        app.store.inbox_ack(service, after).await?;
    }
    let store = &app.store;
    let items = wait::until(
        &app,
        Topic::Inbox(service),
        query.wait,
        || async move {
            let value = store.inbox(service, after, INBOX_PAGE).await?;
            Ok(Seen { open: value.is_empty(), value, ends_in_ms: None })
        },
        |_, now| !now.is_empty(),
    )
    .await?;
    let items: Vec<Numbered> = items.into_iter().map(|(seq, item)| Numbered { seq, item }).collect();
    Ok(Answer(json!({ "items": items })).into_response())
}
