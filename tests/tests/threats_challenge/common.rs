//! What the tests share: who is ready to approve, and what a service or a forger sends.

use std::time::Duration;

use nod_login::rows::ChallengeState;
use nod_login::{Event, StartedChallenge};
use nod_protocol::bytes::Digest;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::jws::{self};
use nod_protocol::messages::{AnswerClaims, ChallengeClaims, ChallengeContext, Decision, Outcome};
use nod_protocol::random::SeededForTests;
use nod_protocol::{BindingId, Nonce, jwe};
use nod_tests::hostile::{Parcel, Puppet, World};

pub(crate) async fn world_and_puppet() -> (World, Puppet) {
    let mut world = World::new(1, 0);
    let puppet = world.enrol_puppet(0, 1, "ada").await;
    (world, puppet)
}

/// Whoever approves in this test would approve with the right number.
pub(crate) async fn ready(world: &mut World, puppet: &Puppet) -> (StartedChallenge, AnswerClaims) {
    let started = world.ask(0, "ada", "Mail").await;
    let open = puppet.open(world);
    let claims = puppet.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    (started, claims)
}

/// An answer that must not decide anything, though its keys are the right ones.
pub(crate) async fn refused(what: &str, alter: impl FnOnce(&mut AnswerClaims)) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, mut claims) = ready(&mut world, &puppet).await;
    alter(&mut claims);
    assert_eq!(puppet.outcome(&mut world, &puppet.phone.sign(&claims)).await, Outcome::Refused, "{what}");
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{what}");
}

/// How often a decision was told to the service.
pub(crate) fn decisions(world: &World) -> usize {
    world.events().iter().filter(|event| matches!(event, Event::ChallengeDecided { .. })).count()
}

/// Signs a challenge of one's own with the service's key and seals it to the phone's account.
pub(crate) async fn service_says(world: &World, alter: impl FnOnce(&mut ChallengeClaims)) -> Parcel {
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
pub(crate) async fn to_ada(world: &World, kind: EnvelopeKind, inner: &str) -> Parcel {
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

/// A challenge for a binding of the first service, as the first service would sign it.
pub(crate) fn forged_inner(world: &World, aud: BindingId) -> String {
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
