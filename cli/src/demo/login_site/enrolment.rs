//! Setting up a phone: start, follow, confirm, give up.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use nod_login::clock::SystemClock;
use nod_login::{Clock as _, UnixMillis};
use nod_protocol::EnrolmentId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::relay_api::{EnrolmentView, StartedEnrolment};
use super::session::{Session, Stage};
use super::{LoginSite, Who, directory};
use crate::demo::follow::{self, Look, Since, Source};
use crate::demo::problem::{Problem, read};

/// How long a QR code is good at most.
const LIFE: Duration = Duration::from_secs(300);

/// An enrolment of a session.
#[derive(Clone)]
pub(super) struct Enrolment {
    id: EnrolmentId,
    qr: Zeroizing<String>,
    svg: Zeroizing<String>,
    ends: Instant,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment").field("id", &self.id).finish_non_exhaustive()
    }
}

impl From<StartedEnrolment> for Enrolment {
    fn from(started: StartedEnrolment) -> Self {
        let left = UnixMillis(started.expires_at).since(SystemClock.now());
        let ends = Instant::now() + Duration::from_millis(left).min(LIFE);
        Self { id: started.enrolment_id, qr: started.qr, svg: started.qr_svg, ends }
    }
}

impl Enrolment {
    fn document(&self, view: &EnrolmentView) -> Look {
        let left = self.ends.saturating_duration_since(Instant::now());
        let rev = format!("{}.{}.{}", self.id, view.state, view.tries_left);
        let open = matches!(&*view.state, "waiting" | "claimed");
        let document = json!({
            "id": self.id,
            "rev": rev,
            "state": view.state,
            "qr": self.qr.as_str(),
            "ends_in_ms": if open { follow::millis(left) } else { 0 },
            "total_ms": follow::millis(LIFE),
            "tries_left": view.tries_left,
            "device": view.device,
        });
        // Nothing but `claimed` can be missed between two looks, so that is looked for often.
        let next_s = if view.state == "waiting" { 1 } else { follow::LONGEST_S };
        Look { document, rev, open, next_s }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
pub(super) struct Id {
    id: EnrolmentId,
}

/// Begins an enrolment; the session's unfinished one ends.
pub(super) async fn start(State(site): State<Arc<LoginSite>>, who: Who) -> Result<Json<Value>, Problem> {
    let session = who.0;
    let _turn = session.turn.lock().await;
    may_enrol(&site, &session).await?;
    drop_unfinished(&site, &session).await;
    let enrolment = Enrolment::from(site.relay.enrol(&session.user).await?);
    let view = site.relay.enrolment(enrolment.id, 0).await?;
    let document = enrolment.document(&view).document;
    session.facts().enrolment = Some(enrolment);
    Ok(Json(document))
}

/// The session's enrolment, now or at its next change.
pub(super) async fn get(
    State(site): State<Arc<LoginSite>>,
    who: Who,
    Query(since): Query<Since>,
) -> Result<Json<Value>, Problem> {
    let stop = site.stop.clone();
    follow::answer(since, stop, Followed { site, session: who.0 }).await.map(Json)
}

/// The enrolment that a session follows.
struct Followed {
    site: Arc<LoginSite>,
    session: Arc<Session>,
}

impl Source for Followed {
    async fn look(&self, wait_s: u64) -> Result<Look, Problem> {
        look(&self.site, &self.session, wait_s).await
    }
}

async fn look(site: &LoginSite, session: &Session, wait_s: u64) -> Result<Look, Problem> {
    let enrolment = session.facts().enrolment.clone().ok_or_else(Problem::not_found)?;
    let view = site.relay.enrolment(enrolment.id, wait_s).await?;
    settle(session, &enrolment, &view);
    Ok(enrolment.document(&view))
}

/// The QR code as a picture.
pub(super) async fn picture(who: Who, Query(asked): Query<Id>) -> Result<Response, Problem> {
    let enrolment = who.0.facts().enrolment.clone().filter(|enrolment| enrolment.id == asked.id);
    let enrolment = enrolment.ok_or_else(Problem::not_found)?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], enrolment.svg.as_str().to_owned()).into_response())
}

/// Takes the six digits that the phone shows.
pub(super) async fn confirm(
    State(site): State<Arc<LoginSite>>,
    who: Who,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Code { code } = read(&body)?;
    let session = who.0;
    let _turn = session.turn.lock().await;
    // One after the other for all sessions: two that know only a password must not both find that there is no phone.
    let _one = site.enrolling.lock().await;
    may_enrol(&site, &session).await?;
    let enrolment = session.facts().enrolment.clone().ok_or_else(Problem::not_found)?;
    site.relay.confirm(enrolment.id, &code).await?;
    let view = site.relay.enrolment(enrolment.id, 0).await?;
    settle(&session, &enrolment, &view);
    // With a phone there is something to fall back from.
    directory::tell(&site.relay, &session.user).await?;
    Ok(Json(enrolment.document(&view).document))
}

/// Gives the enrolment up.
pub(super) async fn cancel(State(site): State<Arc<LoginSite>>, who: Who) -> Json<Value> {
    let session = who.0;
    let _turn = session.turn.lock().await;
    drop_unfinished(&site, &session).await;
    Json(json!({}))
}

/// A password alone must not add a phone next to another method.
async fn may_enrol(site: &LoginSite, session: &Session) -> Result<(), Problem> {
    let stage = session.facts().stage;
    match stage {
        Stage::Done => Ok(()),
        Stage::Challenge => Err(Problem::not_allowed()),
        Stage::Enrol if !site.relay.profile(&session.user).await?.has_any() => Ok(()),
        Stage::Enrol => {
            // Another session was quicker.
            session.facts().stage = Stage::Challenge;
            Err(Problem::not_allowed())
        }
    }
}

/// A first phone is next asked to approve; one that is added to a signed-in user's changes nothing.
fn settle(session: &Session, enrolment: &Enrolment, view: &EnrolmentView) {
    let mut facts = session.facts();
    let own = facts.enrolment.as_ref().is_some_and(|held| held.id == enrolment.id);
    if own && view.state == "active" && facts.stage == Stage::Enrol {
        facts.stage = Stage::Challenge;
    }
}

/// Ends the session's enrolment at the relay, if there is one under way.
pub(super) async fn drop_unfinished(site: &LoginSite, session: &Session) {
    let Some(enrolment) = session.facts().enrolment.take() else { return };
    // One that has ended needs no second end, and a relay that is away lets it run out.
    let _ = site.relay.abort(enrolment.id).await;
}
