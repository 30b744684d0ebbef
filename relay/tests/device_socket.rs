//! The device socket over real connections.
#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "tests fail by panicking and say what they show in their names; the support serves two files"
)]

#[path = "device/support.rs"]
mod support;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt as _;
use nod_login::Withdrawal;
use nod_protocol::frames::{CloseCode, Destination, DeviceFrame, GoneReason, RefusedReason, RelayFrame};
use nod_protocol::{EnvelopeId, MailboxId, ServiceId};
use nod_relay::drain::{DrainPlan, Drained};
use nod_relay::hub::HubSettings;
use nod_relay::net::AddressGate;
use nod_relay::store::EffectSink as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use support::{Memory, Plan, Relay, close_code, envelope, hello};

fn id(n: u128) -> EnvelopeId {
    EnvelopeId(uuid::Uuid::from_u128(n))
}

fn somewhere() -> Destination {
    Destination::Service(ServiceId::from_bytes([3; 16]))
}

#[tokio::test]
async fn envelope_is_delivered_acknowledged_and_withdrawn() {
    let relay = Relay::start();
    let mut phone = relay.phone().await;
    relay.post(envelope(1, phone.mailbox(), "a.b.c".into()));
    match phone.frame().await {
        RelayFrame::Deliver { id: got, body, ttl_ms, .. } => {
            assert_eq!((got, body.as_str()), (id(1), "a.b.c"));
            assert!(ttl_ms > 0);
        }
        other => panic!("{other:?}"),
    }
    phone.say(&DeviceFrame::Received { id: id(1) }).await;
    relay
        .until("delivery is noted", |r| *r.backend.delivered.lock().unwrap() == [(phone.mailbox(), id(1))])
        .await;
    relay.hub.withdrawn(Withdrawal { id: id(1), to: phone.mailbox(), reason: GoneReason::Answered });
    assert_eq!(phone.frame().await, RelayFrame::Gone { id: id(1), reason: GoneReason::Answered });
}

#[tokio::test]
async fn everything_valid_in_the_mailbox_comes_again_after_a_reconnect() {
    let relay = Relay::start();
    let mut phone = relay.phone().await;
    let key = phone.key.clone();
    for n in 1..=3 {
        relay.post(envelope(n, phone.mailbox(), "a.b.c".into()));
        assert_eq!(phone.delivered().await, id(n));
    }
    drop(phone);
    let mut again = relay.phone_with(key).await;
    for n in 1..=3 {
        assert_eq!(again.delivered().await, id(n));
    }
}

#[tokio::test]
async fn sent_envelope_is_accepted_or_refused_with_its_reason() {
    let relay = Relay::start();
    let mut phone = relay.phone().await;
    phone.say(&DeviceFrame::Send { id: id(1), to: somewhere(), body: "x.y.z".into() }).await;
    assert_eq!(phone.frame().await, RelayFrame::Accepted { id: id(1) });
    phone.say(&DeviceFrame::Send { id: id(2), to: somewhere(), body: "nobody".into() }).await;
    let reason = RefusedReason::UnknownAddress;
    assert_eq!(phone.frame().await, RelayFrame::Refused { id: id(2), reason });
    phone.say(&DeviceFrame::Send { id: id(3), to: somewhere(), body: "x".repeat(13_000) }).await;
    assert_eq!(phone.frame().await, RelayFrame::Refused { id: id(3), reason: RefusedReason::TooLarge });
    assert_eq!(*relay.backend.sent.lock().unwrap(), [(id(1), somewhere(), "x.y.z".to_owned())]);
}

#[tokio::test]
async fn hello_nonce_replayed() {
    let relay = Relay::start();
    let phone = relay.phone().await;
    let (mut first, nonce) = relay.dial().await;
    let text = hello(&phone.key, &relay.url(), nonce);
    first.send(Message::text(text.clone())).await.unwrap();
    let (mut second, _) = relay.dial().await;
    second.send(Message::text(text)).await.unwrap();
    assert_eq!(close_code(&mut second).await, Some(CloseCode::BadHello));
}

#[tokio::test]
async fn hello_for_relay_a_at_relay_b() {
    let (a, b) = (Relay::start(), Relay::start());
    let key = a.phone().await.key;
    let (mut socket, nonce) = b.dial().await;
    socket.send(Message::text(hello(&key, &a.url(), nonce))).await.unwrap();
    assert_eq!(close_code(&mut socket).await, Some(CloseCode::BadHello));
    assert_eq!(b.hub.connections(), 0);
}

#[tokio::test]
async fn host_header_does_not_make_an_audience() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let (a, b) = (Relay::start(), Relay::start());
    let key = a.phone().await.key;
    let mut request = b.url().into_client_request().unwrap();
    request.headers_mut().insert("host", a.addr.to_string().parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let nonce = support::nonce(&mut socket).await;
    socket.send(Message::text(hello(&key, &a.url(), nonce))).await.unwrap();
    assert_eq!(close_code(&mut socket).await, Some(CloseCode::BadHello));
}

#[tokio::test]
async fn one_megabyte_first_frame() {
    let relay = Relay::start();
    let (mut socket, _) = relay.dial().await;
    // The relay refuses it by its header: the write may already fail on our side.
    let _ = socket.send(Message::text("x".repeat(1 << 20))).await;
    assert!(matches!(close_code(&mut socket).await, Some(CloseCode::Protocol) | None));
    relay.until("the frame is refused", |r| r.hub.counters().closed(CloseCode::Protocol) == 1).await;
    relay.until("the socket is gone", |r| r.hub.counters().unidentified.get() == 0).await;
}

#[tokio::test]
async fn frame_one_byte_above_the_limit_is_told_why() {
    let relay = Relay::start();
    let mut phone = relay.phone().await;
    phone.socket.send(Message::text(" ".repeat(16 * 1024 + 1))).await.unwrap();
    assert_eq!(close_code(&mut phone.socket).await, Some(CloseCode::Protocol));
}

#[tokio::test]
async fn malformed_frames_close_with_their_code() {
    let relay = Relay::start();
    for message in [
        Message::text(""),
        Message::text("{}"),
        Message::text(r#"{"t":"received","id":1}"#),
        Message::text(r#"{"t":"received","t":"received","id":"00000000-0000-0000-0000-000000000001"}"#),
        Message::text("[".repeat(15_000)),
        Message::binary(vec![0, 1, 2]),
    ] {
        let mut phone = relay.phone().await;
        phone.socket.send(message.clone()).await.unwrap();
        assert_eq!(close_code(&mut phone.socket).await, Some(CloseCode::Protocol), "{message:?}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_and_unmasked_frames_close_the_socket() {
    let relay = Relay::start();
    for bytes in [&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe][..], &[0x81, 0x02, b'{', b'}'][..]] {
        let mut phone = relay.phone().await;
        let closed = relay.hub.counters().closed(CloseCode::Protocol);
        match phone.socket.get_mut() {
            tokio_tungstenite::MaybeTlsStream::Plain(tcp) => tcp.write_all(bytes).await.unwrap(),
            _ => unreachable!(),
        }
        let _ = close_code(&mut phone.socket).await;
        relay.until("it is cut", |r| r.hub.counters().closed(CloseCode::Protocol) == closed + 1).await;
    }
}

#[tokio::test]
async fn too_many_frames_are_cut_and_others_are_not() {
    let relay = Relay::start();
    let (mut spammer, mut other) = (relay.phone().await, relay.phone().await);
    for n in 0..200 {
        // The relay may have closed already: only its code counts.
        let received = DeviceFrame::Received { id: id(n) };
        let _ = spammer.socket.send(Message::text(received.to_text())).await;
    }
    assert_eq!(close_code(&mut spammer.socket).await, Some(CloseCode::RateLimited));
    other.say(&DeviceFrame::Send { id: id(1), to: somewhere(), body: "x".into() }).await;
    assert_eq!(other.frame().await, RelayFrame::Accepted { id: id(1) });
}

#[tokio::test]
async fn phone_that_vanishes_has_broken_no_rule() {
    let relay = Relay::start();
    let (phone, (stranger, _)) = (relay.phone().await, relay.dial().await);
    drop((phone, stranger));
    relay.until("both sockets are gone", |r| r.hub.counters().connected.get() == 0).await;
    relay.until("both sockets are gone", |r| r.hub.counters().unidentified.get() == 0).await;
    for code in CloseCode::ALL {
        assert_eq!(relay.hub.counters().closed(code), 0, "{code:?}");
    }
}

#[tokio::test]
async fn new_connection_of_the_same_phone_replaces_the_old_one() {
    let relay = Relay::start();
    let mut old = relay.phone().await;
    let mut new = relay.phone_with(old.key.clone()).await;
    assert_eq!(close_code(&mut old.socket).await, Some(CloseCode::Replaced));
    relay.until("the old socket is gone", |r| r.hub.counters().connected.get() == 1).await;
    relay.post(envelope(1, new.mailbox(), "a.b.c".into()));
    assert_eq!(new.delivered().await, id(1));
}

#[tokio::test]
async fn slow_reader_is_cut_and_others_are_unaffected() {
    let plan = Plan { write_limit: Duration::from_millis(300), ..Plan::default() };
    let relay = Relay::with(plan);
    let (slow, mut other) = (relay.phone().await, relay.phone().await);
    // Nothing is read from `slow`: the kernel's buffers fill, then the relay's write stalls.
    let mut n = 0;
    while relay.hub.is_connected(&slow.mailbox()) {
        n += 1;
        assert!(n < 5_000, "60 MB were taken for a phone that reads nothing");
        relay.hub.envelope(envelope(n, slow.mailbox(), "x".repeat(12_000)));
        relay.hub.envelope(envelope(n, other.mailbox(), "a.b.c".into()));
        let begin = std::time::Instant::now();
        assert_eq!(other.delivered().await, id(n));
        assert!(begin.elapsed() < Duration::from_secs(1), "another phone had to wait");
    }
    assert_eq!(relay.hub.counters().closed(CloseCode::Slow), 1);
    relay.until("only the other is left", |r| r.hub.counters().connected.get() == 1).await;
}

#[tokio::test]
async fn stalled_write_is_cut_at_its_limit_without_new_mail() {
    let plan = Plan {
        write_limit: Duration::from_millis(200),
        hub: HubSettings { queue: 100_000, ..HubSettings::default() },
        ..Plan::default()
    };
    let relay = Relay::with(plan);
    let slow = relay.phone().await;
    for n in 0..2_000 {
        relay.hub.envelope(envelope(n, slow.mailbox(), "x".repeat(12_000)));
    }
    relay.until("it is cut", |r| r.hub.counters().closed(CloseCode::Slow) == 1).await;
    assert!(!relay.hub.is_connected(&slow.mailbox()));
}

#[tokio::test]
async fn silent_phone_is_cut_and_one_that_answers_pings_is_not() {
    let heartbeat = Duration::from_millis(400);
    let relay =
        Relay::with(Plan { hub: HubSettings { heartbeat, ..HubSettings::default() }, ..Plan::default() });
    let silent = relay.phone().await;
    let mut awake = relay.phone().await;
    let mailbox = silent.mailbox();
    // Reading answers pings.
    let reading = async {
        relay.post(envelope(1, awake.mailbox(), "a.b.c".into()));
        awake.delivered().await;
        tokio::select! {
            frame = awake.frame() => panic!("{frame:?}"),
            () = relay.until("the silent phone is cut", |r| !r.hub.is_connected(&mailbox)) => {}
        }
    };
    reading.await;
    assert_eq!(relay.hub.counters().closed(CloseCode::Idle), 1);
    assert!(relay.hub.is_connected(&awake.mailbox()));
}

#[tokio::test]
async fn drain_tells_phones_when_to_return_and_finishes_what_is_in_flight() {
    let backend = Memory { slow: Some(Duration::from_millis(300)), ..Memory::default() };
    let relay = Relay::with(Plan { backend, ..Plan::default() });
    let (mut idle, mut busy) = (relay.phone().await, relay.phone().await);
    let (mut unidentified, _) = relay.dial().await;
    busy.say(&DeviceFrame::Send { id: id(1), to: somewhere(), body: "x".into() }).await;
    // The frame has reached the backend once its own frame is what the loop works on; 50 ms are less than its 300.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let plan = DrainPlan { window: Duration::from_secs(7), deadline: Duration::from_secs(15) };
    let phones = async {
        for phone in [&mut idle, &mut busy] {
            let mut frame = phone.frame().await;
            if let RelayFrame::Accepted { id: accepted } = frame {
                assert_eq!(accepted, id(1));
                frame = phone.frame().await;
            }
            assert!(matches!(frame, RelayFrame::Drain { after_ms: 0..7_000 }), "{frame:?}");
            assert_eq!(close_code(&mut phone.socket).await, Some(CloseCode::Draining));
        }
        assert_eq!(close_code(&mut unidentified).await, Some(CloseCode::Draining));
    };
    let (drained, ()) = tokio::join!(relay.drain.run(&relay.hub, plan), phones);
    assert_eq!(drained, Drained::Clean);
    assert_eq!(relay.backend.sent.lock().unwrap().len(), 1);
    assert!(TcpStream::connect(relay.addr).await.is_err(), "nothing is accepted any more");
}

#[tokio::test]
async fn broken_store_closes_with_internal() {
    let relay =
        Relay::with(Plan { backend: Memory { broken: true, ..Memory::default() }, ..Plan::default() });
    let mut phone = relay.phone().await;
    assert_eq!(close_code(&mut phone.socket).await, Some(CloseCode::Internal));
}

struct Shut;

impl AddressGate for Shut {
    fn connection(&self, _address: IpAddr) -> bool {
        true
    }

    fn device(&self, _address: IpAddr) -> bool {
        false
    }
}

#[tokio::test]
async fn refused_address_gets_no_nonce() {
    let relay = Relay::with(Plan { gate: Arc::new(Shut), ..Plan::default() });
    let refused = tokio_tungstenite::connect_async(relay.url()).await.unwrap_err();
    match refused {
        tokio_tungstenite::tungstenite::Error::Http(response) => assert_eq!(response.status(), 429),
        other => panic!("{other}"),
    }
    assert_eq!(relay.hub.counters().gated.get(), 1);
}

#[tokio::test]
async fn endless_request_head_is_refused() {
    let relay = Relay::start();
    let mut tcp = TcpStream::connect(relay.addr).await.unwrap();
    let head = format!("GET /v1/device HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000));
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tcp.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
}

#[tokio::test]
async fn mail_that_comes_during_the_hello_is_not_missed() {
    let relay = Relay::start();
    let key = relay.phone().await.key;
    let mailbox: MailboxId = nod_protocol::es256::Signer::public_key(&*key).thumbprint().into();
    for n in 0..50 {
        let (phone, ()) = tokio::join!(relay.phone_with(key.clone()), async {
            tokio::task::yield_now().await;
            relay.post(envelope(n, mailbox, "a.b.c".into()));
        });
        let mut phone = phone;
        while phone.delivered().await != id(n) {}
        relay.backend.mailboxes.lock().unwrap().clear();
    }
}
