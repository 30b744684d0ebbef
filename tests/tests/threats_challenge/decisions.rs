//! Which answer decides, how often, how late, and with which number.

use crate::common::*;
use nod_login::rows::{BindingState, ChallengeState};
use nod_login::{Ask, AuditEvent, ChallengeError, LoginServer, Policy, Route, Service};
use nod_phone::answer::AnswerError;
use nod_phone::{Event as PhoneEvent, HistoryEnd};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{AnswerClaims, Decision, Outcome};
use nod_protocol::random::SeededForTests;
use nod_protocol::{Number, NumberPolicy};
use nod_tests::hostile::World;
use tokio::task::JoinSet;

const DAY_MS: u64 = 86_400_000;

#[tokio::test]
async fn answer_for_a_on_b() {
    let mut world = World::of_ada().await;
    let (mail, door) = (world.ask(0, "ada", "Mail").await, world.ask(0, "ada", "Door").await);
    let mailbox = world.mailbox(0);
    let mut a = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
    let mut b = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
    std::mem::swap(&mut a.envelope.body, &mut b.envelope.body);
    world.hand(0, &a);
    world.hand(0, &b);
    assert_eq!(world.phones[0].shown(mail.id).unwrap().context.application.as_deref(), Some("Mail"));
    let message = world.approve(0, &mail);
    world.pass(&message).await.unwrap();
    assert_eq!(world.state(0, &mail).await, ChallengeState::Approved);
    assert_eq!(world.state(0, &door).await, ChallengeState::Pending, "an approval of one decided the other");

    // Nor can whoever holds the right keys put a part of one challenge into the answer to another.
    let (mut world, puppet) = world_and_puppet().await;
    let (_, first) = ready(&mut world, &puppet).await;
    let (second, claims) = ready(&mut world, &puppet).await;
    for mixed in [
        AnswerClaims { nonce: first.nonce, ..claims.clone() },
        AnswerClaims { ch: first.ch, ..claims.clone() },
        AnswerClaims { nonce: first.nonce, ch: first.ch, ..claims },
    ] {
        assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&mixed)).await, Outcome::Refused);
    }
    assert_eq!(world.state(0, &second).await, ChallengeState::Pending);
}

#[tokio::test]
async fn same_bytes_twice_same_result_once() {
    let mut world = World::of_ada().await;
    let started = world.ask_and_carry(0, "ada", "Mail").await;
    let message = world.approve(0, &started);
    let _ = world.events();
    for _ in 0..3 {
        world.pass(&message).await.unwrap();
    }
    assert_eq!(decisions(&world), 1, "a replay decided again");
    world.told.clear();
    world.carry().await;
    let told = [(0, PhoneEvent::Decided { id: started.id, outcome: Outcome::Approved })];
    assert_eq!(world.told, told, "three receipts, one result");
    assert_eq!(world.state(0, &started).await, ChallengeState::Approved);
    let suspended = world.audit().iter().any(|entry| matches!(entry, AuditEvent::CounterReused { .. }));
    assert!(!suspended, "a relay that duplicates must not look like a cloned key");
}

#[tokio::test]
async fn the_r_n_s_twin_of_an_answer_makes_no_second_decision() {
    for twin_first in [true, false] {
        let mut world = World::of_ada().await;
        let started = world.ask_and_carry(0, "ada", "Mail").await;
        let original = world.approve(0, &started);
        let mut twin = original.clone();
        twin.body = nod_login::test_phone::TestPhone::twin(&original.body);
        assert_ne!(twin.body, original.body);
        let _ = world.events();
        let order = if twin_first { [&twin, &original] } else { [&original, &twin] };
        for message in order {
            world.pass(message).await.unwrap();
        }
        assert_eq!(decisions(&world), 1, "a second decision");
        world.carry().await;
        assert_eq!(world.phones[0].end_of(started.id), Some(HistoryEnd::Receipt(Outcome::Approved)));
        let devices = world.sites[0].devices("ada").await.unwrap();
        assert_eq!(devices[0].state, BindingState::Active, "the twin is no sign of a cloned key");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn approve_and_deny_racing_one_wins() {
    for round in 0..20 {
        let mut world = World::new(1, 2);
        world.enrol(0, 0, "ada").await;
        world.enrol(0, 1, "ada").await;
        let started = world.ask_and_carry(0, "ada", "Mail").await;
        assert_eq!(started.devices, 2);
        world.decide(0, started.id, Decision::Approve, started.number.as_ref());
        world.decide(1, started.id, Decision::Deny, None);
        world.collect();
        let _ = world.events();
        let mut race = JoinSet::new();
        let messages = [world.relay.next_message().unwrap(), world.relay.next_message().unwrap()];
        for message in messages {
            let server = world.sites[0].clone();
            race.spawn(async move { server.receive(message.from, Route::Service, &message.body).await });
        }
        assert!(race.join_all().await.iter().all(Result::is_ok));
        assert_eq!(decisions(&world), 1, "round {round}");
        let state = world.state(0, &started).await;
        world.carry().await;
        let ends = [0, 1].map(|phone| world.phones[phone].end_of(started.id).unwrap());
        let expected = if state == ChallengeState::Approved {
            [Outcome::Approved, Outcome::Conflict]
        } else {
            [Outcome::Conflict, Outcome::Denied]
        };
        assert_eq!(ends, expected.map(HistoryEnd::Receipt), "round {round}: both phones know who won");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hundred_parallel_approvals_one() {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let _ = world.events();
    let mut race = JoinSet::new();
    for ctr in 1..=100 {
        let body = puppet.phone.sign(&AnswerClaims { ctr, ..claims.clone() });
        let (server, from) = (world.sites[0].clone(), puppet.phone.mailbox());
        race.spawn(async move { server.receive(from, Route::Service, &body).await });
    }
    assert_eq!(race.join_all().await.len(), 100);
    assert_eq!(decisions(&world), 1);
    assert_eq!(world.state(0, &started).await, ChallengeState::Approved);
    let mut approved = 0;
    world.collect();
    while let Some(parcel) = world.relay.next_parcel() {
        let receipt = puppet.phone.open_receipt(&puppet.account, &parcel.envelope.body).unwrap();
        approved += usize::from(receipt.outcome == Outcome::Approved);
    }
    assert_eq!(approved, 1, "more than one was told that it counted");
}

#[tokio::test]
async fn one_ms_after_exp() {
    for (late_by, expected) in [(-1i64, Outcome::Approved), (0, Outcome::Expired), (1, Outcome::Expired)] {
        for delivered in [true, false] {
            let mut world = World::of_ada().await;
            let started = world.ask(0, "ada", "Mail").await;
            let mailbox = world.mailbox(0);
            let parcel = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
            world.hand(0, &parcel);
            if delivered {
                world.say_delivered(parcel.envelope.id).await;
            }
            let message = world.approve(0, &started);
            let deadline = world.sites[0].challenge(started.id, None).await.unwrap().deadline;
            let life = deadline.since(world.now());
            assert_eq!(life, if delivered { 26_000 } else { 40_000 }, "delivery starts the window");
            world.pass_time(life.checked_add_signed(late_by).unwrap());
            world.pass(&message).await.unwrap();
            world.carry().await;
            assert_eq!(
                world.phones[0].end_of(started.id),
                Some(HistoryEnd::Receipt(expected)),
                "{late_by} ms"
            );
            let approved = world.state(0, &started).await == ChallengeState::Approved;
            assert_eq!(approved, expected == Outcome::Approved, "{late_by} ms");
        }
    }
}

#[tokio::test]
async fn phone_clock_a_day_off_accepted_in_time() {
    for wall in [-1i64, 1] {
        let mut world = World::of_ada().await;
        let wall = world.now().0.checked_add_signed(wall * i64::try_from(DAY_MS).unwrap()).unwrap();
        world.phones[0].clock.set_wall(wall);
        let started = world.ask_and_carry(0, "ada", "Mail").await;
        let shown = world.phones[0].shown(started.id).unwrap();
        assert!((shown.seconds_left - 25.0).abs() < 0.001, "the countdown does not ask the date");
        world.pass_time(24_000);
        let message = world.approve(0, &started);
        world.pass(&message).await.unwrap();
        world.carry().await;
        assert_eq!(world.phones[0].end_of(started.id), Some(HistoryEnd::Receipt(Outcome::Approved)));
    }
}

#[tokio::test]
async fn old_answer_after_a_retry() {
    let mut world = World::of_ada().await;
    let old = world.ask_and_carry(0, "ada", "Mail").await;
    let late = world.approve(0, &old);
    let new = world.sites[0].retry_challenge(old.id, None).await.unwrap();
    world.pass(&late).await.unwrap();
    assert_eq!(world.state(0, &old).await, ChallengeState::Superseded);
    assert_eq!(world.state(0, &new).await, ChallengeState::Pending, "the late answer was carried over");
    world.carry().await;
    assert_eq!(world.phones[0].end_of(old.id), Some(HistoryEnd::Receipt(Outcome::Superseded)));
    let message = world.approve(0, &new);
    world.pass(&message).await.unwrap();
    assert_eq!(world.state(0, &new).await, ChallengeState::Approved);
}

pub(crate) fn wrong(number: &Number) -> Number {
    Number::parse(if number.expose() == "00" { "01" } else { "00" }).unwrap()
}

#[tokio::test]
async fn wrong_number_then_right() {
    let mut world = World::of_ada().await;
    let started = world.ask_and_carry(0, "ada", "Mail").await;
    let shown = started.number.clone().unwrap();
    world.decide(0, started.id, Decision::Approve, Some(&wrong(&shown)));
    world.carry().await;
    assert_eq!(world.phones[0].end_of(started.id), Some(HistoryEnd::Receipt(Outcome::WrongNumber)));
    let again = world.phones[0].engine.decide(started.id, Decision::Approve, Some(shown));
    assert_eq!(again, Err(AnswerError::AlreadyAnswered), "the phone answers once");
    assert_eq!(world.state(0, &started).await, ChallengeState::Denied);

    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let number = started.number.as_ref().map(wrong);
    let guess = AnswerClaims { number, ..claims.clone() };
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&guess)).await, Outcome::WrongNumber);
    let right = AnswerClaims { ctr: puppet.phone.next_ctr(), ..claims };
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&right)).await, Outcome::Conflict);
    assert_eq!(world.state(0, &started).await, ChallengeState::Denied);
}

#[tokio::test]
async fn number_missing() {
    let mut world = World::of_ada().await;
    let started = world.ask_and_carry(0, "ada", "Mail").await;
    let bare = world.phones[0].engine.decide(started.id, Decision::Approve, None);
    assert_eq!(bare, Err(AnswerError::NumberMissing { digits: 2 }), "the phone signs no bare approval");

    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let bare = puppet.phone.sign(&AnswerClaims { number: None, ..claims });
    assert_eq!(puppet.outcome(&mut world, &bare).await, Outcome::WrongNumber);
    assert_eq!(world.state(0, &started).await, ChallengeState::Denied);
}

#[tokio::test]
async fn number_policy_cannot_be_switched_off_by_another_path() {
    let world = World::of_ada().await;
    let binding = world.phones[0].engine.accounts().unwrap()[0].id;
    for only in [None, Some(binding)] {
        let ask = Ask { user: "ada".to_owned(), number: Some(NumberPolicy::Tap), only, ..Ask::default() };
        let weaker = world.sites[0].start_challenge(ask).await;
        assert_eq!(weaker, Err(ChallengeError::NumberPolicy), "a challenge may not ask for less");
    }
    // A retry of a challenge from before the policy was raised obeys the new policy.
    let tap = Policy { number: NumberPolicy::Tap, ..Policy::default() };
    let mut world = World::with(1, 1, tap);
    world.enrol(0, 0, "ada").await;
    let old = world.ask(0, "ada", "Mail").await;
    assert_eq!(old.number, None);
    let raised = Policy { number: NumberPolicy::Six, ..tap };
    let service = Service { policy: raised, ..world.sites[0].service().clone() };
    let random = std::sync::Arc::new(SeededForTests::new(3));
    world.sites[0] = LoginServer::new(service.into(), world.store.clone(), world.clock.clone(), random);
    let new = world.sites[0].retry_challenge(old.id, None).await.unwrap();
    assert_eq!(new.number.as_ref().map(|number| number.expose().len()), Some(6));
    world.carry().await;
    assert_eq!(world.phones[0].shown(new.id).map(|shown| shown.digits), Some(6));
    // Nor does a six-digit number pass where it was never shown: a tap that carries one denies.
    let mut world = World::with(1, 0, tap);
    let puppet = world.enrol_puppet(0, 1, "ada").await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let number = Number::parse("123456").ok();
    let body = puppet.phone.sign(&AnswerClaims { number, ..claims });
    assert_eq!(puppet.outcome(&mut world, &body).await, Outcome::WrongNumber);
    assert_eq!(world.state(0, &started).await, ChallengeState::Denied);
}
