//! Threat model section 5: under any schedule of create, deliver, answer, duplicate, retry, switch, code, suspend, revoke
//! and expire there is at most one decision per challenge, a denial never becomes an approval, and what is approved was
//! approved in time, with the right number under the binding's current generation or with the newest code of that very
//! challenge, and not while its user was suspended.

use std::collections::HashMap;

use nod_protocol::{ChallengeId, Number};
use proptest::prelude::*;

use super::site::{Site, other_than};
use super::*;
use crate::letter::LetterBody;
use crate::rows::{BindingState, Decided};
use crate::{MethodChoice, MethodKind, MethodPolicy};

#[derive(Debug, Clone)]
enum Move {
    Start,
    Retry(usize),
    Switch(usize, MethodKind),
    /// The user types the newest code that was sent for the challenge `of`, or one that is wrong, for `challenge`.
    Code {
        challenge: usize,
        of: usize,
        right: bool,
    },
    Resend(usize),
    Suspend(bool),
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
        3 => (any::<usize>(), prop_oneof![2 => Just(MethodKind::Email), 1 => Just(MethodKind::Push)])
            .prop_map(|(at, kind)| Move::Switch(at, kind)),
        4 => (any::<usize>(), prop::bool::weighted(0.7))
            .prop_map(|(at, right)| Move::Code { challenge: at, of: at, right }),
        1 => (any::<usize>(), any::<usize>())
            .prop_map(|(challenge, of)| Move::Code { challenge, of, right: true }),
        1 => any::<usize>().prop_map(Move::Resend),
        1 => prop::bool::weighted(0.3).prop_map(Move::Suspend),
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
    site: Site,
    phones: Vec<Enrolled>,
    started: Vec<StartedChallenge>,
    letters: Vec<Outgoing>,
    answers: Vec<(usize, String)>,
    seen: HashMap<ChallengeId, (ChallengeState, Option<Decided>)>,
    revoked_at: HashMap<BindingId, UnixMillis>,
    /// How often each challenge's decision was told.
    decisions: HashMap<ChallengeId, usize>,
    /// The newest code that was sent for each challenge.
    codes: HashMap<ChallengeId, String>,
    /// The challenges that a code has approved.
    passed: Vec<ChallengeId>,
    suspended: bool,
}

impl Run {
    async fn new() -> Self {
        let mut policy = Policy::default();
        // The counters have their own tests; here they would only stop the schedules early.
        policy.limits.per_five_minutes = 1_000;
        policy.limits.per_hour = 1_000;
        policy.limits.wrong_numbers = 1_000;
        policy.methods = MethodPolicy {
            resend_after_s: 5,
            sends_per_hour: 100,
            wrong_before_lock: 100,
            ..MethodPolicy::default()
        };
        let site = Site::with(policy);
        let phones = vec![site.world.enrol(7, "ada").await, site.world.enrol(8, "ada").await];
        site.give("ada", vec![crate::rows::MethodData::Push, site.email()]).await;
        Self {
            site,
            phones,
            started: Vec::new(),
            letters: Vec::new(),
            answers: Vec::new(),
            seen: HashMap::new(),
            revoked_at: HashMap::new(),
            decisions: HashMap::new(),
            codes: HashMap::new(),
            passed: Vec::new(),
            suspended: false,
        }
    }

    async fn play(&mut self, step: Move) {
        let server = self.site.world.server.clone();
        let pick = |len: usize, at: usize| (len > 0).then(|| at % len.max(1));
        match step {
            Move::Start => self.started.extend(server.start_challenge(user("ada")).await.ok()),
            Move::Retry(at) => {
                if let Some(at) = pick(self.started.len(), at) {
                    self.started.extend(server.retry_challenge(self.started[at].id, None).await.ok());
                }
            }
            Move::Switch(at, kind) => {
                if let Some(at) = pick(self.started.len(), at) {
                    let choice = MethodChoice::Kind(kind);
                    self.started
                        .extend(server.switch_challenge(self.started[at].id, None, choice).await.ok());
                }
            }
            Move::Resend(at) => {
                if let Some(at) = pick(self.started.len(), at) {
                    let _ = server.resend_code(self.started[at].id, None).await;
                }
            }
            Move::Code { challenge, of, right } => self.type_code(challenge, of, right).await,
            Move::Suspend(suspended) => {
                server.suspend("ada", suspended, "olga").await.unwrap();
                self.suspended = suspended;
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
                    let _ = self.site.world.send(&self.phones[*phone], &body).await;
                }
            }
            Move::Revoke(at) => {
                let binding = self.phones[at].binding();
                server.revoke("ada", binding).await.unwrap();
                self.revoked_at.entry(binding).or_insert(self.site.world.clock_now());
            }
            Move::Wait(ms) => self.site.world.clock.advance(ms),
            Move::Tick => drop(server.tick(100).await.unwrap()),
        }
        self.collect();
        self.check().await;
    }

    async fn type_code(&mut self, challenge: usize, of: usize, right: bool) {
        let coded: Vec<ChallengeId> =
            self.started.iter().filter(|started| started.code.is_some()).map(|started| started.id).collect();
        if coded.is_empty() {
            return;
        }
        let (challenge, of) = (coded[challenge % coded.len()], coded[of % coded.len()]);
        let code = if right { self.codes[&of].clone() } else { other_than(&self.codes[&of]) };
        if self.site.world.server.submit_code(challenge, None, &code).await.is_ok() {
            assert_eq!(code, self.codes[&challenge], "another code was taken");
            assert!(!self.suspended, "a suspended user was let in");
            self.passed.push(challenge);
        }
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
        self.site.world.send(&self.phones[phone], &body).await.unwrap();
    }

    fn collect(&mut self) {
        for letter in self.site.world.store.drain_letters() {
            if let LetterBody::Code { challenge, .. } = letter.body {
                self.codes.insert(challenge, self.site.open(&letter));
            }
        }
        let sent = self.site.world.store.drain_outgoing();
        self.letters.extend(sent.into_iter().filter(|letter| letter.kind == EnvelopeKind::Challenge));
        for event in self.site.world.events() {
            if let Event::ChallengeDecided { challenge_id, .. } = event {
                *self.decisions.entry(challenge_id).or_default() += 1;
            }
        }
    }

    async fn check(&mut self) {
        for started in &self.started {
            let view = self.site.view(started).await;
            assert!(self.decisions.get(&started.id).copied().unwrap_or(0) <= 1, "decided twice");
            let ended = self.seen.get(&started.id).filter(|(state, _)| *state != ChallengeState::Pending);
            if let Some((state, decided)) = ended {
                assert_eq!((state, decided), (&view.state, &view.decided), "an ended challenge changed");
            }
            let before =
                self.seen.get(&started.id).is_none_or(|(state, _)| *state == ChallengeState::Pending);
            if before && self.suspended {
                assert_ne!(view.state, ChallengeState::Approved, "a suspended user was let in");
            }
            let reached = (view.state == ChallengeState::Approved).then_some(started.method.acr);
            assert_eq!(view.acr, reached, "a level that is not the method's");
            assert_eq!(view.passed.is_some(), self.passed.contains(&started.id));
            if let Some(passed) = view.passed {
                assert!(view.state == ChallengeState::Approved && view.decided.is_none());
                assert!(passed < view.deadline, "approved too late");
            } else if view.state == ChallengeState::Approved {
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
        for device in self.site.world.server.devices("ada").await.unwrap() {
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
