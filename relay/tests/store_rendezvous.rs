//! The rows of a move to a new phone: the rendezvous and the links that phones wish for, each rule run over every engine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::sync::Arc;

use nod_login::{Outgoing, UnixMillis};
use nod_protocol::frames::{EnvelopeKind, GoneReason, MAX_BODY, MAX_FRAME};
use nod_protocol::{EnvelopeId, MailboxId, MoveId, ServiceId};
use nod_relay::store::engine::Engine;
use nod_relay::store::links::{LinkError, MAX_LINKS, WISH_MS};
use nod_relay::store::mailboxes::{MAX_ENVELOPES, PostError, Posted};
use nod_relay::store::rendezvous::{
    Carried, CarryError, JOINED_MS, MAX_LYING, MAX_OPEN, OpenError, UNJOINED_MS,
};
use nod_relay::store::{RelayStore, file, memory, sled};
use nod_relay::ws::protocol::deliver;

const NOW: UnixMillis = UnixMillis(1_750_000_000_000);
const MOVE: MoveId = MoveId::from_bytes([9; 16]);
const OLD: MailboxId = MailboxId::from_bytes([1; 32]);
const NEW: MailboxId = MailboxId::from_bytes([2; 32]);
const THIRD: MailboxId = MailboxId::from_bytes([3; 32]);
const A: ServiceId = ServiceId::from_bytes([7; 16]);

fn id(n: u64) -> EnvelopeId {
    format!("00000000-0000-7000-8000-{n:012x}").parse().unwrap()
}

fn service(n: usize) -> ServiceId {
    let mut bytes = [0xee; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    ServiceId::from_bytes(bytes)
}

/// Carries a short body that holds the number of the envelope.
async fn carry(store: &RelayStore, from: MailboxId, n: u64, now: UnixMillis) -> Result<Carried, CarryError> {
    store.carry(MOVE, from, id(n), format!("body {n}"), now).await
}

async fn bodies(store: &RelayStore, mailbox: MailboxId, now: UnixMillis) -> Vec<String> {
    store.mailbox(mailbox, now).await.unwrap().into_iter().map(|envelope| envelope.body).collect()
}

fn notice(to: MailboxId, n: u64) -> Outgoing {
    Outgoing {
        id: id(n),
        to,
        service: A,
        kind: EnvelopeKind::Notice,
        body: "a.b.c".to_owned(),
        expires: NOW.plus(40_000),
        challenge: None,
    }
}

async fn the_first_other_mailbox_joins_and_both_get_what_the_other_sends(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    assert_eq!(carry(&store, OLD, 1, NOW).await, Err(CarryError::Unknown), "nobody is there yet");
    assert_eq!(carry(&store, NEW, 2, NOW).await, Ok(Carried::New));
    assert_eq!(carry(&store, OLD, 3, NOW).await, Ok(Carried::New));
    assert_eq!(carry(&store, NEW, 4, NOW).await, Ok(Carried::New));
    assert_eq!(bodies(&store, OLD, NOW).await, ["body 2", "body 4"]);
    let at_new = store.mailbox(NEW, NOW).await.unwrap();
    assert_eq!(at_new.len(), 1);
    let envelope = &at_new[0];
    assert_eq!((envelope.kind, envelope.service, envelope.to), (EnvelopeKind::Move, MOVE.as_sender(), NEW));
    assert_eq!(envelope.expires, NOW.plus(JOINED_MS));
    assert_ne!(envelope.id, id(3), "the sender does not choose the id in another's mailbox");
    assert!(store.mailbox(THIRD, NOW).await.unwrap().is_empty());
}

async fn a_rendezvous_belongs_to_whoever_opened_it_first(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    assert_eq!(store.open_rendezvous(MOVE, THIRD, NOW).await, Err(OpenError::Closed));
    store.open_rendezvous(MOVE, OLD, NOW.plus(60_000)).await.unwrap();
    let end = NOW.plus(UNJOINED_MS);
    assert_eq!(carry(&store, NEW, 1, end).await, Err(CarryError::Unknown), "again does not prolong it");
    assert_eq!(store.open_rendezvous(MOVE, OLD, end).await, Err(OpenError::Closed), "used once");
    assert_eq!(carry(&store, THIRD, 2, NOW).await, Ok(Carried::New), "the other's attempt changed nothing");
    assert_eq!(bodies(&store, OLD, NOW).await, ["body 2"]);
}

async fn a_third_mailbox_is_told_to_the_owner_once(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    carry(&store, NEW, 1, NOW).await.unwrap();
    let later = NOW.plus(60_000);
    for n in [2, 2, 3] {
        assert_eq!(carry(&store, THIRD, n, later).await, Ok(Carried::Stranger));
    }
    let fourth = MailboxId::from_bytes([4; 32]);
    assert_eq!(carry(&store, fourth, 4, later).await, Ok(Carried::Stranger));
    assert_eq!(bodies(&store, OLD, later).await, ["body 1", "body 2"]);
    assert_eq!(carry(&store, OLD, 5, later).await, Ok(Carried::New));
    assert_eq!(bodies(&store, NEW, later).await, ["body 5"]);
    assert!(store.mailbox(THIRD, later).await.unwrap().is_empty(), "nothing ever goes to a third");
}

async fn a_stranger_does_not_keep_a_rendezvous_alive(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    carry(&store, NEW, 1, NOW).await.unwrap();
    carry(&store, THIRD, 2, NOW.plus(JOINED_MS - 1)).await.unwrap();
    assert_eq!(carry(&store, NEW, 3, NOW.plus(JOINED_MS)).await, Err(CarryError::Unknown));
}

async fn nothing_is_carried_before_the_opening_or_after_the_end(store: RelayStore) {
    assert_eq!(carry(&store, NEW, 1, NOW).await, Err(CarryError::Unknown));
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    let unjoined = NOW.plus(UNJOINED_MS);
    assert_eq!(carry(&store, NEW, 2, unjoined).await, Err(CarryError::Unknown));
    let just = NOW.plus(UNJOINED_MS - 1);
    assert_eq!(carry(&store, NEW, 3, just).await, Ok(Carried::New));
    let last = just.plus(JOINED_MS - 1);
    assert_eq!(carry(&store, OLD, 4, last).await, Ok(Carried::New), "every message prolongs it");
    let end = last.plus(JOINED_MS);
    assert_eq!(carry(&store, NEW, 5, end.plus(0)).await, Err(CarryError::Unknown));
    assert!(store.mailbox(NEW, end).await.unwrap().is_empty());
}

async fn the_same_envelope_is_carried_once(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    assert_eq!(carry(&store, NEW, 1, NOW).await, Ok(Carried::New));
    let lying = store.mailbox(OLD, NOW).await.unwrap();
    assert_eq!(carry(&store, NEW, 1, NOW).await, Ok(Carried::Again));
    store.received(OLD, lying[0].id).await.unwrap();
    assert_eq!(carry(&store, NEW, 1, NOW.plus(5)).await, Ok(Carried::Again));
    assert!(store.mailbox(OLD, NOW).await.unwrap().is_empty(), "also after it was received");
    // The same id from the other phone is another envelope.
    assert_eq!(carry(&store, OLD, 1, NOW).await, Ok(Carried::New));
}

async fn a_received_envelope_goes_and_only_from_its_own_mailbox(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    carry(&store, NEW, 1, NOW).await.unwrap();
    let lying = store.mailbox(OLD, NOW).await.unwrap();
    for foreign in [NEW, THIRD] {
        assert_eq!(store.received(foreign, lying[0].id).await.unwrap(), None);
    }
    assert_eq!(store.received(OLD, lying[0].id).await.unwrap(), Some(lying[0].clone()));
    store.link(OLD, A).await.unwrap();
    assert!(store.mailbox(OLD, NOW).await.unwrap().is_empty());
    assert_eq!(store.received(OLD, lying[0].id).await.unwrap(), None);
}

async fn a_full_side_refuses_and_a_received_envelope_makes_room(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    let most = u64::try_from(MAX_LYING).unwrap();
    for n in 0..most {
        assert_eq!(carry(&store, NEW, n, NOW).await, Ok(Carried::New));
    }
    assert_eq!(carry(&store, NEW, most, NOW).await, Err(CarryError::QueueFull));
    assert_eq!(carry(&store, OLD, 1000, NOW).await, Ok(Carried::New), "the other direction has its own room");
    assert_eq!(carry(&store, THIRD, 2000, NOW).await, Ok(Carried::Stranger));
    let lying = store.mailbox(OLD, NOW).await.unwrap();
    assert_eq!(lying.last().unwrap().body, "body 2000", "nobody can hide a stranger from the owner");
    for envelope in &lying[..2] {
        store.received(OLD, envelope.id).await.unwrap();
    }
    assert_eq!(
        carry(&store, NEW, most, NOW).await,
        Ok(Carried::New),
        "a refused envelope was not seen before"
    );
}

async fn a_move_takes_no_room_from_a_service(store: RelayStore) {
    store.link(OLD, A).await.unwrap();
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    for n in 0..u64::try_from(MAX_LYING).unwrap() {
        carry(&store, NEW, n, NOW).await.unwrap();
    }
    for n in 0..u64::try_from(MAX_ENVELOPES).unwrap() {
        store.post_envelope(notice(OLD, n), NOW).await.unwrap();
    }
    let all = store.mailbox(OLD, NOW).await.unwrap();
    assert_eq!(all.len(), MAX_ENVELOPES + MAX_LYING);
    assert!(all[..MAX_ENVELOPES].iter().all(|envelope| envelope.kind == EnvelopeKind::Notice));
}

async fn a_move_that_has_the_bytes_of_a_service_touches_nothing_of_it(store: RelayStore) {
    let same = MoveId::from_bytes(*A.as_bytes());
    store.link(OLD, A).await.unwrap();
    store.open_rendezvous(same, OLD, NOW).await.unwrap();
    store.carry(same, NEW, id(1), "a.b.c".to_owned(), NOW).await.unwrap();
    let carried = store.mailbox(OLD, NOW).await.unwrap().remove(0);
    let posted = Outgoing { id: carried.id, ..notice(OLD, 0) };
    assert_eq!(store.post_envelope(posted.clone(), NOW).await, Ok(Posted::New));
    assert!(store.withdraw(A, carried.id, GoneReason::Cancelled).await.unwrap());
    assert_eq!(store.mailbox(OLD, NOW).await.unwrap(), std::slice::from_ref(&carried));
    assert_eq!(store.received(OLD, carried.id).await.unwrap(), Some(carried));
}

async fn a_mailbox_opens_sixteen_at_a_time_and_joins_sixteen(store: RelayStore) {
    let rendezvous = |n: usize| MoveId::from_bytes([u8::try_from(n).unwrap(); 16]);
    for n in 0..MAX_OPEN {
        store.open_rendezvous(rendezvous(n), OLD, NOW).await.unwrap();
        store.carry(rendezvous(n), NEW, id(n as u64), "{}".to_owned(), NOW).await.unwrap();
    }
    assert_eq!(store.open_rendezvous(rendezvous(20), OLD, NOW).await, Err(OpenError::TooMany));
    store.open_rendezvous(rendezvous(20), THIRD, NOW).await.unwrap();
    let fifth = store.carry(rendezvous(20), NEW, id(90), "{}".to_owned(), NOW).await;
    assert_eq!(fifth, Err(CarryError::TooMany));
    let ended = NOW.plus(JOINED_MS);
    store.open_rendezvous(rendezvous(21), OLD, ended).await.unwrap();
    assert_eq!(store.carry(rendezvous(21), NEW, id(91), "{}".to_owned(), ended).await, Ok(Carried::New));
}

async fn envelopes_keep_their_order_when_the_clock_is_set_back(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    for (n, at) in [(1, NOW), (2, UnixMillis(NOW.0 - 5000)), (3, UnixMillis(NOW.0 - 9000)), (4, NOW)] {
        carry(&store, NEW, n, at).await.unwrap();
    }
    assert_eq!(bodies(&store, OLD, NOW).await, ["body 1", "body 2", "body 3", "body 4"]);
}

async fn a_body_that_would_not_fit_a_frame_is_refused(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    let carry = |n, body| store.carry(MOVE, NEW, id(n), body, NOW);
    assert_eq!(carry(1, "x".repeat(MAX_BODY + 1)).await, Err(CarryError::TooLarge));
    assert_eq!(carry(2, "\u{1}".repeat(2700)).await, Err(CarryError::TooLarge), "six bytes each as JSON");
    assert_eq!(carry(3, "x".repeat(MAX_BODY)).await, Ok(Carried::New));
    assert_eq!(carry(4, "\"".repeat(7000)).await, Ok(Carried::New));
    for envelope in store.mailbox(OLD, NOW).await.unwrap() {
        assert!(deliver(envelope, NOW).unwrap().to_text().len() <= MAX_FRAME);
    }
}

async fn what_has_ended_is_deleted_and_leaves_nothing(store: RelayStore) {
    store.open_rendezvous(MOVE, OLD, NOW).await.unwrap();
    store.open_rendezvous(MoveId::from_bytes([8; 16]), OLD, NOW).await.unwrap();
    carry(&store, NEW, 1, NOW).await.unwrap();
    carry(&store, OLD, 2, NOW).await.unwrap();
    carry(&store, THIRD, 3, NOW).await.unwrap();
    store.wish_link(NEW, A, NOW).await.unwrap();
    assert_eq!(store.rendezvous_open().await.unwrap(), 2);
    assert_eq!(store.expire(NOW.plus(UNJOINED_MS - 1)).await.unwrap(), 0);
    assert_eq!(store.expire(NOW.plus(UNJOINED_MS)).await.unwrap(), 1);
    assert_eq!(store.rendezvous_open().await.unwrap(), 1);
    assert_eq!(store.expire(NOW.plus(JOINED_MS)).await.unwrap(), 4, "three envelopes and their rendezvous");
    assert_eq!(store.rendezvous_open().await.unwrap(), 0);
    store.expire(NOW.plus(WISH_MS)).await.unwrap();
    let left = store.engine().read(|view| view.scan(b"\x01", b"", 100)).await.unwrap().unwrap();
    let left: Vec<_> = left.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
    assert_eq!(left, [(b"t".to_vec(), br#"{"open":0,"lying":0}"#.to_vec())], "only the totals are left");
}

async fn a_wish_lets_the_service_post_and_its_first_envelope_makes_a_link(store: RelayStore) {
    assert_eq!(store.post_envelope(notice(NEW, 1), NOW).await, Err(PostError::NotLinked));
    store.wish_link(NEW, A, NOW).await.unwrap();
    assert!(!store.is_linked(NEW, A).await.unwrap(), "one way, until the service has written");
    assert_eq!(store.post_envelope(notice(NEW, 1), NOW).await, Ok(Posted::New));
    assert!(store.is_linked(NEW, A).await.unwrap());
    store.wish_link(NEW, A, NOW).await.unwrap();
    assert!(store.is_linked(NEW, A).await.unwrap(), "a wish never takes a link away");
}

async fn a_wish_ends_when_the_service_never_writes(store: RelayStore) {
    store.wish_link(NEW, A, NOW).await.unwrap();
    let end = NOW.plus(WISH_MS);
    let late = Outgoing { expires: end.plus(40_000), ..notice(NEW, 1) };
    assert_eq!(store.post_envelope(late.clone(), end).await, Err(PostError::NotLinked));
    assert_eq!(store.expire(end).await.unwrap(), 1);
    store.wish_link(NEW, A, end).await.unwrap();
    assert_eq!(store.post_envelope(late, end).await, Ok(Posted::New));
}

async fn the_links_of_a_mailbox_are_bounded(store: RelayStore) {
    store.link(NEW, A).await.unwrap();
    for n in 1..MAX_LINKS {
        store.wish_link(NEW, service(n), NOW).await.unwrap();
    }
    assert_eq!(store.wish_link(NEW, service(0), NOW).await, Err(LinkError::TooMany));
    assert_eq!(store.link(NEW, service(0)).await, Err(LinkError::TooMany));
    store.wish_link(NEW, service(1), NOW).await.unwrap();
    store.link(NEW, service(1)).await.unwrap();
    store.link(NEW, A).await.unwrap();
    store.link(OLD, service(0)).await.unwrap();
    assert_eq!(store.wish_link(NEW, service(0), NOW).await, Err(LinkError::TooMany), "a wish became a link");
}

async fn on<F>(engine: Arc<dyn Engine>, rule: impl FnOnce(RelayStore) -> F)
where
    F: Future<Output = ()>,
{
    rule(RelayStore::open(engine).await.unwrap()).await;
}

macro_rules! conformance {
    ($($rule:ident)*) => {
        mod in_memory { use super::*; $(#[tokio::test] async fn $rule() { on(memory::open().unwrap(), super::$rule).await; })* }
        mod in_sled { use super::*; $(#[tokio::test] async fn $rule() {
            let dir = tempfile::tempdir().unwrap();
            on(sled::open(dir.path(), 8 << 20).unwrap(), super::$rule).await;
        })* }
        mod in_a_file { use super::*; $(#[tokio::test] async fn $rule() {
            let dir = tempfile::tempdir().unwrap();
            on(file::open(dir.path()).unwrap(), super::$rule).await;
        })* }
    };
}

conformance! {
    the_first_other_mailbox_joins_and_both_get_what_the_other_sends
    a_rendezvous_belongs_to_whoever_opened_it_first
    a_third_mailbox_is_told_to_the_owner_once
    a_stranger_does_not_keep_a_rendezvous_alive
    nothing_is_carried_before_the_opening_or_after_the_end
    the_same_envelope_is_carried_once
    a_received_envelope_goes_and_only_from_its_own_mailbox
    a_full_side_refuses_and_a_received_envelope_makes_room
    a_move_takes_no_room_from_a_service
    a_move_that_has_the_bytes_of_a_service_touches_nothing_of_it
    a_mailbox_opens_sixteen_at_a_time_and_joins_sixteen
    envelopes_keep_their_order_when_the_clock_is_set_back
    a_body_that_would_not_fit_a_frame_is_refused
    what_has_ended_is_deleted_and_leaves_nothing
    a_wish_lets_the_service_post_and_its_first_envelope_makes_a_link
    a_wish_ends_when_the_service_never_writes
    the_links_of_a_mailbox_are_bounded
}
