//! A managed service becomes sovereign while its account is moving.

use nod_protocol::es256::Signer as _;
use nod_protocol::frames::Destination;
use nod_protocol::messages::{Mode, MoveOutcome, MoveReceiptClaims, MoveRequest, RotateClaims, Rotation};

use super::*;
use crate::engine::Envelope;
use crate::testing::meeting::{Meeting, Side};

/// The login server has exchanged the keys, and nobody has heard of it. Gives what it committed.
fn committed() -> (Meeting, Digest) {
    let mut meeting = Meeting::with(1);
    meeting.logins[0].online = false;
    let code = meeting.join();
    meeting.old.engine.confirm_move(&code).unwrap();
    meeting.settle();
    let frames = meeting.old.engine.outstanding(&crate::testing::relay()).unwrap();
    let sent = frames.into_iter().find_map(|frame| {
        let DeviceFrame::Send { to: Destination::Service(_), body, .. } = frame else { return None };
        Some(body)
    });
    let request = sent.unwrap();
    meeting.logins[0].online = true;
    meeting.logins[0].take(&request).unwrap();
    let h = jws::signed_digest(&MoveRequest::parse(&request).unwrap().authorisation).unwrap();
    (meeting, h)
}

fn handover(meeting: &Meeting) -> Envelope {
    let login = &meeting.logins[0].login;
    let next = TestLogin::next_key(100);
    let claims = RotateClaims {
        iss: login.id,
        seq: 1,
        prev: login.key.public_key().thumbprint(),
        key: next.public_key(),
        nkh: login.key.public_key().thumbprint(),
        mode: Mode::Sovereign,
        iat: 1,
    };
    let rotation = Rotation::sign(&claims, &next, &login.key).unwrap();
    login.envelope(EnvelopeKind::Rotation, login.seal_text(&rotation.to_body()))
}

fn receipt(meeting: &Meeting, h: Digest, key: &SoftwareKey) -> Envelope {
    let login = &meeting.logins[0].login;
    let outcome = MoveOutcome::Moved;
    let claims = MoveReceiptClaims { iss: login.id, aud: login.binding, mh: h, outcome, gen_: 2, iat: 1 };
    login.envelope(EnvelopeKind::Moved, jws::sign(&claims, key).unwrap())
}

#[test]
fn an_account_whose_service_is_handed_over_in_mid_move_arrives_and_then_asks() {
    let (mut meeting, h) = committed();
    let handover = handover(&meeting);
    assert!(meeting.deliver(Side::New, &handover).acknowledge);
    let receipt = receipt(&meeting, h, &TestLogin::next_key(100));
    assert!(meeting.deliver(Side::New, &receipt).acknowledge);
    let account = meeting.new.engine.accounts().unwrap().remove(0);
    let asks = Some(TestLogin::next_key(100).public_key().thumbprint());
    assert_eq!((account.mode, account.asks_to_verify_itself), (Mode::Managed, asks));
    meeting.new.engine.confirm_key_change(account.id).unwrap();
    assert_eq!(meeting.new.engine.accounts().unwrap()[0].mode, Mode::Sovereign);
}

#[test]
fn the_key_that_no_rotation_led_to_ends_no_move() {
    let (mut meeting, h) = committed();
    let receipt = receipt(&meeting, h, &TestLogin::next_key(100));
    for side in [Side::New, Side::Old] {
        assert!(!meeting.deliver(side, &receipt).acknowledge);
    }
    assert_eq!(meeting.holders(0), (true, false), "the account is listed where it was");
}
