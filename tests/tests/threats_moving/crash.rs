//! A crash at each step, on each side.

use nod_login::LoginServer;
use nod_protocol::BindingId;
use nod_protocol::random::SeededForTests;
use nod_tests::hostile::World;
use std::sync::Arc;

use crate::common::ada_and;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Old,
    New,
    LoginServer,
    Relay,
    Everybody,
}

/// Somebody dies, with all that it had in memory, and comes back.
fn crash(world: &mut World, who: Who) {
    if matches!(who, Who::Old | Who::Everybody) {
        world.phones[0].restart();
    }
    if matches!(who, Who::New | Who::Everybody) {
        world.phones[1].restart();
    }
    if matches!(who, Who::LoginServer | Who::Everybody) {
        let site = &world.sites[0];
        let service = Arc::new(site.service().clone());
        let random = Arc::new(SeededForTests::new(world.relay.parcels.len() as u64 + 0x77));
        world.sites[0] = LoginServer::new(service, world.store.clone(), world.clock.clone(), random);
    }
    // Whoever it was, its connections broke, and what was on the way is lost.
    world.relay.reconnect(world.now());
}

/// Plays a move, with a crash after so many things were carried. Whether the move came that far.
async fn with_crash(after: usize, who: Who) -> bool {
    let (mut world, account) = ada_and(1).await;
    world.phones[0].engine.offer_move(None).unwrap();
    let mut carried = 0;
    let mut died = false;
    let (mut joined, mut typed) = (false, false);
    loop {
        if carried == after && !died {
            died = true;
            crash(&mut world, who);
            exactly_one_usable_key(&world, account).await;
        }
        if world.step().await {
            carried += 1;
            continue;
        }
        if let (false, Some((qr, _))) = (joined, world.phones[0].engine.move_qr()) {
            joined = true;
            world.phones[1].engine.join_move(&qr).unwrap();
        } else if let (false, Some(code)) = (typed, world.phones[1].move_code()) {
            typed = true;
            // An old phone that died meanwhile has no offer any more.
            let _ = world.type_code(0, &code);
        } else {
            break;
        }
    }
    if !died {
        return false;
    }
    world.resume().await;
    exactly_one_usable_key(&world, account).await;
    if world.holders(account) == [0] {
        // It died before the right code was typed: the offer was in memory only, and another move does it.
        assert!(matches!(who, Who::Old | Who::Everybody), "{who:?} after {after}: the move did not go on");
        world.is_only_on(0, "ada", account, (0, 1)).await;
        let _ = world.phones[1].engine.cancel_move();
        world.carry().await;
        world.move_all(0, 1).await;
    }
    world.is_only_on(0, "ada", account, (1, 2)).await;
    true
}

/// At this very moment, whatever is still to come: the login server's keys are those of one phone, which can use them or
/// has only the receipt to wait for; the other phone's are not in force.
async fn exactly_one_usable_key(world: &World, account: BindingId) {
    let row = world.binding(world.sites[0].service().id, account).await;
    let holders = world.holders(account);
    assert!(row.gen_ > 1 || holders.contains(&0), "the old phone has lost its key before the move");
    assert!(row.gen_ > 1 || !holders.contains(&1), "the new phone uses its key before the move");
    assert!(row.keys.is_some());
    if let Some(phone) = world.phone_of(row.mailbox) {
        assert_eq!(phone, usize::from(row.gen_ > 1), "whom the login server asks");
    }
}

#[tokio::test]
async fn a_crash_at_each_step_exactly_one_usable_key() {
    for who in [Who::Old, Who::New, Who::LoginServer, Who::Relay, Who::Everybody] {
        let mut steps = 0;
        while with_crash(steps, who).await {
            steps += 1;
        }
        assert!(steps > 8, "{who:?}: {steps} steps");
    }
    // The login server took the move and died before anyone heard of it.
    let (mut world, account) = ada_and(1).await;
    world.begin_move(0, 1).await;
    let held = world.carry_but(nod_tests::hostile::Message::hands_in).await;
    world.pass(&held[0]).await.unwrap();
    let _lost = world.store.drain_outgoing();
    crash(&mut world, Who::Everybody);
    assert_eq!(world.holders(account), [0], "no key is deleted before its receipt");
    world.resume().await;
    world.is_only_on(0, "ada", account, (1, 2)).await;
}
