//! Asking the phone: start, follow, ask again, withdraw, finish.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::HeaderMap;
use nod_protocol::ChallengeId;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::relay_api::{ChallengeView, StartedChallenge};
use super::result::{Document, SignedIn};
use super::session::{Session, Stage};
use super::{LoginSite, Who, context};
use crate::demo::follow::{self, Look, Since, Source};
use crate::demo::problem::Problem;
use crate::error::CliError;

/// A challenge of a session.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) id: ChallengeId,
    pub(super) number: Option<String>,
    devices: u32,
    /// When it was made, on this site's own clock: with the relay's `created_at` it tells the relay's time.
    made: Instant,
}

impl From<StartedChallenge> for Asked {
    fn from(started: StartedChallenge) -> Self {
        let StartedChallenge { challenge_id: id, number, devices } = started;
        Self { id, number, devices, made: Instant::now() }
    }
}

impl Asked {
    fn document(&self, view: &ChallengeView) -> Look {
        let delivered = view.delivered_at.is_some();
        let (left, total) = countdown(view, self.made.elapsed());
        let delivery = view.delivery.as_deref().unwrap_or("waiting");
        let rev = format!("{}.{}.{delivery}.{delivered}", self.id, view.state);
        let open = view.state == "pending";
        let document = json!({
            "id": self.id,
            "rev": rev,
            "state": view.state,
            "reason": view.reason,
            "number": self.number,
            "delivered": delivered,
            "delivery": delivery,
            "devices": self.devices,
            "ends_in_ms": if open { left } else { 0 },
            "total_ms": total,
        });
        // A delivery could be missed between two looks, an end could not.
        let next_s = if delivered { follow::LONGEST_S } else { 1 };
        Look { document, rev, open, next_s }
    }
}

/// What is left and the whole, in milliseconds, `age` after the challenge was made: of its life until it is delivered,
/// then of the user's window. The relay's second of grace is for the way back and not shown.
fn countdown(view: &ChallengeView, age: Duration) -> (u64, u64) {
    let now = view.created_at.saturating_add(follow::millis(age));
    match view.delivered_at {
        None => (view.expires_at.saturating_sub(now), view.expires_at.saturating_sub(view.created_at)),
        Some(at) => {
            let end = at.saturating_add(view.window_s.saturating_mul(1000)).min(view.expires_at);
            let total = end.saturating_sub(at);
            (end.saturating_sub(now).min(total), total)
        }
    }
}

/// Asks; a challenge that lives is kept.
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
    ask(&site, &session, peer, &headers).await
}

/// Asks anew; the old challenge is replaced.
pub(super) async fn retry(
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
        match site.relay.retry(asked.id, &session.handle).await {
            Ok(started) => return keep(&site, &session, started.into()).await,
            // It ended at this moment.
            Err(CliError::Refused(problem)) if problem.slug == "conflict" => {}
            Err(error) => return Err(error.into()),
        }
    }
    ask(&site, &session, peer, &headers).await
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

/// Uses the approval, once: verifies the answer and signs the user in.
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

/// Only a session that waits for its phone asks it.
fn waiting(who: Who) -> Result<Arc<Session>, Problem> {
    let stage = who.0.facts().stage;
    match stage {
        Stage::Push => Ok(who.0),
        Stage::Enrol => Err(Problem::not_allowed()),
        Stage::Done => Err(Problem::conflict()),
    }
}

async fn ask(
    site: &LoginSite,
    session: &Session,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<Json<Value>, Problem> {
    let context = context::of(peer.ip(), headers);
    let started = site.relay.ask(&session.user, &context, &session.handle).await?;
    keep(site, session, started.into()).await
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

#[cfg(test)]
mod tests {
    use super::*;

    fn view(delivered_at: Option<u64>, expires_at: u64) -> ChallengeView {
        let text = json!({
            "challenge_id": "AAAAAAAAAAAAAAAAAAAAAA", "state": "pending", "created_at": 100_000, "mode": "managed",
            "expires_at": expires_at, "window_s": 25, "delivered_at": delivered_at,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn before_delivery_the_whole_life_is_counted() {
        assert_eq!(countdown(&view(None, 140_000), Duration::from_secs(10)), (30_000, 40_000));
    }

    #[test]
    fn after_delivery_the_users_window_is_counted_without_the_grace() {
        assert_eq!(countdown(&view(Some(101_000), 127_000), Duration::from_secs(2)), (24_000, 25_000));
    }

    #[test]
    fn a_late_delivery_counts_what_is_left_of_the_life() {
        assert_eq!(countdown(&view(Some(130_000), 140_000), Duration::from_secs(31)), (9_000, 10_000));
    }

    #[test]
    fn nothing_is_left_after_the_end() {
        assert_eq!(countdown(&view(Some(101_000), 127_000), Duration::from_secs(60)).0, 0);
    }

    #[test]
    fn the_revision_changes_with_state_and_delivery_and_not_with_time() {
        let asked = Asked { id: view(None, 0).challenge_id, number: None, devices: 1, made: Instant::now() };
        let undelivered = asked.document(&view(None, 140_000));
        assert_eq!(undelivered.rev, asked.document(&view(None, 139_000)).rev);
        assert_ne!(undelivered.rev, asked.document(&view(Some(101_000), 127_000)).rev);
        let mut waking = view(None, 140_000);
        waking.delivery = Some("waking".to_owned());
        let waking = asked.document(&waking);
        assert_ne!(undelivered.rev, waking.rev);
        assert_eq!(waking.document["delivery"], "waking");
        let mut approved = view(None, 140_000);
        approved.state = "approved".to_owned();
        let approved = asked.document(&approved);
        assert_ne!(undelivered.rev, approved.rev);
        assert!(!approved.open);
    }
}
