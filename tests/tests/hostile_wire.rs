//! What a hostile relay can do on the wire: the phone's real network shell against a relay that lies on a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use nod_login::{Outgoing, Route, UnixMillis};
use nod_phone::answer::AnswerError;
use nod_phone::{DisconnectReason, Event, HistoryEnd};
use nod_protocol::es256::SoftwareKey;
use nod_protocol::frames::{DeviceFrame, EnvelopeKind, GoneReason, MAX_FRAME, RefusedReason, RelayFrame};
use nod_protocol::messages::{ChallengeClaims, ChallengeContext, Decision, Outcome, ReceiptClaims};
use nod_protocol::{
    BindingId, ChallengeId, Digest, EnvelopeId, Nonce, OsRandom, Random, ServiceId, jwe, jws,
};
use nod_tests::hostile::{Dialled, Wire};
use tokio_tungstenite::tungstenite::Message;

fn fresh_id() -> EnvelopeId {
    EnvelopeId::new(1, &OsRandom).unwrap()
}

fn disconnected(event: &Event) -> Option<DisconnectReason> {
    match event {
        Event::Disconnected { reason, .. } => Some(*reason),
        _ => None,
    }
}

/// A challenge that lives for one second, signed by the service.
async fn short_challenge(wire: &Wire, binding: BindingId, number: u8) -> (ChallengeId, Outgoing) {
    let service = wire.server.service();
    let jti = ChallengeId::random(&OsRandom).unwrap();
    let claims = ChallengeClaims {
        iss: service.id,
        aud: binding,
        jti,
        nonce: Nonce::random(&OsRandom).unwrap(),
        iat: 1_700_000_000,
        exp: 1_700_000_001,
        window: 1,
        gen_: 1,
        number,
        ctx: ChallengeContext::default(),
    };
    let row = wire.server.devices("ada").await.unwrap().remove(0);
    let inner = jws::sign(&claims, service.keys.current()).unwrap();
    let body = jwe::seal(&inner, &row.keys.unwrap().enc, &OsRandom).unwrap();
    (jti, mail(wire, EnvelopeKind::Challenge, body, row.mailbox))
}

fn mail(wire: &Wire, kind: EnvelopeKind, body: String, to: nod_protocol::MailboxId) -> Outgoing {
    let service = wire.server.service().id;
    Outgoing { id: fresh_id(), to, service, kind, body, expires: UnixMillis(u64::MAX), challenge: None }
}

/// Everything that a relay could say to make a phone believe that its answer counted.
async fn lie_about(
    link: &mut Dialled,
    wire: &Wire,
    binding: BindingId,
    answer: &DeviceFrame,
    old: &Outgoing,
) {
    let DeviceFrame::Send { id, body, .. } = answer else { panic!("{answer:?}") };
    let claims = jws::Received::<nod_protocol::messages::AnswerClaims>::parse(body).unwrap().hint().clone();
    let outcome = match claims.decision {
        Decision::Approve => Outcome::Approved,
        Decision::Deny => Outcome::Denied,
        Decision::Report => Outcome::Reported,
    };
    let service = wire.server.service();
    let right = ReceiptClaims {
        iss: service.id,
        aud: binding,
        jti: claims.jti,
        ah: Digest::of(body.as_bytes()),
        outcome,
        iat: 1_700_000_000,
    };
    let relay = SoftwareKey::generate(&OsRandom).unwrap();
    let by_relay = jws::sign(&right, &relay).unwrap();
    let other = |alter: fn(&mut ReceiptClaims)| {
        let mut claims = right.clone();
        alter(&mut claims);
        jws::sign(&claims, service.keys.current()).unwrap()
    };
    let lies = [
        by_relay,
        other(|claims| claims.ah = Digest::of(b"another answer")),
        other(|claims| claims.aud = BindingId::from_bytes([0; 16])),
        other(|claims| claims.iss = ServiceId::from_bytes([0; 16])),
        other(|claims| claims.jti = ChallengeId::from_bytes([0; 16])),
        "not a receipt".to_owned(),
    ];
    link.send(&RelayFrame::Accepted { id: *id }).await;
    link.send(&RelayFrame::Accepted { id: *id }).await;
    for lie in lies {
        link.deliver(&mail(wire, EnvelopeKind::Receipt, lie, old.to)).await;
    }
    link.deliver(&Outgoing { id: fresh_id(), ..old.clone() }).await;
    link.send(&RelayFrame::Gone { id: *id, reason: GoneReason::Answered }).await;
}

/// A connection on which the login server has approved once already, and the receipt of that.
async fn with_an_old_receipt() -> (Wire, BindingId, Dialled, Outgoing) {
    let (wire, binding, mut link) = Wire::of_ada().await;
    let (started, challenge) = wire.ask().await;
    link.deliver(&challenge).await;
    assert_eq!(link.frame().await, DeviceFrame::Received { id: challenge.id });
    let carry = async {
        let DeviceFrame::Send { id, body, .. } = link.frame().await else { panic!("no answer") };
        wire.server.receive(link.mailbox.unwrap(), Route::Service, &body).await.unwrap();
        link.send(&RelayFrame::Accepted { id }).await;
        let receipt = wire.mail().remove(0);
        link.deliver(&receipt).await;
        assert_eq!(link.frame().await, DeviceFrame::Received { id: receipt.id });
        receipt
    };
    let (approved, receipt) = tokio::join!(wire.phone.approve(started.id, started.number.clone()), carry);
    assert_eq!(approved, Ok(Outcome::Approved));
    (wire, binding, link, receipt)
}

async fn no_result_without_a_receipt(decision: Decision) {
    let (wire, binding, mut link, old) = with_an_old_receipt().await;
    let (id, challenge) = short_challenge(&wire, binding, 0).await;
    link.deliver(&challenge).await;
    assert_eq!(link.frame().await, DeviceFrame::Received { id: challenge.id });
    let carry = async {
        let answer = link.frame().await;
        lie_about(&mut link, &wire, binding, &answer, &old).await;
    };
    let decide = async {
        match decision {
            Decision::Approve => wire.phone.approve(id, None).await,
            Decision::Deny => wire.phone.deny(id).await,
            Decision::Report => wire.phone.report(id).await,
        }
    };
    let (said, ()) = tokio::join!(decide, carry);
    assert_eq!(said, Err(AnswerError::NoReceipt), "the phone believed its relay");
    let end = wire.phone.history().unwrap().into_iter().find(|entry| entry.id == id).map(|entry| entry.end);
    assert!(!matches!(end, Some(HistoryEnd::Receipt(_))), "the history says {end:?}");
}

#[tokio::test]
async fn accepted_without_a_decision_is_never_shown_as_approved() {
    no_result_without_a_receipt(Decision::Approve).await;
}

#[tokio::test]
async fn accepted_without_a_decision_is_never_shown_as_denied() {
    no_result_without_a_receipt(Decision::Deny).await;
}

#[tokio::test]
async fn accepted_without_a_decision_is_never_shown_as_reported() {
    no_result_without_a_receipt(Decision::Report).await;
}

#[tokio::test]
async fn a_refusal_is_told_as_a_refusal_and_not_as_a_result() {
    let (wire, _, mut link) = Wire::of_ada().await;
    let (started, challenge) = wire.ask().await;
    link.deliver(&challenge).await;
    assert_eq!(link.frame().await, DeviceFrame::Received { id: challenge.id });
    let carry = async {
        let DeviceFrame::Send { id, .. } = link.frame().await else { panic!("no answer") };
        link.send(&RelayFrame::Refused { id, reason: RefusedReason::UnknownAddress }).await;
    };
    let (said, ()) = tokio::join!(wire.phone.approve(started.id, started.number.clone()), carry);
    assert_eq!(said, Err(AnswerError::Refused(RefusedReason::UnknownAddress)));
}

#[tokio::test]
async fn a_connection_that_breaks_the_protocol_is_dropped_and_the_phone_comes_back() {
    let (wire, _, mut link) = Wire::of_ada().await;
    let id = fresh_id();
    let welcome = RelayFrame::Welcome { time: 0, heartbeat_s: 60, wake: None, held: None };
    let breaches = [
        Message::text(welcome.to_text()),
        Message::text(RelayFrame::Nonce { nonce: Nonce::from_bytes([1; 32]) }.to_text()),
        Message::text("{}"),
        Message::text("not JSON"),
        Message::text(format!(r#"{{"t":"gone","id":"{id}","reason":"expired","reason":"answered"}}"#)),
        Message::text(format!(r#"{{"t":"deliver","id":"{id}"}}"#)),
        Message::text(" ".repeat(MAX_FRAME + 1)),
        Message::text("x".repeat(1024 * 1024)),
        Message::binary(vec![1, 2, 3]),
    ];
    for breach in breaches {
        let mut events = wire.phone.events();
        link.raw(breach.clone()).await;
        let reason = Wire::until(&mut events, disconnected).await;
        assert_eq!(reason, DisconnectReason::Protocol, "{:.60?}", breach);
        assert_eq!(link.heard().await, None, "it said something to that");
        link = wire.again().await;
    }
    let (_, challenge) = wire.ask().await;
    link.said_nothing(&challenge).await;
    assert_eq!(wire.phone.pending().len(), 1, "all is well again");
}

#[tokio::test]
async fn a_bogus_welcome_opens_nothing_and_a_second_nonce_is_not_signed() {
    let (wire, _, mut link) = Wire::of_ada().await;
    let (_, challenge) = wire.ask().await;
    let early = [
        RelayFrame::Welcome { time: 0, heartbeat_s: 1, wake: None, held: None },
        RelayFrame::Accepted { id: fresh_id() },
        RelayFrame::Gone { id: fresh_id(), reason: GoneReason::Answered },
    ];
    for frame in early {
        let mut events = wire.phone.events();
        link.say("{}").await;
        Wire::until(&mut events, disconnected).await;
        wire.phone.connect().unwrap();
        link = wire.accept().await;
        let mut events = wire.phone.events();
        link.send(&frame).await;
        link.deliver(&challenge).await;
        assert_eq!(Wire::until(&mut events, disconnected).await, DisconnectReason::Protocol);
        assert_eq!(link.heard().await, None, "before the hello a phone says nothing");
        link = wire.again().await;
    }
    assert_eq!(wire.phone.pending(), [], "nothing is taken before the welcome");
    link.say("{}").await;
    wire.phone.connect().unwrap();
    let mut link = wire.accept().await;
    let hello = link.greet(Nonce::from_bytes([3; 32])).await;
    assert_eq!(
        hello.aud,
        wire.server.service().relay.device_url(),
        "the hello names the relay that was dialled"
    );
    link.send(&RelayFrame::Nonce { nonce: Nonce::from_bytes([4; 32]) }).await;
    assert_eq!(link.heard().await, None, "a phone is no oracle for hellos");
}

#[tokio::test]
async fn foreign_envelopes_are_neither_taken_nor_shown() {
    let (wire, binding, mut link) = Wire::of_ada().await;
    let (other, foreign_binding, _) = Wire::of_ada().await;
    assert_ne!(binding, foreign_binding);
    let (_, foreign) = other.ask().await;
    let (_, own) = wire.ask().await;
    let relabelled = Outgoing { service: wire.server.service().id, ..foreign.clone() };
    let kinds = [EnvelopeKind::Enrolment, EnvelopeKind::Receipt, EnvelopeKind::Notice];
    for lie in [foreign, relabelled] {
        link.deliver(&lie).await;
    }
    for kind in kinds {
        link.deliver(&Outgoing { id: fresh_id(), kind, ..own.clone() }).await;
    }
    for body in ["", "a.b.c", "a..b.c.d", &"x".repeat(12 * 1024)] {
        link.deliver(&Outgoing { id: fresh_id(), body: body.to_owned(), ..own.clone() }).await;
    }
    let elsewhere = ServiceId::random(&OsRandom as &dyn Random).unwrap();
    link.deliver(&Outgoing { id: fresh_id(), service: elsewhere, ..own.clone() }).await;
    assert_eq!(wire.phone.pending(), []);
    link.said_nothing(&own).await;
    assert_eq!(wire.phone.pending().len(), 1);
    assert_eq!(wire.phone.accounts().unwrap().len(), 1);
}

#[tokio::test]
async fn a_replayed_envelope_is_shown_once_and_an_answered_one_never_again() {
    let (wire, _, mut link) = Wire::of_ada().await;
    let mut events = wire.phone.events();
    let (started, challenge) = wire.ask().await;
    let again = Outgoing { id: fresh_id(), ..challenge.clone() };
    for mail in [&challenge, &challenge, &again, &challenge] {
        link.deliver(mail).await;
        assert_eq!(link.frame().await, DeviceFrame::Received { id: mail.id });
    }
    assert_eq!(wire.phone.pending().len(), 1);
    let carry = async {
        let DeviceFrame::Send { body, .. } = link.frame().await else { panic!("no answer") };
        // The relay loses the answer, drops the phone, and delivers the challenge again.
        link.say("{}").await;
        let mut link = wire.again().await;
        let DeviceFrame::Send { body: resent, .. } = link.frame().await else { panic!("no answer again") };
        assert_eq!(resent, body, "the same bytes, to the bit");
        link.deliver(&Outgoing { id: fresh_id(), ..challenge.clone() }).await;
        let DeviceFrame::Received { .. } = link.frame().await else { panic!("it knows that one") };
        assert_eq!(wire.phone.pending(), [], "an answered challenge is not asked again");
        wire.server.receive(link.mailbox.unwrap(), Route::Service, &resent).await.unwrap();
        wire.forward(&mut link).await;
    };
    let (approved, ()) = tokio::join!(wire.phone.approve(started.id, started.number.clone()), carry);
    assert_eq!(approved, Ok(Outcome::Approved));
    let mut shown = 0;
    Wire::until(&mut events, |event| {
        shown += usize::from(matches!(event, Event::Challenge { .. }));
        matches!(event, Event::Decided { .. }).then_some(())
    })
    .await;
    assert_eq!(shown, 1, "shown once");
}

#[tokio::test]
async fn gone_is_a_hint_that_decides_nothing() {
    let (wire, _, mut link) = Wire::of_ada().await;
    let mut events = wire.phone.events();
    let (started, challenge) = wire.ask().await;
    link.deliver(&challenge).await;
    assert_eq!(link.frame().await, DeviceFrame::Received { id: challenge.id });
    link.send(&RelayFrame::Gone { id: challenge.id, reason: GoneReason::Answered }).await;
    let gone = Wire::until(&mut events, |event| match event {
        Event::Gone { id, reason } => Some((*id, *reason)),
        _ => None,
    })
    .await;
    assert_eq!(gone, (started.id, GoneReason::Answered));
    let state = wire.server.challenge(started.id, None).await.unwrap().state;
    assert_eq!(state, nod_login::rows::ChallengeState::Pending, "a relay cannot end a challenge");
    let entry = wire.phone.history().unwrap().pop().unwrap();
    assert_eq!(entry.end, HistoryEnd::Gone(GoneReason::Answered), "shown as gone, not as a decision");

    // Once the user has decided, a lie about the envelope changes nothing: the receipt still counts.
    let (started, challenge) = wire.ask().await;
    link.deliver(&challenge).await;
    assert_eq!(link.frame().await, DeviceFrame::Received { id: challenge.id });
    let carry = async {
        let DeviceFrame::Send { id, body, .. } = link.frame().await else { panic!("no answer") };
        link.send(&RelayFrame::Gone { id: challenge.id, reason: GoneReason::Cancelled }).await;
        link.send(&RelayFrame::Gone { id, reason: GoneReason::Cancelled }).await;
        wire.server.receive(link.mailbox.unwrap(), Route::Service, &body).await.unwrap();
        wire.forward(&mut link).await;
    };
    let (approved, ()) = tokio::join!(wire.phone.approve(started.id, started.number.clone()), carry);
    assert_eq!(approved, Ok(Outcome::Approved));
}

#[tokio::test]
async fn a_drain_keeps_the_phone_away_for_five_minutes_at_most() {
    let (wire, _, mut link) = Wire::of_ada().await;
    let mut events = wire.phone.events();
    link.send(&RelayFrame::Drain { after_ms: u64::MAX }).await;
    let (_, challenge) = wire.ask().await;
    link.said_nothing(&challenge).await;
    assert_eq!(wire.phone.pending().len(), 1, "until it hangs up, a draining relay still delivers");
    drop(link);
    let pause = Wire::until(&mut events, |event| match event {
        Event::Disconnected { retry_in, .. } => Some(*retry_in),
        _ => None,
    })
    .await;
    assert!(pause.unwrap() <= Duration::from_secs(300), "{pause:?}");
}
