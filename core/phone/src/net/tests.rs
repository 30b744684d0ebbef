//! A phone against a small relay over real sockets.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nod_protocol::frames::{
    CloseCode, Destination, DeviceFrame, EnvelopeKind, GoneReason, RefusedReason, RelayFrame,
};
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::*;
use nod_protocol::qr::{QrError, RelayAddress};
use nod_protocol::{Digest, EnvelopeId, Nonce, Number, OsRandom};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::phone::{Phone, PhoneParts};
use crate::answer::AnswerError;
use crate::clock::SystemPhoneClock;
use crate::enrol::EnrolError;
use crate::event::{DisconnectReason, Event};
use crate::keys::SoftwareKeys;
use crate::testing::{MemoryStorage, TestLogin, device, vault};
use crate::view::HistoryEnd;
use crate::wake::WakeSource;

mod waking;

/// Nothing here takes longer, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it happens in time")
}

fn phone_on(storage: &MemoryStorage, extra_roots: Vec<Vec<u8>>) -> Phone {
    phone_of(storage, extra_roots, None)
}

fn phone_of(storage: &MemoryStorage, extra_roots: Vec<Vec<u8>>, wake: Option<Arc<dyn WakeSource>>) -> Phone {
    let vault = vault(storage);
    let random: Arc<dyn nod_protocol::Random> = Arc::new(OsRandom);
    let keys = Arc::new(SoftwareKeys::new(Arc::clone(&vault), Arc::clone(&random)));
    let clock = Arc::new(SystemPhoneClock::default());
    Phone::with(PhoneParts { vault, keys, device: device(), clock, random, extra_roots, wake }).unwrap()
}

struct TestRelay {
    listener: TcpListener,
    address: RelayAddress,
    heartbeat_s: u32,
    wake: Option<WakeOffer>,
    held: Option<Digest>,
}

impl TestRelay {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = RelayAddress::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
        Self { listener, address, heartbeat_s: 30, wake: None, held: None }
    }

    /// Takes the next connection through its hello.
    async fn accept(&self) -> Socket<TcpStream> {
        let (tcp, _) = soon(self.listener.accept()).await.unwrap();
        self.welcome(tcp).await
    }

    async fn welcome<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Socket<S> {
        let mut socket = Socket(soon(accept_async(stream)).await.unwrap());
        let nonce = Nonce::random(&OsRandom).unwrap();
        socket.send(&RelayFrame::Nonce { nonce }).await;
        let DeviceFrame::Hello { jwt } = socket.read().await else { panic!("a hello comes first") };
        let hello = Received::<HelloClaims>::parse(&jwt).unwrap();
        let (mailbox, hello) = hello.verify_self_certified().unwrap();
        assert_eq!(hello.claims().nonce, nonce);
        assert_eq!(hello.claims().aud, self.address.device_url());
        assert_eq!(mailbox, hello.claims().jwk.thumbprint().into());
        let (wake, held) = (self.wake.clone(), self.held);
        socket.send(&RelayFrame::Welcome { time: 1, heartbeat_s: self.heartbeat_s, wake, held }).await;
        socket
    }
}

struct Socket<S>(WebSocketStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    async fn send(&mut self, frame: &RelayFrame) {
        self.0.send(Message::text(frame.to_text())).await.unwrap();
    }

    async fn read(&mut self) -> DeviceFrame {
        loop {
            if let Message::Text(text) = soon(self.0.next()).await.unwrap().unwrap() {
                return DeviceFrame::parse(&text).unwrap();
            }
        }
    }

    /// Delivers and waits until the phone says `received`.
    async fn deliver(&mut self, login: &TestLogin, kind: EnvelopeKind, body: String) -> RelayFrame {
        let id = EnvelopeId::new(1, &OsRandom).unwrap();
        let frame = RelayFrame::Deliver { id, kind, service: login.id, body, ttl_ms: 40_000 };
        self.send(&frame).await;
        assert_eq!(self.read().await, DeviceFrame::Received { id });
        frame
    }

    async fn close(mut self, code: CloseCode) {
        let frame = CloseFrame { code: code.code().into(), reason: code.reason().into() };
        self.0.close(Some(frame)).await.unwrap();
        while let Some(Ok(_)) = soon(self.0.next()).await {}
    }
}

fn body_of(frame: &DeviceFrame) -> &str {
    let DeviceFrame::Send { body, .. } = frame else { panic!("unexpected {frame:?}") };
    body
}

/// Enrols over the socket.
async fn enrol(relay: &TestRelay, login: &mut TestLogin, phone: &Phone) -> Socket<TcpStream> {
    let qr = login.qr.to_text();
    let server = async {
        let mut socket = relay.accept().await;
        let sent = socket.read().await;
        let DeviceFrame::Send { id, to, body } = &sent else { panic!("unexpected {sent:?}") };
        assert_eq!(*to, Destination::Enrolment(login.qr.enrolment));
        socket.send(&RelayFrame::Accepted { id: *id }).await;
        let claims = login.take_e1(body);
        let e2 = login.e2(body, &claims);
        socket.deliver(login, EnvelopeKind::Enrolment, e2).await;
        socket
    };
    let (pending, mut socket) = tokio::join!(phone.enrol(&qr), server);
    let pending = pending.unwrap();
    assert_eq!(Some(pending.code()), login.code.as_ref());
    let activated = login.seal(&login.notice(NoticeEvent::Activated, 1));
    let (account, _) =
        tokio::join!(pending.finished(), socket.deliver(login, EnvelopeKind::Notice, activated));
    assert_eq!(account.unwrap().id, login.binding);
    socket
}

async fn enrolled(storage: &MemoryStorage) -> (TestRelay, TestLogin, Phone, Socket<TcpStream>) {
    let relay = TestRelay::start().await;
    let mut login = TestLogin::at(1, relay.address.clone());
    let phone = phone_on(storage, Vec::new());
    let socket = enrol(&relay, &mut login, &phone).await;
    (relay, login, phone, socket)
}

/// Skips to the event that `wanted` picks.
async fn event<T>(events: &mut crate::EventStream, wanted: impl Fn(Event) -> Option<T>) -> T {
    soon(async {
        loop {
            if let Some(found) = wanted(events.next().await) {
                return found;
            }
        }
    })
    .await
}

fn disconnected(event: Event) -> Option<(DisconnectReason, Option<Duration>)> {
    let Event::Disconnected { reason, retry_in, .. } = event else { return None };
    Some((reason, retry_in))
}

fn receipt(login: &TestLogin, answer: &str, outcome: Outcome) -> String {
    jws::sign(&login.receipt(answer, outcome), &login.key).unwrap()
}

#[tokio::test]
async fn a_phone_enrols_and_approves_over_a_socket() {
    let (_relay, login, phone, mut socket) = enrolled(&MemoryStorage::default()).await;
    let claims = login.challenge();
    socket.deliver(&login, EnvelopeKind::Challenge, login.seal(&claims)).await;
    let pending = phone.wait_pending(PATIENCE).await;
    assert_eq!((pending.len(), pending[0].id), (1, claims.jti));
    let server = async {
        let answer = socket.read().await;
        socket
            .deliver(&login, EnvelopeKind::Receipt, receipt(&login, body_of(&answer), Outcome::Approved))
            .await;
        login.open_answer(body_of(&answer))
    };
    let (outcome, answer) =
        tokio::join!(phone.approve(claims.jti, Some(Number::parse("42").unwrap())), server);
    assert_eq!((outcome, answer.decision), (Ok(Outcome::Approved), Decision::Approve));
    phone.disconnect().await;
}

#[tokio::test]
async fn the_same_answer_bytes_are_sent_again_after_a_reconnect() {
    let (relay, login, phone, mut socket) = enrolled(&MemoryStorage::default()).await;
    let claims = login.challenge();
    socket.deliver(&login, EnvelopeKind::Challenge, login.seal(&claims)).await;
    let server = async {
        let first = socket.read().await;
        drop(socket);
        let mut socket = relay.accept().await;
        let second = socket.read().await;
        assert_eq!(first, second, "the same envelope with the same bytes");
        socket
            .deliver(&login, EnvelopeKind::Receipt, receipt(&login, body_of(&second), Outcome::Denied))
            .await;
        socket
    };
    let (outcome, _socket) = tokio::join!(phone.deny(claims.jti), server);
    assert_eq!(outcome, Ok(Outcome::Denied));
}

#[tokio::test]
async fn a_challenge_delivered_again_is_acknowledged_again_and_shown_once() {
    let (relay, login, phone, mut socket) = enrolled(&MemoryStorage::default()).await;
    let claims = login.challenge();
    let mut events = phone.events();
    let frame = socket.deliver(&login, EnvelopeKind::Challenge, login.seal(&claims)).await;
    let RelayFrame::Deliver { id, .. } = frame else { panic!("unexpected {frame:?}") };
    drop(socket);
    let mut socket = relay.accept().await;
    socket.send(&frame).await;
    assert_eq!(socket.read().await, DeviceFrame::Received { id });
    assert_eq!(phone.pending().len(), 1);
    socket.send(&RelayFrame::Gone { id, reason: GoneReason::Cancelled }).await;
    let mut shown = 0;
    let (gone, reason) = soon(async {
        loop {
            let event = events.next().await;
            shown += usize::from(matches!(event, Event::Challenge { .. }));
            if let Event::Gone { id, reason } = event {
                return (id, reason);
            }
        }
    })
    .await;
    assert_eq!((gone, reason, shown), (claims.jti, GoneReason::Cancelled, 1));
}

#[tokio::test]
async fn junk_is_not_acknowledged_and_does_not_disturb_what_follows() {
    let (_relay, login, phone, mut socket) = enrolled(&MemoryStorage::default()).await;
    let id = EnvelopeId::new(1, &OsRandom).unwrap();
    for kind in
        [EnvelopeKind::Challenge, EnvelopeKind::Enrolment, EnvelopeKind::Notice, EnvelopeKind::Receipt]
    {
        let junk = RelayFrame::Deliver { id, kind, service: login.id, body: "junk".into(), ttl_ms: 9 };
        socket.send(&junk).await;
    }
    // The next thing that the phone says is about the good envelope.
    socket.deliver(&login, EnvelopeKind::Challenge, login.seal(&login.challenge())).await;
    assert_eq!(phone.wait_pending(PATIENCE).await.len(), 1);
}

#[tokio::test]
async fn a_later_process_answers_what_an_earlier_one_showed() {
    let storage = MemoryStorage::default();
    let (relay, login, first, mut socket) = enrolled(&storage).await;
    let claims = login.challenge();
    let frame = socket.deliver(&login, EnvelopeKind::Challenge, login.seal(&claims)).await;
    assert_eq!(first.wait_pending(PATIENCE).await[0].id, claims.jti);
    first.disconnect().await;
    let second = phone_on(&storage, Vec::new());
    second.connect().unwrap();
    let server = async {
        let mut socket = relay.accept().await;
        socket.send(&frame).await;
        assert!(matches!(socket.read().await, DeviceFrame::Received { .. }));
        let answer = socket.read().await;
        socket
            .deliver(&login, EnvelopeKind::Receipt, receipt(&login, body_of(&answer), Outcome::Reported))
            .await;
        socket
    };
    let client = async {
        second.wait_challenge(claims.jti, PATIENCE).await.expect("it is delivered again");
        second.report(claims.jti).await
    };
    let (outcome, _socket) = tokio::join!(client, server);
    assert_eq!(outcome, Ok(Outcome::Reported));
    assert_eq!(first.history().unwrap()[0].end, HistoryEnd::Receipt(Outcome::Reported), "both know it");
}

#[tokio::test]
async fn a_replaced_phone_stays_away_until_it_is_told_to_connect() {
    let (relay, _login, phone, socket) = enrolled(&MemoryStorage::default()).await;
    let mut events = phone.events();
    socket.close(CloseCode::Replaced).await;
    let (reason, retry_in) = event(&mut events, disconnected).await;
    assert_eq!((reason, retry_in), (DisconnectReason::Closed(CloseCode::Replaced), None));
    let status = &phone.relays()[0];
    assert!(status.replaced && !status.online);
    phone.connect().unwrap();
    let _socket = relay.accept().await;
    event(&mut events, |e| matches!(e, Event::Connected { .. }).then_some(())).await;
}

#[tokio::test]
async fn a_draining_relay_gets_the_pause_that_it_asked_for() {
    let (relay, _login, phone, mut socket) = enrolled(&MemoryStorage::default()).await;
    let mut events = phone.events();
    socket.send(&RelayFrame::Drain { after_ms: 60_000 }).await;
    socket.close(CloseCode::Draining).await;
    let (reason, retry_in) = event(&mut events, disconnected).await;
    assert_eq!(reason, DisconnectReason::Closed(CloseCode::Draining));
    let retry_in = retry_in.unwrap();
    assert!(retry_in > Duration::from_secs(30) && retry_in <= Duration::from_secs(60), "{retry_in:?}");
    phone.connect().unwrap();
    drop(relay);
    soon(phone.disconnect()).await;
}

#[tokio::test]
async fn a_relay_that_falls_silent_is_left_and_tried_again() {
    let mut relay = TestRelay::start().await;
    relay.heartbeat_s = 1;
    let mut login = TestLogin::at(1, relay.address.clone());
    let phone = phone_on(&MemoryStorage::default(), Vec::new());
    let mut events = phone.events();
    let _silent = enrol(&relay, &mut login, &phone).await;
    let (reason, retry_in) = event(&mut events, disconnected).await;
    assert_eq!(reason, DisconnectReason::Silent);
    assert!(retry_in.is_some());
    relay.accept().await;
}

#[tokio::test]
async fn an_answer_that_the_relay_cannot_take_now_is_sent_again_and_one_for_nobody_is_not() {
    let (_relay, login, phone, mut socket) = enrolled(&MemoryStorage::default()).await;
    let claims = login.challenge();
    socket.deliver(&login, EnvelopeKind::Challenge, login.seal(&claims)).await;
    let server = async {
        let first = socket.read().await;
        let DeviceFrame::Send { id, .. } = first else { panic!("unexpected {first:?}") };
        socket.send(&RelayFrame::Refused { id, reason: RefusedReason::QueueFull }).await;
        assert_eq!(socket.read().await, first);
        socket.send(&RelayFrame::Refused { id, reason: RefusedReason::UnknownAddress }).await;
        socket
    };
    let (outcome, _socket) = tokio::join!(phone.deny(claims.jti), server);
    assert_eq!(outcome, Err(AnswerError::Refused(RefusedReason::UnknownAddress)));
}

#[tokio::test]
async fn a_plain_relay_on_another_machine_is_refused() {
    let phone = phone_on(&MemoryStorage::default(), Vec::new());
    let text = TestLogin::new(1).qr.to_text().replace("relay.example", "ws%3A%2F%2Frelay.example");
    let refused = phone.enrol(&text).await;
    assert_eq!(refused.err(), Some(EnrolError::Qr(QrError::PlainRelay)));
    assert!(phone.relays().is_empty(), "nothing was dialled");
}

#[tokio::test]
async fn a_self_hosted_certificate_is_trusted_only_when_it_was_given() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let der = made.cert.der().to_vec();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = RelayAddress::parse(&format!("localhost:{port}")).unwrap();
    let relay = TestRelay { listener, address, heartbeat_s: 30, wake: None, held: None };
    let login = TestLogin::at(1, relay.address.clone());

    let stranger = phone_on(&MemoryStorage::default(), Vec::new());
    let mut events = stranger.events();
    let qr = login.qr.to_text();
    let server = async {
        let (tcp, _) = soon(relay.listener.accept()).await.unwrap();
        assert!(acceptor.accept(tcp).await.is_err());
        event(&mut events, disconnected).await
    };
    tokio::select! {
        enrolled = stranger.enrol(&qr) => panic!("unexpected {enrolled:?}"),
        (reason, _) = server => assert_eq!(reason, DisconnectReason::Untrusted),
    }
    stranger.disconnect().await;

    let pem = made.cert.pem();
    let roots = crate::roots_from_pem(pem.as_bytes()).unwrap();
    assert_eq!(roots, [der]);
    let friend = phone_on(&MemoryStorage::default(), roots);
    let server = async {
        loop {
            let (tcp, _) = soon(relay.listener.accept()).await.unwrap();
            if let Ok(tls) = acceptor.accept(tcp).await {
                let mut socket = relay.welcome(tls).await;
                return socket.read().await;
            }
        }
    };
    tokio::select! {
        enrolled = friend.enrol(&qr) => panic!("unexpected {enrolled:?}"),
        sent = server => assert!(matches!(sent, DeviceFrame::Send { .. })),
    }
}
