//! Who may begin a move, and who else has seen the QR code.

use nod_phone::{Event, KeyStoreError, MoveEnd, MoveError, MoveStep};
use nod_protocol::frames::Destination;

use crate::common::ada_and;

const NOBODY: MoveError = MoveError::Key(KeyStoreError::UserNotVerified);

#[tokio::test]
async fn move_without_user_verification() {
    let (mut world, account) = ada_and(1).await;
    // A thief holds the unlocked old phone: there is no QR code, and the relay is asked for nothing.
    world.phones[0].user_is_there(false);
    assert_eq!(world.phones[0].engine.offer_move(None).unwrap_err(), NOBODY);
    world.carry().await;
    assert!(world.phones[0].engine.move_qr().is_none());
    assert!(world.relay.meetings.is_empty() && world.phones[0].last_move().is_none());
    // He takes it out of its owner's hand when the code was typed: no authorisation is signed.
    world.phones[0].user_is_there(true);
    world.begin_move(0, 1).await;
    world.phones[0].user_is_there(false);
    world.carry().await;
    world.resume().await;
    assert_eq!(world.phones[0].engine.authorise_accounts(), Err(NOBODY));
    world.phones[0].restart();
    assert_eq!(world.phones[0].engine.authorise_accounts(), Err(NOBODY));
    world.resume().await;
    assert!(!world.relay.messages.iter().any(nod_tests::hostile::Message::hands_in));
    world.phones[0].user_is_there(true);
    world.is_only_on(0, "ada", account, (0, 1)).await;
    // Its owner goes on; on the new phone, too, the key asks for its user.
    world.phones[1].user_is_there(false);
    world.phones[0].engine.authorise_accounts().unwrap();
    world.resume().await;
    assert_eq!(world.holders(account), [0], "the new phone has proven nothing");
    world.phones[1].user_is_there(true);
    world.resume().await;
    world.is_only_on(0, "ada", account, (1, 2)).await;
}

#[tokio::test]
async fn photographed_move_qr() {
    let second = |id| Event::MoveEnded { id, error: Some(MoveError::SecondPhone) };
    // Whoever is first, the photographer (2) or the user's new phone (1): the second one shows no digits, and the move ends.
    for (first, last) in [(2, 1), (1, 2)] {
        let (mut world, account) = ada_and(2).await;
        let qr = world.offer(0).await;
        world.phones[first].engine.join_move(&qr).unwrap();
        world.carry().await;
        let code = world.phones[first].move_code().unwrap();
        world.phones[last].engine.join_move(&qr).unwrap();
        world.carry().await;
        assert_eq!(world.phones[last].move_code(), None, "the second phone shows digits");
        let id = world.phones[last].last_move().unwrap();
        assert!(world.told.contains(&(0, second(id))), "the old phone does not see the second one");
        assert_eq!(world.type_code(0, &code).unwrap_err(), MoveError::NotFound, "digits of an ended move");
        assert_eq!(
            world.phones[first].engine.move_status().unwrap().unwrap().step,
            MoveStep::Ended(MoveEnd::Left)
        );
        world.resume().await;
        assert!(!world.relay.messages.iter().any(nod_tests::hostile::Message::hands_in));
        world.is_only_on(0, "ada", account, (0, 1)).await;
    }
    // After the right code was typed it is of no use to anybody: it neither joins nor ends the move.
    let (mut world, account) = ada_and(2).await;
    let qr = world.offer(0).await;
    world.phones[1].engine.join_move(&qr).unwrap();
    world.carry().await;
    let code = world.phones[1].move_code().unwrap();
    world.type_code(0, &code).unwrap();
    world.phones[2].engine.join_move(&qr).unwrap();
    world.carry().await;
    assert_eq!(world.phones[2].move_code(), None);
    world.is_only_on(0, "ada", account, (1, 2)).await;
    assert!(world.phones[2].engine.accounts().unwrap().is_empty());

    // The user never types the photographer's digits: two minutes later it is over, and nothing was handed over.
    let (mut world, account) = ada_and(1).await;
    let code = world.join(0, 1).await;
    world.pass_time(120_000);
    assert!(matches!(world.type_code(0, &code), Err(MoveError::NotFound | MoveError::Expired)));
    world.resume().await;
    let from_old = world.mailbox(0);
    let said = world
        .relay
        .messages
        .iter()
        .filter(|m| m.from == from_old && matches!(m.to, Destination::Rendezvous(_)));
    assert_eq!(said.count(), 1, "the old phone said more than its name");
    world.is_only_on(0, "ada", account, (0, 1)).await;
}

#[tokio::test]
async fn a_wrong_move_code() {
    let (mut world, account) = ada_and(1).await;
    let code = world.join(0, 1).await;
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    assert_eq!(world.type_code(0, &wrong), Err(MoveError::WrongCode));
    assert_eq!(world.type_code(0, &code), Err(MoveError::NotFound), "there is one guess");
    world.phones[0].restart();
    assert_eq!(world.type_code(0, &code), Err(MoveError::NotFound), "and none after a restart");
    world.resume().await;
    assert_eq!(world.phones[1].engine.move_status().unwrap().unwrap().step, MoveStep::Ended(MoveEnd::Left));
    world.is_only_on(0, "ada", account, (0, 1)).await;
    // The next move is another one, with another code.
    world.move_all(0, 1).await;
    world.is_only_on(0, "ada", account, (1, 2)).await;
}

#[tokio::test]
async fn two_new_phones_race_one_wins() {
    for earlier_first in [true, false] {
        let (mut world, account) = ada_and(2).await;
        // The first move is given up after it was authorised, when nothing of it has reached the login server.
        world.begin_move(0, 1).await;
        let first = world.carry_but(nod_tests::hostile::Message::hands_in).await;
        assert_eq!(world.phones[0].engine.offer_move(None).unwrap_err(), MoveError::Busy);
        world.phones[0].engine.cancel_move().unwrap();
        world.carry_but(nod_tests::hostile::Message::hands_in).await;
        world.begin_move(0, 2).await;
        let second = world.carry_but(nod_tests::hostile::Message::hands_in).await;
        assert!(!first.is_empty() && !second.is_empty());
        let (winner, order) = if earlier_first { (1, [first, second]) } else { (2, [second, first]) };
        for message in order.iter().flatten() {
            let _ = world.forward(message).await;
        }
        world.resume().await;
        world.is_only_on(0, "ada", account, (winner, 2)).await;
        let moved =
            world.events().iter().filter(|e| matches!(e, nod_login::Event::DeviceMoved { .. })).count();
        assert_eq!(moved, 1, "moved once");
    }
}
