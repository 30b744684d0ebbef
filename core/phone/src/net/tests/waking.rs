//! When the phone says where it is woken up.

use std::sync::Mutex;

use super::*;
use crate::wake::{WakeOffer, WakeSource, WakeTarget};

/// A platform of which the test says what it answers.
struct Platform(Mutex<Option<WakeTarget>>);

impl WakeSource for Platform {
    fn target(&self, _relay: &RelayAddress, _offer: &WakeOffer) -> Option<WakeTarget> {
        self.0.lock().unwrap().clone()
    }
}

fn fcm(token: &str) -> WakeTarget {
    WakeTarget::fcm(token).unwrap()
}

fn offer() -> WakeOffer {
    WakeOffer { fcm: Some("project".to_owned()), ..WakeOffer::default() }
}

/// An enrolled phone on that platform, and its relay.
async fn on(platform: &Arc<Platform>) -> (TestRelay, Phone) {
    let storage = MemoryStorage::default();
    let (mut relay, _, plain, socket) = enrolled(&storage).await;
    plain.disconnect().await;
    drop(socket);
    relay.wake = Some(offer());
    let source: Arc<dyn WakeSource> = platform.clone();
    (relay, phone_of(&storage, Vec::new(), Some(source)))
}

/// The target that the phone says next.
async fn said(socket: &mut Socket<TcpStream>) -> (EnvelopeId, Option<WakeTarget>) {
    let frame = socket.read().await;
    let DeviceFrame::Wake { id, jwt } = frame else { panic!("unexpected {frame:?}") };
    let (_, verified) = Received::<WakeClaims>::parse(&jwt).unwrap().verify_self_certified().unwrap();
    (id, verified.into_claims().target)
}

/// That the phone says nothing: a ping overtakes nothing, and its pong is the next that comes.
async fn says_nothing(socket: &mut Socket<TcpStream>) {
    socket.0.send(Message::Ping(Vec::new().into())).await.unwrap();
    let next = soon(socket.0.next()).await.unwrap().unwrap();
    assert!(matches!(next, Message::Pong(_)), "unexpected {next:?}");
}

#[tokio::test]
async fn a_relay_that_holds_the_target_is_told_nothing() {
    let platform = Arc::new(Platform(Mutex::new(Some(fcm("token")))));
    let (mut relay, phone) = on(&platform).await;
    relay.held = Some(fcm("token").digest());
    phone.connect().unwrap();
    let mut socket = relay.accept().await;
    says_nothing(&mut socket).await;
    *platform.0.lock().unwrap() = None;
    phone.wake_target_changed();
    let (id, target) = said(&mut socket).await;
    assert_eq!(target, None, "it takes it back");
    socket.send(&RelayFrame::Accepted { id }).await;
    phone.wake_target_changed();
    says_nothing(&mut socket).await;
    phone.disconnect().await;
}

#[tokio::test]
async fn a_relay_that_wakes_nobody_or_by_something_else_is_told_nothing() {
    let platform = Arc::new(Platform(Mutex::new(Some(fcm("token")))));
    let (mut relay, phone) = on(&platform).await;
    for offered in [None, Some(WakeOffer { fcm: None, apns: Some("topic".to_owned()), ..offer() })] {
        relay.wake = offered;
        phone.connect().unwrap();
        let mut socket = relay.accept().await;
        says_nothing(&mut socket).await;
        phone.disconnect().await;
    }
}

#[tokio::test]
async fn what_was_refused_is_said_again_on_the_next_connection() {
    let platform = Arc::new(Platform(Mutex::new(Some(fcm("token")))));
    let (relay, phone) = on(&platform).await;
    for _ in 0..2 {
        phone.connect().unwrap();
        let mut socket = relay.accept().await;
        let (id, target) = said(&mut socket).await;
        assert_eq!(target, Some(fcm("token")));
        socket.send(&RelayFrame::Refused { id, reason: RefusedReason::Unsupported }).await;
        says_nothing(&mut socket).await;
        phone.disconnect().await;
    }
}
