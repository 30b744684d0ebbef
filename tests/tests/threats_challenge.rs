//! Threat model, challenges and answers: every line of docs/threat-model.md's table is the test of that name.
//!
//! Whatever a relay could attempt, the hostile relay attempts against a real phone and a real login server. What only
//! a phone in an attacker's hands could attempt is sent by a puppet, which holds the right keys and says anything.

use std::time::Duration;

use nod_login::rows::{BindingState, ChallengeState};
use nod_login::verify::{Expected, NotAccepted, Reported, verify};
use nod_login::{
    Ask, AuditEvent, ChallengeError, Event, LoginServer, Policy, ReceiveError, Route, Service,
    StartedChallenge,
};
use nod_phone::answer::AnswerError;
use nod_phone::{Event as PhoneEvent, HistoryEnd};
use nod_protocol::bytes::{Digest, decode, encode};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{
    AnswerClaims, ChallengeClaims, ChallengeContext, Decision, HelloClaims, Mode, NoticeClaims, NoticeEvent,
    Outcome, ReceiptClaims,
};
use nod_protocol::random::SeededForTests;
use nod_protocol::{BindingId, Nonce, Number, NumberPolicy, jwe};
use nod_tests::hostile::forge::{self, Sealing};
use nod_tests::hostile::{Parcel, Puppet, World};
use tokio::task::JoinSet;

const DAY_MS: u64 = 86_400_000;

async fn world_and_puppet() -> (World, Puppet) {
    let mut world = World::new(1, 0);
    let puppet = world.enrol_puppet(0, 1, "ada").await;
    (world, puppet)
}

/// Whoever approves in this test would approve with the right number.
async fn ready(world: &mut World, puppet: &Puppet) -> (StartedChallenge, AnswerClaims) {
    let started = world.ask(0, "ada", "Mail").await;
    let open = puppet.open(world);
    let claims = puppet.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    (started, claims)
}

/// An answer that must not decide anything, though its keys are the right ones.
async fn refused(what: &str, alter: impl FnOnce(&mut AnswerClaims)) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, mut claims) = ready(&mut world, &puppet).await;
    alter(&mut claims);
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&claims)).await, Outcome::Refused, "{what}");
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{what}");
}

/// How often a decision was told to the service.
fn decisions(world: &World) -> usize {
    world.events().iter().filter(|event| matches!(event, Event::ChallengeDecided { .. })).count()
}

/// A challenge as the service signed it, and the parcel that carries it.
fn signed_challenge(world: &mut World, puppet: &Puppet) -> (String, Parcel) {
    let parcel = world.intercept(puppet.phone.mailbox(), EnvelopeKind::Challenge).unwrap();
    (jwe::open(&parcel.envelope.body, &puppet.phone.enc).unwrap().to_string(), parcel)
}

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

fn wrong(number: &Number) -> Number {
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

/// An approval that is signed by another of the phone's keys.
async fn refused_by_key(key: impl FnOnce(&Puppet) -> &SoftwareKey) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let body = jws::sign(&claims, key(&puppet)).unwrap();
    assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::UnknownAddress));
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
    // The same claims by the right key are an approval.
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&claims)).await, Outcome::Approved);
}

#[tokio::test]
async fn deny_key_approves() {
    refused_by_key(|puppet| &puppet.phone.deny).await;
}

#[tokio::test]
async fn channel_key_approves() {
    refused_by_key(|puppet| &puppet.phone.channel).await;
    refused_by_key(|puppet| &puppet.phone.enc).await;
}

#[tokio::test]
async fn another_users_binding() {
    let mut world = World::new(1, 0);
    let ada = world.enrol_puppet(0, 1, "ada").await;
    let ben = world.enrol_puppet(0, 2, "ben").await;
    let (started, claims) = ready(&mut world, &ada).await;
    let own = AnswerClaims { iss: ben.account.binding, ..claims.clone() };
    assert_eq!(ben.outcome(&mut world, &ben.phone.sign(&own)).await, Outcome::Refused);
    assert_eq!(ben.send(&world, &ben.phone.sign(&claims)).await, Err(ReceiveError::UnknownAddress));
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
    let only = Some(ben.account.binding);
    let ask = Ask { user: "ada".to_owned(), only, ..Ask::default() };
    assert_eq!(world.sites[0].start_challenge(ask).await, Err(ChallengeError::NoDevice));
}

/// Signs a challenge of one's own with the service's key and seals it to the phone's account.
async fn service_says(world: &World, alter: impl FnOnce(&mut ChallengeClaims)) -> Parcel {
    let row = world.sites[0].devices("ada").await.unwrap().remove(0);
    let service = world.sites[0].service();
    let mut claims = ChallengeClaims {
        iss: service.id,
        aud: row.id,
        jti: nod_protocol::ChallengeId::from_bytes([5; 16]),
        nonce: Nonce::from_bytes([6; 32]),
        iat: 1_700_000_000,
        exp: 1_700_000_040,
        window: 25,
        gen_: row.gen_,
        number: 2,
        ctx: ChallengeContext::default(),
    };
    alter(&mut claims);
    let inner = jws::sign(&claims, service.keys.current()).unwrap();
    to_ada(world, EnvelopeKind::Challenge, &inner).await
}

/// Seals a message to the account of ada's phone.
async fn to_ada(world: &World, kind: EnvelopeKind, inner: &str) -> Parcel {
    let row = world.sites[0].devices("ada").await.unwrap().remove(0);
    let random = SeededForTests::new(Digest::of(inner.as_bytes()).as_bytes()[0].into());
    let body = match kind {
        EnvelopeKind::Receipt => inner.to_owned(),
        _ => jwe::seal(inner, &row.keys.unwrap().enc, &random).unwrap(),
    };
    let id = nod_protocol::EnvelopeId::new(1_700_000_000_000, &random).unwrap();
    let service = world.sites[0].service().id;
    let ttl = Duration::from_secs(40);
    let envelope = nod_phone::engine::Envelope { id, kind, service, body, ttl };
    Parcel { to: row.mailbox, envelope, expires: world.now().plus(40_000) }
}

#[tokio::test]
async fn an_older_gen() {
    refused("older", |claims| claims.gen_ = 0).await;
    refused("newer", |claims| claims.gen_ = 2).await;
    let mut world = World::of_ada().await;
    let control = service_says(&world, |_| {}).await;
    assert!(world.hand(0, &control).acknowledge);
    let jti = nod_protocol::ChallengeId::from_bytes([8; 16]);
    let older = service_says(&world, |claims| (claims.gen_, claims.jti) = (0, jti)).await;
    world.hand_in_vain(0, &older, "a challenge of an older generation");
    // A revoked binding's answer is of an older generation, whatever it says.
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    world.sites[0].revoke("ada", puppet.account.binding).await.unwrap();
    world.intercept(puppet.phone.mailbox(), EnvelopeKind::Notice).unwrap();
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&claims)).await, Outcome::Refused);
    let newer = AnswerClaims { gen_: 2, ..claims };
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&newer)).await, Outcome::Refused);
    assert_eq!(world.state(0, &started).await, ChallengeState::Cancelled);
}

#[tokio::test]
async fn another_services_challenge() {
    let mut world = World::new(2, 1);
    let mine = world.enrol(0, 0, "ada").await;
    world.enrol(1, 0, "ada").await;
    let started = world.ask(1, "ada", "Mail").await;
    let mailbox = world.mailbox(0);
    let parcel = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
    let mut relabelled = parcel.clone();
    relabelled.envelope.service = world.sites[0].service().id;
    world.hand_in_vain(0, &relabelled, "one service's challenge under another's name");
    // The other service signs with its own key what the first one never asked, and seals it to the first's account.
    let keys = world.sites[0].devices("ada").await.unwrap().remove(0).keys.unwrap();
    let foreign = world.sites[1].service().keys.current();
    let control = service_says(&world, |_| {}).await;
    let claims = Received::<ChallengeClaims>::parse(&forged_inner(&world, mine)).unwrap().hint().clone();
    let inner = jws::sign(&claims, foreign).unwrap();
    let mut forged = control.clone();
    forged.envelope.body = jwe::seal(&inner, &keys.enc, &SeededForTests::new(4)).unwrap();
    world.hand_in_vain(0, &forged, "a challenge signed by another service");
    assert!(world.hand(0, &parcel).acknowledge, "its own challenge is shown");
    assert_eq!(world.phones[0].shown(started.id).unwrap().service_name, "Service 1");
    // An answer to one service's challenge says nothing to another.
    let mut world = World::new(2, 0);
    let (here, there) = (world.enrol_puppet(0, 1, "ada").await, world.enrol_puppet(1, 1, "ada").await);
    let (started, claims) = ready(&mut world, &here).await;
    let over_there =
        AnswerClaims { iss: there.account.binding, aud: there.account.service, ..claims.clone() };
    assert_eq!(there.outcome(&mut world, &there.phone.sign(&over_there)).await, Outcome::Expired);
    let wrong_aud = AnswerClaims { aud: there.account.service, ..claims };
    assert_eq!(here.outcome(&mut world, &here.phone.sign(&wrong_aud)).await, Outcome::Refused);
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
}

/// A challenge for a binding of the first service, as the first service would sign it.
fn forged_inner(world: &World, aud: BindingId) -> String {
    let service = world.sites[0].service();
    let claims = ChallengeClaims {
        iss: service.id,
        aud,
        jti: nod_protocol::ChallengeId::from_bytes([7; 16]),
        nonce: Nonce::from_bytes([7; 32]),
        iat: 1_700_000_000,
        exp: 1_700_000_040,
        window: 25,
        gen_: 1,
        number: 0,
        ctx: ChallengeContext::default(),
    };
    jws::sign(&claims, service.keys.current()).unwrap()
}

#[tokio::test]
async fn ch_altered() {
    refused("ch", |claims| claims.ch = Digest::of(b"another challenge")).await;
    refused("nonce", |claims| claims.nonce = Nonce::from_bytes([0; 32])).await;
}

const TYPS: [&str; 8] = [
    "nod-enrol+jwt",
    "nod-enrol-key+jwt",
    "nod-binding+jwt",
    "nod-notice+jwt",
    "nod-challenge+jwt",
    "nod-answer+jwt",
    "nod-receipt+jwt",
    "nod-hello+jwt",
];

#[tokio::test]
async fn every_pair_of_typ_swapped() {
    let mut pairs = 0;
    for typ in TYPS {
        let header = forge::header(typ);
        let mut tried = |own: &str| {
            pairs += usize::from(own != typ);
            own == typ
        };
        // Answers, to the login server.
        let (mut world, puppet) = world_and_puppet().await;
        let (started, claims) = ready(&mut world, &puppet).await;
        let payload = forge::payload(&puppet.phone.sign(&claims));
        let sent = puppet.send(&world, &forge::sign(&header, &payload, &puppet.phone.approve)).await;
        let approved = world.state(0, &started).await == ChallengeState::Approved;
        assert_eq!(sent.is_ok() && approved, tried("nod-answer+jwt"), "{typ} as an answer");
        // The three parts of an enrolment, to the login server.
        for (part, own) in
            [("e1", "nod-enrol+jwt"), ("deny", "nod-enrol-key+jwt"), ("channel", "nod-enrol-key+jwt")]
        {
            let (id, qr) = world.show_qr(0, "ben").await;
            let phone = nod_login::test_phone::TestPhone::new(9);
            let qr = nod_protocol::qr::EnrolmentQr::parse(&qr).unwrap();
            let mut parts = phone.enrol_parts(&phone.enrol_claims(&qr));
            let (text, key) = match part {
                "e1" => (&mut parts.e1, &phone.approve),
                "deny" => (&mut parts.deny, &phone.deny),
                _ => (&mut parts.channel, &phone.channel),
            };
            *text = forge::sign(&header, &forge::payload(text), key);
            let body = phone.seal_e1(&qr, &parts);
            let sent = world.sites[0].receive(phone.mailbox(), Route::Enrolment(id), &body).await;
            assert_eq!(sent.is_ok(), own == typ, "{typ} as {part}");
            world.sites[0].abort_enrolment(id).await.unwrap();
        }
        tried("nod-enrol+jwt");
        tried("nod-enrol-key+jwt");
        // Challenges, notices and receipts, to the phone.
        let mut world = World::of_ada().await;
        let keys = world.sites[0].service().keys.clone();
        let challenge = forged_inner(&world, world.phones[0].engine.accounts().unwrap()[0].id);
        let challenge = forge::sign(&header, &forge::payload(&challenge), keys.current());
        let challenge = to_ada(&world, EnvelopeKind::Challenge, &challenge).await;
        assert_eq!(world.hand(0, &challenge).acknowledge, tried("nod-challenge+jwt"), "{typ} as a challenge");
        let mail = world.ask_and_carry(0, "ada", "Mail").await;
        let answer = world.approve(0, &mail);
        let (iss, aud) = (world.sites[0].service().id, world.phones[0].engine.accounts().unwrap()[0].id);
        let (ah, outcome) = (Digest::of(answer.body.as_bytes()), Outcome::Approved);
        let receipt = ReceiptClaims { iss, aud, jti: mail.id, ah, outcome, iat: 1_700_000_000 };
        let receipt = forge::payload(&jws::sign(&receipt, keys.current()).unwrap());
        let receipt = forge::sign(&header, &receipt, keys.current());
        let receipt = to_ada(&world, EnvelopeKind::Receipt, &receipt).await;
        assert_eq!(world.hand(0, &receipt).acknowledge, tried("nod-receipt+jwt"), "{typ} as a receipt");
        let (jti, event) = (Nonce::from_bytes([1; 32]), NoticeEvent::Revoked);
        let notice = NoticeClaims { iss, aud, jti, event, gen_: 2, iat: 1_700_000_000 };
        let notice = forge::payload(&jws::sign(&notice, keys.current()).unwrap());
        let notice = forge::sign(&header, &notice, keys.current());
        let notice = to_ada(&world, EnvelopeKind::Notice, &notice).await;
        assert_eq!(world.hand(0, &notice).acknowledge, tried("nod-notice+jwt"), "{typ} as a notice");
        // E2, to the phone.
        assert_eq!(binding_is_taken(&header).await, tried("nod-binding+jwt"), "{typ} as a binding");
        // The hello, as a relay reads it.
        let address = nod_protocol::qr::RelayAddress::parse("relay.example").unwrap();
        let mut world = World::of_ada().await;
        world.collect();
        let hello = world.phones[0].engine.hello(&address, Nonce::from_bytes([0; 32])).unwrap();
        let channel = &nod_login::test_phone::TestPhone::new(1).channel;
        let jwk = serde_json::to_string(&channel.public_key()).unwrap();
        let claims = Received::<HelloClaims>::parse(&hello).unwrap().hint().clone();
        let payload =
            serde_json::to_string(&HelloClaims { jwk: serde_json::from_str(&jwk).unwrap(), ..claims });
        let hello = forge::sign(&header, &payload.unwrap(), channel);
        let read = Received::<HelloClaims>::parse(&hello).and_then(Received::verify_self_certified);
        assert_eq!(read.is_ok(), tried("nod-hello+jwt"), "{typ} as a hello");
    }
    assert_eq!(pairs, TYPS.len() * (TYPS.len() - 1), "every pair was tried");
}

/// Whether a phone shows a code for an E2 under this header.
async fn binding_is_taken(header: &str) -> bool {
    let mut world = World::new(1, 1);
    let id = world.scan(0, 0, "ada").await;
    world.collect();
    let e1 = world.relay.next_message().unwrap();
    world.pass(&e1).await.unwrap();
    let mut parcel = world.intercept(e1.from, EnvelopeKind::Enrolment).unwrap();
    // What the service signed is not known outside; the same claims are signed again under another header.
    let (claims, enc) = nod_tests::hostile::e2_of(&world, id).await;
    let payload = serde_json::to_string(&claims).unwrap();
    let inner = forge::sign(header, &payload, world.sites[0].service().keys.current());
    parcel.envelope.body = jwe::seal(&inner, &enc, &SeededForTests::new(8)).unwrap();
    world.hand(0, &parcel);
    world.code(0, id).is_some()
}

/// Headers that must be refused even where the signature over them is right.
async fn refused_headers(headers: &[String]) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let payload = forge::payload(&puppet.phone.sign(&claims));
    for header in headers {
        let body = forge::sign(header, &payload, &puppet.phone.approve);
        assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{header}");
        assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{header}");
    }
    let mut world = World::of_ada().await;
    let keys = world.sites[0].service().keys.clone();
    let challenge = forged_inner(&world, world.phones[0].engine.accounts().unwrap()[0].id);
    for header in headers {
        let header = header.replace("nod-answer", "nod-challenge");
        let inner = forge::sign(&header, &forge::payload(&challenge), keys.current());
        let parcel = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
        world.hand_in_vain(0, &parcel, &header);
    }
}

#[tokio::test]
async fn alg_none_hs256_with_the_public_key() {
    refused_headers(
        &["none", "HS256", "ES384", "es256", ""]
            .map(|alg| format!(r#"{{"alg":"{alg}","typ":"nod-answer+jwt"}}"#)),
    )
    .await;
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let [_, payload, signature] = forge::parts(&puppet.phone.sign(&claims));
    let none = encode(br#"{"alg":"none","typ":"nod-answer+jwt"}"#);
    let hs = encode(br#"{"alg":"HS256","typ":"nod-answer+jwt"}"#);
    let input = format!("{hs}.{payload}");
    let public = puppet.phone.keys().approve;
    let mac = forge::hmac(public.as_sec1(), input.as_bytes());
    for body in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{input}.{}", encode(&mac)),
        format!("{input}.{}", encode(&[mac, mac].concat())),
    ] {
        assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{body}");
    }
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn embedded_jwk_jku() {
    let jwk =
        serde_json::to_string(&SoftwareKey::generate(&SeededForTests::new(1)).unwrap().public_key()).unwrap();
    let members = [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/keys""#.to_owned(),
        r#""x5c":[]"#.to_owned(),
        r#""x5u":"https://evil.example/cert""#.to_owned(),
        r#""crit":["exp"]"#.to_owned(),
        r#""b64":false"#.to_owned(),
        r#""zip":"DEF""#.to_owned(),
    ];
    refused_headers(&members.map(|member| format!(r#"{{"alg":"ES256","typ":"nod-answer+jwt",{member}}}"#)))
        .await;
}

/// Sends a right approval with another signature.
async fn refused_signature(what: &str, alter: impl FnOnce(&[u8]) -> Vec<u8>) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let right = puppet.phone.sign(&claims);
    let [header, payload, signature] = forge::parts(&right);
    let altered = alter(&decode(&signature).unwrap());
    let body = format!("{header}.{payload}.{}", encode(&altered));
    assert!(puppet.send(&world, &body).await.is_err(), "{what}");
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{what}");
    assert_eq!(
        puppet.outcome(&mut world, &right).await,
        Outcome::Approved,
        "{what}: the right one still counts"
    );
}

#[tokio::test]
async fn der_signature() {
    refused_signature("DER", forge::der).await;
    refused_signature("cut", |raw| raw[..63].to_vec()).await;
    refused_signature("longer", |raw| [raw, &[0]].concat()).await;
}

#[tokio::test]
async fn r_or_s_0_or_n() {
    for bad in [[0u8; 32], forge::ORDER] {
        refused_signature("r", |raw| [&bad, &raw[32..]].concat()).await;
        refused_signature("s", |raw| [&raw[..32], &bad].concat()).await;
        refused_signature("both", |_| [bad, bad].concat()).await;
    }
}

/// Sends a payload that the approve key signed and that is not the claims' own JSON.
async fn refused_payload(alter: impl Fn(&str) -> String) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let payload = forge::payload(&puppet.phone.sign(&claims));
    let altered = alter(&payload);
    assert_ne!(altered, payload);
    let body = forge::sign(&forge::header("nod-answer+jwt"), &altered, &puppet.phone.approve);
    assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{altered}");
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn duplicate_decision_key() {
    let approve = r#""decision":"approve""#;
    refused_payload(|payload| payload.replace(approve, &format!(r#""decision":"deny",{approve}"#))).await;
    refused_payload(|payload| payload.replace(approve, &format!(r#"{approve},"decision":"approve""#))).await;
    refused_payload(|payload| payload.replace(approve, &format!(r#"{approve},"\u0064ecision":"deny""#)))
        .await;
}

#[tokio::test]
async fn trailing_bytes_padding_non_canonical_base64() {
    refused_payload(|payload| format!("{payload} x")).await;
    refused_payload(|payload| format!("{payload}{{}}")).await;
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let right = puppet.phone.sign(&claims);
    let [header, payload, signature] = forge::parts(&right);
    // The last character of 64 bytes in base64url carries two bits that must be zero... of the six it holds.
    let stray = {
        let (head, last) = signature.split_at(signature.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = alphabet.find(last).unwrap();
        format!("{head}{}", &alphabet[at + 1..at + 2])
    };
    for (what, body) in [
        ("trailing byte", format!("{right}A")),
        ("trailing dot", format!("{right}.")),
        ("trailing white space", format!("{right}\n")),
        ("leading white space", format!(" {right}")),
        ("padding", format!("{right}==")),
        ("padded payload", format!("{header}.{payload}=.{signature}")),
        ("stray bits", format!("{header}.{payload}.{stray}")),
        ("the other alphabet", right.replace(['-', '_'], "+")),
        ("inner white space", format!("{header}.{payload}.{} {}", &signature[..40], &signature[40..])),
    ] {
        if body == right {
            continue;
        }
        assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{what}");
        assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{what}");
    }
    assert_eq!(puppet.outcome(&mut world, &right).await, Outcome::Approved);
}

/// Hands the phone a challenge whose JWE header was rewritten.
async fn refused_jwe_header(what: &str, alter: impl FnOnce(&mut serde_json::Value)) {
    let mut world = World::of_ada().await;
    let started = world.ask(0, "ada", "Mail").await;
    let mailbox = world.mailbox(0);
    let parcel = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
    let (header, rest) = parcel.envelope.body.split_once('.').unwrap();
    let mut header: serde_json::Value = serde_json::from_slice(&decode(header).unwrap()).unwrap();
    alter(&mut header);
    let mut altered = parcel.clone();
    altered.envelope.body = format!("{}.{rest}", encode(header.to_string().as_bytes()));
    world.hand_in_vain(0, &altered, what);
    assert!(world.hand(0, &parcel).acknowledge, "{what}: the untouched one is still shown");
    assert!(world.phones[0].shown(started.id).is_some());
}

#[tokio::test]
async fn epk_off_the_curve() {
    let point = |fill: u8| encode(&[fill; 32]);
    refused_jwe_header("y", |header| header["epk"]["y"] = point(1).into()).await;
    refused_jwe_header("zero", |header| {
        (header["epk"]["x"], header["epk"]["y"]) = (point(0).into(), point(0).into());
    })
    .await;
    refused_jwe_header("above the prime", |header| header["epk"]["x"] = point(0xff).into()).await;
    refused_jwe_header("another curve", |header| header["epk"]["crv"] = "P-384".into()).await;
    // Off the curve is refused wherever a key is read, E1's keys included.
    let (x, y) = (point(1), point(1));
    let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    assert!(serde_json::from_str::<nod_protocol::PublicKey>(&jwk).is_err());
}

#[tokio::test]
async fn zip_other_enc() {
    let mut world = World::of_ada().await;
    let binding = world.phones[0].engine.accounts().unwrap()[0].id;
    let enc = world.sites[0].devices("ada").await.unwrap().remove(0).keys.unwrap().enc;
    let inner = forged_inner(&world, binding);
    let random = SeededForTests::new(2);
    for how in [
        Sealing::Zip,
        Sealing::A128Gcm,
        Sealing::MislabelledA128Gcm,
        Sealing::Kid,
        Sealing::KeyWrap,
        Sealing::Unpadded,
    ] {
        let mut parcel = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
        parcel.envelope.body = forge::seal(&inner, &enc, how, &random);
        world.hand_in_vain(0, &parcel, &format!("{how:?}"));
    }
    let mut honest = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
    honest.envelope.body = forge::seal(&inner, &enc, Sealing::Honest, &random);
    assert!(world.hand(0, &honest).acknowledge, "the forger seals rightly when it wants to");
    refused_jwe_header("zip added on the way", |header| header["zip"] = "DEF".into()).await;
    refused_jwe_header("enc changed on the way", |header| header["enc"] = "A256CBC-HS512".into()).await;
}

#[tokio::test]
async fn challenge_re_encrypted_to_another_binding() {
    let mut world = World::new(1, 1);
    world.enrol(0, 0, "ada").await;
    let thief = world.enrol_puppet(0, 1, "ben").await;
    world.ask(0, "ben", "Mail").await;
    let (inner, parcel) = signed_challenge(&mut world, &thief);
    let mut again = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
    again.envelope.id = parcel.envelope.id;
    world.hand_in_vain(0, &again, "a challenge for another binding");
    // The same with a second account of the very same user.
    let mut world = World::new(1, 2);
    world.enrol(0, 0, "ada").await;
    let second = world.enrol_puppet(0, 1, "ada").await;
    let started = world.ask(0, "ada", "Mail").await;
    let (inner, _) = signed_challenge(&mut world, &second);
    let again = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
    world.hand_in_vain(0, &again, "a challenge for the user's other phone");
    let mailbox = world.mailbox(0);
    let own = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
    world.hand(0, &own);
    assert!(world.phones[0].shown(started.id).is_some());
}

#[tokio::test]
async fn context_not_signed() {
    let mut world = World::of_ada().await;
    let binding = world.phones[0].engine.accounts().unwrap()[0].id;
    let payload = forge::payload(&forged_inner(&world, binding));
    let payload = payload.replace(r#""ctx":{}"#, r#""ctx":{"application":"Harmless"}"#);
    assert!(payload.contains("Harmless"));
    let relay = SoftwareKey::generate(&SeededForTests::new(6)).unwrap();
    let header = forge::header("nod-challenge+jwt");
    let by_relay = forge::sign(&header, &payload, &relay);
    let genuine = forged_inner(&world, binding);
    let [head, _, signature] = forge::parts(&genuine);
    let grafted = format!("{head}.{}.{signature}", encode(payload.as_bytes()));
    let bare = payload.clone();
    let unsigned = format!("{}.{}.", encode(header.as_bytes()), encode(payload.as_bytes()));
    for (what, inner) in [
        ("signed by the relay", by_relay),
        ("another context under the service's signature", grafted),
        ("bare claims", bare),
        ("no signature", unsigned),
    ] {
        let parcel = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
        world.hand_in_vain(0, &parcel, what);
    }
    let control = to_ada(&world, EnvelopeKind::Challenge, &genuine).await;
    assert!(world.hand(0, &control).acknowledge);
}

#[tokio::test]
async fn another_session_polls_the_approved_challenge() {
    let mut world = World::of_ada().await;
    let server = world.sites[0].clone();
    let ask = Ask { user: "ada".to_owned(), session: Some("one".to_owned()), ..Ask::default() };
    let started = server.start_challenge(ask).await.unwrap();
    world.carry().await;
    let message = world.approve(0, &started);
    world.pass(&message).await.unwrap();
    for foreign in [None, Some("two"), Some("")] {
        assert_eq!(server.challenge(started.id, foreign).await.err(), Some(ChallengeError::NotFound));
        assert_eq!(server.finalise(started.id, foreign).await.err(), Some(ChallengeError::NotFound));
        assert_eq!(server.retry_challenge(started.id, foreign).await.err(), Some(ChallengeError::NotFound));
        assert_eq!(server.cancel_challenge(started.id, foreign).await.err(), Some(ChallengeError::NotFound));
    }
    assert_eq!(server.challenge(started.id, Some("one")).await.unwrap().state, ChallengeState::Approved);
    assert!(server.finalise(started.id, Some("one")).await.unwrap().finalised);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn result_finalised_twice_or_late() {
    let mut world = World::of_ada().await;
    let started = world.ask_and_carry(0, "ada", "Mail").await;
    let not_yet = world.sites[0].finalise(started.id, None).await.err();
    assert_eq!(not_yet, Some(ChallengeError::NotApproved { state: ChallengeState::Pending }));
    let message = world.approve(0, &started);
    world.pass(&message).await.unwrap();
    let mut race = JoinSet::new();
    for _ in 0..20 {
        let server = world.sites[0].clone();
        race.spawn(async move { server.finalise(started.id, None).await.is_ok() });
    }
    assert_eq!(race.join_all().await.into_iter().filter(|used| *used).count(), 1, "used once, whoever asks");
    let again = world.sites[0].finalise(started.id, None).await.err();
    assert_eq!(again, Some(ChallengeError::AlreadyFinalised));

    for (wait, in_time) in [(99_999, true), (100_000, false)] {
        let mut world = World::of_ada().await;
        let started = world.ask_and_carry(0, "ada", "Mail").await;
        let message = world.approve(0, &started);
        world.pass(&message).await.unwrap();
        world.pass_time(wait);
        let used = world.sites[0].finalise(started.id, None).await;
        assert_eq!(used.is_ok(), in_time, "40 s of life and 60 s to use the result; {wait} ms");
        assert!(in_time || used.err() == Some(ChallengeError::TooLate));
    }
}

#[tokio::test]
async fn restart_in_mid_challenge_state_kept() {
    // Both ends die while the challenge is open: delivered, not answered.
    let mut world = World::of_ada().await;
    let started = world.ask(0, "ada", "Mail").await;
    let mailbox = world.mailbox(0);
    let parcel = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
    world.hand(0, &parcel);
    world.phones[0].restart();
    restart_site(&mut world);
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
    assert!(world.phones[0].shown(started.id).is_none(), "the relay has to deliver it again");
    world.hand(0, &parcel);
    let message = world.approve(0, &started);
    // They die again when the answer is signed and has not arrived.
    world.phones[0].restart();
    restart_site(&mut world);
    assert!(world.phones[0].engine.outstanding(world.address()).unwrap().iter().any(|frame| {
        matches!(frame, nod_protocol::frames::DeviceFrame::Send { body, .. } if *body == message.body)
    }));
    let twice = world.phones[0].engine.decide(started.id, Decision::Deny, None);
    assert_eq!(twice, Err(AnswerError::AlreadyAnswered), "a restarted phone signs no second decision");
    world.hand(0, &parcel);
    assert!(world.phones[0].shown(started.id).is_none(), "an answered challenge is not shown again");
    world.pass(&message).await.unwrap();
    world.phones[0].restart();
    restart_site(&mut world);
    assert_eq!(world.state(0, &started).await, ChallengeState::Approved);
    world.carry().await;
    assert_eq!(world.phones[0].end_of(started.id), Some(HistoryEnd::Receipt(Outcome::Approved)));
}

fn restart_site(world: &mut World) {
    let service = world.sites[0].service().clone();
    let random = std::sync::Arc::new(SeededForTests::new(77));
    world.sites[0] = LoginServer::new(service.into(), world.store.clone(), world.clock.clone(), random);
}

#[tokio::test]
async fn ctr_repeated_alarm() {
    let (mut world, puppet) = world_and_puppet().await;
    let (first, claims) = ready(&mut world, &puppet).await;
    let (second, mut clone) = ready(&mut world, &puppet).await;
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&claims)).await, Outcome::Approved);
    clone.ctr = claims.ctr;
    let _ = world.events();
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&clone)).await, Outcome::Refused);
    assert_eq!(world.state(0, &first).await, ChallengeState::Approved);
    assert_ne!(world.state(0, &second).await, ChallengeState::Approved, "the clone approved");
    assert!(world.events().iter().any(|event| matches!(event, Event::DeviceSuspended { .. })), "no alarm");
    assert!(world.audit().iter().any(|entry| matches!(entry, AuditEvent::CounterReused { .. })));
    assert_eq!(world.sites[0].devices("ada").await.unwrap()[0].state, BindingState::Suspended);
    let ask = Ask { user: "ada".to_owned(), ..Ask::default() };
    assert_eq!(world.sites[0].start_challenge(ask).await, Err(ChallengeError::NoDevice));
}

#[tokio::test]
async fn eleventh_push_in_an_hour() {
    let mut world = World::of_ada().await;
    let ask = || Ask { user: "ada".to_owned(), ..Ask::default() };
    let mut pushed = 0;
    // Three at a time, and five minutes in between: the shorter limit never strikes.
    while pushed < 10 {
        for _ in 0..3 {
            if pushed < 10 {
                let started = world.sites[0].start_challenge(ask()).await.unwrap();
                world.carry().await;
                world.decide(0, started.id, Decision::Deny, None);
                world.carry().await;
                pushed += 1;
            }
        }
        if pushed < 10 {
            let fourth = world.sites[0].start_challenge(ask()).await;
            assert!(matches!(fourth, Err(ChallengeError::RateLimit { .. })), "a fourth in five minutes");
            world.pass_time(301_000);
        }
    }
    world.pass_time(301_000);
    let eleventh = world.sites[0].start_challenge(ask()).await;
    let Err(ChallengeError::RateLimit { retry_after_s }) = eleventh else { panic!("{eleventh:?}") };
    assert!(retry_after_s <= 3_600);
    world.pass_time(retry_after_s * 1_000);
    assert!(world.sites[0].start_challenge(ask()).await.is_ok(), "after the wait it is allowed");
}

#[tokio::test]
async fn a_new_number_does_not_reset_failures() {
    let mut world = World::of_ada().await;
    let mut last = world.ask(0, "ada", "Mail").await;
    for failure in 1..=3 {
        world.carry().await;
        let guess = wrong(last.number.as_ref().unwrap());
        world.decide(0, last.id, Decision::Approve, Some(&guess));
        world.carry().await;
        assert_eq!(world.phones[0].end_of(last.id), Some(HistoryEnd::Receipt(Outcome::WrongNumber)));
        if failure < 3 {
            last = world.ask(0, "ada", "Mail").await;
        }
    }
    world.pass_time(2 * 3_600_000);
    let ask = || Ask { user: "ada".to_owned(), number: Some(NumberPolicy::Six), ..Ask::default() };
    let pushed = world.sites[0].start_challenge(ask()).await;
    assert_eq!(pushed, Err(ChallengeError::PushOff), "three wrong numbers, whatever new number or time");
    world.sites[0].method_succeeded("ada").await.unwrap();
    assert!(world.sites[0].start_challenge(ask()).await.is_ok());
}

#[tokio::test]
async fn managed_result_given_to_a_sovereign_l() {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&claims)).await, Outcome::Approved);
    let decided = world.sites[0].challenge(started.id, None).await.unwrap().decided.unwrap();
    let expected = Expected {
        service: puppet.account.service,
        binding: puppet.account.binding,
        gen_: 1,
        challenge: started.id,
        number: started.number.as_ref(),
    };
    let report = |mode| Reported { mode, answer: &decided.answer, key: &decided.key };
    assert_eq!(verify(&report(Mode::Managed), &expected, Mode::Sovereign), Err(NotAccepted::Managed));
    assert!(verify(&report(Mode::Managed), &expected, Mode::Managed).unwrap().is_approval());
    assert!(verify(&report(Mode::Sovereign), &expected, Mode::Sovereign).unwrap().is_approval());
    // What a relay says without the answer is worth nothing: another answer, key or challenge is not accepted.
    let other = Expected { challenge: nod_protocol::ChallengeId::from_bytes([1; 16]), ..expected };
    assert!(verify(&report(Mode::Sovereign), &other, Mode::Sovereign).is_err());
    let relay = SoftwareKey::generate(&SeededForTests::new(6)).unwrap().public_key();
    let by_relay = Reported { key: &relay, ..report(Mode::Sovereign) };
    assert!(verify(&by_relay, &expected, Mode::Sovereign).is_err());
}
