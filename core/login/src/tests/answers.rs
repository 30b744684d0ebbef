//! Threat model section 2: answers.

use nod_protocol::jws;
use nod_protocol::messages::AnswerClaims;

use super::*;
use crate::rows::BindingState;

async fn world_and_ada() -> (World, Enrolled) {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    (world, ada)
}

/// Alters a right approval and expects it to change nothing, with the receipt `refused`.
async fn refused(what: &str, alter: impl FnOnce(&mut AnswerClaims)) {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    let mut claims = ada.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    alter(&mut claims);
    let body = ada.phone.sign(&claims);
    assert_eq!(world.answer(&ada, &body).await, Outcome::Refused, "{what}");
    assert_eq!(world.state(&started).await, ChallengeState::Pending, "{what}");
    let right = ada.approve(&open, &started);
    assert_eq!(world.answer(&ada, &right).await, Outcome::Approved, "{what}: the right answer still counts");
}

#[tokio::test]
async fn an_altered_ch_is_refused() {
    refused("ch", |claims| claims.ch = nod_protocol::Digest::of(b"another context")).await;
}

#[tokio::test]
async fn an_altered_nonce_is_refused() {
    refused("nonce", |claims| claims.nonce = nod_protocol::Nonce::from_bytes([1; 32])).await;
}

#[tokio::test]
async fn an_answer_for_another_service_is_refused() {
    refused("aud", |claims| claims.aud = ServiceId::from_bytes([1; 16])).await;
}

#[tokio::test]
async fn an_older_or_newer_gen_is_refused() {
    refused("older", |claims| claims.gen_ = 0).await;
    refused("newer", |claims| claims.gen_ = 2).await;
}

#[tokio::test]
async fn another_service_s_challenge_is_refused() {
    let (world, ada) = world_and_ada().await;
    let other = World::of_service(2, Policy::default(), world.store.clone());
    let there = other.enrol(7, "ada").await;
    let (started, open) = other.ask(&there, "ada").await;
    let body = there.approve(&open, &started);
    assert_eq!(world.send(&ada, &body).await, Err(ReceiveError::UnknownAddress), "no such binding here");
    let mut claims = there.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    claims.iss = ada.binding();
    claims.aud = world.server.service().id;
    // The challenge is not known here: there is nothing to decide, and the phone may stop asking.
    assert_eq!(world.answer(&ada, &there.phone.sign(&claims)).await, Outcome::Expired);
    assert_eq!(other.state(&started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn an_answer_for_a_on_b_is_refused() {
    let (world, ada) = world_and_ada().await;
    let bob = world.enrol(8, "bob").await;
    let (started, open) = world.ask(&ada, "ada").await;
    let (bobs, bobs_open) = world.ask(&bob, "bob").await;
    // Ada's answer, turned to Bob's challenge.
    let mut claims = ada.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    claims.jti = bobs_open.claims.jti;
    assert_eq!(world.answer(&ada, &ada.phone.sign(&claims)).await, Outcome::Refused);
    assert_eq!(world.state(&bobs).await, ChallengeState::Pending);
    assert_eq!(world.state(&started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn another_user_s_binding_cannot_answer() {
    let (world, ada) = world_and_ada().await;
    let bob = world.enrol(8, "bob").await;
    let (started, open) = world.ask(&ada, "ada").await;
    let mut claims = bob.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    assert_eq!(world.send(&bob, &bob.phone.sign(&claims)).await, Err(ReceiveError::UnknownAddress), "as Ada");
    claims.iss = bob.binding();
    assert_eq!(world.answer(&bob, &bob.phone.sign(&claims)).await, Outcome::Refused, "as himself");
    assert_eq!(world.state(&started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn the_deny_and_the_channel_key_cannot_approve_and_the_approve_key_does_not_deny() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    let number = started.number.as_ref();
    for (decision, key) in [
        (Decision::Approve, &ada.phone.deny),
        (Decision::Approve, &ada.phone.channel),
        (Decision::Approve, &ada.phone.enc),
        (Decision::Deny, &ada.phone.approve),
        (Decision::Report, &ada.phone.channel),
    ] {
        let claims = ada.phone.answer_claims(&open, decision, number);
        let body = jws::sign(&claims, key).unwrap();
        assert_eq!(world.send(&ada, &body).await, Err(ReceiveError::UnknownAddress), "{decision:?}");
    }
    assert!(world.store.drain_outgoing().is_empty(), "nobody who cannot prove himself gets a receipt");
    assert_eq!(world.state(&started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn the_same_bytes_twice_have_the_same_result_once() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    let body = ada.approve(&open, &started);
    assert_eq!(world.answer(&ada, &body).await, Outcome::Approved);
    let events = world.events().len();
    for _ in 0..3 {
        assert_eq!(world.answer(&ada, &body).await, Outcome::Approved, "the receipt comes again");
    }
    assert_eq!((events, world.events().len()), (1, 0));
    assert_eq!(world.server.devices("ada").await.unwrap()[0].state, BindingState::Active);
}

#[tokio::test]
async fn the_twin_of_an_answer_makes_no_second_decision() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    let body = ada.approve(&open, &started);
    let twin = TestPhone::twin(&body);
    assert_ne!(body, twin);
    assert_eq!(world.answer(&ada, &body).await, Outcome::Approved);
    assert_eq!(world.answer(&ada, &twin).await, Outcome::Approved);
    assert_eq!(world.events().len(), 1);
    let view = world.server.challenge(started.id, None).await.unwrap();
    assert_eq!(view.decided.unwrap().answer, body);
    assert_eq!(world.server.devices("ada").await.unwrap()[0].state, BindingState::Active, "no clone alarm");
}

#[tokio::test]
async fn a_denial_after_an_approval_and_the_other_way_round_is_a_conflict() {
    for [first, second] in [[Decision::Approve, Decision::Deny], [Decision::Deny, Decision::Approve]] {
        let (world, ada) = world_and_ada().await;
        let (started, open) = world.ask(&ada, "ada").await;
        let say = |decision| ada.phone.answer(&open, decision, started.number.as_ref());
        let (one, two) = (say(first), say(second));
        world.answer(&ada, &one).await;
        let state = world.state(&started).await;
        assert_eq!(world.answer(&ada, &two).await, Outcome::Conflict);
        assert_eq!(world.answer(&ada, &two).await, Outcome::Conflict, "again the same");
        assert_eq!(world.state(&started).await, state);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_approve_and_deny_racing_one_wins() {
    for _ in 0..20 {
        let (world, ada) = world_and_ada().await;
        let (started, open) = world.ask(&ada, "ada").await;
        let bodies = [ada.approve(&open, &started), ada.say(&open, Decision::Deny)];
        let mailbox = ada.phone.mailbox();
        let mut tasks = tokio::task::JoinSet::new();
        for body in bodies {
            let server = world.server.clone();
            tasks.spawn(async move { server.receive(mailbox, Route::Service, &body).await });
        }
        for result in tasks.join_all().await {
            assert_eq!(result, Ok(()));
        }
        let mut outcomes: Vec<Outcome> = world
            .letters(&ada.phone)
            .iter()
            .map(|letter| ada.phone.open_receipt(&ada.account, &letter.body).unwrap().outcome)
            .collect();
        outcomes.sort_by_key(|outcome| *outcome == Outcome::Conflict);
        assert_eq!(outcomes[1], Outcome::Conflict);
        let expected =
            if outcomes[0] == Outcome::Approved { ChallengeState::Approved } else { ChallengeState::Denied };
        assert_eq!(world.state(&started).await, expected);
        assert_eq!(world.events().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_parallel_approvals_one_counts() {
    let (world, ada) = world_and_ada().await;
    let other = world.enrol(8, "ada").await;
    let started = world.start(user("ada")).await.unwrap();
    let phones = [&ada, &other];
    let challenges = world.store.drain_outgoing();
    let opened = phones.map(|one| {
        let letter = challenges.iter().find(|letter| letter.to == one.phone.mailbox()).unwrap();
        one.open(&letter.body)
    });
    let mut tasks = tokio::task::JoinSet::new();
    // Fifty each: no counter comes so late that it can't be told from a clone's.
    for _ in 0..50 {
        for (one, open) in phones.iter().zip(&opened) {
            let (server, mailbox, body) =
                (world.server.clone(), one.phone.mailbox(), one.approve(open, &started));
            tasks.spawn(async move { server.receive(mailbox, Route::Service, &body).await });
        }
    }
    for result in tasks.join_all().await {
        assert_eq!(result, Ok(()));
    }
    let letters = world.store.drain_outgoing();
    let outcomes: Vec<Outcome> = letters
        .iter()
        .filter(|letter| letter.kind == EnvelopeKind::Receipt)
        .map(|letter| {
            let one = phones.into_iter().find(|one| one.phone.mailbox() == letter.to).unwrap();
            one.phone.open_receipt(&one.account, &letter.body).unwrap().outcome
        })
        .collect();
    let approved = outcomes.iter().filter(|outcome| **outcome == Outcome::Approved).count();
    assert_eq!((outcomes.len(), approved, world.events().len()), (100, 1, 1));
    assert_eq!(world.state(&started).await, ChallengeState::Approved);
}

#[tokio::test]
async fn a_wrong_number_denies_and_the_right_one_after_it_does_not_help() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    let right = started.number.clone().unwrap();
    let wrong = nod_protocol::Number::parse(if right.expose() == "00" { "01" } else { "00" }).unwrap();
    let body = ada.phone.answer(&open, Decision::Approve, Some(&wrong));
    assert_eq!(world.answer(&ada, &body).await, Outcome::WrongNumber);
    assert_eq!(world.state(&started).await, ChallengeState::Denied);
    assert_eq!(world.answer(&ada, &ada.approve(&open, &started)).await, Outcome::Conflict);
    assert_eq!(world.answer(&ada, &body).await, Outcome::WrongNumber, "again the same");
    let view = world.server.challenge(started.id, None).await.unwrap();
    assert_eq!((view.state, view.decided.unwrap().outcome), (ChallengeState::Denied, Outcome::WrongNumber));
}

#[tokio::test]
async fn a_missing_number_denies() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    assert_eq!(world.answer(&ada, &ada.say(&open, Decision::Approve)).await, Outcome::WrongNumber);
    assert_eq!(world.state(&started).await, ChallengeState::Denied);
}

#[tokio::test]
async fn a_tap_with_a_number_denies_and_without_one_approves() {
    for (number, outcome) in [(Some("42"), Outcome::WrongNumber), (None, Outcome::Approved)] {
        let world = World::with(tap());
        let ada = world.enrol(7, "ada").await;
        let (started, open) = world.ask(&ada, "ada").await;
        assert!(started.number.is_none());
        let number = number.map(|digits| nod_protocol::Number::parse(digits).unwrap());
        let body = ada.phone.answer(&open, Decision::Approve, number.as_ref());
        assert_eq!(world.answer(&ada, &body).await, outcome);
    }
}

#[tokio::test]
async fn an_answer_after_exp_is_refused_to_the_millisecond() {
    for (after_ms, outcome) in
        [(39_999, Outcome::Approved), (40_000, Outcome::Expired), (40_001, Outcome::Expired)]
    {
        let (world, ada) = world_and_ada().await;
        let (started, open) = world.ask(&ada, "ada").await;
        world.clock.advance(after_ms);
        let body = ada.approve(&open, &started);
        assert_eq!(world.answer(&ada, &body).await, outcome, "{after_ms}");
        assert_eq!(world.answer(&ada, &body).await, outcome, "{after_ms} again");
    }
}

#[tokio::test]
async fn the_user_s_window_starts_with_the_first_delivery_and_the_smaller_end_decides() {
    for (delivered_ms, end_ms) in [(0, 26_000), (5_000, 31_000), (20_000, 40_000)] {
        for (early_ms, outcome) in [(1, Outcome::Approved), (0, Outcome::Expired)] {
            let (world, ada) = world_and_ada().await;
            let started = world.start(user("ada")).await.unwrap();
            let letter = world.letters(&ada.phone).remove(0);
            world.clock.advance(delivered_ms);
            world.server.delivered(letter.id).await.unwrap();
            world.clock.advance(500);
            world.server.delivered(letter.id).await.unwrap();
            let view = world.server.challenge(started.id, None).await.unwrap();
            assert_eq!(view.delivered, Some(START.plus(delivered_ms)));
            assert_eq!(view.deadline, START.plus(end_ms));
            world.clock.advance(end_ms - early_ms - delivered_ms - 500);
            let body = ada.approve(&ada.open(&letter.body), &started);
            assert_eq!(world.answer(&ada, &body).await, outcome, "{delivered_ms} {early_ms}");
        }
    }
}

#[tokio::test]
async fn a_phone_clock_a_day_off_is_accepted_in_time() {
    for off in [-86_400i64, 86_400] {
        let (world, ada) = world_and_ada().await;
        let (started, open) = world.ask(&ada, "ada").await;
        let mut claims = ada.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
        claims.iat = claims.iat.checked_add_signed(off).unwrap();
        assert_eq!(world.answer(&ada, &ada.phone.sign(&claims)).await, Outcome::Approved);
    }
}

#[tokio::test]
async fn a_repeated_counter_with_other_bytes_is_an_alarm_and_suspends_the_binding() {
    let (world, ada) = world_and_ada().await;
    world.approve(&ada, "ada").await;
    let _ = world.events();
    let (started, open) = world.ask(&ada, "ada").await;
    let mut claims = ada.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    claims.ctr = 1;
    assert_eq!(world.answer(&ada, &ada.phone.sign(&claims)).await, Outcome::Refused);
    let device = world.server.devices("ada").await.unwrap().remove(0);
    assert_eq!(device.state, BindingState::Suspended);
    assert_eq!(world.state(&started).await, ChallengeState::Cancelled, "no other phone could answer");
    let events = world.events();
    assert!(events.iter().any(|event| matches!(event, Event::DeviceSuspended { .. })), "{events:?}");
    assert!(world.audit().iter().any(|event| matches!(event, AuditEvent::CounterReused { ctr: 1, .. })));
    assert_eq!(world.start(user("ada")).await, Err(ChallengeError::NoMethod), "nothing more is asked of it");
    assert_eq!(world.answer(&ada, &ada.approve(&open, &started)).await, Outcome::Refused);
}

#[tokio::test]
async fn a_gap_in_the_counter_is_audited_and_a_reordered_answer_is_no_alarm() {
    let (world, ada) = world_and_ada().await;
    let one = world.start(Ask { session: Some("one".to_owned()), ..user("ada") }).await.unwrap();
    let open_one = ada.open(&world.letter(&ada.phone, EnvelopeKind::Challenge));
    let two = world.start(Ask { session: Some("two".to_owned()), ..user("ada") }).await.unwrap();
    let open_two = ada.open(&world.letter(&ada.phone, EnvelopeKind::Challenge));
    let (first, second) = (ada.approve(&open_one, &one), ada.approve(&open_two, &two));
    assert_eq!(world.answer(&ada, &second).await, Outcome::Approved);
    assert!(world.audit().iter().any(|event| matches!(event, AuditEvent::CounterGap { from: 0, to: 2, .. })));
    assert_eq!(world.answer(&ada, &first).await, Outcome::Approved, "the relay may reorder");
    assert_eq!(world.answer(&ada, &first).await, Outcome::Approved, "and repeat");
    assert_eq!(world.server.devices("ada").await.unwrap()[0].state, BindingState::Active);
}

#[tokio::test]
async fn a_replayed_late_answer_is_no_alarm() {
    let (world, ada) = world_and_ada().await;
    let (started, open) = world.ask(&ada, "ada").await;
    world.clock.advance(60_000);
    let late = ada.approve(&open, &started);
    assert_eq!(world.answer(&ada, &late).await, Outcome::Expired);
    world.approve(&ada, "ada").await;
    assert_eq!(world.answer(&ada, &late).await, Outcome::Expired);
    world.clock.advance(crate::server::KEEP_MS * 2);
    world.server.tick(10).await.unwrap();
    assert_eq!(world.answer(&ada, &late).await, Outcome::Expired, "also once the challenge is swept");
    assert_eq!(world.server.devices("ada").await.unwrap()[0].state, BindingState::Active);
}

#[tokio::test]
async fn a_report_ends_the_login_suppresses_its_source_and_does_not_lock_the_account() {
    let (world, ada) = world_and_ada().await;
    let started = world.start(from_ip("ada", "192.0.2.1")).await.unwrap();
    let open = ada.open(&world.letter(&ada.phone, EnvelopeKind::Challenge));
    assert_eq!(world.answer(&ada, &ada.say(&open, Decision::Report)).await, Outcome::Reported);
    assert_eq!(world.state(&started).await, ChallengeState::Reported);
    let events = world.events();
    assert!(matches!(
        events.as_slice(),
        [Event::ChallengeDecided { state: ChallengeState::Reported, .. }, Event::UserReported { .. }]
    ));
    assert_eq!(world.start(from_ip("ada", "192.0.2.1")).await, Err(ChallengeError::SourceSuppressed));
    assert!(world.start(from_ip("ada", "192.0.2.2")).await.is_ok(), "from elsewhere the user is asked");
}

#[tokio::test]
async fn a_late_report_is_an_alarm_all_the_same() {
    let (world, ada) = world_and_ada().await;
    world.start(from_ip("ada", "192.0.2.1")).await.unwrap();
    let open = ada.open(&world.letter(&ada.phone, EnvelopeKind::Challenge));
    world.clock.advance(60_000);
    assert_eq!(world.answer(&ada, &ada.say(&open, Decision::Report)).await, Outcome::Expired);
    assert!(matches!(world.events().as_slice(), [Event::UserReported { .. }]));
    assert_eq!(world.start(from_ip("ada", "192.0.2.1")).await, Err(ChallengeError::SourceSuppressed));
}

#[tokio::test]
async fn the_first_of_two_phones_wins_and_the_other_is_told() {
    let (world, ada) = world_and_ada().await;
    let second = world.enrol(8, "ada").await;
    let started = world.start(user("ada")).await.unwrap();
    assert_eq!(started.devices, 2);
    let letters = world.store.drain_outgoing();
    let find =
        |who: &Enrolled| letters.iter().find(|letter| letter.to == who.phone.mailbox()).unwrap().clone();
    let (first_letter, second_letter) = (find(&ada), find(&second));
    assert!(
        second.phone.open_challenge(&second.account, &first_letter.body).is_none(),
        "sealed to one phone"
    );
    let body = ada.approve(&ada.open(&first_letter.body), &started);
    assert_eq!(world.answer(&ada, &body).await, Outcome::Approved);
    let withdrawn = world.store.drain_withdrawn();
    let told: Vec<_> = withdrawn.iter().map(|withdrawal| (withdrawal.id, withdrawal.to)).collect();
    assert_eq!(told, [(second_letter.id, second.phone.mailbox())]);
    let late = second.say(&second.open(&second_letter.body), Decision::Deny);
    assert_eq!(world.answer(&second, &late).await, Outcome::Conflict);
    assert_eq!(world.state(&started).await, ChallengeState::Approved);
}

#[tokio::test]
async fn one_phone_s_ch_does_not_serve_another_phone() {
    let (world, ada) = world_and_ada().await;
    let second = world.enrol(8, "ada").await;
    let started = world.start(user("ada")).await.unwrap();
    let letters = world.store.drain_outgoing();
    let first = letters.iter().find(|letter| letter.to == ada.phone.mailbox()).unwrap();
    let mut claims =
        second.phone.answer_claims(&ada.open(&first.body), Decision::Approve, started.number.as_ref());
    claims.iss = second.binding();
    assert_eq!(world.answer(&second, &second.phone.sign(&claims)).await, Outcome::Refused);
}
