//! One message taken for another.

use crate::common::*;
use nod_login::Route;
use nod_login::rows::ChallengeState;
use nod_protocol::bytes::Digest;
use nod_protocol::es256::Signer as _;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{
    EnrolKeyClaims, HelloClaims, KeyRole, NoticeClaims, NoticeEvent, Outcome, ReceiptClaims,
};
use nod_protocol::random::SeededForTests;
use nod_protocol::{Nonce, jwe};
use nod_tests::hostile::World;
use nod_tests::hostile::forge::{self};

const TYPS: [&str; 8] = [
    "nod-enrol+jwt",
    "nod-enrol-key+jwt",
    "nod-binding+jwt",
    "nod-notice+jwt",
    "nod-challenge+jwt",
    "nod-answer+jwt",
    "nod-receipt+jwt",
    "nod-hello+jwt",
];

#[tokio::test]
async fn every_pair_of_typ_swapped() {
    let mut pairs = 0;
    for typ in TYPS {
        let header = forge::header(typ);
        let mut tried = |own: &str| {
            pairs += usize::from(own != typ);
            own == typ
        };
        // Answers, to the login server.
        let (mut world, puppet) = world_and_puppet().await;
        let (started, claims) = ready(&mut world, &puppet).await;
        let payload = forge::payload(&puppet.phone.sign(&claims));
        let sent = puppet.send(&world, &forge::sign(&header, &payload, &puppet.phone.approve)).await;
        let approved = world.state(0, &started).await == ChallengeState::Approved;
        assert_eq!(sent.is_ok() && approved, tried("nod-answer+jwt"), "{typ} as an answer");
        // The three parts of an enrolment, to the login server.
        for (part, own) in
            [("e1", "nod-enrol+jwt"), ("deny", "nod-enrol-key+jwt"), ("channel", "nod-enrol-key+jwt")]
        {
            let (id, qr) = world.show_qr(0, "ben").await;
            let phone = nod_login::test_phone::TestPhone::new(9);
            let qr = nod_protocol::qr::EnrolmentQr::parse(&qr).unwrap();
            let claims = phone.enrol_claims(&qr);
            let mut parts = phone.enrol_parts(&claims);
            let (text, key) = match part {
                "e1" => (&mut parts.e1, &phone.approve),
                "deny" => (&mut parts.deny, &phone.deny),
                _ => (&mut parts.channel, &phone.channel),
            };
            *text = forge::sign(&header, &forge::payload(text), key);
            if part == "e1" {
                // Co-signed as it is now: nothing but its `typ` can be wrong with it.
                let h = Digest::of(parts.e1.as_bytes());
                let co = |role| EnrolKeyClaims { eid: claims.eid, h, role };
                parts.deny = jws::sign(&co(KeyRole::Deny), &phone.deny).unwrap();
                parts.channel = jws::sign(&co(KeyRole::Channel), &phone.channel).unwrap();
            }
            let body = phone.seal_e1(&qr, &parts);
            let sent = world.sites[0].receive(phone.mailbox(), Route::Enrolment(id), &body).await;
            assert_eq!(sent.is_ok(), own == typ, "{typ} as {part}");
            world.sites[0].abort_enrolment(id).await.unwrap();
        }
        tried("nod-enrol+jwt");
        tried("nod-enrol-key+jwt");
        // Challenges, notices and receipts, to the phone.
        let mut world = World::of_ada().await;
        let keys = world.sites[0].service().keys.clone();
        let challenge = forged_inner(&world, world.phones[0].engine.accounts().unwrap()[0].id);
        let challenge = forge::sign(&header, &forge::payload(&challenge), keys.current());
        let challenge = to_ada(&world, EnvelopeKind::Challenge, &challenge).await;
        assert_eq!(world.hand(0, &challenge).acknowledge, tried("nod-challenge+jwt"), "{typ} as a challenge");
        let mail = world.ask_and_carry(0, "ada", "Mail").await;
        let answer = world.approve(0, &mail);
        let (iss, aud) = (world.sites[0].service().id, world.phones[0].engine.accounts().unwrap()[0].id);
        let (ah, outcome) = (Digest::of(answer.body.as_bytes()), Outcome::Approved);
        let receipt = ReceiptClaims { iss, aud, jti: mail.id, ah, outcome, iat: 1_700_000_000 };
        let receipt = forge::payload(&jws::sign(&receipt, keys.current()).unwrap());
        let receipt = forge::sign(&header, &receipt, keys.current());
        let receipt = to_ada(&world, EnvelopeKind::Receipt, &receipt).await;
        assert_eq!(world.hand(0, &receipt).acknowledge, tried("nod-receipt+jwt"), "{typ} as a receipt");
        let (jti, event) = (Nonce::from_bytes([1; 32]), NoticeEvent::Revoked);
        let notice = NoticeClaims { iss, aud, jti, event, gen_: 2, iat: 1_700_000_000 };
        let notice = forge::payload(&jws::sign(&notice, keys.current()).unwrap());
        let notice = forge::sign(&header, &notice, keys.current());
        let notice = to_ada(&world, EnvelopeKind::Notice, &notice).await;
        assert_eq!(world.hand(0, &notice).acknowledge, tried("nod-notice+jwt"), "{typ} as a notice");
        // E2, to the phone.
        assert_eq!(binding_is_taken(&header).await, tried("nod-binding+jwt"), "{typ} as a binding");
        // The hello, as a relay reads it.
        let address = nod_protocol::qr::RelayAddress::parse("relay.example").unwrap();
        let mut world = World::of_ada().await;
        world.collect();
        let hello = world.phones[0].engine.hello(&address, Nonce::from_bytes([0; 32])).unwrap();
        let channel = &nod_login::test_phone::TestPhone::new(1).channel;
        let jwk = serde_json::to_string(&channel.public_key()).unwrap();
        let claims = Received::<HelloClaims>::parse(&hello).unwrap().hint().clone();
        let payload =
            serde_json::to_string(&HelloClaims { jwk: serde_json::from_str(&jwk).unwrap(), ..claims });
        let hello = forge::sign(&header, &payload.unwrap(), channel);
        let read =
            Received::<HelloClaims>::parse(&hello).and_then(Received::<HelloClaims>::verify_self_certified);
        assert_eq!(read.is_ok(), tried("nod-hello+jwt"), "{typ} as a hello");
    }
    assert_eq!(pairs, TYPS.len() * (TYPS.len() - 1), "every pair was tried");
}

/// Whether a phone shows a code for an E2 under this header.
async fn binding_is_taken(header: &str) -> bool {
    let mut world = World::new(1, 1);
    let id = world.scan(0, 0, "ada").await;
    world.collect();
    let e1 = world.relay.next_message().unwrap();
    world.pass(&e1).await.unwrap();
    let mut parcel = world.intercept(e1.from, EnvelopeKind::Enrolment).unwrap();
    // What the service signed is not known outside; the same claims are signed again under another header.
    let (claims, enc) = nod_tests::hostile::e2_of(&world, id).await;
    let payload = serde_json::to_string(&claims).unwrap();
    let inner = forge::sign(header, &payload, world.sites[0].service().keys.current());
    parcel.envelope.body = jwe::seal(&inner, &enc, &SeededForTests::new(8)).unwrap();
    world.hand(0, &parcel);
    world.code(0, id).is_some()
}
