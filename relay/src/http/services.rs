//! Services: made and listed by the operator, described and changed by themselves.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_protocol::es256::Signer as _;
use nod_protocol::messages::Mode;
use nod_protocol::{NumberPolicy, ServiceId};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::App;
use super::gate::Caller;
use super::input::{Json, Path};
use super::problem::{Problem, Slug};
use crate::managed::{Change, Hosted, MethodChange, NewService};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    number: Option<NumberPolicy>,
    #[serde(default)]
    mode: Option<Mode>,
}

/// What may be changed. A member that is left out stays; `null` removes where that makes sense.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Patch {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    domain: Option<Option<String>>,
    #[serde(default)]
    number: Option<NumberPolicy>,
    #[serde(default)]
    window_s: Option<u32>,
    #[serde(default)]
    life_s: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    webhook: Option<Option<Webhook>>,
    #[serde(default)]
    methods: MethodChange,
    #[serde(default)]
    portal_return: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: String,
}

/// Tells a member that is `null` from one that is missing.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl From<Patch> for Change {
    fn from(patch: Patch) -> Self {
        Self {
            name: patch.name,
            domain: patch.domain,
            number: patch.number,
            window_s: patch.window_s,
            life_s: patch.life_s,
            webhook: patch.webhook.map(|webhook| webhook.map(|webhook| webhook.url)),
            methods: patch.methods,
            portal_return: patch.portal_return,
        }
    }
}

/// What is said of a service. Its relay, as phones dial it, is the same for all.
fn shown(app: &App, hosted: &Hosted) -> Value {
    let record = hosted.record();
    let mut value = json!({
        "service_id": record.id,
        "name": record.name,
        "domain": record.domain,
        "mode": record.mode,
        "relay": app.services.relay(),
        "policy": {
            "number": record.policy.number,
            "window_s": record.policy.window_s,
            "life_s": record.policy.life_s,
        },
        "api_keys": record.api_keys.iter().map(|key| json!({ "key_id": key.id, "created_at": key.created }))
            .collect::<Vec<_>>(),
        "created_at": record.created,
        "methods": record.policy.methods,
        "portal_return": record.portal_return,
    });
    if let (Some(webhook), Some(members)) = (&record.webhook, value.as_object_mut()) {
        members.insert("webhook".to_owned(), json!({ "url": webhook.url }));
    }
    if let (Some(login), Some(members)) = (hosted.login(), value.as_object_mut()) {
        let keys = &login.service().keys;
        let current = keys.current().public_key().thumbprint();
        let key = json!({ "seq": keys.seq(), "current": current, "next": keys.next_commitment() });
        members.insert("key".to_owned(), key);
    }
    value
}

/// A managed service rotates its own key.
pub(super) async fn rotate_key(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    rotate(&app, caller.0.record().id).await
}

/// The operator rotates any managed service's key.
pub(super) async fn rotate_any_key(
    State(app): State<Arc<App>>,
    Path(id): Path<ServiceId>,
) -> Result<Response, Problem> {
    rotate(&app, id).await
}

async fn rotate(app: &App, id: ServiceId) -> Result<Response, Problem> {
    let hosted = app.services.rotate_key(id).await?;
    tracing::info!(service = %id, seq = hosted.record().key_seq, "service key rotated");
    Ok(Answer(shown(app, &hosted)).into_response())
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Json(body): Json<Create>,
) -> Result<Response, Problem> {
    let Create { name, domain, number, mode } = body;
    let mode = mode.unwrap_or(Mode::Managed);
    let (hosted, api_key) = app.services.create(NewService { name, domain, number, mode }).await?;
    let record = hosted.record();
    tracing::info!(service = %record.id, mode = ?record.mode, "service made");
    let answer = json!({
        "service_id": record.id,
        "name": record.name,
        "mode": record.mode,
        "api_key": api_key.as_str(),
    });
    Ok((StatusCode::CREATED, Answer(answer)).into_response())
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let services: Vec<Value> = app.services.all().await?.iter().map(|hosted| shown(&app, hosted)).collect();
    Ok(Answer(json!({ "services": services })).into_response())
}

pub(super) async fn get(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>) -> Response {
    Answer(shown(&app, &caller.0)).into_response()
}

/// A service changes itself, but for its domain, which phones show as verified by the operator.
pub(super) async fn patch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Patch>,
) -> Result<Response, Problem> {
    if body.domain.as_ref().is_some_and(Option::is_some) {
        let detail = "domain: phones show it as verified, so only the relay's operator sets it";
        return Err(Problem::with(Slug::Invalid, detail));
    }
    change(&app, caller.0.record().id, body).await
}

/// The operator changes any service.
pub(super) async fn patch_any(
    State(app): State<Arc<App>>,
    Path(id): Path<ServiceId>,
    Json(body): Json<Patch>,
) -> Result<Response, Problem> {
    change(&app, id, body).await
}

async fn change(app: &App, id: ServiceId, body: Patch) -> Result<Response, Problem> {
    let (hosted, webhook_secret) = app.services.change(id, body.into()).await?;
    let mut value = shown(app, &hosted);
    if let (Some(secret), Some(members)) = (webhook_secret, value.as_object_mut()) {
        members.insert("webhook_secret".to_owned(), json!(secret.as_str()));
    }
    Ok(Answer(value).into_response())
}

pub(super) async fn add_key(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let (key_id, api_key) = app.services.add_key(caller.0.record().id).await?;
    let answer = json!({ "key_id": key_id, "api_key": api_key.as_str() });
    Ok((StatusCode::CREATED, Answer(answer)).into_response())
}

pub(super) async fn delete_key(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    app.services.delete_key(caller.0.record().id, key).await?;
    Ok(StatusCode::NO_CONTENT)
}
