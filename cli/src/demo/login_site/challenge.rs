//! The second step of a sign-in: asking the phone or for a code, following, sending again, another way, the end.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::asked::Asked;
use super::relay_api::{ChallengeView, Offer};
use super::result::{Document, SignedIn};
use super::session::{Session, Stage};
use super::{LoginSite, Who, context};
use crate::demo::follow::{self, Look, Since, Source};
use crate::demo::problem::{Problem, read};
use crate::error::CliError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    method: String,
}

/// Who asks, and from where.
struct Asking<'a> {
    site: &'a LoginSite,
    session: &'a Session,
    peer: SocketAddr,
    headers: &'a HeaderMap,
}

/// Asks by the user's primary method; a challenge that lives is kept.
pub(super) async fn start(
    State(site): State<Arc<LoginSite>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    who: Who,
) -> Result<Json<Value>, Problem> {
    let session = waiting(who)?;
    let _turn = session.turn.lock().await;
    if let Some((asked, view)) = newest(&site, &session).await?
        && view.state == "pending"
    {
        return Ok(Json(asked.document(&view).document));
    }
    Asking { site: &site, session: &session, peer, headers: &headers }.ask(None).await
}

/// Asks anew in the same way; the old challenge is replaced.
pub(super) async fn retry(
    State(site): State<Arc<LoginSite>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    who: Who,
) -> Result<Json<Value>, Problem> {
    let session = waiting(who)?;
    let _turn = session.turn.lock().await;
    let asking = Asking { site: &site, session: &session, peer, headers: &headers };
    let Some((asked, view)) = newest(&site, &session).await? else { return asking.ask(None).await };
    if view.state == "pending" {
        match site.relay.retry(asked.id, &session.handle).await {
            Ok(started) => return keep(&site, &session, started.into()).await,
            // It ended at this moment.
            Err(CliError::Refused(problem)) if problem.slug == "conflict" => {}
            Err(error) => return Err(error.into()),
        }
    }
    asking.ask(Some(asked.method.choice())).await
}

/// Asks by another method; a push that is still open is cancelled by it.
pub(super) async fn switch(
    State(site): State<Arc<LoginSite>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    who: Who,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Chosen { method } = read(&body)?;
    let session = waiting(who)?;
    let _turn = session.turn.lock().await;
    if let Some((asked, view)) = newest(&site, &session).await?
        && matches!(&*view.state, "pending" | "expired")
    {
        match site.relay.switch(asked.id, &session.handle, &method).await {
            Ok(started) => return keep(&site, &session, started.into()).await,
            // It ended at this moment.
            Err(CliError::Refused(problem)) if problem.slug == "conflict" => {}
            Err(error) => return Err(error.into()),
        }
    }
    let asking = Asking { site: &site, session: &session, peer, headers: &headers };
    asking.ask(Some(method)).await
}

/// Takes a code. The right one approves the challenge; the page then finishes it.
pub(super) async fn code(
    State(site): State<Arc<LoginSite>>,
    who: Who,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Code { code } = read(&body)?;
    let session = waiting(who)?;
    let _turn = session.turn.lock().await;
    let asked = session.facts().asked.clone().ok_or_else(Problem::not_found)?;
    let view = site.relay.code(asked.id, &session.handle, &code).await?;
    if view.state == "approved" {
        site.pocket.used(&session.user, &code);
    }
    Ok(Json(asked.document(&view).document))
}

/// Sends a fresh code.
pub(super) async fn resend(State(site): State<Arc<LoginSite>>, who: Who) -> Result<Json<Value>, Problem> {
    let session = waiting(who)?;
    let _turn = session.turn.lock().await;
    let asked = session.facts().asked.clone().ok_or_else(Problem::not_found)?;
    let view = site.relay.resend(asked.id, &session.handle).await?;
    Ok(Json(asked.document(&view).document))
}

/// Withdraws the challenge.
pub(super) async fn cancel(State(site): State<Arc<LoginSite>>, who: Who) -> Result<Json<Value>, Problem> {
    let session = waiting(who)?;
    let _turn = session.turn.lock().await;
    let asked = session.facts().asked.clone().ok_or_else(Problem::not_found)?;
    match site.relay.cancel(asked.id, &session.handle).await {
        // A decision was quicker: the document says which.
        Err(CliError::Refused(problem)) if problem.slug == "conflict" => {}
        other => other?,
    }
    let view = site.relay.challenge(asked.id, &session.handle, 0).await?;
    Ok(Json(asked.document(&view).document))
}

/// The session's newest challenge, now or at its next change.
pub(super) async fn get(
    State(site): State<Arc<LoginSite>>,
    who: Who,
    Query(since): Query<Since>,
) -> Result<Json<Value>, Problem> {
    let stop = site.stop.clone();
    follow::answer(since, stop, Followed { site, session: who.0 }).await.map(Json)
}

/// The user's ways in, for a page whose challenge was refused. The password was right.
pub(super) async fn ways(State(site): State<Arc<LoginSite>>, who: Who) -> Result<Json<Value>, Problem> {
    let session = waiting(who)?;
    let profile = site.relay.profile(&session.user).await?;
    let ways: Vec<Offer> = profile.methods.into_iter().filter(|m| m.usable).map(Offer::from).collect();
    Ok(Json(json!({ "ways": ways })))
}

/// The challenge that a session follows.
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
    let asked = session.facts().asked.clone().ok_or_else(Problem::not_found)?;
    let view = site.relay.challenge(asked.id, &session.handle, wait_s).await?;
    if view.state != "superseded" {
        return Ok(asked.document(&view));
    }
    // Perhaps this very session asks again: let it finish, then look at its new challenge.
    let _turn = session.turn.lock().await;
    let newest = newest(site, session).await?.ok_or_else(Problem::not_found)?;
    Ok(newest.0.document(&newest.1))
}

/// Uses the approval, once: checks what the relay gives as the result and signs the user in.
pub(super) async fn finish(State(site): State<Arc<LoginSite>>, who: Who) -> Result<Json<Document>, Problem> {
    let session = waiting(who)?;
    let _turn = session.turn.lock().await;
    let asked = session.facts().asked.clone().ok_or_else(Problem::conflict)?;
    let view = site.relay.finalise(asked.id, &session.handle).await?;
    let signed_in = SignedIn::verify(&session.user, &asked, view, site.service)?;
    let document = Document::from(&signed_in);
    let mut facts = session.facts();
    facts.signed_in = Some(signed_in);
    facts.stage = Stage::Done;
    Ok(Json(document))
}

/// Only a session that waits for its second step takes it.
fn waiting(who: Who) -> Result<Arc<Session>, Problem> {
    let stage = who.0.facts().stage;
    match stage {
        Stage::Challenge => Ok(who.0),
        Stage::Enrol => Err(Problem::not_allowed()),
        Stage::Done => Err(Problem::conflict()),
    }
}

impl Asking<'_> {
    async fn ask(&self, method: Option<String>) -> Result<Json<Value>, Problem> {
        let Self { site, session, peer, headers } = self;
        let context = context::of(peer.ip(), headers);
        let started = site.relay.ask(&session.user, &context, &session.handle, method).await?;
        keep(site, session, started.into()).await
    }
}

async fn keep(site: &LoginSite, session: &Session, asked: Asked) -> Result<Json<Value>, Problem> {
    session.facts().asked = Some(asked.clone());
    let view = site.relay.challenge(asked.id, &session.handle, 0).await?;
    Ok(Json(asked.document(&view).document))
}

/// The session's newest challenge as it stands.
async fn newest(site: &LoginSite, session: &Session) -> Result<Option<(Asked, ChallengeView)>, Problem> {
    let Some(asked) = session.facts().asked.clone() else { return Ok(None) };
    match site.relay.challenge(asked.id, &session.handle, 0).await {
        Ok(view) => Ok(Some((asked, view))),
        // The relay forgets what ended long ago.
        Err(CliError::Refused(problem)) if problem.slug == "not-found" => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Withdraws the session's challenge at the relay, if there is one.
pub(super) async fn drop_pending(site: &LoginSite, session: &Session) {
    let Some(asked) = session.facts().asked.take() else { return };
    // One that has ended needs no second end, and a relay that is away lets it run out.
    let _ = site.relay.cancel(asked.id, &session.handle).await;
}
