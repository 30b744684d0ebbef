//! What else goes on while accounts move.

use nod_login::ChallengeError;
use nod_login::rows::ChallengeState;
use nod_phone::HistoryEnd;
use nod_protocol::messages::{Decision, Outcome};
use nod_tests::hostile::{Message, World};

use crate::common::ada_and;

#[tokio::test]
async fn a_challenge_pending_during_the_move_void() {
    let (mut world, account) = ada_and(1).await;
    // One is on the screen, of another the approval is signed and has not arrived.
    let shown = world.ask_and_carry(0, "ada", "Mail").await;
    let signed = world.ask_and_carry(0, "ada", "Bank").await;
    let approval = world.approve(0, &signed);
    world.begin_move(0, 1).await;
    world.carry_but(|message| message.id == approval.id).await;
    assert_eq!(world.holders(account), [1]);
    for started in [&shown, &signed] {
        assert_eq!(world.state(0, started).await, ChallengeState::Cancelled);
    }
    assert!(world.phones[0].shown(shown.id).is_none(), "the old phone shows it still");
    assert!(world.phones[0].engine.decide(shown.id, Decision::Approve, shown.number.clone()).is_err());
    // The answer comes after all.
    let _ = world.pass(&approval).await;
    world.resume().await;
    assert_eq!(
        world.state(0, &signed).await,
        ChallengeState::Cancelled,
        "the old key approved after the move"
    );
    assert_ne!(world.phones[0].end_of(signed.id), Some(HistoryEnd::Receipt(Outcome::Approved)));
    assert!(
        world.phones.iter().all(|phone| phone.shown(shown.id).is_none() && phone.shown(signed.id).is_none())
    );
    world.is_only_on(0, "ada", account, (1, 2)).await;

    // An answer that comes before the move counts, whatever is under way.
    let (mut world, account) = ada_and(1).await;
    world.begin_move(0, 1).await;
    let held = world.carry_but(Message::hands_in).await;
    let started = world.ask(0, "ada", "Mail").await;
    world.carry_but(Message::hands_in).await;
    let approval = world.approve(0, &started);
    world.pass(&approval).await.unwrap();
    for message in &held {
        let _ = world.forward(message).await;
    }
    world.resume().await;
    assert_eq!(world.state(0, &started).await, ChallengeState::Approved);
    world.is_only_on(0, "ada", account, (1, 2)).await;
}

#[tokio::test]
async fn login_server_offline_the_old_phone_still_works() {
    // For a minute, and for so long that the authorisation has to be made anew.
    for minutes in [1, 25] {
        let mut world = World::new(2, 2);
        let (away, here) = (world.enrol(0, 0, "ada").await, world.enrol(1, 0, "ada").await);
        let service = world.sites[0].service().id;
        let reaches = move |message: &Message| {
            message.hands_in() && message.to == nod_protocol::frames::Destination::Service(service)
        };
        world.begin_move(0, 1).await;
        let held = world.carry_but(reaches).await;
        assert!(!held.is_empty());
        // The other service is there, and its account has moved: accounts move one by one.
        assert_eq!((world.holders(away), world.holders(here)), (vec![0], vec![1]));
        // A phone that dies meanwhile loses nothing of it.
        for _ in 0..minutes {
            world.pass_time(60_000);
            world.phones[0].restart();
            world.phones[1].restart();
            world.relay.reconnect(world.now());
            world.carry_but(reaches).await;
            assert_eq!((world.holders(away), world.holders(here)), (vec![0], vec![1]));
        }
        // It is back; what it hears first is a user who signs in, and the old phone is the one that approves.
        let started = world.ask(0, "ada", "Mail").await;
        world.carry_but(reaches).await;
        assert!(world.phones[0].shown(started.id).is_some() && world.phones[1].shown(started.id).is_none());
        world.decide(0, started.id, Decision::Approve, started.number.as_ref());
        world.carry_but(reaches).await;
        assert_eq!(
            world.state(0, &started).await,
            ChallengeState::Approved,
            "the old phone does not approve"
        );
        // Then it hears of the move.
        for message in &held {
            let _ = world.forward(message).await;
        }
        world.resume().await;
        world.is_only_on(0, "ada", away, (1, 2)).await;
        world.is_only_on(1, "ada", here, (1, 2)).await;
    }
}

#[tokio::test]
async fn revocation_racing_a_move() {
    for revoked_first in [true, false] {
        let (mut world, account) = ada_and(1).await;
        world.begin_move(0, 1).await;
        let held = world.carry_but(Message::hands_in).await;
        if revoked_first {
            world.sites[0].revoke("ada", account).await.unwrap();
        }
        for message in &held {
            let _ = world.forward(message).await;
        }
        if !revoked_first {
            world.sites[0].revoke("ada", account).await.unwrap();
        }
        world.resume().await;
        assert_eq!(world.holders(account), [0usize; 0], "a revoked account is on a phone");
        let asked = world.sites[0]
            .start_challenge(nod_login::Ask { user: "ada".to_owned(), ..nod_login::Ask::default() })
            .await;
        assert_eq!(asked.err(), Some(ChallengeError::NoDevice));
        let row = world.binding(world.sites[0].service().id, account).await;
        assert_eq!((row.state, row.keys), (nod_login::rows::BindingState::Revoked, None));
        // Replayed later, nothing of it comes back.
        for message in &held {
            let _ = world.forward(message).await;
        }
        world.relay.roll_back(0, 0);
        world.carry().await;
        assert!(world.sites[0].devices("ada").await.unwrap().is_empty(), "the move revived it");
        assert_eq!(world.holders(account), [0usize; 0]);
    }
}
