//! Sovereign approvals: this process is the login server, the relay only routes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use nod_login::ServiceKeys;
use nod_login::clock::{Clock as _, SystemClock};
use nod_protocol::bytes::Nonce;
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{AnswerClaims, ChallengeClaims, ChallengeContext};
use nod_protocol::{BindingId, ChallengeId, EnvelopeId, OsRandom, ServiceId, jwe};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::error::BenchError;
use super::fleet::Fleet;
use super::http::Http;
use super::load::{self, Run, Timing, Worker};
use super::managed::Plan;
use super::phone::{Line, Phone};
use super::relay::Relay;
use super::site::Site;
use super::verify::Verifications;

/// Phones; no mailbox may fill up with challenges that lie there until their time is over.
const PHONES: usize = 4096;

/// Those who wait for the answer to a challenge.
type Waiting = Arc<Mutex<HashMap<ChallengeId, oneshot::Sender<()>>>>;

struct Poster {
    http: Http,
    service: ServiceId,
    keys: Arc<ServiceKeys>,
    waiting: Waiting,
    phones: Vec<Arc<Phone>>,
    turn: usize,
}

impl Poster {
    /// A challenge for a phone, signed and sealed.
    fn challenge(&self, phone: &Phone, id: ChallengeId) -> Result<String, BenchError> {
        let now = SystemClock.now();
        let claims = ChallengeClaims {
            iss: self.service,
            aud: BindingId::from_bytes([7; 16]),
            jti: id,
            nonce: Nonce::random(&OsRandom)?,
            iat: now.seconds(),
            exp: now.seconds() + 40,
            window: 25,
            gen_: 1,
            number: 0,
            ctx: ChallengeContext {
                application: Some("Mail".to_owned()),
                domain: Some("mail.bench.example".to_owned()),
                ..ChallengeContext::default()
            },
        };
        let signed = jws::sign(&claims, self.keys.current())?;
        Ok(jwe::seal(&signed, &phone.keys().enc, &OsRandom)?)
    }
}

impl Worker for Poster {
    async fn approve(&mut self) -> Result<Timing, BenchError> {
        let phone = self.phones.get(self.turn % self.phones.len()).ok_or(BenchError::Task)?;
        self.turn += 1;
        let id = ChallengeId::random(&OsRandom)?;
        let (told, answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, told);
        let envelope = json!({
            "id": EnvelopeId::new(SystemClock.now().0, &OsRandom)?,
            "to": phone.mailbox(),
            "kind": "challenge",
            "body": self.challenge(phone, id)?,
            "ttl_s": 40,
        });
        let start = Instant::now();
        let _: Value = self.http.post("/v1/envelopes", &envelope).await?;
        answered.await.map_err(|_| BenchError::Task)?;
        let whole = start.elapsed();
        let arrived = phone.take_arrival().ok_or(BenchError::Task)?;
        Ok(Timing { delivery: arrived.duration_since(start), whole })
    }
}

#[derive(Deserialize)]
struct Inbox {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    seq: u64,
    #[serde(default)]
    body: Option<String>,
}

/// Reads the inbox and tells those who wait.
async fn read_inbox(mut http: Http, waiting: Waiting) -> Result<(), BenchError> {
    let mut after = 0;
    loop {
        let Inbox { items } = http.get(&format!("/v1/inbox?after={after}&wait=20")).await?;
        for Item { seq, body } in items {
            after = after.max(seq);
            let Some(body) = body else { continue };
            let answer =
                Received::<AnswerClaims>::parse(&body).map_err(|_| BenchError::BadReply("an answer"))?;
            let told = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&answer.hint().jti);
            if let Some(told) = told {
                // Fails only when the worker has given up.
                let _ = told.send(());
            }
        }
    }
}

/// Runs the plan against one relay, after a warm-up.
pub(super) async fn measure(
    verifications: &mut Verifications,
    plan: Plan,
    warm_up: usize,
) -> Result<Run, BenchError> {
    let site = Site::new(false).await?;
    let phones = Fleet::phones(PHONES)?;
    site.enrol(&phones).await?;
    let relay = Relay::start(&site.folder).await?;
    let fleet = Fleet::connect(phones, &Line::to(&relay, None)?).await?;
    let keys = Arc::new(ServiceKeys::generate(&OsRandom)?);
    let waiting = Waiting::default();
    let mut inbox = JoinSet::new();
    let reader = Http::connect(relay.address, &site.sovereign.api_key).await?;
    inbox.spawn(read_inbox(reader, Arc::clone(&waiting)));
    let mut workers = Vec::new();
    for worker in 0..plan.in_flight {
        workers.push(Poster {
            http: Http::connect(relay.address, &site.sovereign.api_key).await?,
            service: site.sovereign.service_id,
            keys: Arc::clone(&keys),
            waiting: Arc::clone(&waiting),
            phones: fleet.phones.iter().skip(worker).step_by(plan.in_flight).cloned().collect(),
            turn: 0,
        });
    }
    let both = async {
        let (_, workers) = load::run(&relay, verifications, workers, warm_up).await?;
        load::run(&relay, verifications, workers, plan.total).await
    };
    let run = tokio::select! {
        run = both => run,
        ended = inbox.join_next() => match ended {
            Some(Ok(Err(error))) => Err(error),
            Some(Ok(Ok(())) | Err(_)) | None => Err(BenchError::Task),
        },
    };
    run.map(|(run, _)| run).map_err(|error| fleet.explain(error))
}
