//! Threat model section 3: moving to a new phone, as far as the login server decides it (docs/protocol.md section 6).

use nod_protocol::jws;
use nod_protocol::messages::{MoveClaims, MoveOutcome, MoveReceiptClaims, MoveRequest};

use super::*;
use crate::clock::Clock as _;
use crate::rows::BindingRow;

impl World {
    pub(super) fn seconds(&self) -> u64 {
        self.clock.now().seconds()
    }

    pub(super) async fn send_move(
        &self,
        from: &TestPhone,
        request: &MoveRequest,
    ) -> Result<(), ReceiveError> {
        self.server.receive(from.mailbox(), Route::Service, &request.to_body()).await
    }

    /// Sends a move and reads the receipt that comes back to its sender.
    pub(super) async fn take_move(
        &self,
        from: &TestPhone,
        account: &Account,
        request: &MoveRequest,
    ) -> MoveReceiptClaims {
        self.send_move(from, request).await.unwrap();
        let sent = self.store.drain_outgoing();
        let letter = sent.iter().rfind(|letter| letter.to == from.mailbox()).unwrap();
        assert_eq!(letter.kind, EnvelopeKind::Moved);
        let receipt = TestPhone::open_move_receipt(account, &letter.body).unwrap();
        assert_eq!(Some(receipt.mh), jws::signed_digest(&request.authorisation), "for this authorisation");
        receipt
    }

    /// Moves a phone's account at generation 1 to a new phone.
    pub(super) async fn move_on(&self, old: &Enrolled, seed: u64) -> Enrolled {
        let new = old.successor(seed);
        let request = old.request(1, &new, self.seconds());
        let receipt = self.take_move(&new.phone, &old.account, &request).await;
        assert_eq!((receipt.outcome, receipt.gen_), (MoveOutcome::Moved, 2));
        let _ = (self.store.drain_events(), self.store.drain_changed(), self.store.drain_withdrawn());
        new
    }

    pub(super) async fn binding(&self) -> BindingRow {
        self.server.devices("ada").await.unwrap().remove(0)
    }

    /// Sees that a move gets no receipt and changes nothing.
    pub(super) async fn unheard(
        &self,
        from: &TestPhone,
        request: &MoveRequest,
        error: ReceiveError,
        what: &str,
    ) {
        let before = self.binding().await;
        assert_eq!(self.send_move(from, request).await, Err(error), "{what}");
        assert!(self.store.drain_outgoing().is_empty(), "{what}: no receipt");
        assert_eq!(self.binding().await, before, "{what}: nothing changes");
    }
}

impl Enrolled {
    /// The account on a phone of another seed.
    pub(super) fn successor(&self, seed: u64) -> Self {
        Self { phone: TestPhone::new(seed), account: self.account.clone() }
    }

    pub(super) fn request(&self, gen_: u64, new: &Self, now: u64) -> MoveRequest {
        self.phone.move_request(&self.account, gen_, &new.phone, now)
    }

    pub(super) fn claims(&self, new: &Self, world: &World) -> MoveClaims {
        self.phone.move_claims(&self.account, 1, &new.phone, world.seconds())
    }

    pub(super) fn request_of(&self, new: &Self, claims: &MoveClaims) -> MoveRequest {
        self.phone.request_of(&self.account, &new.phone, claims)
    }
}

pub(super) async fn two() -> (World, Enrolled, Enrolled) {
    let world = World::new();
    let old = world.enrol(7, "ada").await;
    let new = old.successor(70);
    (world, old, new)
}

#[tokio::test]
async fn an_account_moves_to_a_new_phone_which_approves_from_then_on() {
    let (world, old, new) = two().await;
    world.approve(&old, "ada").await;
    let _ = world.events();
    let request = old.request(1, &new, world.seconds());
    world.send_move(&old.phone, &request).await.unwrap();
    let letters = world.store.drain_outgoing();
    let to: Vec<_> = letters.iter().map(|letter| (letter.to, letter.kind)).collect();
    let moved = EnvelopeKind::Moved;
    assert_eq!(to, [(old.phone.mailbox(), moved), (new.phone.mailbox(), moved)], "both phones are told");
    assert_eq!(letters[0].body, letters[1].body);
    let month = START.plus(30 * 24 * 3_600_000);
    assert!(letters.iter().all(|letter| letter.expires == month), "a phone that is away gets it later");
    let receipt = TestPhone::open_move_receipt(&old.account, &letters[0].body).unwrap();
    assert_eq!((receipt.outcome, receipt.gen_, receipt.iat), (MoveOutcome::Moved, 2, world.seconds()));
    assert_eq!(Some(receipt.mh), jws::signed_digest(&request.authorisation));

    let binding = world.binding().await;
    assert_eq!((binding.id, binding.gen_, binding.ctr, binding.ctr_seen), (old.binding(), 2, 0, 0));
    assert_eq!(binding.keys, Some(new.phone.keys()));
    assert_eq!((binding.mailbox, &binding.device), (new.phone.mailbox(), &new.phone.device));
    let device = new.phone.device.name.clone();
    assert_eq!(
        world.events(),
        [Event::DeviceMoved { user: "ada".to_owned(), binding_id: old.binding(), device }]
    );
    let audited = AuditEvent::DeviceMoved { user: "ada".to_owned(), binding: old.binding(), gen_: 2 };
    assert!(world.audit().contains(&audited));

    let (started, open) = world.ask(&new, "ada").await;
    assert_eq!(open.claims.gen_, 2);
    let body = new.approve(&open, &started);
    assert_eq!(world.answer(&new, &body).await, Outcome::Approved);
    assert_eq!(world.binding().await.ctr, 1, "the new phone counts from one");
}

#[tokio::test]
async fn after_a_move_the_old_phone_can_neither_approve_nor_deny() {
    let (world, old, _) = two().await;
    let new = world.move_on(&old, 70).await;
    let (started, open) = world.ask(&new, "ada").await;
    for decision in [Decision::Approve, Decision::Deny, Decision::Report] {
        let mut claims = new.phone.answer_claims(&open, decision, started.number.as_ref());
        claims.ctr = 9;
        assert_eq!(world.send(&old, &old.phone.sign(&claims)).await, Err(ReceiveError::UnknownAddress));
        claims.gen_ = 1;
        assert_eq!(world.send(&old, &old.phone.sign(&claims)).await, Err(ReceiveError::UnknownAddress));
    }
    assert!(world.store.drain_outgoing().is_empty(), "nor does it get a receipt");
    assert_eq!(world.state(&started).await, ChallengeState::Pending);
    assert_eq!(world.answer(&new, &new.approve(&open, &started)).await, Outcome::Approved);
}

#[tokio::test]
async fn a_move_authorisation_replayed_gets_the_same_receipt_and_moves_nothing() {
    let (world, old, new) = two().await;
    let request = old.request(1, &new, world.seconds());
    let first = world.take_move(&new.phone, &old.account, &request).await;
    world.approve(&new, "ada").await;
    let _ = world.events();
    world.clock.advance(3_600_000);
    let (binding, audit) = (world.binding().await, world.audit().len());
    for from in [&old.phone, &new.phone] {
        assert_eq!(world.take_move(from, &old.account, &request).await, first, "long after its ten minutes");
    }
    assert_eq!((world.binding().await, world.audit().len()), (binding, audit), "the counter stays as well");
    assert!(world.events().is_empty());
    // The account moves on; the first move is still known, and still changes nothing.
    let third = new.successor(71);
    let second = world.take_move(&new.phone, &old.account, &new.request(2, &third, world.seconds())).await;
    assert_eq!((second.outcome, second.gen_), (MoveOutcome::Moved, 3));
    let binding = world.binding().await;
    for from in [&old.phone, &new.phone] {
        assert_eq!(world.take_move(from, &old.account, &request).await, first);
    }
    assert_eq!(world.binding().await, binding);
    assert_eq!(binding.keys, Some(third.phone.keys()));
    let stranger = TestPhone::new(72);
    world.unheard(&stranger, &request, ReceiveError::UnknownAddress, "from another mailbox").await;
}

#[tokio::test]
async fn a_receipt_sent_again_goes_to_both_phones_and_is_the_same_envelope() {
    let (world, old, new) = two().await;
    let request = old.request(1, &new, world.seconds());
    world.send_move(&old.phone, &request).await.unwrap();
    let first = world.store.drain_outgoing();
    for (who, days) in [(&old, 1), (&new, 90)] {
        world.clock.advance(days * 86_400_000);
        world.send_move(&who.phone, &request).await.unwrap();
        let expires = world.clock.now().plus(30 * 86_400_000);
        let again: Vec<_> = first.iter().cloned().map(|letter| Outgoing { expires, ..letter }).collect();
        assert_eq!(world.store.drain_outgoing(), again, "one phone cannot fill the other's mailbox");
    }
}

#[tokio::test]
async fn the_twin_of_an_authorisation_or_proof_makes_no_second_move() {
    let (world, old, new) = two().await;
    let request = old.request(1, &new, world.seconds());
    let twins = [
        MoveRequest { authorisation: TestPhone::twin(&request.authorisation), ..request.clone() },
        MoveRequest { proof: TestPhone::twin(&request.proof), ..request.clone() },
    ];
    let first = world.take_move(&old.phone, &old.account, &request).await;
    assert_eq!(first.outcome, MoveOutcome::Moved);
    let binding = world.binding().await;
    for twin in &twins {
        assert_eq!(world.take_move(&old.phone, &old.account, twin).await, first);
    }
    assert_eq!(world.binding().await, binding);
}

#[tokio::test]
async fn the_login_servers_clock_decides_whether_an_authorisation_is_in_time() {
    for (what, iat, exp, wanted) in [
        ("to the second", -599, 1, MoveOutcome::Moved),
        ("expired by a second", -600, 0, MoveOutcome::Expired),
        ("a minute ahead", 60, 660, MoveOutcome::Moved),
        ("61 seconds ahead", 61, 661, MoveOutcome::Expired),
        ("ten minutes", 0, 600, MoveOutcome::Moved),
        ("longer than ten minutes", 0, 601, MoveOutcome::Expired),
        ("a day late", -86_400, -85_800, MoveOutcome::Expired),
        ("a day early", 86_400, 87_000, MoveOutcome::Expired),
    ] {
        let (world, old, new) = two().await;
        let at = |by: i64| world.seconds().checked_add_signed(by).unwrap();
        let claims = MoveClaims { iat: at(iat), exp: at(exp), ..old.claims(&new, &world) };
        let request = old.request_of(&new, &claims);
        let receipt = world.take_move(&new.phone, &old.account, &request).await;
        let gen_ = if wanted == MoveOutcome::Moved { 2 } else { 1 };
        assert_eq!((receipt.outcome, receipt.gen_, receipt.iat), (wanted, gen_, world.seconds()), "{what}");
        assert_eq!(world.binding().await.gen_, gen_, "{what}");
    }
    let (world, old, new) = two().await;
    let claims = MoveClaims { iat: u64::MAX, exp: u64::MAX, ..old.claims(&new, &world) };
    let receipt = world.take_move(&old.phone, &old.account, &old.request_of(&new, &claims)).await;
    assert_eq!(receipt.outcome, MoveOutcome::Expired);
}

#[tokio::test]
async fn a_phone_whose_clock_is_a_day_off_moves_at_the_second_attempt() {
    let (world, old, new) = two().await;
    let request = old.request(1, &new, world.seconds() + 86_400);
    let receipt = world.take_move(&old.phone, &old.account, &request).await;
    assert_eq!(receipt.outcome, MoveOutcome::Expired);
    let again = old.request(1, &new, receipt.iat);
    assert_eq!(world.take_move(&old.phone, &old.account, &again).await.outcome, MoveOutcome::Moved);
}

#[tokio::test]
async fn an_authorisation_that_was_called_expired_stays_so_when_its_time_comes() {
    let (world, old, new) = two().await;
    let early = old.request(1, &new, world.seconds() + 300);
    assert_eq!(world.take_move(&old.phone, &old.account, &early).await.outcome, MoveOutcome::Expired);
    // The phone authorises anew, and a relay holds that back and sends the first one instead.
    world.clock.advance(300_000);
    for request in
        [&early, &MoveRequest { authorisation: TestPhone::twin(&early.authorisation), ..early.clone() }]
    {
        let receipt = world.take_move(&old.phone, &old.account, request).await;
        assert_eq!((receipt.outcome, receipt.gen_), (MoveOutcome::Expired, 1));
    }
    let again = old.request(1, &new, world.seconds());
    assert_eq!(world.take_move(&old.phone, &old.account, &again).await.outcome, MoveOutcome::Moved);
}

#[tokio::test]
async fn only_so_many_early_authorisations_are_remembered_and_the_next_is_not_heard() {
    let (world, old, new) = two().await;
    let early = |by: u64| old.request(1, &new, START.seconds() + by);
    for by in 0..16 {
        let receipt = world.take_move(&old.phone, &old.account, &early(300 + by)).await;
        assert_eq!(receipt.outcome, MoveOutcome::Expired);
    }
    let next = early(400);
    world.unheard(&old.phone, &next, ReceiveError::UnknownAddress, "a seventeenth").await;
    // Nothing was said of it, so it is good when its time comes.
    world.clock.advance(350_000);
    assert_eq!(world.take_move(&old.phone, &old.account, &next).await.outcome, MoveOutcome::Moved);
}

#[tokio::test]
async fn a_challenge_pending_during_the_move_is_void() {
    let (world, old, new) = two().await;
    let (started, open) = world.ask(&old, "ada").await;
    let envelope = {
        let request = old.request(1, &new, world.seconds());
        let _ = (world.store.drain_withdrawn(), world.store.drain_changed());
        assert_eq!(world.take_move(&new.phone, &old.account, &request).await.outcome, MoveOutcome::Moved);
        world.store.drain_withdrawn()
    };
    assert_eq!(envelope.iter().map(|gone| gone.to).collect::<Vec<_>>(), [old.phone.mailbox()]);
    assert_eq!(world.state(&started).await, ChallengeState::Cancelled);
    assert_eq!(world.store.drain_changed(), [crate::Changed::Challenge(started.id)], "the page is told");
    let late = old.approve(&open, &started);
    assert_eq!(world.send(&old, &late).await, Err(ReceiveError::UnknownAddress));
    // Nor can the new phone answer what it was never asked.
    let claims = new.phone.answer_claims(&open, Decision::Approve, started.number.as_ref());
    assert_eq!(world.answer(&new, &new.phone.sign(&claims)).await, Outcome::Refused);
    assert_eq!(world.state(&started).await, ChallengeState::Cancelled);
}

#[tokio::test]
async fn a_challenge_of_two_phones_stays_alive_for_the_one_that_does_not_move() {
    let world = World::new();
    let old = world.enrol(7, "ada").await;
    let other = world.enrol(8, "ada").await;
    let started = world.start(user("ada")).await.unwrap();
    let letters = world.store.drain_outgoing();
    let open = |who: &Enrolled| {
        who.open(&letters.iter().find(|letter| letter.to == who.phone.mailbox()).unwrap().body)
    };
    let (of_old, of_other) = (open(&old), open(&other));
    let new = old.successor(70);
    let _ = world.store.drain_withdrawn();
    world.send_move(&old.phone, &old.request(1, &new, world.seconds())).await.unwrap();
    let _ = world.store.drain_outgoing();
    let withdrawn: Vec<_> = world.store.drain_withdrawn().iter().map(|gone| gone.to).collect();
    assert_eq!(withdrawn, [old.phone.mailbox()]);
    assert_eq!(world.state(&started).await, ChallengeState::Pending);
    let late = old.approve(&of_old, &started);
    assert_eq!(world.send(&old, &late).await, Err(ReceiveError::UnknownAddress));
    assert_eq!(world.answer(&other, &other.approve(&of_other, &started)).await, Outcome::Approved);
}

#[tokio::test]
async fn a_move_record_outlives_housekeeping_and_revocation() {
    let (world, old, new) = two().await;
    let request = old.request(1, &new, world.seconds());
    let first = world.take_move(&new.phone, &old.account, &request).await;
    world.approve(&new, "ada").await;
    world.server.revoke("ada", new.binding()).await.unwrap();
    world.clock.advance(365 * 24 * 3_600_000);
    while world.server.tick(100).await.unwrap() > 0 {}
    let _ = world.store.drain_outgoing();
    assert_eq!(world.take_move(&old.phone, &old.account, &request).await, first);
}
