//! Challenges of managed services: ask, watch, ask again, withdraw, use the result once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::rows::ChallengeState;
use nod_login::{
    Acr, Ask, ChallengeError, ChallengeView, Changed, MethodChoice, StartedChallenge, UnixMillis,
};
use nod_protocol::messages::{ChallengeContext, Outcome};
use nod_protocol::{BindingId, ChallengeId, NumberPolicy, PublicKey, ServiceId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use super::gate::Caller;
use super::input::{Json, Params, Path};
use super::offers::{Code, Offer};
use super::problem::{Problem, Slug};
use super::throttle;
use super::wait::{self, Seen};
use crate::bus::Topic;
use crate::waker::Progress;

/// The levels that there are.
const MOST_LEVELS: usize = 7;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    user: String,
    #[serde(default)]
    context: ChallengeContext,
    #[serde(default)]
    number: Option<NumberPolicy>,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    binding_id: Option<BindingId>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    accept: Option<Vec<Acr>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    #[serde(default)]
    pub(super) session: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    #[serde(default)]
    wait: Option<u64>,
    #[serde(default)]
    session: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Started {
    challenge_id: ChallengeId,
    number: Option<String>,
    state: ChallengeState,
    expires_at: UnixMillis,
    window_s: u32,
    devices: u32,
    method: Offer,
    acr: Acr,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    others: Vec<Offer>,
}

impl From<StartedChallenge> for Started {
    fn from(started: StartedChallenge) -> Self {
        Self {
            challenge_id: started.id,
            number: started.number.map(|number| number.expose().to_owned()),
            state: ChallengeState::Pending,
            expires_at: started.expires,
            window_s: started.window_s,
            devices: started.devices,
            acr: started.method.acr,
            method: started.method.into(),
            code: started.code.map(Code::from),
            others: started.others.into_iter().map(Offer::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct Device {
    binding_id: BindingId,
    name: String,
    model: String,
}

#[derive(Serialize)]
struct Binding {
    binding_id: BindingId,
    #[serde(rename = "gen")]
    generation: u64,
}

/// A challenge's result. `mode` says who verified the answer: here the relay did, and whoever wants to rely on nobody
/// verifies `answer` with a key that he kept himself.
#[derive(Serialize)]
struct Shown {
    challenge_id: ChallengeId,
    state: ChallengeState,
    created_at: UnixMillis,
    expires_at: UnixMillis,
    window_s: u32,
    devices: u32,
    mode: &'static str,
    finalised: bool,
    method: Offer,
    /// The level that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<Acr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    others: Vec<Offer>,
    /// Of a push; how far a code has come, `code` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Delivery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<ChallengeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_key: Option<PublicKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding: Option<Binding>,
}

/// How far a challenge has come.
#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Delivery {
    /// On its way to a connected phone, or the push service is being asked.
    Waiting,
    /// A push service has taken a wake-up.
    Waking,
    /// No phone of the user is connected, or can be woken up.
    Unreachable,
    /// A phone has it.
    Delivered,
}

impl Delivery {
    async fn of(app: &App, service: ServiceId, view: &ChallengeView) -> Result<Option<Self>, Problem> {
        if view.code.is_some() {
            return Ok(None);
        }
        if view.delivered.is_some() {
            return Ok(Some(Self::Delivered));
        }
        let mailboxes = app.store.waiting_in(service, view.id).await?;
        let reach: Vec<_> = mailboxes.iter().map(|mailbox| app.hub.reach(mailbox)).collect();
        // The best of the user's phones.
        Ok(Some(if reach.contains(&Progress::Waking) {
            Self::Waking
        } else if reach.contains(&Progress::Waiting) {
            Self::Waiting
        } else {
            Self::Unreachable
        }))
    }
}

impl Shown {
    fn new(view: ChallengeView, delivery: Option<Delivery>) -> Self {
        let decided = view.decided;
        Self {
            challenge_id: view.id,
            state: view.state,
            created_at: view.created,
            expires_at: view.deadline,
            window_s: view.window_s,
            devices: view.devices,
            mode: "managed",
            finalised: view.finalised,
            method: view.method.into(),
            acr: view.acr,
            code: view.code.map(Code::from),
            others: view.others.into_iter().map(Offer::from).collect(),
            delivery,
            delivered_at: view.delivered,
            decided_at: decided.as_ref().map(|decided| decided.at).or(view.passed),
            // The state says the rest.
            reason: decided
                .as_ref()
                .map(|decided| decided.outcome)
                .filter(|outcome| *outcome == Outcome::WrongNumber),
            superseded_by: view.superseded_by,
            device: view.device.map(|(binding_id, info)| Device {
                binding_id,
                name: info.name,
                model: info.model,
            }),
            answer_key: decided.as_ref().map(|decided| decided.key),
            binding: decided
                .as_ref()
                .map(|decided| Binding { binding_id: decided.binding, generation: decided.gen_ }),
            answer: decided.map(|decided| decided.answer),
        }
    }
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Start>,
) -> Result<Response, Problem> {
    let Start { user, context, number, session, binding_id, method, accept } = body;
    if accept.as_ref().is_some_and(|accept| accept.is_empty() || accept.len() > MOST_LEVELS) {
        return Err(Problem::with(Slug::Invalid, "accept names one level at least, and each once"));
    }
    // A name that is none names a method that the user does not have.
    let method: Option<MethodChoice> =
        method.map(|name| name.parse().map_err(|_| ChallengeError::NoMethod)).transpose()?;
    let login = caller.login()?;
    // What needs no sending goes on when no more may be sent: what is chosen, the login server knows.
    let reserved = app.throttle.send(caller.id(), context.ip);
    let no_sends = reserved.is_err();
    let ask = Ask { user, context, number, session, only: binding_id, method, accept, no_sends };
    let started = login.start_challenge(ask).await;
    let started = throttle::settled(reserved, started)?;
    Ok((StatusCode::CREATED, Answer(Started::from(started))).into_response())
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<ChallengeId>,
    Params(query): Params<Look>,
) -> Result<Response, Problem> {
    let (login, clock) = (caller.login()?, app.clock.as_ref());
    let session = query.session.as_deref();
    let (app, service) = (app.as_ref(), caller.id());
    let (view, delivery) = wait::until(
        app,
        Topic::Row(Changed::Challenge(id)),
        query.wait,
        || async move {
            let view = login.challenge(id, session).await?;
            let delivery = Delivery::of(app, service, &view).await?;
            let open = view.state == ChallengeState::Pending;
            let ends_in_ms = Some(view.deadline.since(clock.now()));
            Ok(Seen { value: (view, delivery), open, ends_in_ms })
        },
        |(before, was), (now, is)| {
            let sent = |view: &ChallengeView| view.code.map(|code| code.delivery);
            before.state != now.state || was != is || sent(before) != sent(now)
        },
    )
    .await?;
    Ok(Answer(Shown::new(view, delivery)).into_response())
}

pub(super) async fn retry(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<ChallengeId>,
    Json(body): Json<Session>,
) -> Result<Response, Problem> {
    let (login, session) = (caller.login()?, body.session.as_deref());
    let old = login.challenge(id, session).await?;
    let sends = throttle::is_sent(old.method.kind);
    let reserved = sends.then(|| app.throttle.send(caller.id(), old.context.ip)).transpose()?;
    let started = login.retry_challenge(id, session).await;
    if let Some(reserved) = reserved {
        reserved.settle(&started);
    }
    Ok((StatusCode::CREATED, Answer(Started::from(started?))).into_response())
}

pub(super) async fn cancel(
    Extension(caller): Extension<Caller>,
    Path(id): Path<ChallengeId>,
    Params(query): Params<Session>,
) -> Result<Response, Problem> {
    let view = caller.login()?.cancel_challenge(id, query.session.as_deref()).await?;
    Ok(Answer(json!({ "challenge_id": view.id, "state": view.state })).into_response())
}

pub(super) async fn finalise(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<ChallengeId>,
    Json(body): Json<Session>,
) -> Result<Response, Problem> {
    let view = caller.login()?.finalise(id, body.session.as_deref()).await?;
    shown(&app, &caller, view).await
}

/// A challenge as every call about it answers.
pub(super) async fn shown(app: &App, caller: &Caller, view: ChallengeView) -> Result<Response, Problem> {
    let delivery = Delivery::of(app, caller.id(), &view).await?;
    Ok(Answer(Shown::new(view, delivery)).into_response())
}
