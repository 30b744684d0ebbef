//! What the login server takes for an authorisation.

use nod_login::rows::ChallengeState;
use nod_login::test_phone::TestPhone;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{Destination, EnvelopeKind};
use nod_protocol::messages::{Decision, MoveClaims, MoveOutcome, MoveProofClaims, MoveRequest, Outcome};
use nod_protocol::{BindingId, Digest, EnvelopeId, jws};
use nod_tests::hostile::{Message, Puppet, World};

use crate::common::{ada_and, answered, hand_in, puppets, receipt, row, unheard};

fn claims(world: &World, old: &Puppet, new: &TestPhone, gen_: u64) -> MoveClaims {
    old.phone.move_claims(&old.account, gen_, new, world.now().seconds())
}

fn request(world: &World, old: &Puppet, new: &TestPhone, gen_: u64) -> MoveRequest {
    old.phone.request_of(&old.account, new, &claims(world, old, new, gen_))
}

#[tokio::test]
async fn move_authorisation_replayed_wrong_audience_stale_gen() {
    let (mut world, old, new) = puppets().await;
    // For another service, which asks here; and for this one, handed in at another that has a row of that id.
    let elsewhere =
        MoveClaims { aud: nod_protocol::ServiceId::from_bytes([9; 16]), ..claims(&world, &old, &new, 1) };
    let at_elsewhere = old.phone.request_of(&old.account, &new, &elsewhere);
    unheard(&mut world, &old, &at_elsewhere, "another audience").await;
    for gen_ in [0, 2, u64::MAX] {
        let stale = request(&world, &old, &new, gen_);
        answered(&mut world, &old, &stale, MoveOutcome::Refused, &format!("generation {gen_}")).await;
    }
    // Not in time, by the login server's clock, and never again.
    let now = world.now().seconds();
    for (what, iat, exp) in [
        ("ended", now - 600, now),
        ("from the future", now + 61, now + 661),
        ("good for too long", now, now + 601),
    ] {
        let late = MoveClaims { iat, exp, ..claims(&world, &old, &new, 1) };
        let late = old.phone.request_of(&old.account, &new, &late);
        answered(&mut world, &old, &late, MoveOutcome::Expired, what).await;
    }
    // Replayed: the same word for ever, and one move.
    let right = request(&world, &old, &new, 1);
    let first = receipt(&mut world, &old, old.phone.mailbox(), &right).await;
    assert_eq!((first.outcome, first.gen_), (MoveOutcome::Moved, 2));
    let moved = row(&world, &old).await;
    assert_eq!((moved.gen_, moved.keys.clone()), (2, Some(new.keys())));
    world.pass_time(3 * 24 * 3600 * 1000);
    for from in [old.phone.mailbox(), new.mailbox()] {
        assert_eq!(receipt(&mut world, &old, from, &right).await, first, "another word");
    }
    // Another one for the generation that is over.
    let third = TestPhone::new(9);
    let again = request(&world, &old, &third, 1);
    let refused = receipt(&mut world, &old, old.phone.mailbox(), &again).await;
    assert_eq!((refused.outcome, refused.gen_), (MoveOutcome::Refused, 2));
    let ahead = request(&world, &old, &third, 2);
    unheard(&mut world, &old, &ahead, "the old key for the new generation").await;
    assert_eq!(row(&world, &old).await.keys, moved.keys);
    let moves =
        world.events().into_iter().filter(|event| matches!(event, nod_login::Event::DeviceMoved { .. }));
    assert_eq!(moves.count(), 1);
}

#[tokio::test]
async fn new_key_proof_missing() {
    let (mut world, old, new) = puppets().await;
    let right = request(&world, &old, &new, 1);
    let h = jws::signed_digest(&right.authorisation).unwrap();
    let proof = MoveProofClaims { iss: old.account.binding, aud: old.account.service, h };
    let sign = |key: &SoftwareKey, proof: &MoveProofClaims| jws::sign(proof, key).unwrap();
    let (other, bob) = (TestPhone::new(9), BindingId::from_bytes([5; 16]));
    for (what, proof) in [
        ("none", String::new()),
        ("the authorisation itself", right.authorisation.clone()),
        ("by the old phone", sign(&old.phone.approve, &proof)),
        ("by the new deny key", sign(&new.deny, &proof)),
        ("by another phone", sign(&other.approve, &proof)),
        ("for another binding", sign(&new.approve, &MoveProofClaims { iss: bob, ..proof.clone() })),
        ("over the signature too", {
            let h = Digest::of(right.authorisation.as_bytes());
            sign(&new.approve, &MoveProofClaims { h, ..proof.clone() })
        }),
        ("of another authorisation", request(&world, &old, &new, 1).proof),
    ] {
        unheard(&mut world, &old, &MoveRequest { proof, ..right.clone() }, what).await;
    }
    let bare = format!(r#"{{"move":"{}"}}"#, right.authorisation);
    assert!(old.send(&world, &bare).await.is_err());
    assert_eq!(receipt(&mut world, &old, old.phone.mailbox(), &right).await.outcome, MoveOutcome::Moved);

    // Between real phones: without the proof the old one hands nothing in, and the new one uses nothing.
    let (mut world, account) = ada_and(1).await;
    world.begin_move(0, 1).await;
    let new = world.mailbox(1);
    let held = world
        .carry_but(|message| message.from == new && matches!(message.to, Destination::Rendezvous(_)))
        .await;
    assert!(!held.is_empty() && !world.relay.messages.iter().any(Message::hands_in));
    world.is_only_on(0, "ada", account, (0, 1)).await;
    world.resume().await;
    world.is_only_on(0, "ada", account, (1, 2)).await;
}

#[tokio::test]
async fn deny_or_channel_key_authorises_a_move() {
    let (mut world, old, new) = puppets().await;
    let claims = claims(&world, &old, &new, 1);
    for (what, key) in [
        ("deny", &old.phone.deny),
        ("channel", &old.phone.channel),
        ("enc", &old.phone.enc),
        ("the new phone's approve", &new.approve),
    ] {
        let authorisation = jws::sign(&claims, key).unwrap();
        let proof = new.prove(&old.account, &authorisation);
        unheard(&mut world, &old, &MoveRequest { authorisation, proof }, what).await;
    }
    // Nor does a key serve two purposes on the new phone, or go on serving one.
    type Alter = fn(&mut MoveClaims, &Puppet);
    let alterations: [(&str, Alter); 3] = [
        ("deny = approve", |claims, _| claims.keys.deny = claims.keys.approve),
        ("the old approve key", |claims, old| claims.keys.deny = old.phone.approve.public_key()),
        ("the old channel key", |claims, old| claims.keys.channel = old.phone.channel.public_key()),
    ];
    for (what, alter) in alterations {
        let mut altered = claims.clone();
        alter(&mut altered, &old);
        let made = old.phone.request_of(&old.account, &new, &altered);
        unheard(&mut world, &old, &made, what).await;
    }
}

#[tokio::test]
async fn authorisation_for_another_users_binding() {
    let (mut world, ada, new) = puppets().await;
    let bob = world.enrol_puppet(0, 70, "bob").await;
    // Bob's phone names ada's binding; ada's authorisation is handed in by a stranger.
    let mut forged = claims(&world, &bob, &new, 1);
    forged.iss = ada.account.binding;
    let authorisation = bob.phone.authorise(&forged);
    let proof = new.prove(&ada.account, &authorisation);
    unheard(
        &mut world,
        &ada,
        &MoveRequest { authorisation: authorisation.clone(), proof: proof.clone() },
        "bob's key",
    )
    .await;
    let from_bob = hand_in(&world, &ada, bob.phone.mailbox(), &MoveRequest { authorisation, proof }).await;
    assert!(from_bob.is_err());
    let right = request(&world, &ada, &new, 1);
    assert!(
        hand_in(&world, &ada, bob.phone.mailbox(), &right).await.is_err(),
        "from a mailbox that it does not name"
    );
    assert_eq!(row(&world, &ada).await.gen_, 1);
    // Bob's own authorisation moves bob, whatever became of ada.
    let bobs = request(&world, &bob, &new, 1);
    assert_eq!(receipt(&mut world, &bob, bob.phone.mailbox(), &bobs).await.outcome, MoveOutcome::Moved);
    assert_eq!((row(&world, &ada).await.gen_, row(&world, &bob).await.gen_), (1, 2));
}

#[tokio::test]
async fn the_r_n_s_twin_of_an_authorisation_makes_no_second_move() {
    let (mut world, old, new) = puppets().await;
    let right = request(&world, &old, &new, 1);
    let twin = MoveRequest {
        authorisation: TestPhone::twin(&right.authorisation),
        proof: TestPhone::twin(&right.proof),
    };
    assert_ne!(right, twin);
    let first = receipt(&mut world, &old, old.phone.mailbox(), &right).await;
    assert_eq!(receipt(&mut world, &old, old.phone.mailbox(), &twin).await, first);
    assert_eq!(row(&world, &old).await.gen_, 2);
    let moves =
        world.audit().into_iter().filter(|what| matches!(what, nod_login::AuditEvent::DeviceMoved { .. }));
    assert_eq!(moves.count(), 1);
}

#[tokio::test]
async fn an_older_gen_after_a_move() {
    let (mut world, old, new) = puppets().await;
    let right = request(&world, &old, &new, 1);
    assert_eq!(receipt(&mut world, &old, old.phone.mailbox(), &right).await.outcome, MoveOutcome::Moved);
    world.relay.drop_all();
    let started = world.ask(0, "ada", "Mail").await;
    let new = Puppet { phone: new, account: old.account.clone() };
    let open = new.open(&mut world);
    assert_eq!(open.claims.gen_, 2);
    let number = started.number.as_ref();
    // The old phone, with what it has and with what it may have overheard.
    for gen_ in [1, 2] {
        let claims = nod_protocol::messages::AnswerClaims {
            gen_,
            ..old.phone.answer_claims(&open, Decision::Approve, number)
        };
        let refused = old.send(&world, &old.phone.sign(&claims)).await;
        assert!(
            refused.is_err() || world.intercept(old.phone.mailbox(), EnvelopeKind::Receipt).is_some(),
            "{refused:?}"
        );
        assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "gen {gen_} by the old key");
    }
    // The new phone for the generation before its own.
    let stale = nod_protocol::messages::AnswerClaims {
        gen_: 1,
        ..new.phone.answer_claims(&open, Decision::Approve, number)
    };
    let id = EnvelopeId::new(1, &new.phone.random).unwrap();
    let to = Destination::Service(new.account.service);
    let _ = world.pass(&Message { from: new.phone.mailbox(), id, to, body: new.phone.sign(&stale) }).await;
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "an answer of the generation before");
    world.relay.drop_all();
    world.collect();
    world.relay.drop_all();
    let fine = new.phone.answer(&open, Decision::Approve, number);
    assert_eq!(new.outcome(&mut world, &fine).await, Outcome::Approved);
}
