//! The state machine, event by event, without a socket.

use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{EnvelopeKind, MAX_FRAME};
use nod_protocol::jws;
use nod_protocol::random::SeededForTests;

use super::*;

const HERE: &str = "wss://relay.example/v1/device";
const NONCE: Nonce = Nonce::from_bytes([7; 32]);

fn key(seed: u64) -> SoftwareKey {
    SoftwareKey::generate(&SeededForTests::new(seed)).unwrap()
}

fn claims(key: &SoftwareKey) -> HelloClaims {
    HelloClaims {
        aud: HERE.to_owned(),
        nonce: NONCE,
        jwk: key.public_key(),
        iat: 1_700_000_000,
        app: "nod 0.1".to_owned(),
        caps: Vec::new(),
    }
}

fn hello(claims: &HelloClaims, key: &SoftwareKey) -> String {
    DeviceFrame::Hello { jwt: jws::sign(claims, key).unwrap() }.to_text()
}

fn say(text: &str) -> Step {
    let now = Instant::now();
    Unidentified::new(NONCE, now).0.on_incoming(Incoming::Text(text), &[HERE.to_owned()], now)
}

fn closed(step: Step) -> CloseCode {
    match step {
        Step::Closed(code) => code,
        other => panic!("{other:?}"),
    }
}

fn identified(now: Instant) -> Identified {
    Identified { mailbox: MailboxId::from_bytes([1; 32]), nonce: NONCE, bucket: Bucket::full(now) }
}

fn envelope_id() -> EnvelopeId {
    EnvelopeId(uuid::Uuid::from_u128(7))
}

#[tokio::test(start_paused = true)]
async fn good_hello_proves_the_mailbox_of_its_key() {
    let key = key(1);
    match say(&hello(&claims(&key), &key)) {
        Step::Identified(phone) => assert_eq!(phone.mailbox(), key.public_key().thumbprint().into()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn hello_nonce_replayed() {
    let key = key(1);
    let old = HelloClaims { nonce: Nonce::from_bytes([8; 32]), ..claims(&key) };
    assert_eq!(closed(say(&hello(&old, &key))), CloseCode::BadHello);
}

#[tokio::test(start_paused = true)]
async fn hello_for_relay_a_at_relay_b() {
    let key = key(1);
    for other in ["wss://other.example/v1/device", "ws://relay.example/v1/device", "wss://relay.example/", ""]
    {
        let foreign = HelloClaims { aud: other.to_owned(), ..claims(&key) };
        assert_eq!(closed(say(&hello(&foreign, &key))), CloseCode::BadHello, "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn hello_signed_by_another_key_opens_nothing() {
    let (victim, thief) = (key(1), key(2));
    assert_eq!(closed(say(&hello(&claims(&victim), &thief))), CloseCode::BadHello);
}

#[tokio::test(start_paused = true)]
async fn hello_with_an_endless_app_name() {
    let key = key(1);
    let long = HelloClaims { app: "x".repeat(MAX_APP + 1), ..claims(&key) };
    assert_eq!(closed(say(&hello(&long, &key))), CloseCode::BadHello);
}

#[tokio::test(start_paused = true)]
async fn hello_that_is_no_jws() {
    for jwt in ["", "a.b.c", "x"] {
        let frame = DeviceFrame::Hello { jwt: jwt.to_owned() }.to_text();
        assert_eq!(closed(say(&frame)), CloseCode::BadHello, "{jwt}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_frame_before_the_hello() {
    let received = DeviceFrame::Received { id: envelope_id() }.to_text();
    for text in [received.as_str(), "", "{}", "null", r#"{"t":"hello"}"#, r#"{"t":"nonce","nonce":""}"#] {
        assert_eq!(closed(say(text)), CloseCode::Protocol, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn binary_or_broken_first_message() {
    for incoming in [Incoming::Binary, Incoming::Broken] {
        let now = Instant::now();
        let step = Unidentified::new(NONCE, now).0.on_incoming(incoming, &[HERE.to_owned()], now);
        assert_eq!(closed(step), CloseCode::Protocol, "{incoming:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pings_do_not_put_the_hello_off() {
    let now = Instant::now();
    let mut phone = Unidentified::new(NONCE, now).0;
    for _ in 0..EARLY_CONTROLS {
        phone = match phone.on_incoming(Incoming::Control, &[], now) {
            Step::Waiting(phone) => phone,
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(closed(phone.on_incoming(Incoming::Control, &[], now)), CloseCode::Protocol);
}

#[tokio::test(start_paused = true)]
async fn good_hello_after_ten_seconds() {
    let key = key(1);
    let (phone, _) = Unidentified::new(NONCE, Instant::now());
    tokio::time::advance(Duration::from_secs(HELLO_SECONDS)).await;
    let text = hello(&claims(&key), &key);
    let step = phone.on_incoming(Incoming::Text(&text), &[HERE.to_owned()], Instant::now());
    assert_eq!(closed(step), CloseCode::HelloTimeout);
}

#[tokio::test(start_paused = true)]
async fn received_and_send_become_orders() {
    let now = Instant::now();
    let mut phone = identified(now);
    let id = envelope_id();
    let received = DeviceFrame::Received { id }.to_text();
    assert_eq!(phone.on_incoming(Incoming::Text(&received), now), Order::Delivered(id));
    let to = Destination::Service(ServiceId::from_bytes([3; 16]));
    let send = DeviceFrame::Send { id, to, body: "a.b.c".to_owned() }.to_text();
    let order = Order::Receive { id, to, body: "a.b.c".to_owned() };
    assert_eq!(phone.on_incoming(Incoming::Text(&send), now), order);
}

#[tokio::test(start_paused = true)]
async fn open_and_link_become_orders_after_the_hello_and_end_the_connection_before_it() {
    let now = Instant::now();
    let (id, rendezvous, service) =
        (envelope_id(), MoveId::from_bytes([4; 16]), ServiceId::from_bytes([3; 16]));
    for (frame, order) in [
        (DeviceFrame::Open { id, rendezvous }, Order::Open { id, rendezvous }),
        (DeviceFrame::Link { id, service }, Order::Link { id, service }),
    ] {
        assert_eq!(closed(say(&frame.to_text())), CloseCode::Protocol);
        assert_eq!(identified(now).on_incoming(Incoming::Text(&frame.to_text()), now), order);
    }
}

fn wake(key: &SoftwareKey) -> WakeClaims {
    WakeClaims {
        aud: HERE.to_owned(),
        nonce: NONCE,
        jwk: key.public_key(),
        iat: 1_700_000_000,
        target: Some(WakeTarget::fcm("token").unwrap()),
    }
}

/// The target that the connection of the phone with `key(1)` takes out of a message.
fn target(claims: &WakeClaims, signer: &SoftwareKey) -> Result<Option<WakeTarget>, RefusedReason> {
    let phone = Identified { mailbox: key(1).public_key().thumbprint().into(), ..identified(Instant::now()) };
    phone.target(&jws::sign(claims, signer).unwrap(), &[HERE.to_owned()])
}

#[tokio::test(start_paused = true)]
async fn a_target_is_taken_from_this_phone_for_this_connection() {
    let key = key(1);
    let mut claims = wake(&key);
    assert_eq!(target(&claims, &key), Ok(claims.target.clone()));
    claims.target = None;
    assert_eq!(target(&claims, &key), Ok(None), "to be woken no more");
    let frame = DeviceFrame::Wake { id: envelope_id(), jwt: "a.b.c".to_owned() };
    let order = Order::Wake { id: envelope_id(), jwt: "a.b.c".to_owned() };
    let now = Instant::now();
    assert_eq!(identified(now).on_incoming(Incoming::Text(&frame.to_text()), now), order);
    assert_eq!(closed(say(&frame.to_text())), CloseCode::Protocol, "not before the hello");
}

#[tokio::test(start_paused = true)]
async fn a_target_of_another_connection_relay_or_phone_is_refused() {
    let (own, other) = (key(1), key(2));
    let good = wake(&own);
    let foreign = WakeClaims { jwk: other.public_key(), ..wake(&own) };
    let refused = [
        (
            "another connection",
            target(&WakeClaims { nonce: Nonce::from_bytes([8; 32]), ..good.clone() }, &own),
        ),
        (
            "another relay",
            target(&WakeClaims { aud: "wss://b.example/v1/device".to_owned(), ..good.clone() }, &own),
        ),
        ("another phone, honestly", target(&foreign, &other)),
        ("another phone, as this one", target(&good, &other)),
        ("a target of no use", {
            let target_ = WakeTarget::Fcm { token: String::new() };
            target(&WakeClaims { target: Some(target_), ..good.clone() }, &own)
        }),
    ];
    for (what, answer) in refused {
        assert_eq!(answer, Err(RefusedReason::Malformed), "{what}");
    }
    let phone = Identified { mailbox: own.public_key().thumbprint().into(), ..identified(Instant::now()) };
    let hello = jws::sign(&claims(&own), &own).unwrap();
    let answer = phone.target(&hello, &[HERE.to_owned()]);
    assert_eq!(answer, Err(RefusedReason::Malformed), "a hello is another kind of message");
}

#[tokio::test(start_paused = true)]
async fn body_above_the_limit_is_refused_and_the_connection_stays() {
    let now = Instant::now();
    let to = Destination::Service(ServiceId::from_bytes([3; 16]));
    let send = DeviceFrame::Send { id: envelope_id(), to, body: "x".repeat(MAX_BODY + 1) }.to_text();
    let refused = RelayFrame::Refused { id: envelope_id(), reason: RefusedReason::TooLarge };
    assert_eq!(identified(now).on_incoming(Incoming::Text(&send), now), Order::Reply(refused));
}

#[tokio::test(start_paused = true)]
async fn second_hello_and_malformed_frames_close() {
    let now = Instant::now();
    let key = key(1);
    let again = hello(&claims(&key), &key);
    let long = " ".repeat(MAX_FRAME + 1);
    let doubled = r#"{"t":"received","id":"00000000-0000-0000-0000-000000000007","id":"x"}"#;
    for text in [again.as_str(), "", "[]", "\u{0}", r#"{"t":"accepted","id":"x"}"#, doubled, long.as_str()] {
        let order = identified(now).on_incoming(Incoming::Text(text), now);
        assert_eq!(order, Order::Close(CloseCode::Protocol), "{:.80}", text);
    }
    for incoming in [Incoming::Binary, Incoming::Broken] {
        assert_eq!(identified(now).on_incoming(incoming, now), Order::Close(CloseCode::Protocol));
    }
}

#[tokio::test(start_paused = true)]
async fn frames_above_the_rate_close_whatever_they_are() {
    let mut phone = identified(Instant::now());
    for _ in 0..BURST {
        assert_eq!(phone.on_incoming(Incoming::Control, Instant::now()), Order::Nothing);
    }
    let order = phone.on_incoming(Incoming::Control, Instant::now());
    assert_eq!(order, Order::Close(CloseCode::RateLimited));
}

#[tokio::test(start_paused = true)]
async fn twenty_frames_a_second_go_on_for_ever() {
    let mut phone = identified(Instant::now());
    for _ in 0..BURST {
        assert_eq!(phone.on_incoming(Incoming::Control, Instant::now()), Order::Nothing);
    }
    for _ in 0..500 {
        tokio::time::advance(REFILL).await;
        assert_eq!(phone.on_incoming(Incoming::Control, Instant::now()), Order::Nothing);
    }
}

#[test]
fn envelope_past_its_time_is_not_delivered() {
    let envelope = Outgoing {
        id: envelope_id(),
        to: MailboxId::from_bytes([1; 32]),
        service: ServiceId::from_bytes([2; 16]),
        kind: EnvelopeKind::Challenge,
        body: "a.b.c".to_owned(),
        expires: UnixMillis(1_000),
        challenge: None,
    };
    assert_eq!(deliver(envelope.clone(), UnixMillis(1_000)), None);
    let frame = deliver(envelope, UnixMillis(400)).unwrap();
    assert!(matches!(frame, RelayFrame::Deliver { ttl_ms: 600, .. }), "{frame:?}");
}
