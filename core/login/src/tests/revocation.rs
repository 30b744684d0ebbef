//! Revoking a phone (docs/protocol.md section 9).

use super::*;
use crate::RevokeError;

#[tokio::test]
async fn a_revoked_phone_cannot_approve_what_it_was_asked_before() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    let (started, open) = world.ask(&ada, "ada").await;
    world.server.revoke("ada", ada.binding()).await.unwrap();
    assert_eq!(world.state(&started).await, ChallengeState::Cancelled, "no other phone was asked");
    let notice =
        ada.phone.open_notice(&ada.account, &world.letter(&ada.phone, EnvelopeKind::Notice)).unwrap();
    assert_eq!((notice.event, notice.gen_), (NoticeEvent::Revoked, 2));
    assert_eq!(world.answer(&ada, &ada.approve(&open, &started)).await, Outcome::Refused);
    assert_eq!(world.start(user("ada")).await, Err(ChallengeError::NoMethod));
    assert!(world.server.devices("ada").await.unwrap().is_empty());
    assert!(world.events().iter().any(|event| matches!(event, Event::DeviceRevoked { .. })));
    world.server.revoke("ada", ada.binding()).await.unwrap();
    assert!(world.events().is_empty(), "a second time changes nothing");
}

#[tokio::test]
async fn a_revoked_phone_that_missed_its_receipt_still_hears_what_it_decided() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    let (started, open) = world.ask(&ada, "ada").await;
    let (body, late) = (ada.approve(&open, &started), ada.say(&open, Decision::Deny));
    assert_eq!(world.answer(&ada, &body).await, Outcome::Approved);
    assert_eq!(world.answer(&ada, &late).await, Outcome::Conflict);
    world.server.revoke("ada", ada.binding()).await.unwrap();
    let _ = world.letter(&ada.phone, EnvelopeKind::Notice);
    assert_eq!(world.answer(&ada, &body).await, Outcome::Approved, "the same again");
    assert_eq!(world.answer(&ada, &late).await, Outcome::Conflict);
    let fresh = ada.say(&open, Decision::Deny);
    assert_eq!(world.answer(&ada, &fresh).await, Outcome::Refused, "nothing new is taken");
    assert_eq!(world.state(&started).await, ChallengeState::Approved);
}

#[tokio::test]
async fn a_revoked_phone_leaves_the_challenge_to_the_other_phones() {
    let world = World::new();
    let lost = world.enrol(7, "ada").await;
    let kept = world.enrol(8, "ada").await;
    let started = world.start(user("ada")).await.unwrap();
    let letters = world.store.drain_outgoing();
    let find =
        |who: &Enrolled| letters.iter().find(|letter| letter.to == who.phone.mailbox()).unwrap().clone();
    world.server.revoke("ada", lost.binding()).await.unwrap();
    let _ = world.letter(&lost.phone, EnvelopeKind::Notice);
    let withdrawn: Vec<_> = world.store.drain_withdrawn().iter().map(|gone| gone.id).collect();
    assert_eq!(withdrawn, [find(&lost).id]);
    let stale = lost.approve(&lost.open(&find(&lost).body), &started);
    assert_eq!(world.answer(&lost, &stale).await, Outcome::Refused);
    let right = kept.approve(&kept.open(&find(&kept).body), &started);
    assert_eq!(world.answer(&kept, &right).await, Outcome::Approved);
}

#[tokio::test]
async fn another_user_s_or_service_s_phone_cannot_be_revoked() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    assert_eq!(world.server.revoke("bob", ada.binding()).await, Err(RevokeError::NotFound));
    let other = World::of_service(2, Policy::default(), world.store.clone());
    assert_eq!(other.server.revoke("ada", ada.binding()).await, Err(RevokeError::NotFound));
    assert_eq!(world.server.devices("ada").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_phone_enrolled_anew_works_and_the_revoked_binding_does_not() {
    let world = World::new();
    let old = world.enrol(7, "ada").await;
    world.server.revoke("ada", old.binding()).await.unwrap();
    let _ = world.letter(&old.phone, EnvelopeKind::Notice);
    let new = world.enrol(7, "ada").await;
    assert_ne!(old.binding(), new.binding());
    world.approve(&new, "ada").await;
}
