//! Threat model section 3, the enrolment's part.

use nod_protocol::bytes::Digest;
use nod_protocol::enrol_seal::E1Parts;
use nod_protocol::es256::Signer as _;
use nod_protocol::jws;
use nod_protocol::messages::{EnrolKeyClaims, KeyRole};
use nod_protocol::qr::EnrolmentQr;

use super::*;
use crate::effects::Changed;
use crate::rows::AbortReason;
use crate::server::ENROLMENT_LIFE_MS;
use crate::{ConfirmError, EnrolError, StartedEnrolment, Store as _};

async fn claimed(world: &World, phone: &TestPhone, user: &str) -> (StartedEnrolment, String, Account) {
    let started = world.server.start_enrolment(user, None).await.unwrap();
    let pending = phone.scan(&started.qr);
    world.server.receive(phone.mailbox(), Route::Enrolment(started.id), &pending.e1).await.unwrap();
    let account = phone.accept_e2(&pending, &world.letter(phone, EnvelopeKind::Enrolment)).unwrap();
    (started, pending.e1, account)
}

/// A code that is not the given one.
fn wrong(account: &Account) -> String {
    let code = account.code.expose();
    let (first, rest) = code.split_at(1);
    format!("{}{rest}", if first == "0" { "1" } else { "0" })
}

#[tokio::test]
async fn the_right_code_activates_the_binding_with_generation_one_and_wipes_the_secret() {
    let world = World::new();
    let phone = TestPhone::new(7);
    let (started, _, account) = claimed(&world, &phone, "ada").await;
    let view = world.server.enrolment(started.id).await.unwrap();
    assert_eq!(
        (view.state, view.binding, view.device),
        (EnrolmentState::Claimed, None, Some(phone.device.clone()))
    );
    assert!(world.server.devices("ada").await.unwrap().is_empty(), "nothing is bound before the code");
    let binding = world.server.confirm_enrolment(started.id, &account.code.expose()).await.unwrap();
    assert_eq!(binding, account.binding);
    let devices = world.server.devices("ada").await.unwrap();
    assert_eq!(devices.iter().map(|row| (row.id, row.gen_)).collect::<Vec<_>>(), [(binding, 1)]);
    assert!(matches!(world.events().as_slice(), [Event::DeviceEnrolled { .. }]));
    assert!(world.store.drain_changed().contains(&Changed::Enrolment(started.id)));
    assert_secret_is_gone(&world, &started).await;
}

async fn assert_secret_is_gone(world: &World, started: &StartedEnrolment) {
    let (service, id) = (world.server.service().id, started.id);
    world
        .store
        .read(Box::new(move |rows| assert!(rows.enrolment(service, id).unwrap().unwrap().secret.is_none())))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_same_e1_again_gets_the_same_e2_and_after_the_code_the_notice_too() {
    let world = World::new();
    let phone = TestPhone::new(7);
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    let pending = phone.scan(&started.qr);
    let mut bodies = Vec::new();
    for _ in 0..2 {
        world.server.receive(phone.mailbox(), Route::Enrolment(started.id), &pending.e1).await.unwrap();
        bodies.push(world.letter(&phone, EnvelopeKind::Enrolment));
    }
    assert_eq!(bodies[0], bodies[1]);
    let account = phone.accept_e2(&pending, &bodies[0]).unwrap();
    world.server.confirm_enrolment(started.id, &account.code.expose()).await.unwrap();
    let _ = world.letter(&phone, EnvelopeKind::Notice);
    world.server.receive(phone.mailbox(), Route::Enrolment(started.id), &pending.e1).await.unwrap();
    let letters = world.letters(&phone);
    assert_eq!(letters[0].body, bodies[0]);
    let notice = phone.open_notice(&account, &letters[1].body).unwrap();
    assert_eq!((notice.event, notice.gen_), (NoticeEvent::Activated, 1));
    assert_eq!(world.server.devices("ada").await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_expired_enrolment_takes_no_phone_and_no_code() {
    let world = World::new();
    let phone = TestPhone::new(7);
    let (started, _, account) = claimed(&world, &phone, "ada").await;
    let waiting = world.server.start_enrolment("ada", None).await.unwrap();
    world.clock.advance(ENROLMENT_LIFE_MS);
    let code = account.code.expose();
    let ended = ConfirmError::Ended { state: EnrolmentState::Expired };
    assert_eq!(world.server.confirm_enrolment(started.id, &code).await, Err(ended));
    let pending = phone.scan(&waiting.qr);
    let refused = world.server.receive(phone.mailbox(), Route::Enrolment(waiting.id), &pending.e1).await;
    assert_eq!(refused, Err(ReceiveError::UnknownAddress));
    assert_eq!(world.server.tick(10).await, Ok(2));
    assert_secret_is_gone(&world, &started).await;
    assert!(world.server.devices("ada").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_enrolment_is_used_once() {
    let world = World::new();
    let phone = TestPhone::new(7);
    let (started, _, account) = claimed(&world, &phone, "ada").await;
    let code = account.code.expose();
    world.server.confirm_enrolment(started.id, &code).await.unwrap();
    let again = world.server.confirm_enrolment(started.id, &code).await;
    assert_eq!(again, Err(ConfirmError::Ended { state: EnrolmentState::Active }));
    let other = TestPhone::new(8);
    let pending = other.scan(&started.qr);
    let refused = world.server.receive(other.mailbox(), Route::Enrolment(started.id), &pending.e1).await;
    assert_eq!(refused, Err(ReceiveError::UnknownAddress));
    assert_eq!(world.server.devices("ada").await.unwrap().len(), 1);
}

#[tokio::test]
async fn three_wrong_codes_end_the_enrolment_and_tell_the_phone() {
    let world = World::new();
    let phone = TestPhone::new(7);
    let (started, _, account) = claimed(&world, &phone, "ada").await;
    for typed in ["12345", "abcdef"] {
        let refused = world.server.confirm_enrolment(started.id, typed).await;
        assert_eq!(refused, Err(ConfirmError::Malformed), "spends no try");
    }
    for tries_left in [2, 1, 0] {
        let refused = world.server.confirm_enrolment(started.id, &wrong(&account)).await;
        assert_eq!(refused, Err(ConfirmError::WrongCode { tries_left }));
    }
    let notice = world.letter(&phone, EnvelopeKind::Notice);
    assert_eq!(phone.open_notice(&account, &notice).unwrap().event, NoticeEvent::Aborted);
    let right = world.server.confirm_enrolment(started.id, &account.code.expose()).await;
    assert_eq!(right, Err(ConfirmError::Ended { state: EnrolmentState::Aborted }));
    assert!(world.server.devices("ada").await.unwrap().is_empty());
    assert_secret_is_gone(&world, &started).await;
    assert!(matches!(
        world.events().as_slice(),
        [Event::EnrolmentAborted { reason: AbortReason::WrongCodes, .. }]
    ));
}

#[tokio::test]
async fn two_different_e1_abort_the_enrolment_and_notify() {
    let world = World::new();
    let (first, second) = (TestPhone::new(7), TestPhone::new(8));
    let (started, _, account) = claimed(&world, &first, "ada").await;
    let pending = second.scan(&started.qr);
    world.server.receive(second.mailbox(), Route::Enrolment(started.id), &pending.e1).await.unwrap();
    let notice = world.letter(&first, EnvelopeKind::Notice);
    assert_eq!(first.open_notice(&account, &notice).unwrap().event, NoticeEvent::Aborted);
    let right = world.server.confirm_enrolment(started.id, &account.code.expose()).await;
    assert_eq!(right, Err(ConfirmError::Ended { state: EnrolmentState::Aborted }));
    assert!(matches!(
        world.events().as_slice(),
        [Event::EnrolmentAborted { reason: AbortReason::SecondDevice, .. }]
    ));
    let audited = |event: &AuditEvent| {
        matches!(event, AuditEvent::EnrolmentAborted { reason: AbortReason::SecondDevice, .. })
    };
    assert!(world.audit().iter().any(audited));
}

#[tokio::test]
async fn who_does_not_know_the_secret_cannot_abort_an_enrolment() {
    let world = World::new();
    let (first, second) = (TestPhone::new(7), TestPhone::new(8));
    let (started, _, account) = claimed(&world, &first, "ada").await;
    let mut pending = second.scan(&started.qr);
    pending.qr.secret = second.other_secret();
    let forged = second.seal_e1(&pending.qr, &second.enrol_parts(&second.enrol_claims(&pending.qr)));
    let refused = world.server.receive(second.mailbox(), Route::Enrolment(started.id), &forged).await;
    assert_eq!(refused, Err(ReceiveError::Malformed));
    world.server.confirm_enrolment(started.id, &account.code.expose()).await.unwrap();
}

#[tokio::test]
async fn a_photographed_qr_used_first_shows_the_real_phone_no_code_and_activates_nothing() {
    let world = World::new();
    let (thief, real) = (TestPhone::new(66), TestPhone::new(7));
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    let stolen = thief.scan(&started.qr);
    world.server.receive(thief.mailbox(), Route::Enrolment(started.id), &stolen.e1).await.unwrap();
    let e2 = world.letter(&thief, EnvelopeKind::Enrolment);
    let pending = real.scan(&started.qr);
    assert!(real.accept_e2(&pending, &e2).is_none(), "the thief's E2 gives the real phone no code");
    world.server.receive(real.mailbox(), Route::Enrolment(started.id), &pending.e1).await.unwrap();
    let letters = world.letters(&thief);
    assert!(letters.iter().all(|letter| letter.kind == EnvelopeKind::Notice), "no E2 for the second phone");
    let view = world.server.enrolment(started.id).await.unwrap();
    assert_eq!((view.state, view.abort_reason), (EnrolmentState::Aborted, Some(AbortReason::SecondDevice)));
    assert!(world.server.devices("ada").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_from_another_enrolment_is_wrong() {
    let world = World::new();
    let (one, two) = (TestPhone::new(7), TestPhone::new(8));
    let (_, _, other) = claimed(&world, &one, "ada").await;
    let (started, _, _) = claimed(&world, &two, "bob").await;
    let refused = world.server.confirm_enrolment(started.id, &other.code.expose()).await;
    assert_eq!(refused, Err(ConfirmError::WrongCode { tries_left: 2 }));
}

#[tokio::test]
async fn a_code_before_any_phone_has_answered_spends_no_try() {
    let world = World::new();
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    let early = world.server.confirm_enrolment(started.id, "123456").await;
    assert_eq!(early, Err(ConfirmError::NotClaimedYet));
    assert_eq!(world.server.enrolment(started.id).await.unwrap().tries_left, 3);
}

/// Sends E1 parts that were made by `make` and expects them to be refused and to leave the enrolment open.
async fn refused_e1(what: &str, make: impl FnOnce(&TestPhone, &EnrolmentQr) -> E1Parts) {
    let world = World::new();
    let phone = TestPhone::new(7);
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    let qr = EnrolmentQr::parse(&started.qr).unwrap();
    let body = phone.seal_e1(&qr, &make(&phone, &qr));
    let refused = world.server.receive(phone.mailbox(), Route::Enrolment(started.id), &body).await;
    assert_eq!(refused, Err(ReceiveError::Malformed), "{what}");
    assert!(world.store.drain_outgoing().is_empty(), "{what}");
    let view = world.server.enrolment(started.id).await.unwrap();
    assert_eq!(view.state, EnrolmentState::Waiting, "{what}");
}

#[tokio::test]
async fn a_wrong_service_key_pin_is_refused() {
    refused_e1("aud", |phone, qr| {
        let mut claims = phone.enrol_claims(qr);
        claims.aud = phone.approve.public_key().thumbprint();
        phone.enrol_parts(&claims)
    })
    .await;
}

#[tokio::test]
async fn an_e1_for_another_enrolment_is_refused() {
    refused_e1("eid", |phone, qr| {
        let mut claims = phone.enrol_claims(qr);
        claims.eid = nod_protocol::EnrolmentId::from_bytes([9; 16]);
        phone.enrol_parts(&claims)
    })
    .await;
}

#[tokio::test]
async fn one_key_for_two_purposes_is_refused() {
    refused_e1("deny = approve", |phone, qr| {
        let mut claims = phone.enrol_claims(qr);
        claims.keys.deny = claims.keys.approve;
        let mut parts = phone.enrol_parts(&claims);
        let h = Digest::of(parts.e1.as_bytes());
        let co = EnrolKeyClaims { eid: claims.eid, h, role: KeyRole::Deny };
        parts.deny = jws::sign(&co, &phone.approve).unwrap();
        parts
    })
    .await;
    refused_e1("enc = channel", |phone, qr| {
        let mut claims = phone.enrol_claims(qr);
        claims.keys.enc = claims.keys.channel;
        phone.enrol_parts(&claims)
    })
    .await;
}

#[tokio::test]
async fn a_swapped_key_is_refused_because_its_holder_did_not_sign() {
    let other = || TestPhone::new(99);
    refused_e1("approve", |phone, qr| {
        let mut claims = phone.enrol_claims(qr);
        claims.keys.approve = other().approve.public_key();
        phone.enrol_parts(&claims)
    })
    .await;
    refused_e1("deny", |phone, qr| {
        let mut claims = phone.enrol_claims(qr);
        claims.keys.deny = other().deny.public_key();
        phone.enrol_parts(&claims)
    })
    .await;
    refused_e1("co-signatures exchanged", |phone, qr| {
        let E1Parts { e1, deny, channel } = phone.enrol_parts(&phone.enrol_claims(qr));
        E1Parts { e1, deny: channel, channel: deny }
    })
    .await;
    refused_e1("co-signature of another E1", |phone, qr| {
        let old = phone.enrol_parts(&phone.enrol_claims(qr));
        E1Parts { deny: old.deny, ..phone.enrol_parts(&phone.enrol_claims(qr)) }
    })
    .await;
}

#[tokio::test]
async fn device_texts_that_could_mislead_are_refused() {
    refused_e1("name", |phone, qr| {
        let mut claims = phone.enrol_claims(qr);
        claims.device.name = "Ada\u{202e}s phone".to_owned();
        phone.enrol_parts(&claims)
    })
    .await;
}

#[tokio::test]
async fn an_e1_from_a_mailbox_that_is_not_its_channel_key_is_refused() {
    let world = World::new();
    let phone = TestPhone::new(7);
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    let pending = phone.scan(&started.qr);
    let from = TestPhone::new(8).mailbox();
    let refused = world.server.receive(from, Route::Enrolment(started.id), &pending.e1).await;
    assert_eq!(refused, Err(ReceiveError::Malformed));
    assert_eq!(world.server.enrolment(started.id).await.unwrap().state, EnrolmentState::Waiting);
}

#[tokio::test]
async fn an_unknown_or_foreign_enrolment_is_not_found() {
    let world = World::new();
    let other = World::of_service(2, Policy::default(), world.store.clone());
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    assert_eq!(other.server.enrolment(started.id).await, Err(EnrolError::NotFound));
    assert_eq!(other.server.confirm_enrolment(started.id, "123456").await, Err(ConfirmError::NotFound));
    assert_eq!(other.server.abort_enrolment(started.id).await, Err(EnrolError::NotFound));
    let pending = TestPhone::new(7).scan(&started.qr);
    let from = TestPhone::new(7).mailbox();
    let refused = other.server.receive(from, Route::Enrolment(started.id), &pending.e1).await;
    assert_eq!(refused, Err(ReceiveError::UnknownAddress));
}

#[tokio::test]
async fn a_new_qr_ends_the_one_that_no_phone_has_answered() {
    let world = World::new();
    let old = world.server.start_enrolment("ada", None).await.unwrap();
    let new = world.server.start_enrolment("ada", None).await.unwrap();
    let view = world.server.enrolment(old.id).await.unwrap();
    assert_eq!((view.state, view.abort_reason), (EnrolmentState::Aborted, Some(AbortReason::Replaced)));
    assert_eq!(world.server.enrolment(new.id).await.unwrap().state, EnrolmentState::Waiting);
    world.server.abort_enrolment(new.id).await.unwrap();
    let again = world.server.abort_enrolment(new.id).await;
    assert_eq!(again, Err(EnrolError::Ended { state: EnrolmentState::Aborted }));
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_open_enrolments_and_of_devices() {
    let world = World::new();
    for seed in 0..3 {
        claimed(&world, &TestPhone::new(100 + seed), "ada").await;
    }
    assert_eq!(world.server.start_enrolment("ada", None).await.unwrap_err(), EnrolError::TooManyOpen);
    for seed in 0..16 {
        world.enrol(200 + seed, "bob").await;
    }
    assert_eq!(world.server.start_enrolment("bob", None).await.unwrap_err(), EnrolError::TooManyDevices);
}

#[tokio::test]
async fn names_that_could_mislead_are_refused() {
    let world = World::new();
    let long = "x".repeat(129);
    for bad in ["", " ", "a\nb", &long] {
        assert_eq!(world.server.start_enrolment(bad, None).await.unwrap_err(), EnrolError::User);
        assert_eq!(world.server.start_enrolment("ada", Some(bad)).await.unwrap_err(), EnrolError::Label);
    }
}
