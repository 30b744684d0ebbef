//! Whose answer, and whose challenge: keys, bindings, generations, services.

use crate::common::*;
use nod_login::rows::{BindingState, ChallengeState};
use nod_login::{Ask, AuditEvent, ChallengeError, Event, ReceiveError};
use nod_protocol::bytes::{Digest, encode};
use nod_protocol::es256::SoftwareKey;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{AnswerClaims, ChallengeClaims, Outcome};
use nod_protocol::random::SeededForTests;
use nod_protocol::{Nonce, jwe};
use nod_tests::hostile::forge::{self};
use nod_tests::hostile::{Parcel, Puppet, World};

/// A challenge as the service signed it, and the parcel that carries it.
fn signed_challenge(world: &mut World, puppet: &Puppet) -> (String, Parcel) {
    let parcel = world.intercept(puppet.phone.mailbox(), EnvelopeKind::Challenge).unwrap();
    (jwe::open(&parcel.envelope.body, &puppet.phone.enc).unwrap().to_string(), parcel)
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

#[tokio::test]
async fn ch_altered() {
    refused("ch", |claims| claims.ch = Digest::of(b"another challenge")).await;
    refused("nonce", |claims| claims.nonce = Nonce::from_bytes([0; 32])).await;
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
