//! Moves to a new phone while the service's key is rotated: both phones can verify the receipt, whenever they ask
//! (docs/protocol.md sections 6 and 9).

use nod_protocol::messages::{MoveOutcome, MoveReceiptClaims, MoveRequest};

use super::moving::two;
use super::*;

use EnvelopeKind::{Moved, Rotation};

/// What a phone made of its mailbox.
struct Read {
    /// Links that it followed.
    followed: usize,
    /// Receipts under a key that it goes by.
    receipts: Vec<MoveReceiptClaims>,
}

/// Lets a phone read what lies in its mailbox, in the order of the envelopes' ids, as a relay delivers it.
fn read_mail(mail: &[Outgoing], who: &mut Enrolled) -> Read {
    let mut mail: Vec<_> = mail.iter().filter(|letter| letter.to == who.phone.mailbox()).collect();
    mail.sort_by_key(|letter| letter.id);
    let mut read = Read { followed: 0, receipts: Vec::new() };
    for letter in mail {
        if letter.kind == Rotation {
            // One that it has followed already changes nothing.
            read.followed += usize::from(who.phone.accept_rotation(&mut who.account, &letter.body).is_ok());
        } else {
            assert_eq!(letter.kind, Moved);
            read.receipts.extend(TestPhone::open_move_receipt(&who.account, &letter.body));
        }
    }
    read
}

impl World {
    /// Lets a phone ask for its receipt a second later.
    async fn ask_again(&self, who: &mut Enrolled, request: &MoveRequest) -> Read {
        self.clock.advance(1_000);
        self.send_move(&who.phone, request).await.unwrap();
        read_mail(&self.store.drain_outgoing(), who)
    }

    /// Asks the phone, which follows every link before, and has it approve.
    async fn approve_led(&self, who: &mut Enrolled) {
        self.clock.advance(1_000);
        let started = self.start(user("ada")).await.unwrap();
        let mut mail = self.letters(&who.phone);
        let challenge = mail.pop().unwrap();
        read_mail(&mail, who);
        let open = who.open(&challenge.body);
        assert_eq!(self.answer(who, &who.approve(&open, &started)).await, Outcome::Approved);
    }
}

impl Read {
    /// Sees that it verified a receipt, and that every one that it verified says the same.
    fn is_told(&self, outcome: MoveOutcome, gen_: u64) -> bool {
        !self.receipts.is_empty() && self.receipts.iter().all(|r| (r.outcome, r.gen_) == (outcome, gen_))
    }
}

#[tokio::test]
async fn phones_whose_receipts_were_lost_before_a_rotation_verify_what_they_get_after_it() {
    for times in [1, 8] {
        let (mut world, mut old, mut new) = two().await;
        let request = old.request(1, &new, world.seconds());
        world.send_move(&old.phone, &request).await.unwrap();
        assert_eq!(world.store.drain_outgoing().len(), 2, "lost");
        world.clock.advance(1_000);
        world.rotate_times(times);
        let read = world.ask_again(&mut old, &request).await;
        assert!(read.is_told(MoveOutcome::Moved, 2), "the old phone after {times}");
        assert_eq!(read.followed, 0, "the account is the old phone's no more");
        let read = world.ask_again(&mut new, &request).await;
        assert!(read.is_told(MoveOutcome::Moved, 2), "the new phone after {times}");
        assert_eq!((read.followed, new.account.pinned.seq), (times, u64::try_from(times).unwrap()));
        // Neither of them moves anything by asking once more.
        let binding = world.binding().await;
        assert!(world.ask_again(&mut old, &request).await.is_told(MoveOutcome::Moved, 2));
        assert!(world.ask_again(&mut new, &request).await.is_told(MoveOutcome::Moved, 2));
        assert_eq!(world.binding().await, binding);
        assert_eq!((binding.gen_, binding.mailbox), (2, new.phone.mailbox()));
    }
}

#[tokio::test]
async fn a_new_phone_that_followed_a_rotation_before_its_receipt_came_gets_one_of_the_new_key() {
    let (mut world, mut old, mut new) = two().await;
    let request = old.request(1, &new, world.seconds());
    world.send_move(&old.phone, &request).await.unwrap();
    assert_eq!(world.store.drain_outgoing().len(), 2, "lost");
    world.clock.advance(1_000);
    world.rotate();
    // The old phone asks, and the new one hears of the rotation by that alone: its relay holds the receipt back.
    world.clock.advance(1_000);
    world.send_move(&old.phone, &request).await.unwrap();
    let mail = world.store.drain_outgoing();
    let link = mail.iter().find(|letter| letter.kind == Rotation).unwrap();
    assert_eq!(link.to, new.phone.mailbox());
    new.phone.accept_rotation(&mut new.account, &link.body).unwrap();
    let held = mail.iter().find(|letter| letter.kind == Moved && letter.to == new.phone.mailbox()).unwrap();
    assert!(
        TestPhone::open_move_receipt(&new.account, &held.body).is_none(),
        "it goes by the old key no more"
    );

    let read = world.ask_again(&mut new, &request).await;
    assert!(read.is_told(MoveOutcome::Moved, 2));
    assert_eq!(read.receipts.len(), 1, "the one of the new key");
    assert!(world.ask_again(&mut old, &request).await.is_told(MoveOutcome::Moved, 2));
    world.approve_led(&mut new).await;
}

#[tokio::test]
async fn a_move_that_was_authorised_before_a_rotation_and_commits_after_it_leads_both_phones() {
    for (by_new, times) in [(false, 1), (true, 1), (true, 8)] {
        let (mut world, mut old, mut new) = two().await;
        let request = old.request(1, &new, world.seconds());
        world.clock.advance(1_000);
        world.rotate_times(times);
        world.clock.advance(1_000);
        let from = if by_new { &new } else { &old };
        world.send_move(&from.phone, &request).await.unwrap();
        let mail = world.store.drain_outgoing();
        for who in [&mut old, &mut new] {
            let read = read_mail(&mail, who);
            assert!(read.is_told(MoveOutcome::Moved, 2), "by_new {by_new}, {times}");
            assert_eq!(read.followed, times);
        }
        world.approve_led(&mut new).await;
        assert!(world.ask_again(&mut old, &request).await.is_told(MoveOutcome::Moved, 2));
        assert!(world.ask_again(&mut new, &request).await.is_told(MoveOutcome::Moved, 2));
    }
}
