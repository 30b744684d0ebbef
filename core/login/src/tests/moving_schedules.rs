//! Threat model section 5: under any schedule of moves, answers, challenges, revocation and time at most one phone is
//! in force, the generation only rises, an old key never approves after the commit, and no word on a move is taken back.

use std::collections::HashMap;

use nod_protocol::bytes::Digest;
use nod_protocol::messages::{MoveOutcome, MoveRequest};
use nod_protocol::{ChallengeId, jws};
use proptest::prelude::*;

use super::*;
use crate::rows::BindingRow;
use crate::store::StoreExt as _;

#[derive(Debug, Clone)]
enum Play {
    /// A phone, the one in force or another, authorises a new one for a generation by a clock that may be off.
    Authorise {
        phone: Option<usize>,
        gen_: u64,
        skew: i64,
    },
    /// Either phone, or the relay, hands an authorisation in; again and again.
    Send {
        request: usize,
        by_new: bool,
        twin: bool,
    },
    Ask,
    /// A phone answers what it was asked.
    Answer {
        letter: usize,
        decision: Decision,
    },
    /// A phone answers what another phone was asked, for a generation of its choice.
    Forge {
        phone: usize,
        letter: usize,
        gen_: u64,
    },
    Replay(usize),
    Revoke,
    Wait(u64),
    Tick,
}

fn schedule() -> impl Strategy<Value = Vec<Play>> {
    let decision = prop_oneof![3 => Just(Decision::Approve), 1 => Just(Decision::Deny)];
    let gen_ = prop_oneof![2 => Just(1), 1 => 0..4u64];
    // Mostly the phone and the generation that fit, which are the latest ones.
    let one = prop_oneof![
        6 => (prop::option::weighted(0.4, 0..4usize), gen_, prop_oneof![4 => Just(0), 1 => -700..700i64])
            .prop_map(|(phone, gen_, skew)| Play::Authorise { phone, gen_, skew }),
        8 => (0..6usize, any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(request, by_new, twin)| Play::Send { request, by_new, twin }),
        5 => Just(Play::Ask),
        6 => (0..4usize, decision).prop_map(|(letter, decision)| Play::Answer { letter, decision }),
        3 => (0..4usize, 0..4usize, 0..4u64)
            .prop_map(|(phone, letter, gen_)| Play::Forge { phone, letter, gen_ }),
        3 => (0..4usize).prop_map(Play::Replay),
        1 => prop::bool::weighted(0.3).prop_map(|yes| if yes { Play::Revoke } else { Play::Tick }),
        3 => prop_oneof![0..30_000u64, 0..400_000u64].prop_map(Play::Wait),
        1 => Just(Play::Tick),
    ];
    prop::collection::vec(one, 1..60)
}

/// An authorisation: from and to which phone, and for which generation.
struct Made {
    from: usize,
    to: usize,
    gen_: u64,
    request: MoveRequest,
}

struct Run {
    world: World,
    account: Account,
    phones: Vec<TestPhone>,
    made: Vec<Made>,
    started: Vec<StartedChallenge>,
    /// The challenges that went out: to which phone, and what it says.
    letters: Vec<(usize, OpenChallenge)>,
    answers: Vec<(usize, String)>,
    row: BindingRow,
    states: HashMap<ChallengeId, ChallengeState>,
    /// What was said of each authorisation.
    told: HashMap<Digest, MoveOutcome>,
    moves: usize,
    approvals: usize,
}

impl Run {
    async fn new() -> Self {
        let mut policy = Policy::default();
        policy.limits.per_five_minutes = 1_000;
        policy.limits.per_hour = 1_000;
        let world = World::with(policy);
        let Enrolled { phone, account } = world.enrol(7, "ada").await;
        let row = world.binding().await;
        Self {
            world,
            account,
            phones: vec![phone],
            made: Vec::new(),
            started: Vec::new(),
            letters: Vec::new(),
            answers: Vec::new(),
            row,
            states: HashMap::new(),
            told: HashMap::new(),
            moves: 0,
            approvals: 0,
        }
    }

    async fn play(&mut self, play: Play) {
        let server = self.world.server.clone();
        // Counted from the latest.
        let pick = |len: usize, at: usize| len.checked_sub(1 + at);
        match play {
            Play::Authorise { phone, gen_, skew } => {
                let in_force = || self.phones.iter().position(|phone| Some(phone.keys()) == self.row.keys);
                let from = match phone {
                    Some(phone) => pick(self.phones.len(), phone),
                    None => in_force(),
                };
                let Some(from) = from else { return };
                let new = TestPhone::new(100 + self.phones.len() as u64);
                let gen_ = (self.row.gen_ + 1).saturating_sub(gen_);
                let now = self.world.seconds().checked_add_signed(skew).unwrap();
                let request = self.phones[from].move_request(&self.account, gen_, &new, now);
                self.made.push(Made { from, to: self.phones.len(), gen_, request });
                self.phones.push(new);
            }
            Play::Send { request, by_new, twin } => {
                if let Some(at) = pick(self.made.len(), request) {
                    let Made { from, to, request, .. } = &self.made[at];
                    let sender = &self.phones[if by_new { *to } else { *from }];
                    let mut request = request.clone();
                    if twin {
                        request.authorisation = TestPhone::twin(&request.authorisation);
                    }
                    let _ = self.world.send_move(sender, &request).await;
                }
            }
            Play::Ask => self.started.extend(server.start_challenge(user("ada")).await.ok()),
            Play::Answer { letter, decision } => {
                if let Some(at) = pick(self.letters.len(), letter) {
                    let (phone, open) = self.letters[at].clone();
                    let number = self.number(&open);
                    let body = self.phones[phone].answer(&open, decision, number.as_ref());
                    self.send(phone, body).await;
                }
            }
            Play::Forge { phone, letter, gen_ } => {
                let (who, at) = (pick(self.phones.len(), phone), pick(self.letters.len(), letter));
                if let (Some(who), Some(at)) = (who, at) {
                    let open = &self.letters[at].1;
                    let number = self.number(open);
                    let phone = &self.phones[who];
                    let mut claims = phone.answer_claims(open, Decision::Approve, number.as_ref());
                    claims.gen_ = (self.row.gen_ + 1).saturating_sub(gen_);
                    let body = phone.sign(&claims);
                    self.send(who, body).await;
                }
            }
            Play::Replay(at) => {
                if let Some(at) = pick(self.answers.len(), at) {
                    let (phone, body) = self.answers[at].clone();
                    self.send(phone, TestPhone::twin(&body)).await;
                }
            }
            Play::Revoke => server.revoke("ada", self.account.binding).await.unwrap(),
            Play::Wait(ms) => self.world.clock.advance(ms),
            Play::Tick => drop(server.tick(100).await.unwrap()),
        }
        self.check().await;
    }

    fn number(&self, open: &OpenChallenge) -> Option<nod_protocol::Number> {
        self.started.iter().find(|started| started.id == open.claims.jti).unwrap().number.clone()
    }

    async fn send(&mut self, phone: usize, body: String) {
        let _ = self.world.server.receive(self.phones[phone].mailbox(), Route::Service, &body).await;
        self.answers.push((phone, body));
    }

    async fn check(&mut self) {
        let (service, id) = (self.account.service, self.account.binding);
        let row =
            self.world.store.look(move |rows| rows.binding(service, id)).await.unwrap().unwrap().unwrap();
        self.check_row(&row);
        self.check_approvals(&row).await;
        for letter in self.world.store.drain_outgoing() {
            match letter.kind {
                EnvelopeKind::Moved => self.check_receipt(&letter.body),
                EnvelopeKind::Challenge => {
                    let to = self.phones.iter().position(|phone| phone.mailbox() == letter.to).unwrap();
                    let open = self.phones[to].open_challenge(&self.account, &letter.body).unwrap();
                    self.letters.push((to, open));
                }
                EnvelopeKind::Enrolment
                | EnvelopeKind::Receipt
                | EnvelopeKind::Notice
                | EnvelopeKind::Move
                | EnvelopeKind::Rotation => {}
            }
        }
        self.row = row;
    }

    /// The keys change with the generation only, one step at a time, and by whoever held it.
    fn check_row(&mut self, row: &BindingRow) {
        if row.gen_ == self.row.gen_ {
            assert_eq!((&row.keys, row.mailbox), (&self.row.keys, self.row.mailbox));
            return;
        }
        assert_eq!(row.gen_, self.row.gen_ + 1, "the generation rises by one");
        let held = self.row.keys.as_ref().expect("a revoked binding has ended");
        let Some(keys) = &row.keys else { return };
        self.moves += 1;
        let by = self.made.iter().find(|made| self.phones[made.to].keys() == *keys).unwrap();
        assert_eq!(self.phones[by.from].keys(), *held, "only the phone in force authorises");
        assert_eq!(by.gen_, self.row.gen_, "for its own generation");
        assert_eq!(row.mailbox, self.phones[by.to].mailbox());
    }

    async fn check_approvals(&mut self, row: &BindingRow) {
        for started in &self.started {
            let Ok(view) = self.world.server.challenge(started.id, None).await else { continue };
            let before = self.states.insert(started.id, view.state).unwrap_or(ChallengeState::Pending);
            if before != ChallengeState::Pending {
                assert_eq!(before, view.state, "an ended challenge changed");
            } else if view.state == ChallengeState::Approved {
                let decided = view.decided.unwrap();
                let keys = row.keys.as_ref().expect("approved by a revoked phone");
                assert_eq!((decided.key, decided.gen_), (keys.approve, row.gen_), "approved by an old key");
                self.approvals += 1;
            }
        }
    }

    fn check_receipt(&mut self, body: &str) {
        let receipt = TestPhone::open_move_receipt(&self.account, body).unwrap();
        let before = self.told.insert(receipt.mh, receipt.outcome);
        let was = before.map(|before| before == MoveOutcome::Moved);
        let is = receipt.outcome == MoveOutcome::Moved;
        assert!(was.is_none_or(|was| was == is), "{before:?} became {:?}", receipt.outcome);
        let digest = |made: &Made| jws::signed_digest(&made.request.authorisation).unwrap();
        let gen_ = self.made.iter().find(|made| digest(made) == receipt.mh).unwrap().gen_;
        let of_gen = self.made.iter().filter(|made| made.gen_ == gen_);
        let moved = of_gen.filter(|made| self.told.get(&digest(made)) == Some(&MoveOutcome::Moved)).count();
        assert!(moved <= 1, "two phones were told that they have the account");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_schedule_of_moves_keeps_the_invariants(schedule in schedule()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for play in schedule {
                run.play(play).await;
            }
        });
    }
}

/// A property that no schedule reaches would hold of anything.
#[test]
fn the_schedules_reach_moves_and_approvals() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut moves, mut approvals) = (0, 0);
    for _ in 0..24 {
        let schedule = schedule().new_tree(&mut runner).unwrap().current();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for play in schedule {
                run.play(play).await;
            }
            moves += run.moves;
            approvals += run.approvals;
        });
    }
    assert!(moves >= 10 && approvals >= 10, "{moves} moves and {approvals} approvals");
}
