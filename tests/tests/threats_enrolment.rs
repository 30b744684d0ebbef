//! Threat model, enrolment: every line of docs/threat-model.md's table is the test of that name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

use nod_login::rows::{AbortReason, EnrolmentState};
use nod_login::test_phone::TestPhone;
use nod_login::{ConfirmError, Event, ReceiveError, Route};
use nod_phone::enrol::EnrolError;
use nod_phone::{Event as PhoneEvent, engine::Handled};
use nod_protocol::enrol_seal;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{Destination, EnvelopeKind};
use nod_protocol::messages::{BindingClaims, Confirmation, EnrolClaims, KeyRole};
use nod_protocol::qr::EnrolmentQr;
use nod_protocol::random::SeededForTests;
use nod_protocol::{Digest, EnrolmentId, Nonce, jwe, jws};
use nod_tests::hostile::{World, e2_of};

fn wrong(code: &str) -> String {
    if code == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

async fn nothing_active(world: &World, user: &str) {
    for site in &world.sites {
        assert!(site.devices(user).await.unwrap().is_empty(), "something became active");
    }
    for phone in &world.phones {
        assert!(phone.engine.accounts().unwrap().is_empty(), "a phone shows an account");
    }
}

#[tokio::test]
async fn enrolment_id_reused_or_expired() {
    // Reused: the QR code of a finished enrolment is scanned by another phone.
    let mut world = World::new(1, 2);
    let (id, qr) = world.show_qr(0, "ada").await;
    world.phones[0].engine.begin_enrolment(&qr).unwrap();
    world.carry().await;
    let code = world.code(0, id).unwrap();
    let binding = world.sites[0].confirm_enrolment(id, &code).await.unwrap();
    world.carry().await;
    world.phones[1].engine.begin_enrolment(&qr).unwrap();
    world.collect();
    let message = world.relay.next_message().unwrap();
    assert_eq!(message.to, Destination::Enrolment(id));
    assert_eq!(world.pass(&message).await, Err(ReceiveError::UnknownAddress));
    assert_eq!(world.code(1, id), None);
    let again = world.sites[0].confirm_enrolment(id, &code).await;
    assert_eq!(again, Err(ConfirmError::Ended { state: EnrolmentState::Active }));
    let devices = world.sites[0].devices("ada").await.unwrap();
    assert_eq!(devices.iter().map(|device| device.id).collect::<Vec<_>>(), [binding]);
    // The relay replays the whole enrolment: the first phone's account stays what it is.
    world.relay.roll_back(0, 0);
    world.carry().await;
    assert_eq!(world.sites[0].devices("ada").await.unwrap().len(), 1);
    assert_eq!(world.phones[0].engine.accounts().unwrap().len(), 1);

    // Expired: to the millisecond, for the phone and for the code.
    for (late, fine) in [(299_999, true), (300_000, false)] {
        let mut world = World::new(1, 1);
        let id = world.scan(0, 0, "ada").await;
        world.collect();
        let message = world.relay.next_message().unwrap();
        world.pass_time(late);
        assert_eq!(world.pass(&message).await.is_ok(), fine, "E1 after {late} ms");
        let mut world = World::new(1, 1);
        let id_2 = world.scan(0, 0, "ada").await;
        assert_eq!(id, id_2, "the same world");
        world.carry().await;
        let code = world.code(0, id).unwrap();
        world.pass_time(late);
        assert_eq!(
            world.sites[0].confirm_enrolment(id, &code).await.is_ok(),
            fine,
            "the code after {late} ms"
        );
    }
}

#[tokio::test]
async fn relay_swaps_the_key() {
    // In E1: a relay cannot open it, and whatever it changes, swaps or makes up is refused.
    let mut world = World::new(1, 1);
    let (id, qr) = world.show_qr(0, "ada").await;
    world.phones[0].engine.begin_enrolment(&qr).unwrap();
    world.collect();
    let message = world.relay.next_message().unwrap();
    let relay = TestPhone::new(66);
    let mut made_up = EnrolmentQr::parse(&qr).unwrap();
    made_up.secret = relay.other_secret();
    let parts = relay.enrol_parts(&relay.enrol_claims(&made_up));
    let mut own = message.clone();
    own.body = relay.seal_e1(&made_up, &parts);
    own.from = relay.mailbox();
    assert_eq!(world.pass(&own).await, Err(ReceiveError::Malformed), "the relay's own keys");
    let mut bent = message.clone();
    let at = bent.body.find("\"ct\":\"").unwrap() + 20;
    let flipped = if bent.body.as_bytes()[at] == b'A' { "B" } else { "A" };
    bent.body.replace_range(at..=at, flipped);
    assert_eq!(world.pass(&bent).await, Err(ReceiveError::Malformed), "altered on the way");
    let mut elsewhere = message.clone();
    elsewhere.from = relay.mailbox();
    assert_eq!(
        world.pass(&elsewhere).await,
        Err(ReceiveError::Malformed),
        "as if from the relay's own mailbox"
    );
    // Even whoever knows the QR code's secret cannot put one key of his own among the phone's.
    let real = EnrolmentQr::parse(&qr).unwrap();
    let parts = enrol_seal::open(&message.body, id, &real.secret).unwrap();
    let claims: EnrolClaims = jws::Received::<EnrolClaims>::parse(&parts.e1).unwrap().hint().clone();
    let mut swapped = claims.clone();
    swapped.keys.approve = relay.approve.public_key();
    let e1 = jws::sign(&swapped, &relay.approve).unwrap();
    let mut mixed = message.clone();
    mixed.body = relay.seal_e1(&real, &enrol_seal::E1Parts { e1, ..parts.clone() });
    assert_eq!(world.pass(&mixed).await, Err(ReceiveError::Malformed), "the approve key alone");
    for role in [KeyRole::Deny, KeyRole::Channel] {
        let mut swapped = claims.clone();
        match role {
            KeyRole::Deny => swapped.keys.deny = relay.deny.public_key(),
            KeyRole::Channel => swapped.keys.channel = relay.channel.public_key(),
        }
        // Only the phone's approve key could sign this; a relay has another, so its E1 does not verify.
        let e1 = jws::sign(&swapped, &relay.approve).unwrap();
        let mut mixed = message.clone();
        mixed.body = relay.seal_e1(&real, &enrol_seal::E1Parts { e1, ..parts.clone() });
        assert_eq!(world.pass(&mixed).await, Err(ReceiveError::Malformed), "{role:?} alone");
    }
    nothing_active(&world, "ada").await;
    world.pass(&message).await.unwrap();

    // In E2: another service's key, or the right one with another binding inside.
    let e2 = world.intercept(message.from, EnvelopeKind::Enrolment).unwrap();
    let (claims, enc) = e2_of(&world, id).await;
    let impostor = SoftwareKey::generate(&SeededForTests::new(5)).unwrap();
    let by_impostor = BindingClaims { key: impostor.public_key(), ..claims };
    let inner = jws::sign(&by_impostor, &impostor).unwrap();
    let mut forged = e2.clone();
    forged.envelope.body = jwe::seal(&inner, &enc, &SeededForTests::new(6)).unwrap();
    world.hand(0, &forged);
    assert_eq!(world.code(0, id), None, "a code for a service whose key is not the pinned one");
    let ended = PhoneEvent::EnrolmentFailed { id, error: EnrolError::WrongServiceKey };
    assert_eq!(world.told.last(), Some(&(0, ended)));
    nothing_active(&world, "ada").await;
}

#[tokio::test]
async fn photographed_qr_used_first_the_real_phone_shows_no_code_nothing_becomes_active() {
    let mut world = World::new(1, 2);
    let (id, qr) = world.show_qr(0, "ada").await;
    // The photographer is faster.
    world.phones[1].engine.begin_enrolment(&qr).unwrap();
    world.carry().await;
    let photographers = world.code(1, id).unwrap();
    world.phones[0].engine.begin_enrolment(&qr).unwrap();
    world.carry().await;
    assert_eq!(world.code(0, id), None, "the real phone shows a code");
    let view = world.sites[0].enrolment(id).await.unwrap();
    assert_eq!((view.state, view.abort_reason), (EnrolmentState::Aborted, Some(AbortReason::SecondDevice)));
    let typed = world.sites[0].confirm_enrolment(id, &photographers).await;
    assert_eq!(typed, Err(ConfirmError::Ended { state: EnrolmentState::Aborted }));
    nothing_active(&world, "ada").await;
    assert_eq!(world.code(1, id), None, "the photographer's phone was told that it ended");
}

#[tokio::test]
async fn two_different_e1() {
    let mut world = World::new(1, 2);
    let (id, qr) = world.show_qr(0, "ada").await;
    for phone in &world.phones {
        phone.engine.begin_enrolment(&qr).unwrap();
    }
    let _ = world.events();
    world.carry().await;
    let view = world.sites[0].enrolment(id).await.unwrap();
    assert_eq!((view.state, view.abort_reason), (EnrolmentState::Aborted, Some(AbortReason::SecondDevice)));
    let told = world.events().iter().any(|event| {
        matches!(event, Event::EnrolmentAborted { reason: AbortReason::SecondDevice, enrolment_id, .. } if enrolment_id == &id)
    });
    assert!(told, "the service is notified");
    nothing_active(&world, "ada").await;
    // The same E1 again is no second one: a relay that duplicates ends nothing.
    let mut world = World::new(1, 1);
    let id = world.scan(0, 0, "ada").await;
    world.collect();
    let message = world.relay.next_message().unwrap();
    for _ in 0..3 {
        world.pass(&message).await.unwrap();
    }
    world.carry().await;
    let code = world.code(0, id).unwrap();
    world.sites[0].confirm_enrolment(id, &code).await.unwrap();
    world.pass(&message).await.unwrap();
    world.carry().await;
    assert_eq!(world.phones[0].engine.accounts().unwrap().len(), 1);
}

#[tokio::test]
async fn a_code_from_another_enrolment() {
    let mut world = World::new(1, 2);
    let ada = world.scan(0, 0, "ada").await;
    let ben = world.scan(0, 1, "ben").await;
    world.carry().await;
    let (adas, bens) = (world.code(0, ada).unwrap(), world.code(1, ben).unwrap());
    assert_ne!(adas, bens);
    let typed = world.sites[0].confirm_enrolment(ada, &bens).await;
    assert_eq!(typed, Err(ConfirmError::WrongCode { tries_left: 2 }));
    nothing_active(&world, "ada").await;
    // Three wrong codes end it, and then the right one does not help.
    for tries_left in [1, 0] {
        let typed = world.sites[0].confirm_enrolment(ada, &wrong(&adas)).await;
        assert_eq!(typed, Err(ConfirmError::WrongCode { tries_left }));
    }
    let late = world.sites[0].confirm_enrolment(ada, &adas).await;
    assert_eq!(late, Err(ConfirmError::Ended { state: EnrolmentState::Aborted }));
    nothing_active(&world, "ada").await;
    world.carry().await;
    assert_eq!(world.code(0, ada), None, "the phone was told");
    // The relay hands one phone the E2 of the other's enrolment.
    let mut world = World::new(1, 2);
    let ada = world.scan(0, 0, "ada").await;
    let _ben = world.scan(0, 1, "ben").await;
    world.collect();
    while let Some(message) = world.relay.next_message() {
        world.pass(&message).await.unwrap();
    }
    let mailbox = world.mailbox(1);
    let bens = world.intercept(mailbox, EnvelopeKind::Enrolment).unwrap();
    assert_eq!(world.hand(0, &bens), Handled::default());
    assert_eq!(world.code(0, ada), None);
}

#[tokio::test]
async fn wrong_service_key_pin() {
    // At the login server: an E1 for another pin.
    let mut world = World::new(2, 0);
    let (id, text) = world.show_qr(0, "ada").await;
    let phone = TestPhone::new(9);
    let qr = EnrolmentQr::parse(&text).unwrap();
    let mut claims = phone.enrol_claims(&qr);
    claims.aud = world.sites[1].service().keys.current().public_key().thumbprint();
    let body = phone.seal_e1(&qr, &phone.enrol_parts(&claims));
    let sent = world.sites[0].receive(phone.mailbox(), Route::Enrolment(id), &body).await;
    assert_eq!(sent, Err(ReceiveError::Malformed));
    // On the phone: an E2 that is signed by a key other than the pinned one, or that differs in any part that the
    // phone knows itself, shows no code.
    type Alter = fn(&mut BindingClaims);
    let alterations: [(&str, Alter); 5] = [
        ("another enrolment", |claims| claims.eid = EnrolmentId::from_bytes([0; 16])),
        ("another nonce", |claims| claims.np = Nonce::from_bytes([0; 32])),
        ("another approve key", |claims| {
            let other = SoftwareKey::generate(&SeededForTests::new(1)).unwrap().public_key();
            claims.cnf = Confirmation { jkt: other.thumbprint() };
        }),
        ("a generation of its own", |claims| claims.gen_ = 1),
        ("a name that misleads", |claims| claims.service.name = "Bank\u{202e}knaB".to_owned()),
    ];
    for (what, alter) in alterations {
        assert!(!code_for(alter, true).await, "{what}");
    }
    assert!(!code_for(|_| {}, false).await, "signed by another key than the one that it names");
    assert!(code_for(|_| {}, true).await, "the unaltered one is fine");
}

/// Whether a phone shows a code for an E2 with altered claims, signed by the service's key or by another.
async fn code_for(alter: impl FnOnce(&mut BindingClaims), by_service: bool) -> bool {
    let mut world = World::new(1, 1);
    let id = world.scan(0, 0, "ada").await;
    world.collect();
    let e1 = world.relay.next_message().unwrap();
    world.pass(&e1).await.unwrap();
    let mut parcel = world.intercept(e1.from, EnvelopeKind::Enrolment).unwrap();
    let (mut claims, enc) = e2_of(&world, id).await;
    alter(&mut claims);
    let other = SoftwareKey::generate(&SeededForTests::new(5)).unwrap();
    let keys = world.sites[0].service().keys.clone();
    let inner = jws::sign(&claims, if by_service { keys.current() } else { &other }).unwrap();
    let digest = Digest::of(inner.as_bytes());
    parcel.envelope.body =
        jwe::seal(&inner, &enc, &SeededForTests::new(digest.as_bytes()[0].into())).unwrap();
    world.hand(0, &parcel);
    world.code(0, id).is_some()
}
