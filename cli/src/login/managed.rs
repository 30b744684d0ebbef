//! A managed service: the relay hosts the login server, this is its REST client.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use nod_login::rows::{ChallengeState, GRACE_MS};
use nod_login::{Acr, Clock as _, clock::SystemClock};
use nod_protocol::{BindingId, ChallengeId, EnrolmentId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::backend::{AnsweringDevice, Device, LoginBackend, Standing, StartedChallenge, StartedEnrolment};
use super::offers::{Asked, Code, Offer};
use crate::args::AskArgs;
use crate::error::CliError;
use crate::rest::Rest;

/// The REST interface of one managed service.
#[derive(Debug)]
pub(super) struct Managed {
    rest: Rest,
    anchor: Mutex<Option<Anchor>>,
}

/// A moment of the relay's clock, for a countdown that does not trust this machine's clock.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    relay_ms: u64,
    here: Instant,
}

#[derive(Deserialize)]
struct Started {
    challenge_id: ChallengeId,
    number: Option<String>,
    devices: u32,
    #[serde(flatten)]
    asked: Asked,
}

#[derive(Deserialize)]
struct View {
    state: ChallengeState,
    created_at: u64,
    expires_at: u64,
    delivered_at: Option<u64>,
    device: Option<AnsweringDevice>,
    answer: Option<String>,
    reason: Option<String>,
    method: Offer,
    acr: Option<Acr>,
    code: Option<Code>,
}

impl Managed {
    /// The service that `key` opens at `relay`.
    ///
    /// # Errors
    /// [`CliError`] when the address is none.
    pub(super) fn new(relay: &str, key: &str) -> Result<Self, CliError> {
        Ok(Self { rest: Rest::new(relay, key)?, anchor: Mutex::new(None) })
    }

    /// Notes that a challenge was made just now, so that its `created_at` tells the relay's time.
    async fn started(&self, started: Started, session: Option<&str>) -> StartedChallenge {
        let here = Instant::now();
        let id = started.challenge_id.to_string();
        let query = session.map(|s| ("session", s.to_owned()));
        // Without an anchor the countdown follows this machine's clock; nothing else depends on it.
        if let Ok(view) = self.rest.get::<View>(&["challenges", &id], query.as_slice()).await
            && let Ok(mut anchor) = self.anchor.lock()
        {
            *anchor = Some(Anchor { relay_ms: view.created_at, here });
        }
        let Started { challenge_id, number, devices, asked } = started;
        StartedChallenge { id: challenge_id, number, devices, asked: Some(asked) }
    }

    /// The REST interface.
    pub(super) const fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Asks by another method in place of a challenge.
    pub(super) async fn switch(
        &self,
        id: ChallengeId,
        method: &str,
        session: Option<&str>,
    ) -> Result<StartedChallenge, CliError> {
        let mut body = json!({ "method": method });
        add_session(&mut body, session);
        let started = self.rest.post(&["challenges", &id.to_string(), "switch"], &body).await?;
        Ok(self.started(started, session).await)
    }

    /// Answers a challenge with a code.
    pub(super) async fn submit(
        &self,
        id: ChallengeId,
        code: &str,
        session: Option<&str>,
    ) -> Result<Standing, CliError> {
        let mut body = json!({ "code": code });
        add_session(&mut body, session);
        let view = self.rest.post(&["challenges", &id.to_string(), "code"], &body).await?;
        Ok(self.stands(view))
    }

    /// Has a code sent again.
    pub(super) async fn resend(&self, id: ChallengeId, session: Option<&str>) -> Result<Standing, CliError> {
        let parts = ["challenges", &id.to_string(), "resend"];
        let view = self.rest.post(&parts, &Session { session }).await?;
        Ok(self.stands(view))
    }

    fn stands(&self, view: View) -> Standing {
        // Once delivered, both screens count the user's window; the grace behind it is for the way back.
        let grace = if view.delivered_at.is_some() { GRACE_MS } else { 0 };
        let left = view.expires_at.saturating_sub(grace).saturating_sub(self.now());
        Standing {
            state: view.state,
            left: Duration::from_millis(left),
            delivered: view.delivered_at.is_some(),
            device: view.device,
            answer: view.answer,
            reason: view.reason,
            method: Some(view.method),
            acr: view.acr,
            code: view.code,
        }
    }

    fn now(&self) -> u64 {
        match self.anchor.lock().ok().and_then(|anchor| *anchor) {
            Some(Anchor { relay_ms, here }) => {
                relay_ms + u64::try_from(here.elapsed().as_millis()).unwrap_or(u64::MAX / 2)
            }
            None => SystemClock.now().0,
        }
    }
}

#[derive(Serialize)]
struct Session<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

fn add_session(body: &mut serde_json::Value, session: Option<&str>) {
    if let (Some(session), Some(members)) = (session, body.as_object_mut()) {
        members.insert("session".to_owned(), session.into());
    }
}

impl LoginBackend for Managed {
    async fn enrol(&self, user: &str, label: Option<&str>) -> Result<StartedEnrolment, CliError> {
        #[derive(Deserialize)]
        struct Made {
            enrolment_id: EnrolmentId,
            qr: Zeroizing<String>,
        }
        let mut body = json!({ "user": user });
        if let (Some(label), Some(map)) = (label, body.as_object_mut()) {
            map.insert("label".to_owned(), label.into());
        }
        let made: Made = self.rest.post(&["enrolments"], &body).await?;
        Ok(StartedEnrolment { id: made.enrolment_id, qr: made.qr })
    }

    async fn confirm(&self, id: EnrolmentId, code: &str) -> Result<BindingId, CliError> {
        #[derive(Deserialize)]
        struct Confirmed {
            binding_id: BindingId,
        }
        let parts = ["enrolments", &id.to_string(), "confirm"];
        let confirmed: Confirmed = self.rest.post(&parts, &json!({ "code": code })).await?;
        Ok(confirmed.binding_id)
    }

    async fn ask(&self, ask: &AskArgs) -> Result<StartedChallenge, CliError> {
        #[derive(Serialize)]
        struct Body<'a> {
            user: &'a str,
            context: nod_protocol::messages::ChallengeContext,
            #[serde(skip_serializing_if = "Option::is_none")]
            number: Option<nod_protocol::NumberPolicy>,
            #[serde(skip_serializing_if = "Option::is_none")]
            session: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            binding_id: Option<BindingId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            method: Option<&'a str>,
            #[serde(skip_serializing_if = "<[Acr]>::is_empty")]
            accept: &'a [Acr],
        }
        let body = Body {
            user: &ask.user,
            context: ask.context(),
            number: ask.number,
            session: ask.session.as_deref(),
            binding_id: ask.binding,
            method: ask.method.as_deref(),
            accept: &ask.accept,
        };
        let started = self.rest.post(&["challenges"], &body).await?;
        Ok(self.started(started, ask.session.as_deref()).await)
    }

    async fn retry(&self, id: ChallengeId, session: Option<&str>) -> Result<StartedChallenge, CliError> {
        let parts = ["challenges", &id.to_string(), "retry"];
        let started = self.rest.post(&parts, &Session { session }).await?;
        Ok(self.started(started, session).await)
    }

    async fn cancel(&self, id: ChallengeId, session: Option<&str>) -> Result<ChallengeState, CliError> {
        let query = session.map(|s| ("session", s.to_owned()));
        self.rest.delete(&["challenges", &id.to_string()], query.as_slice()).await?;
        Ok(ChallengeState::Cancelled)
    }

    async fn standing(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        wait: Duration,
    ) -> Result<Standing, CliError> {
        let mut query = Vec::new();
        if !wait.is_zero() {
            query.push(("wait", crate::screen::countdown::seconds(wait).to_string()));
        }
        if let Some(session) = session {
            query.push(("session", session.to_owned()));
        }
        let view: View = self.rest.get(&["challenges", &id.to_string()], &query).await?;
        Ok(self.stands(view))
    }

    async fn devices(&self, user: &str) -> Result<Vec<Device>, CliError> {
        #[derive(Deserialize)]
        struct List {
            devices: Vec<Device>,
        }
        let list: List = self.rest.get(&["users", user, "devices"], &[]).await?;
        Ok(list.devices)
    }

    async fn revoke(&self, user: &str, binding: BindingId) -> Result<(), CliError> {
        self.rest.delete(&["users", user, "devices", &binding.to_string()], &[]).await
    }

    async fn leave_open(&self) -> Result<(), CliError> {
        Ok(())
    }
}
