//! Results, restarts, limits: what surrounds a decision.

use crate::common::*;
use crate::decisions::wrong;
use nod_login::rows::ChallengeState;
use nod_login::verify::{Expected, NotAccepted, Reported, verify};
use nod_login::{Ask, ChallengeError, LoginServer};
use nod_phone::HistoryEnd;
use nod_phone::answer::AnswerError;
use nod_protocol::NumberPolicy;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{Decision, Mode, Outcome};
use nod_protocol::random::SeededForTests;
use nod_tests::hostile::World;
use tokio::task::JoinSet;

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
