//! What several of these tests begin with.

use nod_login::ReceiveError;
use nod_login::test_phone::TestPhone;
use nod_protocol::frames::Destination;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{MoveOutcome, MoveReceiptClaims, MoveRequest};
use nod_protocol::random::SeededForTests;
use nod_protocol::{BindingId, EnvelopeId, MailboxId};
use nod_tests::hostile::{Message, Puppet, World};

/// Ada is enrolled on the first phone; the others are empty.
pub(crate) async fn ada_and(others: u64) -> (World, BindingId) {
    let mut world = World::new(1, 1 + others);
    let account = world.enrol(0, 0, "ada").await;
    (world, account)
}

/// Ada's old phone, which says what it is told, and a new one that has nothing.
pub(crate) async fn puppets() -> (World, Puppet, TestPhone) {
    let mut world = World::new(1, 0);
    let old = world.enrol_puppet(0, 7, "ada").await;
    (world, old, TestPhone::new(8))
}

/// Hands a request in from a mailbox.
pub(crate) async fn hand_in(
    world: &World,
    old: &Puppet,
    from: MailboxId,
    request: &MoveRequest,
) -> Result<(), ReceiveError> {
    let id = EnvelopeId::new(world.now().0, &SeededForTests::new(1)).unwrap();
    let to = Destination::Service(old.account.service);
    world.pass(&Message { from, id, to, body: request.to_body() }).await
}

/// Hands a request in and reads the receipt.
pub(crate) async fn receipt(
    world: &mut World,
    old: &Puppet,
    from: MailboxId,
    request: &MoveRequest,
) -> MoveReceiptClaims {
    // What was said before, and the copies for the other phone, are not what is looked at.
    world.collect();
    world.relay.drop_all();
    hand_in(world, old, from, request).await.unwrap();
    let parcel = world.intercept(from, EnvelopeKind::Moved).unwrap();
    TestPhone::open_move_receipt(&old.account, &parcel.envelope.body).unwrap()
}

/// A request that must change nothing and is not answered.
pub(crate) async fn unheard(world: &mut World, old: &Puppet, request: &MoveRequest, what: &str) {
    let before = row(world, old).await;
    let refused = hand_in(world, old, old.phone.mailbox(), request).await;
    assert!(
        matches!(refused, Err(ReceiveError::UnknownAddress | ReceiveError::Malformed)),
        "{what}: {refused:?}"
    );
    assert_eq!(world.intercept(old.phone.mailbox(), EnvelopeKind::Moved), None, "{what}: answered");
    assert_eq!(row(world, old).await, before, "{what}: changed the binding");
}

/// A request that is answered with this and changes nothing.
pub(crate) async fn answered(
    world: &mut World,
    old: &Puppet,
    request: &MoveRequest,
    outcome: MoveOutcome,
    what: &str,
) {
    let before = row(world, old).await;
    let got = receipt(world, old, old.phone.mailbox(), request).await;
    assert_eq!((got.outcome, got.gen_), (outcome, before.gen_), "{what}");
    assert_eq!(row(world, old).await, before, "{what}: changed the binding");
}

/// The row of the old phone's binding.
pub(crate) async fn row(world: &World, old: &Puppet) -> nod_login::rows::BindingRow {
    world.binding(old.account.service, old.account.binding).await
}

/// One character of a body is another.
pub(crate) fn bent(body: &str, at: usize) -> String {
    let at = at % body.len();
    let mut body = body.to_owned();
    let other = if body.as_bytes()[at] == b'A' { "B" } else { "A" };
    body.replace_range(at..=at, other);
    body
}
