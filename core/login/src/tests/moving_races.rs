//! Threat model section 3: what happens between a move's look-up and its step, and what a store that fails leaves behind.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use async_trait::async_trait;
use nod_protocol::messages::MoveOutcome;

use super::*;
use crate::{Read, Step, StoreError};

type Between = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What happens to the next step.
pub(super) enum Next {
    /// Something else runs right before it.
    After(Between),
    /// The disk fails, and nothing of it is written.
    Lost,
    /// It is written, but nobody hears of it: the process dies with the answer on its lips.
    Unacknowledged,
}

/// A store in memory whose next step can be arranged.
#[derive(Default)]
pub(super) struct Rigged {
    inner: Arc<MemoryStore>,
    next: Mutex<Option<Next>>,
}

impl Rigged {
    /// A store in memory, and one in front of it.
    pub(super) fn new() -> (Arc<Self>, Arc<MemoryStore>) {
        let store = Arc::new(MemoryStore::new());
        (Arc::new(Self { inner: Arc::clone(&store), next: Mutex::default() }), store)
    }

    pub(super) fn next(&self, next: Next) {
        *self.next.lock().unwrap() = Some(next);
    }

    /// Lets `between` run after the next step's look-up and right before the step itself.
    pub(super) fn before_the_step(&self, between: impl Future<Output = ()> + Send + 'static) {
        self.next(Next::After(Box::pin(between)));
    }

    pub(super) fn all_ran(&self) {
        assert!(self.next.lock().unwrap().is_none(), "the race was run");
    }
}

#[async_trait]
impl Store for Rigged {
    async fn step(&self, step: Step<'static>) -> Result<(), StoreError> {
        let next = self.next.lock().unwrap().take();
        match next {
            Some(Next::After(between)) => between.await,
            Some(Next::Lost) => return Err(StoreError::Unavailable("the disk is full".to_owned())),
            Some(Next::Unacknowledged) => {
                self.inner.step(step).await?;
                return Err(StoreError::Unavailable("the power went".to_owned()));
            }
            None => {}
        }
        self.inner.step(step).await
    }

    async fn step_lazily(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.inner.step_lazily(step).await
    }

    async fn read(&self, read: Read<'static>) -> Result<(), StoreError> {
        self.inner.read(read).await
    }
}

struct Race {
    world: World,
    rigged: Arc<Rigged>,
    old: Enrolled,
    new: Enrolled,
}

impl Race {
    async fn new() -> Self {
        let (rigged, store) = Rigged::new();
        let world = World::over(1, Policy::default(), Arc::clone(&rigged) as Arc<dyn Store>, store);
        let old = world.enrol(7, "ada").await;
        let new = old.successor(70);
        Self { world, rigged, old, new }
    }

    fn next(&self, next: Next) {
        self.rigged.next(next);
    }

    fn before_the_step(&self, between: impl Future<Output = ()> + Send + 'static) {
        self.rigged.before_the_step(between);
    }

    fn all_ran(&self) {
        self.rigged.all_ran();
    }

    /// A move to be made in between.
    fn moving(
        &self,
        from: &Enrolled,
        request: &nod_protocol::messages::MoveRequest,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (server, mailbox, body) = (self.world.server.clone(), from.phone.mailbox(), request.to_body());
        async move { server.receive(mailbox, Route::Service, &body).await.unwrap() }
    }

    async fn outcome(&self, from: &Enrolled, request: &nod_protocol::messages::MoveRequest) -> MoveOutcome {
        self.world.take_move(&from.phone, &self.old.account, request).await.outcome
    }
}

#[tokio::test]
async fn two_new_phones_race_and_one_wins() {
    let race = Race::new().await;
    let second = race.old.successor(71);
    let now = race.world.seconds();
    let (winner, loser) = (race.old.request(1, &race.new, now), race.old.request(1, &second, now));
    race.before_the_step(race.moving(&race.new, &winner));
    assert_eq!(race.outcome(&second, &loser).await, MoveOutcome::Refused);
    race.all_ran();
    let binding = race.world.binding().await;
    assert_eq!((binding.gen_, binding.keys), (2, Some(race.new.phone.keys())));
    assert_eq!(race.outcome(&second, &loser).await, MoveOutcome::Refused, "and for ever");
    assert_eq!(race.outcome(&race.new, &winner).await, MoveOutcome::Moved);
    race.world.approve(&race.new, "ada").await;
}

#[tokio::test]
async fn both_phones_hand_in_the_same_authorisation_at_once_and_hear_the_same() {
    let race = Race::new().await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    race.before_the_step(race.moving(&race.old, &request));
    assert_eq!(race.outcome(&race.new, &request).await, MoveOutcome::Moved);
    race.all_ran();
    assert_eq!(race.world.binding().await.gen_, 2);
    let moves = race.world.audit().into_iter().filter(|what| matches!(what, AuditEvent::DeviceMoved { .. }));
    assert_eq!(moves.count(), 1);
}

#[tokio::test]
async fn an_old_phone_cannot_authorise_for_the_next_phones_generation_while_it_moves() {
    let race = Race::new().await;
    let evil = race.old.successor(666);
    let now = race.world.seconds();
    // Looked up while the old key is the binding's; generation 2 when the step runs.
    let ahead = race.old.request(2, &evil, now);
    race.before_the_step(race.moving(&race.new, &race.old.request(1, &race.new, now)));
    assert_eq!(race.outcome(&evil, &ahead).await, MoveOutcome::Refused);
    race.all_ran();
    assert_eq!(race.world.binding().await.keys, Some(race.new.phone.keys()));
}

#[tokio::test]
async fn a_revocation_that_comes_first_ends_the_move() {
    let race = Race::new().await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    let (server, binding) = (race.world.server.clone(), race.old.binding());
    race.before_the_step(async move { server.revoke("ada", binding).await.unwrap() });
    assert_eq!(race.outcome(&race.new, &request).await, MoveOutcome::Refused);
    race.all_ran();
    assert!(race.world.server.devices("ada").await.unwrap().is_empty());
    assert_eq!(race.world.start(user("ada")).await, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn a_revocation_that_comes_second_revokes_the_new_phone() {
    let race = Race::new().await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    race.before_the_step(race.moving(&race.old, &request));
    race.world.server.revoke("ada", race.old.binding()).await.unwrap();
    race.all_ran();
    assert!(race.world.server.devices("ada").await.unwrap().is_empty());
    let letters = race.world.store.drain_outgoing();
    let notice = letters.iter().find(|letter| letter.kind == EnvelopeKind::Notice).unwrap();
    assert_eq!(notice.to, race.new.phone.mailbox(), "the phone that has the account is told");
    let notice = race.new.phone.open_notice(&race.old.account, &notice.body).unwrap();
    assert_eq!((notice.event, notice.gen_), (NoticeEvent::Revoked, 3));
    assert_eq!(race.outcome(&race.old, &request).await, MoveOutcome::Moved, "what was true stays true");
}

#[tokio::test]
async fn an_answer_that_was_looked_up_before_the_move_does_not_count_after_it() {
    let race = Race::new().await;
    let (started, open) = race.world.ask(&race.old, "ada").await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    race.before_the_step(race.moving(&race.new, &request));
    let body = race.old.approve(&open, &started);
    race.world.send(&race.old, &body).await.unwrap();
    race.all_ran();
    let letters = race.world.store.drain_outgoing();
    let receipt = letters.iter().find(|letter| letter.kind == EnvelopeKind::Receipt).unwrap();
    let receipt = race.old.phone.open_receipt(&race.old.account, &receipt.body).unwrap();
    assert_eq!(receipt.outcome, Outcome::Refused);
    assert_eq!(race.world.state(&started).await, ChallengeState::Cancelled);
    assert_eq!(race.world.binding().await.ctr, 0);
}

#[tokio::test]
async fn a_challenge_that_was_sealed_before_the_move_is_not_asked_after_it() {
    let race = Race::new().await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    race.before_the_step(race.moving(&race.new, &request));
    assert_eq!(race.world.start(user("ada")).await, Err(ChallengeError::NoDevice));
    race.all_ran();
    let _ = race.world.store.drain_outgoing();
    race.world.approve(&race.new, "ada").await;
}

#[tokio::test]
async fn the_time_that_counts_is_that_of_the_step() {
    let race = Race::new().await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    race.world.clock.advance(599_000);
    let clock = Arc::clone(&race.world.clock);
    race.before_the_step(async move { clock.advance(1_000) });
    assert_eq!(race.outcome(&race.new, &request).await, MoveOutcome::Expired);
    race.all_ran();
    assert_eq!(race.world.binding().await.keys, Some(race.old.phone.keys()));
}

#[tokio::test]
async fn a_store_that_fails_leaves_the_old_phone_in_force() {
    let race = Race::new().await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    race.next(Next::Lost);
    let failed = race.world.send_move(&race.new.phone, &request).await;
    assert!(matches!(failed, Err(ReceiveError::Store(_))));
    assert!(race.world.store.drain_outgoing().is_empty(), "nobody is told that it moved");
    assert!(race.world.events().is_empty());
    race.world.approve(&race.old, "ada").await;
    assert_eq!(race.outcome(&race.new, &request).await, MoveOutcome::Moved, "and the next attempt moves it");
}

#[tokio::test]
async fn a_crash_after_the_commit_leaves_the_new_phone_in_force_and_either_phone_can_ask() {
    let race = Race::new().await;
    let request = race.old.request(1, &race.new, race.world.seconds());
    race.next(Next::Unacknowledged);
    let failed = race.world.send_move(&race.new.phone, &request).await;
    assert!(matches!(failed, Err(ReceiveError::Store(_))));
    let _ = race.world.store.drain_outgoing();
    for who in [&race.old, &race.new] {
        assert_eq!(race.outcome(who, &request).await, MoveOutcome::Moved);
    }
    assert_eq!(race.world.binding().await.gen_, 2);
    race.world.approve(&race.new, "ada").await;
}
