//! Threat model section 3: what does not move an account, and whether anybody hears of it.

use nod_protocol::bytes::Digest;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::jws;
use nod_protocol::messages::{MoveClaims, MoveOutcome, MoveProofClaims, MoveRequest};

use super::moving::two;
use super::*;
use crate::rows::{BindingRow, BindingState};
use crate::store::{Rows, StoreError, StoreExt as _};

#[tokio::test]
async fn relay_substitutes_the_new_phones_key() {
    let (world, old, new) = two().await;
    let evil = old.successor(666);
    let request = old.request(1, &new, world.seconds());
    let unknown = ReceiveError::UnknownAddress;
    // The relay's keys under the phone's signature.
    let mut claims = old.claims(&new, &world);
    claims.keys = evil.phone.keys();
    let forged = evil.phone.authorise(&claims);
    let (input, _) = forged.rsplit_once('.').unwrap();
    let (_, signature) = request.authorisation.rsplit_once('.').unwrap();
    let authorisation = format!("{input}.{signature}");
    let proof = evil.phone.prove(&old.account, &authorisation);
    let swapped = MoveRequest { authorisation, proof };
    for from in [&old.phone, &evil.phone] {
        world.unheard(from, &swapped, unknown.clone(), "rewritten").await;
    }
    // An authorisation of its own.
    let own = evil.request(1, &evil, world.seconds());
    world.unheard(&old.phone, &own, unknown.clone(), "its own").await;
    // Its own proof for the right authorisation.
    let proof = evil.phone.prove(&old.account, &request.authorisation);
    let swapped = MoveRequest { proof, ..request.clone() };
    world.unheard(&old.phone, &swapped, unknown.clone(), "its own proof").await;
    // Its own mailbox for the right message: no stranger gets to hear of a move.
    world.unheard(&evil.phone, &request, unknown, "its own mailbox").await;
    assert_eq!(
        world.take_move(&old.phone, &old.account, &request).await.outcome,
        MoveOutcome::Moved,
        "the right one is not spoilt"
    );
}

#[tokio::test]
async fn a_move_authorisation_for_a_wrong_audience_is_not_heard() {
    let (world, old, new) = two().await;
    let other = ServiceId::from_bytes([9; 16]);
    let claims = MoveClaims { aud: other, ..old.claims(&new, &world) };
    let unknown = ReceiveError::UnknownAddress;
    world.unheard(&old.phone, &old.request_of(&new, &claims), unknown.clone(), "authorisation").await;
    let mut request = old.request(1, &new, world.seconds());
    let h = jws::signed_digest(&request.authorisation).unwrap();
    let proof = MoveProofClaims { iss: old.binding(), aud: other, h };
    request.proof = jws::sign(&proof, &new.phone.approve).unwrap();
    world.unheard(&old.phone, &request, unknown.clone(), "proof").await;
    // The same row's id at another service's login server is nobody.
    let elsewhere = World::of_service(2, Policy::default(), world.store.clone());
    let request = old.request(1, &new, world.seconds());
    assert_eq!(elsewhere.send_move(&old.phone, &request).await, Err(unknown));
    assert_eq!(world.binding().await.gen_, 1);
}

#[tokio::test]
async fn a_stale_or_future_generation_is_refused() {
    let (world, old, new) = two().await;
    for gen_ in [0, 2, u64::MAX] {
        let request = old.request(gen_, &new, world.seconds());
        let receipt = world.take_move(&old.phone, &old.account, &request).await;
        assert_eq!((receipt.outcome, receipt.gen_), (MoveOutcome::Refused, 1), "{gen_}");
    }
    let new = world.move_on(&old, 70).await;
    let third = old.successor(71);
    // The old phone for the generation that it had, and for the one that it has no more.
    let receipt = world.take_move(&old.phone, &old.account, &old.request(1, &third, world.seconds())).await;
    assert_eq!((receipt.outcome, receipt.gen_), (MoveOutcome::Refused, 2));
    let unknown = ReceiveError::UnknownAddress;
    world.unheard(&third.phone, &old.request(2, &third, world.seconds()), unknown.clone(), "gen 2").await;
    // The new phone for the generation before its own.
    world.unheard(&new.phone, &new.request(1, &third, world.seconds()), unknown, "gen 1").await;
    assert_eq!(world.binding().await.gen_, 2);
}

#[tokio::test]
async fn only_the_approve_key_of_the_binding_authorises() {
    let (world, old, new) = two().await;
    let bob = world.enrol(8, "bob").await;
    let claims = old.claims(&new, &world);
    for (what, key) in [
        ("deny", &old.phone.deny),
        ("channel", &old.phone.channel),
        ("enc", &old.phone.enc),
        ("another binding's approve", &bob.phone.approve),
        ("the new phone's approve", &new.phone.approve),
    ] {
        let authorisation = jws::sign(&claims, key).unwrap();
        let proof = new.phone.prove(&old.account, &authorisation);
        let request = MoveRequest { authorisation, proof };
        world.unheard(&old.phone, &request, ReceiveError::UnknownAddress, what).await;
    }
    let nowhere = MoveClaims { iss: BindingId::from_bytes([5; 16]), ..claims };
    world
        .unheard(&old.phone, &old.request_of(&new, &nowhere), ReceiveError::UnknownAddress, "no binding")
        .await;
}

#[tokio::test]
async fn a_new_key_proof_that_is_missing_or_another_is_not_heard() {
    let (world, old, new) = two().await;
    let right = old.request(1, &new, world.seconds());
    let other = old.request(1, &new, world.seconds() + 1);
    let h = jws::signed_digest(&right.authorisation).unwrap();
    let proof = MoveProofClaims { iss: old.binding(), aud: old.account.service, h };
    let by = |key: &SoftwareKey, proof: &MoveProofClaims| jws::sign(proof, key).unwrap();
    let for_bob = MoveProofClaims { iss: BindingId::from_bytes([5; 16]), ..proof.clone() };
    let of_all = MoveProofClaims { h: Digest::of(right.authorisation.as_bytes()), ..proof.clone() };
    for (what, proof) in [
        ("over another authorisation", other.proof.clone()),
        ("by the old key", by(&old.phone.approve, &proof)),
        ("by the new deny key", by(&new.phone.deny, &proof)),
        ("for another binding", by(&new.phone.approve, &for_bob)),
        ("over the signature too", by(&new.phone.approve, &of_all)),
    ] {
        let request = MoveRequest { proof, ..right.clone() };
        world.unheard(&old.phone, &request, ReceiveError::UnknownAddress, what).await;
    }
    for (what, proof) in [("empty", String::new()), ("the authorisation", right.authorisation.clone())] {
        let request = MoveRequest { proof, ..right.clone() };
        world.unheard(&old.phone, &request, ReceiveError::Malformed, what).await;
    }
    for body in [
        format!(r#"{{"move":"{}"}}"#, right.authorisation),
        format!(r#"{{"move":"{}","proof":"{}","more":1}}"#, right.authorisation, right.proof),
        format!("{} ", right.to_body().replace("proof", "Proof")),
    ] {
        let sent = world.server.receive(old.phone.mailbox(), Route::Service, &body).await;
        assert_eq!(sent, Err(ReceiveError::Malformed), "{body}");
    }
    // It is not an answer either.
    assert_eq!(world.send(&old, &right.authorisation).await, Err(ReceiveError::Malformed));
    assert_eq!(world.binding().await.gen_, 1);
}

#[tokio::test]
async fn keys_that_are_not_four_new_ones_are_malformed() {
    let (world, old, new) = two().await;
    let mut same = old.claims(&new, &world);
    same.keys.deny = same.keys.approve;
    let mut cases = vec![("two alike", same)];
    for (what, key) in [
        ("the old approve key", old.phone.approve.public_key()),
        ("the old deny key", old.phone.deny.public_key()),
        ("the old enc key", old.phone.enc.public_key()),
        ("the old channel key", old.phone.channel.public_key()),
    ] {
        let mut claims = old.claims(&new, &world);
        claims.keys.enc = key;
        cases.push((what, claims));
    }
    for (what, claims) in cases {
        world.unheard(&old.phone, &old.request_of(&new, &claims), ReceiveError::Malformed, what).await;
    }
    let mut claims = old.claims(&old, &world);
    claims.device.name = "To itself".to_owned();
    world.unheard(&old.phone, &old.request_of(&old, &claims), ReceiveError::Malformed, "to itself").await;
    for name in [String::new(), "a\u{202e}b".to_owned(), "x".repeat(65)] {
        let mut claims = old.claims(&new, &world);
        claims.device.name = name;
        world.unheard(&old.phone, &old.request_of(&new, &claims), ReceiveError::Malformed, "a name").await;
    }
}

#[tokio::test]
async fn a_revoked_binding_does_not_move() {
    let (world, old, new) = two().await;
    let request = old.request(1, &new, world.seconds());
    world.server.revoke("ada", old.binding()).await.unwrap();
    let _ = world.store.drain_outgoing();
    for from in [&old.phone, &new.phone] {
        let receipt = world.take_move(from, &old.account, &request).await;
        assert_eq!((receipt.outcome, receipt.gen_), (MoveOutcome::Refused, 2));
    }
    assert!(world.server.devices("ada").await.unwrap().is_empty());
    let stranger = TestPhone::new(9);
    assert_eq!(world.send_move(&stranger, &request).await, Err(ReceiveError::UnknownAddress));
}

#[tokio::test]
async fn a_suspended_binding_does_not_move() {
    let (world, old, new) = two().await;
    let (started, open) = world.ask(&old, "ada").await;
    let claims = old.phone.answer_claims(&open, Decision::Deny, None);
    let answer = old.phone.sign(&claims);
    assert_eq!(world.answer(&old, &answer).await, Outcome::Denied);
    let (_, open) = world.ask(&old, "ada").await;
    let mut again = old.phone.answer_claims(&open, Decision::Deny, None);
    again.ctr = claims.ctr;
    assert_eq!(world.answer(&old, &old.phone.sign(&again)).await, Outcome::Refused);
    assert_eq!(world.binding().await.state, BindingState::Suspended);
    let request = old.request(1, &new, world.seconds());
    let receipt = world.take_move(&new.phone, &old.account, &request).await;
    assert_eq!((receipt.outcome, receipt.gen_), (MoveOutcome::Refused, 1));
    assert_eq!(world.binding().await.keys, Some(old.phone.keys()));
    assert_eq!(world.state(&started).await, ChallengeState::Denied);
    // Should the suspension ever be lifted, what was refused stays so: the new phone has deleted its keys on that word.
    let lifted = BindingRow { state: BindingState::Active, ..world.binding().await };
    let lift = move |rows: &mut dyn Rows| {
        rows.put_binding(&lifted);
        Ok::<_, StoreError>(())
    };
    world.store.run(lift).await.unwrap().unwrap();
    let receipt = world.take_move(&new.phone, &old.account, &request).await;
    assert_eq!((receipt.outcome, receipt.gen_), (MoveOutcome::Expired, 1));
    assert_eq!(world.binding().await.keys, Some(old.phone.keys()));
}
