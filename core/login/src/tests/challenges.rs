//! Threat model section 2: challenges and their results.

use nod_protocol::es256::Agreement;
use nod_protocol::messages::ChallengeClaims;
use nod_protocol::{Number, jwe, jws};

use super::*;
use crate::effects::Changed;
use crate::server::FINALISE_MS;
use crate::verify::{Expected, NotAccepted, Reported, verify};

async fn world_and_ada() -> (World, Enrolled) {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    (world, ada)
}

fn of_session(session: &str) -> Ask {
    Ask { session: Some(session.to_owned()), ..user("ada") }
}

#[tokio::test]
async fn a_late_answer_after_a_retry_is_superseded_and_never_carried_over() {
    let (world, ada) = world_and_ada().await;
    let old = world.start(of_session("s")).await.unwrap();
    let old_letter = world.letters(&ada.phone).remove(0);
    let old_open = ada.open(&old_letter.body);
    let new = world.server.retry_challenge(old.id, Some("s")).await.unwrap();
    let new_open = ada.open(&world.letter(&ada.phone, EnvelopeKind::Challenge));
    assert_ne!((old.id, old_open.claims.nonce), (new.id, new_open.claims.nonce));
    assert_eq!(old_open.claims.ctx, new_open.claims.ctx);
    let withdrawn: Vec<_> = world.store.drain_withdrawn().iter().map(|gone| (gone.id, gone.reason)).collect();
    assert_eq!(withdrawn, [(old_letter.id, nod_protocol::frames::GoneReason::Superseded)]);
    let view = world.server.challenge(old.id, Some("s")).await.unwrap();
    assert_eq!((view.state, view.superseded_by), (ChallengeState::Superseded, Some(new.id)));
    assert_eq!(world.answer(&ada, &ada.approve(&old_open, &old)).await, Outcome::Superseded);
    let view = world.server.challenge(new.id, Some("s")).await.unwrap();
    assert_eq!(view.state, ChallengeState::Pending, "the session is kept, the answer is not");
    assert_eq!(world.answer(&ada, &ada.approve(&new_open, &new)).await, Outcome::Approved);
}

#[tokio::test]
async fn an_expired_challenge_can_be_retried_once_and_an_ended_one_cannot() {
    let (world, ada) = world_and_ada().await;
    let (old, open) = world.ask(&ada, "ada").await;
    world.clock.advance(41_000);
    let new = world.server.retry_challenge(old.id, None).await.unwrap();
    let again = world.server.retry_challenge(old.id, None).await;
    assert_eq!(again, Err(ChallengeError::Ended { state: ChallengeState::Superseded }));
    assert_eq!(world.state(&old).await, ChallengeState::Expired);
    let _ = world.store.drain_outgoing();
    assert_eq!(world.answer(&ada, &ada.approve(&open, &old)).await, Outcome::Superseded);
    world.server.cancel_challenge(new.id, None).await.unwrap();
    let cancelled = world.server.retry_challenge(new.id, None).await;
    assert_eq!(cancelled, Err(ChallengeError::Ended { state: ChallengeState::Cancelled }));
}

#[tokio::test]
async fn another_session_sees_nothing_of_an_approved_challenge() {
    let (world, ada) = world_and_ada().await;
    let started = world.start(of_session("hers")).await.unwrap();
    let open = ada.open(&world.letter(&ada.phone, EnvelopeKind::Challenge));
    world.answer(&ada, &ada.approve(&open, &started)).await;
    for session in [None, Some("his"), Some("")] {
        let seen = world.server.challenge(started.id, session).await;
        assert_eq!(seen, Err(ChallengeError::NotFound), "poll");
        assert_eq!(world.server.finalise(started.id, session).await, Err(ChallengeError::NotFound));
        assert_eq!(world.server.cancel_challenge(started.id, session).await, Err(ChallengeError::NotFound));
        assert_eq!(world.server.retry_challenge(started.id, session).await, Err(ChallengeError::NotFound));
    }
    let seen = world.server.challenge(started.id, Some("hers")).await.unwrap();
    assert_eq!(seen.state, ChallengeState::Approved);
}

#[tokio::test]
async fn another_service_sees_nothing_of_a_challenge() {
    let (world, ada) = world_and_ada().await;
    let (started, _) = world.ask(&ada, "ada").await;
    let other = World::of_service(2, Policy::default(), world.store.clone());
    assert_eq!(other.server.challenge(started.id, None).await, Err(ChallengeError::NotFound));
    assert_eq!(other.server.cancel_challenge(started.id, None).await, Err(ChallengeError::NotFound));
    assert_eq!(other.start(user("ada")).await, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn a_result_is_finalised_once() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    let early = world.server.finalise(started.id, None).await;
    assert_eq!(early, Err(ChallengeError::NotApproved { state: ChallengeState::Pending }));
    world.answer(&ada, &ada.approve(&open, &started)).await;
    assert!(world.server.finalise(started.id, None).await.unwrap().finalised);
    assert_eq!(world.server.finalise(started.id, None).await, Err(ChallengeError::AlreadyFinalised));
}

#[tokio::test]
async fn a_result_finalised_late_is_refused() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    world.answer(&ada, &ada.approve(&open, &started)).await;
    world.clock.advance(40_000 + FINALISE_MS);
    assert_eq!(world.server.finalise(started.id, None).await, Err(ChallengeError::TooLate));
}

#[tokio::test]
async fn a_denied_challenge_cannot_be_finalised() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    assert_eq!(world.answer(&ada, &ada.say(&open, Decision::Deny)).await, Outcome::Denied);
    let refused = world.server.finalise(started.id, None).await;
    assert_eq!(refused, Err(ChallengeError::NotApproved { state: ChallengeState::Denied }));
}

#[tokio::test]
async fn a_cancelled_challenge_cannot_be_approved_and_stays_cancelled() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    for _ in 0..2 {
        let view = world.server.cancel_challenge(started.id, None).await.unwrap();
        assert_eq!(view.state, ChallengeState::Cancelled);
    }
    assert_eq!(world.store.drain_withdrawn().len(), 1);
    assert_eq!(world.answer(&ada, &ada.approve(&open, &started)).await, Outcome::Superseded);
    assert_eq!(world.state(&started).await, ChallengeState::Cancelled);
}

#[tokio::test]
async fn the_number_policy_is_strengthened_and_never_weakened() {
    let (world, ada) = world_and_ada().await;
    let with = |number| Ask { number: Some(number), ..user("ada") };
    assert_eq!(world.start(with(NumberPolicy::Tap)).await, Err(ChallengeError::NumberPolicy));
    let started = world.start(with(NumberPolicy::Six)).await.unwrap();
    assert_eq!(started.number.as_ref().unwrap().expose().len(), 6);
    let retried = world.server.retry_challenge(started.id, None).await.unwrap();
    assert_eq!(retried.number.as_ref().map(|number| number.expose().len()), Some(6), "a retry keeps it");
    let _ = world.store.drain_outgoing();
    world.clock.advance(300_000);
    // A service that asks for more now does so on the retry of an older challenge, too.
    let mut service = world.server.service().clone();
    service.policy.number = NumberPolicy::Six;
    let stricter = LoginServer::new(
        Arc::new(service),
        world.store.clone(),
        world.clock.clone(),
        Arc::new(SeededForTests::new(5)),
    );
    let two = world.start(with(NumberPolicy::Two)).await.unwrap();
    let six = stricter.retry_challenge(two.id, None).await.unwrap();
    assert_eq!(six.number.map(|number: Number| number.expose().len()), Some(6));
    drop(ada);
}

#[tokio::test]
async fn the_number_is_never_sent_to_the_phone() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    let ask = Ask { number: Some(NumberPolicy::Six), ..user("ada") };
    let started = world.start(ask).await.unwrap();
    let letter = world.letter(&ada.phone, EnvelopeKind::Challenge);
    let inner = jwe::open(&letter, &ada.phone.enc as &dyn Agreement).unwrap();
    let payload = inner.split('.').nth(1).unwrap();
    let json = String::from_utf8(nod_protocol::bytes::decode(payload).unwrap()).unwrap();
    assert!(json.contains("\"number\":6"));
    assert!(!json.contains(started.number.unwrap().expose()), "{json}");
}

#[tokio::test]
async fn a_context_is_signed_and_shown_as_it_was_asked() {
    let (world, ada) = world_and_ada().await;
    let context = ChallengeContext {
        application: Some("Payroll".to_owned()),
        domain: Some("pay.example".to_owned()),
        ip: Some("192.0.2.1".parse().unwrap()),
        place: Some("Bergen".to_owned()),
        user_agent: Some("Firefox".to_owned()),
        detail: Some("First sign-in".to_owned()),
    };
    world.start(Ask { context: context.clone(), ..user("ada") }).await.unwrap();
    let letter = world.letter(&ada.phone, EnvelopeKind::Challenge);
    let open = ada.open(&letter);
    assert_eq!(open.claims.ctx, context);
    // What another key signed over another context is not a challenge of this service.
    let claims = ChallengeClaims { ctx: ChallengeContext::default(), ..open.claims };
    let forged = jws::sign(&claims, &ada.phone.approve).unwrap();
    let sealed = jwe::seal(&forged, &ada.phone.keys().enc, &ada.phone.random).unwrap();
    assert!(ada.phone.open_challenge(&ada.account, &sealed).is_none());
}

#[tokio::test]
async fn a_context_that_could_mislead_is_refused() {
    let (world, _ada) = world_and_ada().await;
    let context =
        ChallengeContext { place: Some("Ber\u{200b}gen".to_owned()), ..ChallengeContext::default() };
    let refused = world.start(Ask { context, ..user("ada") }).await;
    assert!(matches!(refused, Err(ChallengeError::Context(error)) if error.field == "place"));
}

#[tokio::test]
async fn one_phone_can_be_asked_for_and_a_foreign_or_revoked_one_is_no_device() {
    let (world, ada) = world_and_ada().await;
    let second = world.enrol(8, "ada").await;
    let bob = world.enrol(9, "bob").await;
    let only = |binding| Ask { only: Some(binding), ..user("ada") };
    assert_eq!(world.start(only(second.binding())).await.unwrap().devices, 1);
    let _ = world.letter(&second.phone, EnvelopeKind::Challenge);
    assert_eq!(world.start(only(bob.binding())).await, Err(ChallengeError::NoDevice));
    world.server.revoke("ada", second.binding()).await.unwrap();
    assert_eq!(world.start(only(second.binding())).await, Err(ChallengeError::NoDevice));
    assert_eq!(world.start(user("nobody")).await, Err(ChallengeError::NoMethod));
    drop(ada);
}

#[tokio::test]
async fn an_expired_challenge_is_expired_at_once_and_told_by_the_next_tick() {
    let (world, ada) = world_and_ada().await;
    let (started, _) = world.ask(&ada, "ada").await;
    world.clock.advance(40_000);
    assert_eq!(world.state(&started).await, ChallengeState::Expired);
    assert!(world.events().is_empty());
    assert_eq!((world.server.tick(10).await, world.server.tick(10).await), (Ok(1), Ok(0)));
    assert!(matches!(
        world.events().as_slice(),
        [Event::ChallengeDecided { state: ChallengeState::Expired, binding_id: None, .. }]
    ));
    assert!(world.store.drain_changed().contains(&Changed::Challenge(started.id)));
    assert_eq!(world.store.drain_withdrawn().len(), 1);
    world.clock.advance(crate::server::KEEP_MS + 1);
    world.server.tick(10).await.unwrap();
    assert_eq!(world.server.challenge(started.id, None).await, Err(ChallengeError::NotFound), "swept");
}

#[tokio::test]
async fn a_restart_in_mid_challenge_keeps_the_state() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    let service = Arc::new(world.server.service().clone());
    let random = Arc::new(SeededForTests::new(77));
    let restarted = LoginServer::new(service, world.store.clone(), world.clock.clone(), random);
    let body = ada.approve(&open, &started);
    restarted.receive(ada.phone.mailbox(), Route::Service, &body).await.unwrap();
    assert_eq!(restarted.challenge(started.id, None).await.unwrap().state, ChallengeState::Approved);
}

#[tokio::test]
async fn a_managed_result_given_to_a_sovereign_verifier_is_refused() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    world.answer(&ada, &ada.approve(&open, &started)).await;
    let decided = world.server.challenge(started.id, None).await.unwrap().decided.unwrap();
    let service = world.server.service();
    let expected = Expected {
        service: service.id,
        binding: ada.binding(),
        gen_: 1,
        challenge: started.id,
        number: started.number.as_ref(),
    };
    let reported = Reported { mode: service.mode, answer: &decided.answer, key: &decided.key };
    assert_eq!(verify(&reported, &expected, Mode::Sovereign), Err(NotAccepted::Managed));
    assert!(verify(&reported, &expected, Mode::Managed).unwrap().is_approval());
    let check = |expected| verify(&reported, &expected, Mode::Managed);
    assert_eq!(check(Expected { gen_: 2, ..expected }), Err(NotAccepted::Elsewhere));
    assert_eq!(
        check(Expected { binding: BindingId::from_bytes([0; 16]), ..expected }),
        Err(NotAccepted::Elsewhere)
    );
    assert_eq!(check(Expected { number: None, ..expected }), Err(NotAccepted::Number));
    let deny = Reported { key: &ada.phone.keys().deny, ..reported };
    assert!(matches!(verify(&deny, &expected, Mode::Managed), Err(NotAccepted::Answer(_))));
}
