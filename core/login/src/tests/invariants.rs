//! Threat model section 5: under any schedule of create, deliver, answer, duplicate, retry, revoke and expire there is
//! at most one decision per challenge, a denial never becomes an approval, and what is approved was approved in time,
//! with the right number, under the binding's current generation.

use std::collections::HashMap;

use nod_protocol::{ChallengeId, Number};
use proptest::prelude::*;

use super::*;
use crate::rows::{BindingState, Decided};

#[derive(Debug, Clone)]
enum Move {
    Start,
    Retry(usize),
    Cancel(usize),
    Deliver(usize),
    /// A phone answers a challenge that it has; `right` says whether with the right number.
    Answer {
        phone: usize,
        challenge: usize,
        decision: Decision,
        right: bool,
    },
    /// The relay sends an earlier answer (or its twin) again.
    Replay {
        answer: usize,
        twin: bool,
    },
    Revoke(usize),
    Wait(u64),
    Tick,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let decision =
        prop_oneof![4 => Just(Decision::Approve), 1 => Just(Decision::Deny), 1 => Just(Decision::Report)];
    let one = prop_oneof![
        5 => Just(Move::Start),
        2 => any::<usize>().prop_map(Move::Retry),
        1 => any::<usize>().prop_map(Move::Cancel),
        3 => any::<usize>().prop_map(Move::Deliver),
        8 => (0..2usize, any::<usize>(), decision, prop::bool::weighted(0.7))
            .prop_map(|(phone, challenge, decision, right)| Move::Answer { phone, challenge, decision, right }),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(answer, twin)| Move::Replay { answer, twin }),
        1 => (0..2usize).prop_map(Move::Revoke),
        3 => (0..30_000u64).prop_map(Move::Wait),
        1 => Just(Move::Tick),
    ];
    prop::collection::vec(one, 1..40)
}

/// One run of a schedule, and what was seen of every challenge so far.
struct Run {
    world: World,
    phones: Vec<Enrolled>,
    started: Vec<StartedChallenge>,
    letters: Vec<Outgoing>,
    answers: Vec<(usize, String)>,
    seen: HashMap<ChallengeId, (ChallengeState, Option<Decided>)>,
    revoked_at: HashMap<BindingId, UnixMillis>,
    /// How often each challenge's decision was told.
    decisions: HashMap<ChallengeId, usize>,
}

impl Run {
    async fn new() -> Self {
        let mut policy = Policy::default();
        // The counters have their own tests; here they would only stop the schedules early.
        policy.limits.per_five_minutes = 1_000;
        policy.limits.per_hour = 1_000;
        policy.limits.wrong_numbers = 1_000;
        let world = World::with(policy);
        let phones = vec![world.enrol(7, "ada").await, world.enrol(8, "ada").await];
        Self {
            world,
            phones,
            started: Vec::new(),
            letters: Vec::new(),
            answers: Vec::new(),
            seen: HashMap::new(),
            revoked_at: HashMap::new(),
            decisions: HashMap::new(),
        }
    }

    async fn play(&mut self, step: Move) {
        let server = self.world.server.clone();
        let pick = |len: usize, at: usize| (len > 0).then(|| at % len.max(1));
        match step {
            Move::Start => self.started.extend(server.start_challenge(user("ada")).await.ok()),
            Move::Retry(at) => {
                if let Some(at) = pick(self.started.len(), at) {
                    self.started.extend(server.retry_challenge(self.started[at].id, None).await.ok());
                }
            }
            Move::Cancel(at) => {
                if let Some(at) = pick(self.started.len(), at) {
                    let _ = server.cancel_challenge(self.started[at].id, None).await;
                }
            }
            Move::Deliver(at) => {
                if let Some(at) = pick(self.letters.len(), at) {
                    server.delivered(self.letters[at].id).await.unwrap();
                }
            }
            Move::Answer { phone, challenge, decision, right } => {
                self.answer(phone, challenge, decision, right).await;
            }
            Move::Replay { answer, twin } => {
                if let Some(at) = pick(self.answers.len(), answer) {
                    let (phone, body) = &self.answers[at];
                    let body = if twin { TestPhone::twin(body) } else { body.clone() };
                    let _ = self.world.send(&self.phones[*phone], &body).await;
                }
            }
            Move::Revoke(at) => {
                let binding = self.phones[at].binding();
                server.revoke("ada", binding).await.unwrap();
                self.revoked_at.entry(binding).or_insert(self.world.clock_now());
            }
            Move::Wait(ms) => self.world.clock.advance(ms),
            Move::Tick => drop(server.tick(100).await.unwrap()),
        }
        self.collect();
        self.check().await;
    }

    async fn answer(&mut self, phone: usize, challenge: usize, decision: Decision, right: bool) {
        let own = self.phones[phone].phone.mailbox();
        let mine: Vec<&Outgoing> = self.letters.iter().filter(|letter| letter.to == own).collect();
        if mine.is_empty() {
            return;
        }
        let letter = mine[challenge % mine.len()];
        let open = self.phones[phone].open(&letter.body);
        let shown = self.started.iter().find(|started| started.id == open.claims.jti).unwrap();
        let shown = shown.number.clone().unwrap();
        let wrong = Number::parse(if shown.expose() == "00" { "01" } else { "00" }).unwrap();
        let body =
            self.phones[phone].phone.answer(&open, decision, Some(if right { &shown } else { &wrong }));
        self.answers.push((phone, body.clone()));
        self.world.send(&self.phones[phone], &body).await.unwrap();
    }

    fn collect(&mut self) {
        let sent = self.world.store.drain_outgoing();
        self.letters.extend(sent.into_iter().filter(|letter| letter.kind == EnvelopeKind::Challenge));
        for event in self.world.events() {
            if let Event::ChallengeDecided { challenge_id, .. } = event {
                *self.decisions.entry(challenge_id).or_default() += 1;
            }
        }
    }

    async fn check(&mut self) {
        for started in &self.started {
            let view = self.world.server.challenge(started.id, None).await.unwrap();
            assert!(self.decisions.get(&started.id).copied().unwrap_or(0) <= 1, "decided twice");
            let ended = self.seen.get(&started.id).filter(|(state, _)| *state != ChallengeState::Pending);
            if let Some((state, decided)) = ended {
                assert_eq!((state, decided), (&view.state, &view.decided), "an ended challenge changed");
            }
            if view.state == ChallengeState::Approved {
                let decided = view.decided.as_ref().unwrap();
                assert!(decided.at < view.deadline, "approved too late");
                let revoked = self.revoked_at.get(&decided.binding);
                assert!(revoked.is_none_or(|at| decided.at <= *at), "approved by a revoked phone");
                assert_eq!(
                    (decided.decision, decided.outcome, decided.gen_),
                    (Decision::Approve, Outcome::Approved, 1)
                );
                let claims = nod_protocol::jws::Received::<nod_protocol::messages::AnswerClaims>::parse(
                    &decided.answer,
                )
                .unwrap()
                .verify(&decided.key)
                .unwrap()
                .into_claims();
                assert_eq!(claims.number, started.number, "approved with another number");
                assert_eq!(claims.jti, started.id);
            }
            self.seen.insert(started.id, (view.state, view.decided));
        }
        for device in self.world.server.devices("ada").await.unwrap() {
            assert_eq!(device.state, BindingState::Active, "a relay's schedule suspends nobody");
        }
    }
}

impl World {
    fn clock_now(&self) -> UnixMillis {
        use crate::clock::Clock as _;
        self.clock.now()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_schedule_keeps_the_invariants(schedule in moves()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for step in schedule {
                run.play(step).await;
            }
        });
    }
}
