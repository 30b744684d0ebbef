//! The vectors of a move to a new phone.

use serde_json::{Value, json};

use super::{Deterministic, message, service_key};
use crate::bytes::{Digest, Secret};
use crate::check_code::CheckCode;
use crate::es256::Signer as _;
use crate::ids::{BindingId, MoveId, ServiceId};
use crate::jws;
use crate::messages::{
    DeviceInfo, DeviceKeys, MoveClaims, MoveOutcome, MoveProofClaims, MoveReceiptClaims, MoveRequest,
};
use crate::move_seal::{self, Direction, MoveSealError, OfferKey};
use crate::qr::{MoveQr, RelayAddress};
use crate::random::SeededForTests;

const HELLO: &str = r#"{"t":"hello","device":{"name":"New phone","model":"Example"}}"#;
const WELCOME: &str = r#"{"t":"welcome","device":{"name":"Old phone","model":"Example"}}"#;

fn key(n: u8) -> Deterministic {
    Deterministic(Secret::from_bytes([n; 32]))
}

fn offer() -> (OfferKey, MoveQr) {
    let key = OfferKey::from_scalar(Secret::from_bytes([0x21; 32])).unwrap();
    let qr = MoveQr {
        relay: RelayAddress::parse("relay.example").unwrap(),
        id: MoveId::from_bytes([9; 16]),
        key: key.public_key(),
        psk: Secret::from_bytes([0x0a; 32]),
    };
    (key, qr)
}

pub(super) fn vectors() -> Value {
    let (_, qr) = offer();
    let random = SeededForTests::new(1);
    let (m1, keys) = move_seal::open_channel(&qr, HELLO, &random).unwrap();
    let m2 = move_seal::seal(&keys, qr.id, Direction::ToNew, 1, WELCOME, &random).unwrap();
    let (d1, d2) = (Digest::of(m1.as_bytes()), Digest::of(m2.as_bytes()));
    let transcript = move_seal::transcript(&d1, &d2);
    let claims = MoveClaims {
        iss: BindingId::from_bytes([2; 16]),
        aud: ServiceId::from_bytes([1; 16]),
        gen_: 3,
        mid: qr.id,
        th: transcript,
        keys: DeviceKeys {
            approve: key(0x51).public_key(),
            deny: key(0x52).public_key(),
            enc: key(0x53).public_key(),
            channel: key(0x54).public_key(),
        },
        attestation: None,
        device: DeviceInfo { name: "New phone".to_owned(), model: "Example".to_owned() },
        uv: true,
        iat: 1_750_000_000,
        exp: 1_750_000_600,
    };
    let (authorisation, move_vector) = message("move", &claims, &key(0x22));
    let h = jws::signed_digest(&authorisation).unwrap();
    let proof = MoveProofClaims { iss: claims.iss, aud: claims.aud, h };
    let (proof, proof_vector) = message("proof", &proof, &key(0x51));
    let receipt = MoveReceiptClaims {
        iss: claims.aud,
        aud: claims.iss,
        mh: h,
        outcome: MoveOutcome::Moved,
        gen_: 4,
        iat: 1_750_000_010,
    };
    let (_, receipt_vector) = message("receipt", &receipt, &service_key());
    let renumbered = m2.replace("\"n\":1", "\"n\":2");
    json!({
        "about": "m1 opens with private_key and the QR code to hello; both sides then have the three keys. m2 opens under to_new as number 1. code and transcript are over SHA-256(m1) and SHA-256(m2). h is SHA-256 of the signed bytes of the move. invalid: refused as the second message.",
        "qr": {"text": qr.to_text().as_str(), "relay": "relay.example", "id": qr.id, "key": qr.key,
               "psk": qr.psk.to_text().as_str()},
        "private_key": Secret::from_bytes([0x21; 32]).to_text().as_str(),
        "m1": m1, "hello": HELLO,
        "to_new": keys.to_new.to_text().as_str(), "to_old": keys.to_old.to_text().as_str(),
        "code_key": keys.code.to_text().as_str(),
        "m2": m2, "welcome": WELCOME,
        "code": CheckCode::of_move(&keys.code, &d1, &d2).expose(), "transcript": transcript,
        "messages": [move_vector, proof_vector, receipt_vector], "h": h,
        "request": MoveRequest { authorisation, proof }.to_body(),
        "invalid": [
            {"name": "another number", "body": renumbered},
            {"name": "the first message", "body": m1},
            {"name": "another move", "body": m2.replace(&qr.id.to_string(), &MoveId::from_bytes([8; 16]).to_string())},
        ],
    })
}

#[test]
fn the_move_vectors_open_and_say_what_they_should() {
    let vectors = vectors();
    let text = |name: &str| vectors[name].as_str().unwrap().to_owned();
    let (key, qr) = offer();
    assert_eq!(MoveQr::parse(vectors["qr"]["text"].as_str().unwrap()), Ok(qr.clone()));
    let (hello, keys) = move_seal::accept_channel(&qr, &key, &text("m1")).unwrap();
    assert_eq!((hello.as_str(), keys.to_new.to_text().as_str()), (HELLO, text("to_new").as_str()));
    let (n, welcome) = move_seal::open(&keys, qr.id, Direction::ToNew, &text("m2")).unwrap();
    assert_eq!((n, welcome.as_str()), (1, WELCOME));
    for case in vectors["invalid"].as_array().unwrap() {
        let opened = move_seal::open(&keys, qr.id, Direction::ToNew, case["body"].as_str().unwrap());
        assert_eq!(opened.unwrap_err(), MoveSealError::Closed, "{}", case["name"]);
    }
    let request = MoveRequest::parse(&text("request")).unwrap();
    assert_eq!(request.authorisation, vectors["messages"][0]["compact"]);
    assert_eq!(request.proof, vectors["messages"][1]["compact"]);
}
