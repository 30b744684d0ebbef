//! Durable decisions: how many challenges a second the store takes from pending to approved.

use std::sync::Arc;
use std::time::Instant;

use nod_login::clock::{Clock as _, SystemClock};
use nod_login::rows::{BindingRow, ChallengeRow, ChallengeState, Decided};
use nod_login::{
    Ask, AuditEvent, Changed, LoginServer, Outgoing, Policy, Route, Rows, Service, ServiceKeys, StoreError,
    StoreExt as _, UnixMillis,
};
use nod_protocol::bytes::Digest;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{ChallengeContext, Decision, Mode, Outcome, ServiceDisplay};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, ChallengeId, EnvelopeId, NumberPolicy, OsRandom, ServiceId};
use nod_relay::store::RelayStore;
use tokio::task::JoinSet;

use super::error::BenchError;
use super::phone::Phone;
use super::site::{binding, open_store, put_bindings, user};
use super::stats::{count, round};

/// A login server over a store on disk, with a phone.
struct Bench {
    login: LoginServer,
    store: RelayStore,
    phone: Phone,
    /// Removed when dropped.
    _dir: tempfile::TempDir,
}

/// A challenge that waits for its answer.
#[derive(Clone)]
struct Pending {
    challenge: ChallengeId,
    binding: BindingId,
    receipt: Outgoing,
    answer: String,
}

impl Bench {
    async fn new() -> Result<Self, BenchError> {
        let dir = tempfile::Builder::new().prefix("nod-bench-").tempdir()?;
        let store = open_store(&dir.path().join("store")).await?;
        let relay =
            RelayAddress::parse("ws://127.0.0.1:1").map_err(|_| BenchError::BadReply("an address"))?;
        let service = Service {
            id: ServiceId::random(&OsRandom)?,
            display: ServiceDisplay { name: "Bench".to_owned(), domain: None },
            mode: Mode::Sovereign,
            keys: Arc::new(ServiceKeys::generate(&OsRandom)?),
            chain: Vec::new(),
            policy: Policy { number: NumberPolicy::Tap, window_s: 300, life_s: 300, ..Policy::default() },
            relay,
        };
        let login = LoginServer::new(
            Arc::new(service),
            Arc::new(store.clone()),
            Arc::new(SystemClock),
            Arc::new(OsRandom),
        );
        Ok(Self { login, store, phone: Phone::new()?, _dir: dir })
    }

    fn binding(&self, n: usize) -> Result<BindingRow, BenchError> {
        binding(self.login.service().id, user(n), self.phone.keys(), self.phone.mailbox())
    }

    /// Asks one user through the library and answers as the phone; the answer is not sent.
    async fn pending(&self, n: usize) -> Result<(ChallengeRow, Pending), BenchError> {
        let service = self.login.service().id;
        let ask = Ask {
            user: user(n),
            context: ChallengeContext {
                application: Some("Mail".to_owned()),
                domain: Some("mail.bench.example".to_owned()),
                ip: Some([192, 0, 2, 17].into()),
                ..ChallengeContext::default()
            },
            number: None,
            session: None,
            only: None,
            ..Ask::default()
        };
        let started = self.login.start_challenge(ask).await.map_err(|e| BenchError::Login(e.to_string()))?;
        let row = self.store.look(move |rows| rows.challenge(service, started.id)).await??;
        let row = row.ok_or(BenchError::Task)?;
        let asked = row.asked.first().ok_or(BenchError::Task)?;
        let (envelope, binding) = (asked.envelope, asked.binding);
        let found = self.store.received(asked.mailbox, envelope).await?.ok_or(BenchError::Task)?;
        let answer = self.phone.approve(service, &found.body)?;
        // Of a receipt's length and form.
        let receipt = Outgoing { kind: EnvelopeKind::Receipt, body: answer.clone(), ..found };
        Ok((row.clone(), Pending { challenge: row.id, binding, receipt, answer }))
    }
}

/// Decisions a second in the store, without signatures, with `in_flight` of `total` in flight.
pub(super) async fn decisions_per_second(in_flight: usize, total: usize) -> Result<f64, BenchError> {
    let bench = Bench::new().await?;
    put_bindings(&bench.store, vec![bench.binding(0)?]).await?;
    let (template, pending) = bench.pending(0).await?;
    let mut all = Vec::with_capacity(total);
    let mut rows = Vec::with_capacity(total);
    let mut bindings = Vec::with_capacity(total);
    for n in 1..=total {
        let binding = bench.binding(n)?;
        let id = ChallengeId::random(&OsRandom)?;
        let mut row = ChallengeRow { id, user: binding.user.clone(), ..template.clone() };
        for asked in &mut row.asked {
            asked.binding = binding.id;
            asked.envelope = EnvelopeId::new(row.created.0, &OsRandom)?;
        }
        let receipt_id = EnvelopeId::new(row.created.0, &OsRandom)?;
        let receipt = Outgoing { id: receipt_id, challenge: None, ..pending.receipt.clone() };
        all.push(Pending { challenge: id, binding: binding.id, receipt, answer: pending.answer.clone() });
        bindings.push(binding);
        rows.push(row);
    }
    put_bindings(&bench.store, bindings).await?;
    put_challenges(&bench.store, rows).await?;
    let (service, store) = (bench.login.service().id, bench.store.clone());
    spread(in_flight, all, move |pending| {
        let store = store.clone();
        async move { Ok(store.run(move |rows| decide(rows, service, pending)).await??) }
    })
    .await
}

/// Decisions a second through the login library: the answer verified, the receipt signed.
pub(super) async fn verified_per_second(in_flight: usize, total: usize) -> Result<f64, BenchError> {
    let bench = Bench::new().await?;
    put_bindings(&bench.store, (0..total).map(|n| bench.binding(n)).collect::<Result<_, _>>()?).await?;
    let mut all = Vec::with_capacity(total);
    for n in 0..total {
        all.push(bench.pending(n).await?.1);
    }
    let (from, login) = (bench.phone.mailbox(), bench.login.clone());
    spread(in_flight, all, move |pending| {
        let login = login.clone();
        async move {
            let taken = login.receive(from, Route::Service, &pending.answer).await;
            taken.map_err(|error| BenchError::Login(error.to_string()))
        }
    })
    .await
}

/// The rows of a decision as the login library writes them: compare and swap, counter, limits, receipt, audit entry.
fn decide(rows: &mut dyn Rows, service: ServiceId, pending: Pending) -> Result<(), StoreError> {
    let now: UnixMillis = SystemClock.now();
    let damaged = StoreError::Damaged("bench");
    let mut row = rows.challenge(service, pending.challenge)?.ok_or_else(|| damaged.clone())?;
    let mut binding = rows.binding(service, pending.binding)?.ok_or_else(|| damaged.clone())?;
    let keys = binding.keys.as_ref().ok_or_else(|| damaged.clone())?;
    if row.state_at(now) != ChallengeState::Pending {
        return Err(damaged);
    }
    row.state = ChallengeState::Approved;
    row.decided = Some(Decided {
        binding: binding.id,
        gen_: binding.gen_,
        decision: Decision::Approve,
        outcome: Outcome::Approved,
        at: now,
        signed: Digest::of(pending.answer.as_bytes()),
        answer: pending.answer,
        key: keys.approve,
    });
    binding.ctr += 1;
    binding.last_used = Some(now);
    rows.put_binding(&binding);
    rows.put_challenge(&row);
    let ended = AuditEvent::ChallengeEnded {
        user: row.user.clone(),
        challenge: row.id,
        state: row.state,
        binding: Some(binding.id),
        wrong_number: false,
    };
    rows.audit(service, now, ended);
    rows.changed(Changed::Challenge(row.id));
    let mut limits = rows.limits(service, &row.user)?;
    limits.started.clear();
    rows.put_limits(service, &row.user, &limits);
    rows.send(pending.receipt);
    Ok(())
}

/// Lets so many tasks make one decision after another; returns decisions a second.
async fn spread<F, D>(in_flight: usize, all: Vec<Pending>, decide: D) -> Result<f64, BenchError>
where
    F: Future<Output = Result<(), BenchError>> + Send,
    D: Fn(Pending) -> F + Clone + Send + 'static,
{
    let total = all.len();
    let mut shares: Vec<Vec<Pending>> = vec![Vec::new(); in_flight];
    for (n, pending) in all.into_iter().enumerate() {
        if let Some(share) = shares.get_mut(n % in_flight) {
            share.push(pending);
        }
    }
    let start = Instant::now();
    let mut running = JoinSet::new();
    for share in shares {
        let decide = decide.clone();
        running.spawn(async move {
            for pending in share {
                decide(pending).await?;
            }
            Ok::<_, BenchError>(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(round(count(total) / start.elapsed().as_secs_f64()))
}

async fn put_challenges(store: &RelayStore, rows: Vec<ChallengeRow>) -> Result<(), BenchError> {
    let mut rest = rows.into_iter();
    loop {
        let some: Vec<ChallengeRow> = rest.by_ref().take(100).collect();
        if some.is_empty() {
            return Ok(());
        }
        store
            .run(move |rows| {
                for row in &some {
                    rows.put_challenge(row);
                }
                Ok::<_, StoreError>(())
            })
            .await??;
    }
}
