//! Codes of challenges (docs/methods.md): checking one, sending it again, switching to another method.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::{ChallengeError, MethodChoice};
use nod_protocol::ChallengeId;
use serde::Deserialize;

use super::App;
use super::challenges::{self, Session, Started};
use super::gate::Caller;
use super::input::{Json, Path};
use super::methods::check_code;
use super::problem::Problem;
use super::throttle;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submit {
    code: String,
    #[serde(default)]
    session: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    method: String,
    #[serde(default)]
    session: Option<String>,
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<ChallengeId>,
    Json(body): Json<Submit>,
) -> Result<Response, Problem> {
    check_code(&body.code)?;
    let (login, session) = (caller.login()?, body.session.as_deref());
    let asked = login.challenge(id, session).await?;
    let reserved = app.throttle.attempt(caller.id(), asked.context.ip)?;
    let checked = login.submit_code(id, session, &body.code).await;
    if !matches!(checked, Err(ChallengeError::WrongCode { .. })) {
        reserved.give_back();
    }
    challenges::shown(&app, &caller, checked?).await
}

pub(super) async fn resend(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<ChallengeId>,
    Json(body): Json<Session>,
) -> Result<Response, Problem> {
    let (login, session) = (caller.login()?, body.session.as_deref());
    let asked = login.challenge(id, session).await?;
    let reserved = app.throttle.send(caller.id(), asked.context.ip)?;
    match login.resend_code(id, session).await {
        Ok(view) => challenges::shown(&app, &caller, view).await,
        Err(error) => {
            reserved.give_back();
            Err(error.into())
        }
    }
}

pub(super) async fn switch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<ChallengeId>,
    Json(body): Json<Switch>,
) -> Result<Response, Problem> {
    let (login, session) = (caller.login()?, body.session.as_deref());
    let asked = login.challenge(id, session).await?;
    let method: MethodChoice = body.method.parse().map_err(|_| ChallengeError::NoMethod)?;
    let reserved = app.throttle.send(caller.id(), asked.context.ip);
    let started = match &reserved {
        Ok(_) => login.switch_challenge(id, session, method).await,
        Err(_) => login.switch_without_sending(id, session, method).await,
    };
    let started = throttle::settled(reserved, started)?;
    Ok((StatusCode::CREATED, Answer(Started::from(started))).into_response())
}
