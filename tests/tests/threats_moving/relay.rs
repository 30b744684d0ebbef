//! What a relay does to what two phones say to each other.

use nod_login::ReceiveError;
use nod_login::test_phone::TestPhone;
use nod_phone::engine::Handled;
use nod_phone::{MoveError, MoveStep};
use nod_protocol::es256::Signer as _;
use nod_protocol::frames::{Destination, EnvelopeKind};
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{MoveClaims, MoveOutcome, MoveProofClaims, MoveReceiptClaims, MoveRequest};
use nod_protocol::move_seal::{self, OfferKey};
use nod_protocol::qr::MoveQr;
use nod_protocol::random::SeededForTests;
use nod_protocol::{BindingId, Secret};
use nod_tests::hostile::{Message, Parcel, World};

use crate::common::{ada_and, bent};

/// One character of every part of what a message says is another.
fn alterations(body: &str) -> Vec<String> {
    let values: Vec<_> = body.match_indices(":\"").map(|(at, _)| at + 8).collect();
    let ends = body.match_indices("\",\"").map(|(at, _)| at - 3);
    values.iter().copied().chain(ends).map(|at| bent(body, at)).filter(|other| other != body).collect()
}

#[tokio::test]
async fn relay_substitutes_the_new_phones_key() {
    let (mut world, account) = ada_and(1).await;
    let own = TestPhone::new(66);
    let service = world.sites[0].service().id;
    // It meets the old phone itself. Without the QR code it can make no first message that opens.
    let qr = MoveQr::parse(&world.offer(0).await).unwrap();
    let random = SeededForTests::new(5);
    let made_up = MoveQr {
        key: OfferKey::generate(&random).unwrap().public_key(),
        psk: Secret::from_bytes([0; 32]),
        ..qr.clone()
    };
    let half = MoveQr { psk: Secret::from_bytes([0; 32]), ..qr.clone() };
    for forged in [made_up, half] {
        let (m1, _) =
            move_seal::open_channel(&forged, r#"{"t":"hello","device":{"name":"x","model":"y"}}"#, &random)
                .unwrap();
        let handled = say(&mut world, 0, &qr, m1);
        assert_eq!(handled.events, [], "a first message by the relay");
    }
    // Whatever it alters on the way, in either direction and at every step, is not taken.
    world.phones[1].engine.join_move(&qr.to_text()).unwrap();
    let (mut between, mut to_service) = (0, 0);
    let mut typed = false;
    loop {
        world.collect();
        if let Some((from, frame)) = world.relay.next_request() {
            world.grant(from, &frame);
        } else if let Some(message) = world.relay.next_message() {
            if let Destination::Rendezvous(_) = message.to {
                let to = usize::from(message.from == world.mailbox(0));
                for body in alterations(&message.body) {
                    let handled = say(&mut world, to, &qr, body);
                    assert_eq!(handled.events, [], "an altered message was taken");
                    between += 1;
                }
            } else {
                to_service += alter_request(&mut world, &message, &own, account).await;
                forge_receipts(&mut world, &message, account);
            }
            let _ = world.forward(&message).await;
        } else if let Some(parcel) = world.relay.next_parcel() {
            world.deliver(&parcel).await;
        } else if !typed && world.phones[1].move_code().is_some() {
            typed = true;
            let code = world.phones[1].move_code().unwrap();
            world.type_code(0, &code).unwrap();
        } else {
            break;
        }
    }
    assert!(between > 20 && to_service > 5, "{between} {to_service}");
    let row = world.binding(service, account).await;
    assert_ne!(row.keys.unwrap().approve, own.approve.public_key());
    world.is_only_on(0, "ada", account, (1, 2)).await;
}

/// The relay hands a phone a message of the move with this QR code.
fn say(world: &mut World, to: usize, qr: &MoveQr, body: String) -> Handled {
    let id = nod_protocol::EnvelopeId(uuid::Uuid::from_u128(
        u128::from(world.relay.parcels.len() as u64) << 64 | body.len() as u128,
    ));
    let ttl = std::time::Duration::from_secs(60);
    let (kind, service) = (EnvelopeKind::Move, qr.id.as_sender());
    let expires = world.now().plus(60_000);
    world.hand(
        to,
        &Parcel {
            to: world.mailbox(to),
            envelope: nod_phone::engine::Envelope { id, kind, service, body, ttl },
            expires,
        },
    )
}

/// The relay puts its own key, or another signature, into what the phones hand in. How many ways it tried.
async fn alter_request(world: &mut World, message: &Message, own: &TestPhone, account: BindingId) -> usize {
    let service = world.sites[0].service().id;
    let before = world.binding(service, account).await;
    let real = MoveRequest::parse(&message.body).unwrap();
    let claims = Received::<MoveClaims>::parse(&real.authorisation).unwrap().hint().clone();
    let h = jws::signed_digest(&real.authorisation).unwrap();
    let proof = |h| jws::sign(&MoveProofClaims { iss: account, aud: service, h }, &own.approve).unwrap();
    let mut made = vec![MoveRequest { proof: proof(h), ..real.clone() }];
    for keys in [
        own.keys(),
        nod_protocol::messages::DeviceKeys { approve: own.approve.public_key(), ..claims.keys.clone() },
    ] {
        // The right signature over other keys, and another one over them.
        let swapped = MoveClaims { keys, ..claims.clone() };
        let signed = jws::sign(&swapped, &own.approve).unwrap();
        let (_, signature) = real.authorisation.rsplit_once('.').unwrap();
        let kept = format!("{}.{signature}", signed.rsplit_once('.').unwrap().0);
        for authorisation in [signed, kept] {
            let h = jws::signed_digest(&authorisation).unwrap();
            made.push(MoveRequest { authorisation: authorisation.clone(), proof: proof(h) });
            made.push(MoveRequest { authorisation, proof: real.proof.clone() });
        }
    }
    for request in &made {
        for from in [message.from, own.mailbox()] {
            let forged = Message { from, body: request.to_body(), ..message.clone() };
            let passed = world.pass(&forged).await;
            assert!(
                matches!(passed, Err(ReceiveError::UnknownAddress | ReceiveError::Malformed)),
                "{passed:?}"
            );
        }
    }
    assert_eq!(world.binding(service, account).await, before, "the relay's key was taken");
    made.len()
}

/// The relay says itself that the account has moved, so that the old phone deletes its keys.
fn forge_receipts(world: &mut World, message: &Message, account: BindingId) {
    let real = MoveRequest::parse(&message.body).unwrap();
    let h = jws::signed_digest(&real.authorisation).unwrap();
    let service = world.sites[0].service().id;
    let own = TestPhone::new(66);
    let claims = MoveReceiptClaims {
        iss: service,
        aud: account,
        mh: h,
        outcome: MoveOutcome::Moved,
        gen_: 2,
        iat: world.now().seconds(),
    };
    for body in
        [jws::sign(&claims, &own.approve).unwrap(), real.authorisation, real.proof, "moved".to_owned()]
    {
        let id = nod_protocol::EnvelopeId::new(1, &own.random).unwrap();
        let ttl = std::time::Duration::from_secs(60);
        let envelope = nod_phone::engine::Envelope { id, kind: EnvelopeKind::Moved, service, body, ttl };
        for phone in [0, 1] {
            let parcel =
                Parcel { to: world.mailbox(phone), envelope: envelope.clone(), expires: world.now() };
            world.hand_in_vain(phone, &parcel, "a receipt that the service did not sign");
        }
    }
}

#[tokio::test]
async fn a_receipt_of_another_authorisation() {
    // Two accounts at one service: the relay gives the phones the one's receipt for the other, and early.
    let mut world = World::new(1, 2);
    let (ada, ben) = (world.enrol(0, 0, "ada").await, world.enrol(0, 0, "ben").await);
    world.begin_move(0, 1).await;
    let held = world.carry_but(Message::hands_in).await;
    let of = |id: BindingId| {
        held.iter().find(move |message| {
            let request = MoveRequest::parse(&message.body).unwrap();
            Received::<MoveClaims>::parse(&request.authorisation).unwrap().hint().iss == id
        })
    };
    world.pass(of(ada).unwrap()).await.unwrap();
    world.collect();
    let receipt = world.intercept(world.mailbox(0), EnvelopeKind::Moved).unwrap();
    let mut relabelled = receipt.clone();
    relabelled.envelope.kind = EnvelopeKind::Receipt;
    world.hand_in_vain(0, &relabelled, "a receipt of a move as one of an answer");
    assert!(world.hand(0, &receipt).acknowledge);
    world.hand(0, &receipt);
    assert_eq!((world.holders(ada), world.holders(ben)), (vec![], vec![0]), "the other account's key went");
    world.signs_in_on(0, "ben", 0).await;
    world.resume().await;
    world.is_only_on(0, "ada", ada, (1, 2)).await;
    world.is_only_on(0, "ben", ben, (1, 2)).await;
}

#[tokio::test]
async fn relay_rolls_back_a_move() {
    let (mut world, account) = ada_and(2).await;
    world.move_all(0, 1).await;
    world.is_only_on(0, "ada", account, (1, 2)).await;
    // Everything that was ever carried, once more, to whoever has a mailbox still.
    for _ in 0..2 {
        world.relay.roll_back(0, 0);
        world.carry().await;
        world.is_only_on(0, "ada", account, (1, 2)).await;
    }
    // The old phone's mailbox is as it was before the move, and the relay says that the service may write to it.
    world.move_all(1, 2).await;
    for message in world.relay.messages.clone().iter().filter(|message| message.hands_in()) {
        let _ = world.forward(message).await;
    }
    world.relay.roll_back(0, 0);
    world.relay.reorder();
    world.carry().await;
    world.is_only_on(0, "ada", account, (2, 3)).await;
}

/// So many one-time codes that they take several messages.
fn add_codes(world: &World, phone: usize) -> usize {
    for n in 0..90 {
        let text = format!(
            "otpauth://totp/Example%20{n}:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ{}&issuer=Example%20{n}",
            char::from(b'A' + n % 26)
        );
        world.phones[phone].engine.add_code(&text).unwrap();
    }
    world.phones[phone].engine.codes().unwrap().len()
}

#[tokio::test]
async fn seed_chunk_reordered_or_cut() {
    let (mut world, account) = ada_and(2).await;
    let count = add_codes(&world, 0);
    world.begin_move(0, 1).await;
    // The relay takes everything that the old phone says, and delivers nothing of it yet.
    world.collect();
    while let Some(message) = world.relay.next_message() {
        world.forward(&message).await.unwrap();
    }
    let to_new = world.mailbox(1);
    let mut parcels = Vec::new();
    while let Some(parcel) = world.intercept(to_new, EnvelopeKind::Move) {
        parcels.push(parcel);
    }
    assert!(parcels.len() > 3, "one-time codes in several parts");
    let codes = |world: &World, phone: usize| world.phones[phone].engine.codes().unwrap().len();
    // Cut: parts that are shorter, and parts that never come.
    for parcel in &parcels {
        let mut cut = parcel.clone();
        cut.envelope.id =
            nod_protocol::EnvelopeId::new(2, &SeededForTests::new(parcel.envelope.body.len() as u64))
                .unwrap();
        cut.envelope.body.truncate(parcel.envelope.body.len() / 2);
        world.hand_in_vain(1, &cut, "half a part");
    }
    let missing = parcels.len() - 2;
    for (at, parcel) in parcels.iter().enumerate().rev() {
        if at != missing {
            world.hand(1, parcel);
        }
    }
    world.carry().await;
    assert_eq!(codes(&world, 1), 0, "a part of the set was stored");
    assert_eq!(
        world.phones[0].engine.delete_moved_codes(),
        Err(MoveError::NotFound),
        "nothing was acknowledged"
    );
    assert_eq!(codes(&world, 0), count);
    // A restart forgets what came too early; in the wrong order and doubled, it arrives whole and once.
    world.phones[1].restart();
    for parcel in parcels.iter().rev().chain(&parcels).chain(parcels.iter().rev()) {
        world.hand(1, parcel);
    }
    world.resume().await;
    assert_eq!(codes(&world, 1), count);
    let by_name = |phone: usize| {
        let mut now: Vec<_> = world.phones[phone]
            .engine
            .codes_now()
            .unwrap()
            .into_iter()
            .map(|(code, now)| (code.issuer, now.unwrap().code))
            .collect();
        now.sort();
        now
    };
    assert_eq!(by_name(0), by_name(1), "the same codes at the same time");
    assert!(world.phones[0].engine.move_status().unwrap().unwrap().codes_arrived);
    assert_eq!(world.phones[0].engine.delete_moved_codes(), Ok(count));
    world.is_only_on(0, "ada", account, (1, 2)).await;

    // A part of one move is none of another.
    world.begin_move(1, 2).await;
    let qr_of_first = parcels[missing].envelope.service;
    world.collect();
    let status = world.phones[2].engine.move_status().unwrap().unwrap();
    assert!(matches!(status.step, MoveStep::CodeShown(_)));
    for parcel in &parcels {
        world.hand_in_vain(2, parcel, "a part of another move");
        let mut relabelled = parcel.clone();
        relabelled.envelope.service = status.id.as_sender();
        assert_ne!(relabelled.envelope.service, qr_of_first);
        world.hand_in_vain(2, &relabelled, "a part of another move under this one's name");
    }
    world.carry().await;
    assert_eq!(codes(&world, 2), count);
    world.is_only_on(0, "ada", account, (2, 3)).await;
}
