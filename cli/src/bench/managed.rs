//! Managed approvals: the relay hosts the login server, which is asked over REST.

use std::sync::Arc;
use std::time::Instant;

use nod_login::rows::ChallengeState;
use nod_protocol::ChallengeId;
use serde::Deserialize;
use serde_json::json;

use super::error::BenchError;
use super::fleet::Fleet;
use super::http::Http;
use super::load::{self, Run, Timing, Worker};
use super::phone::{Line, Phone};
use super::relay::Relay;
use super::site::{Site, user};
use super::verify::Verifications;

/// Users, each with one phone; shared among the workers, so that no user has two challenges in flight, and so many
/// that no phone reaches the rate at which the relay cuts it.
const USERS: usize = 2048;

/// How many approvals to make at a number of them in flight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) in_flight: usize,
    pub(super) total: usize,
}

#[derive(Deserialize)]
struct Started {
    challenge_id: ChallengeId,
}

#[derive(Deserialize)]
struct Shown {
    state: ChallengeState,
}

struct Asker {
    http: Http,
    phones: Vec<(usize, Arc<Phone>)>,
    turn: usize,
}

impl Worker for Asker {
    async fn approve(&mut self) -> Result<Timing, BenchError> {
        let (n, phone) = self.phones.get(self.turn % self.phones.len()).ok_or(BenchError::Task)?;
        self.turn += 1;
        let ask = json!({
            "user": user(*n),
            "context": { "application": "Mail", "domain": "mail.bench.example", "ip": "192.0.2.17" },
        });
        let start = Instant::now();
        let Started { challenge_id } = self.http.post("/v1/challenges", &ask).await?;
        let path = format!("/v1/challenges/{challenge_id}?wait=20");
        loop {
            let Shown { state } = self.http.get(&path).await?;
            match state {
                ChallengeState::Pending => {}
                ChallengeState::Approved => break,
                ChallengeState::Denied
                | ChallengeState::Reported
                | ChallengeState::Superseded
                | ChallengeState::Cancelled
                | ChallengeState::Expired => return Err(BenchError::NotApproved(format!("{state:?}"))),
            }
        }
        let whole = start.elapsed();
        let arrived = phone.take_arrival().ok_or(BenchError::Task)?;
        Ok(Timing { delivery: arrived.duration_since(start), whole })
    }
}

/// Runs the plans one after another against one relay, after a warm-up.
pub(super) async fn measure(
    verifications: &mut Verifications,
    plans: &[Plan],
    warm_up: usize,
) -> Result<Vec<Run>, BenchError> {
    let site = Site::new(false).await?;
    let phones = Fleet::phones(USERS)?;
    site.enrol(&phones).await?;
    let relay = Relay::start(&site.folder).await?;
    let fleet = Fleet::connect(phones, &Line::to(&relay, None)?).await?;
    let mut runs = Vec::new();
    let warm_up = Plan { in_flight: 16, total: warm_up };
    for (n, plan) in [&warm_up].into_iter().chain(plans).enumerate() {
        let mut workers = Vec::new();
        for worker in 0..plan.in_flight {
            let http = Http::connect(relay.address, &site.managed.api_key).await?;
            let phones = fleet.phones.iter().cloned().enumerate().skip(worker).step_by(plan.in_flight);
            workers.push(Asker { http, phones: phones.collect(), turn: 0 });
        }
        let run = load::run(&relay, verifications, workers, plan.total).await;
        let (run, _) = run.map_err(|error| fleet.explain(error))?;
        if n > 0 {
            runs.push(run);
        }
    }
    Ok(runs)
}
