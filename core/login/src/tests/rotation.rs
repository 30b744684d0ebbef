//! Rotations of the service's key: phones are led along, and only as far as the links go.

use super::*;

use EnvelopeKind::{Challenge, Notice, Receipt, Rotation};

impl World {
    /// Rotates the service's key, as its host does: another login server over the same rows.
    pub(super) fn rotate(&mut self) {
        let random = SeededForTests::new(self.server.service().keys.seq() + 0x7000);
        let mut service = self.server.service().clone();
        let last = service.chain.last();
        let (keys, link) = service.keys.rotate(service.id, service.mode, last, &random, START).unwrap();
        crate::rotation::extend(&mut service.chain, [link]);
        service.keys = Arc::new(keys);
        self.server =
            LoginServer::new(Arc::new(service), self.store.clone(), self.clock.clone(), Arc::new(random));
    }

    pub(super) fn rotate_times(&mut self, times: usize) {
        (0..times).for_each(|_| self.rotate());
    }

    /// Lets the phone take what was sent to it, and hands back the last letter, which is no link.
    fn take_links(&self, who: &mut Enrolled, links: usize, last: EnvelopeKind) -> String {
        let letters = self.letters(&who.phone);
        let mut kinds = vec![Rotation; links];
        kinds.push(last);
        assert_eq!(letters.iter().map(|letter| letter.kind).collect::<Vec<_>>(), kinds);
        assert!(letters.windows(2).all(|pair| pair[0].id < pair[1].id), "redelivered in this order");
        let (last, links) = letters.split_last().unwrap();
        for link in links {
            who.phone.accept_rotation(&mut who.account, &link.body).unwrap();
        }
        last.body.clone()
    }

    async fn key_seq(&self, who: &Enrolled, user: &str) -> u64 {
        let rows = self.server.devices(user).await.unwrap();
        rows.iter().find(|row| row.id == who.binding()).unwrap().key_seq
    }
}

#[tokio::test]
async fn a_phone_that_slept_through_eight_rotations_catches_up_and_approves() {
    let mut world = World::new();
    let mut ada = world.enrol(7, "ada").await;
    world.rotate_times(8);
    world.clock.advance(1_000);
    let started = world.start(user("ada")).await.unwrap();
    let challenge = world.take_links(&mut ada, 8, Challenge);
    let open = ada.open(&challenge);
    assert_eq!(world.key_seq(&ada, "ada").await, 0, "nothing proves yet that the phone followed");
    assert_eq!(world.answer(&ada, &ada.approve(&open, &started)).await, Outcome::Approved);
    assert_eq!(world.key_seq(&ada, "ada").await, 8);
    world.approve(&ada, "ada").await;
}

#[tokio::test]
async fn a_phone_that_slept_through_nine_rotations_is_asked_nothing_and_the_service_is_told_once() {
    let mut world = World::new();
    let ada = world.enrol(7, "ada").await;
    world.rotate_times(9);
    for _ in 0..2 {
        assert_eq!(world.start(user("ada")).await.unwrap_err(), ChallengeError::LeftBehind);
    }
    assert_eq!(world.letters(&ada.phone), []);
    let told = Event::DeviceLeftBehind { user: "ada".to_owned(), binding_id: ada.binding() };
    assert_eq!(world.events(), [told]);
    let audited = AuditEvent::DeviceLeftBehind { user: "ada".to_owned(), binding: ada.binding() };
    assert_eq!(world.audit().iter().filter(|entry| **entry == audited).count(), 1);
}

#[tokio::test]
async fn another_phone_of_the_user_is_asked_when_one_was_left_behind() {
    let mut world = World::new();
    let _lost = world.enrol(7, "ada").await;
    world.rotate_times(9);
    let fresh = world.enrol(8, "ada").await;
    assert_eq!(fresh.account.pinned.seq, 9, "it begins with the current key");
    let started = world.start(user("ada")).await.unwrap();
    assert_eq!(started.devices, 1);
    let open = fresh.open(&world.letter(&fresh.phone, Challenge));
    assert_eq!(world.answer(&fresh, &fresh.approve(&open, &started)).await, Outcome::Approved);
}

#[tokio::test]
async fn an_answer_to_a_challenge_of_the_old_key_counts_and_its_receipt_comes_after_the_link() {
    let mut world = World::new();
    let mut ada = world.enrol(7, "ada").await;
    let (started, open) = world.ask(&ada, "ada").await;
    world.rotate();
    world.clock.advance(1_000);
    let body = ada.approve(&open, &started);
    world.send(&ada, &body).await.unwrap();
    let receipt = world.take_links(&mut ada, 1, Receipt);
    assert_eq!(ada.phone.open_receipt(&ada.account, &receipt).unwrap().outcome, Outcome::Approved);
    assert_eq!(world.state(&started).await, ChallengeState::Approved);
    assert_eq!(world.key_seq(&ada, "ada").await, 0, "that challenge was the old key's");
}

#[tokio::test]
async fn links_are_sent_until_an_answer_proves_that_they_were_taken_and_as_the_same_envelopes() {
    let mut world = World::with(tap());
    let mut ada = world.enrol(7, "ada").await;
    world.rotate_times(2);
    world.clock.advance(1_000);
    let first = world.start(user("ada")).await.unwrap();
    let ids = |letters: Vec<Outgoing>| letters.iter().map(|letter| letter.id).collect::<Vec<_>>();
    let before = ids(world.letters(&ada.phone));
    world.clock.advance(1_000);
    world.server.retry_challenge(first.id, None).await.unwrap();
    let letters = world.letters(&ada.phone);
    let (after, challenge) = (ids(letters.clone()), letters[2].body.clone());
    assert_eq!(before[..2], after[..2]);
    assert_ne!(before[2], after[2]);
    for link in &letters[..2] {
        ada.phone.accept_rotation(&mut ada.account, &link.body).unwrap();
    }
    // A stranger's word for it proves nothing.
    let stranger = TestPhone::new(99);
    let open = ada.open(&challenge);
    let forged = stranger.answer(&open, Decision::Deny, None);
    assert_eq!(world.send(&ada, &forged).await, Err(ReceiveError::UnknownAddress));
    assert_eq!(world.key_seq(&ada, "ada").await, 0);
    assert_eq!(world.answer(&ada, &ada.say(&open, Decision::Deny)).await, Outcome::Denied);
    assert_eq!(world.key_seq(&ada, "ada").await, 2);
}

#[tokio::test]
async fn an_enrolment_that_a_phone_has_answered_survives_a_rotation() {
    let mut world = World::new();
    let phone = TestPhone::new(7);
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    let pending = phone.scan(&started.qr);
    world.server.receive(phone.mailbox(), Route::Enrolment(started.id), &pending.e1).await.unwrap();
    let account = phone.accept_e2(&pending, &world.letter(&phone, EnvelopeKind::Enrolment)).unwrap();
    world.rotate();
    world.clock.advance(1_000);
    world.server.confirm_enrolment(started.id, &account.code.expose()).await.unwrap();
    let mut ada = Enrolled { phone, account };
    let notice = world.take_links(&mut ada, 1, Notice);
    let notice = ada.phone.open_notice(&ada.account, &notice).unwrap();
    assert_eq!(notice.event, NoticeEvent::Activated);
}

#[tokio::test]
async fn a_qr_code_that_was_shown_before_a_rotation_enrols_nobody_after_it() {
    let mut world = World::new();
    let phone = TestPhone::new(7);
    let started = world.server.start_enrolment("ada", None).await.unwrap();
    world.rotate();
    let pending = phone.scan(&started.qr);
    let sent = world.server.receive(phone.mailbox(), Route::Enrolment(started.id), &pending.e1).await;
    assert_eq!(sent, Err(ReceiveError::Malformed));
}

#[tokio::test]
async fn a_phone_that_is_revoked_after_a_rotation_can_verify_that_it_was() {
    let mut world = World::new();
    let mut ada = world.enrol(7, "ada").await;
    world.rotate();
    world.clock.advance(1_000);
    world.server.revoke("ada", ada.binding()).await.unwrap();
    let notice = world.take_links(&mut ada, 1, Notice);
    assert_eq!(ada.phone.open_notice(&ada.account, &notice).unwrap().event, NoticeEvent::Revoked);
}

#[tokio::test]
async fn a_phone_that_followed_refuses_what_the_old_key_signs() {
    let mut world = World::new();
    let mut ada = world.enrol(7, "ada").await;
    let old = world.server.clone();
    world.rotate();
    world.clock.advance(1_000);
    world.start(user("ada")).await.unwrap();
    let challenge = world.take_links(&mut ada, 1, Challenge);
    assert!(ada.phone.open_challenge(&ada.account, &challenge).is_some());
    old.start_challenge(user("ada")).await.unwrap();
    let stale = world.letter(&ada.phone, Challenge);
    assert!(ada.phone.open_challenge(&ada.account, &stale).is_none());
}
