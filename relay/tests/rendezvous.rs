//! Two phones at a rendezvous, and what others try there: a whole relay on its own store, over real sockets.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests: a missing member, an error or another frame is a failed test; the phone serves two files"
)]

#[path = "serve/phone.rs"]
mod phone;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nod_login::UnixMillis;
use nod_login::clock::ManualClock;
use nod_login::test_phone::TestPhone;
use nod_protocol::frames::{CloseCode, Destination, DeviceFrame, EnvelopeKind, RefusedReason, RelayFrame};
use nod_protocol::{EnvelopeId, MoveId, OsRandom, ServiceId};
use nod_relay::serve::{Running, serve_with};
use nod_relay::settings::Settings;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::phone::Connection;

const MOVE: MoveId = MoveId::from_bytes([9; 16]);
const OTHER: MoveId = MoveId::from_bytes([8; 16]);
const THERE: Destination = Destination::Rendezvous(MOVE);

fn id(n: u128) -> EnvelopeId {
    EnvelopeId(uuid::Uuid::from_u128(n))
}

/// A relay whose store outlives it and whose clock stands.
struct Relay {
    base: String,
    admin: String,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
    stop: CancellationToken,
    running: Running,
}

impl Relay {
    async fn start(dir: &Path) -> Self {
        Self::start_at(dir, Arc::new(ManualClock::at(UnixMillis(1_750_000_000_000))), String::new()).await
    }

    async fn start_at(dir: &Path, clock: Arc<ManualClock>, admin: String) -> Self {
        let mut settings = Settings { listen: "127.0.0.1:0".parse().unwrap(), ..Settings::default() };
        settings.data = dir.join("data");
        settings.store.cache_mib = 8;
        settings.drain.spread_s = 0;
        settings.drain.deadline_s = 5;
        let stop = CancellationToken::new();
        let running = serve_with(settings, stop.clone(), clock.clone(), Arc::new(OsRandom)).await.unwrap();
        Self {
            base: format!("http://{}", running.addr),
            admin: running.admin_key_first_shown.as_ref().map_or(admin, |key| key.to_string()),
            clock,
            client: reqwest::Client::new(),
            stop,
            running,
        }
    }

    /// Ends it and starts another one on the same store.
    async fn restart(self, dir: &Path) -> Self {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.running.wait()).await.unwrap();
        Self::start_at(dir, self.clock, self.admin).await
    }

    async fn call(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn service(&self, mode: &str) -> (ServiceId, String) {
        let body = json!({ "name": "Fjordbanken", "mode": mode });
        let (status, made) = self.call("POST", "/v1/services", &self.admin, Some(body)).await;
        assert_eq!(status, 201, "{made}");
        (made["service_id"].as_str().unwrap().parse().unwrap(), made["api_key"].as_str().unwrap().to_owned())
    }

    async fn metric(&self, name: &str) -> String {
        let (_, text) = self.call("GET", "/metrics", &self.admin, None).await;
        let text = text.as_str().unwrap().to_owned();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    }

    async fn phone(&self, seed: u64) -> Connection {
        Connection::open(&self.base, &TestPhone::new(seed)).await
    }

    /// An old phone that has opened [`MOVE`].
    async fn owner(&self) -> Connection {
        let mut old = self.phone(1).await;
        assert_eq!(open(&mut old, MOVE).await, Ok(()));
        old
    }
}

/// What the relay says to a frame; everything else is kept.
async fn ask(phone: &mut Connection, asked: EnvelopeId, frame: &DeviceFrame) -> Result<(), RefusedReason> {
    phone.write(frame).await;
    loop {
        match phone.frame().await {
            RelayFrame::Accepted { id } if id == asked => return Ok(()),
            RelayFrame::Refused { id, reason } if id == asked => return Err(reason),
            other => phone.keep(other),
        }
    }
}

async fn open(phone: &mut Connection, rendezvous: MoveId) -> Result<(), RefusedReason> {
    let id = id(u128::MAX);
    ask(phone, id, &DeviceFrame::Open { id, rendezvous }).await
}

async fn link(phone: &mut Connection, service: ServiceId) -> Result<(), RefusedReason> {
    let id = id(u128::MAX);
    ask(phone, id, &DeviceFrame::Link { id, service }).await
}

async fn send(phone: &mut Connection, n: u128, to: Destination, body: &str) -> Result<(), RefusedReason> {
    ask(phone, id(n), &DeviceFrame::Send { id: id(n), to, body: body.to_owned() }).await
}

/// The bodies that have come, in order, without an acknowledgement: the relay answers one question first.
async fn come(phone: &mut Connection) -> Vec<String> {
    let nowhere = Destination::Enrolment("AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap());
    assert!(matches!(phone.try_send(nowhere, "x").await, RelayFrame::Refused { .. }));
    let mut bodies = Vec::new();
    for frame in phone.take_kept() {
        match frame {
            RelayFrame::Deliver { kind: EnvelopeKind::Move, service, body, .. } => {
                assert_eq!(service, MOVE.as_sender());
                bodies.push(body);
            }
            other => panic!("{other:?}"),
        }
    }
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_meet_and_write_to_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut old = relay.owner().await;
    let mut new = relay.phone(2).await;
    assert_eq!(send(&mut new, 1, THERE, "m1").await, Ok(()));
    assert_eq!(old.envelope(EnvelopeKind::Move).await, "m1");
    assert_eq!(send(&mut old, 1, THERE, "m2").await, Ok(()));
    assert_eq!(new.envelope(EnvelopeKind::Move).await, "m2");
    for n in 2..20 {
        assert_eq!(send(&mut old, n, THERE, &n.to_string()).await, Ok(()));
        assert_eq!(send(&mut new, n, THERE, &n.to_string()).await, Ok(()));
    }
    let expected: Vec<_> = (2..20).map(|n: u32| n.to_string()).collect();
    assert_eq!(come(&mut old).await, expected);
    assert_eq!(come(&mut new).await, expected);
    assert_eq!(relay.metric("nod_rendezvous_open").await, "1");
    assert_eq!(relay.metric("nod_device_carried_total").await, "38");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_phone_is_refused_and_its_first_message_reaches_the_owner_once() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut old = relay.owner().await;
    let (mut new, mut third) = (relay.phone(2).await, relay.phone(3).await);
    assert_eq!(send(&mut new, 1, THERE, "m1").await, Ok(()));
    for (n, body) in [(1, "me too"), (1, "me too"), (2, "and again")] {
        assert_eq!(send(&mut third, n, THERE, body).await, Err(RefusedReason::Taken));
    }
    assert_eq!(send(&mut relay.phone(4).await, 1, THERE, "a fourth").await, Err(RefusedReason::Taken));
    assert_eq!(send(&mut old, 1, THERE, "m2").await, Ok(()));
    assert_eq!(come(&mut old).await, ["m1", "me too"]);
    assert_eq!(come(&mut new).await, ["m2"]);
    assert!(come(&mut third).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_carried_without_an_open_rendezvous() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut new = relay.phone(2).await;
    assert_eq!(send(&mut new, 1, THERE, "too early").await, Err(RefusedReason::UnknownAddress));
    let mut old = relay.owner().await;
    assert_eq!(send(&mut old, 1, THERE, "to nobody").await, Err(RefusedReason::UnknownAddress));
    let elsewhere = Destination::Rendezvous(OTHER);
    assert_eq!(send(&mut new, 2, elsewhere, "to nowhere").await, Err(RefusedReason::UnknownAddress));
    relay.clock.advance(120_000);
    assert_eq!(send(&mut new, 3, THERE, "too late").await, Err(RefusedReason::UnknownAddress));
    assert_eq!(open(&mut old, MOVE).await, Err(RefusedReason::UnknownAddress), "a code is used once");
    assert!(come(&mut old).await.is_empty());
    assert!(come(&mut new).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joined_rendezvous_ends_half_an_hour_after_its_last_message() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut old = relay.owner().await;
    let mut new = relay.phone(2).await;
    assert_eq!(send(&mut new, 1, THERE, "m1").await, Ok(()));
    relay.clock.advance(30 * 60_000 - 1);
    assert_eq!(send(&mut old, 1, THERE, "m2").await, Ok(()));
    relay.clock.advance(30 * 60_000);
    assert_eq!(send(&mut new, 2, THERE, "m3").await, Err(RefusedReason::UnknownAddress));
    assert_eq!(send(&mut old, 2, THERE, "m4").await, Err(RefusedReason::UnknownAddress));
    drop(new);
    assert!(come(&mut relay.phone(2).await).await.is_empty(), "what was not fetched in time has gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendezvous_of_someone_else_cannot_be_opened_and_only_sixteen_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut old = relay.owner().await;
    let mut thief = relay.phone(3).await;
    assert_eq!(open(&mut thief, MOVE).await, Err(RefusedReason::UnknownAddress));
    assert_eq!(open(&mut old, MOVE).await, Ok(()), "the owner may ask again");
    assert_eq!(send(&mut relay.phone(2).await, 1, THERE, "m1").await, Ok(()));
    assert!(come(&mut thief).await.is_empty());
    assert_eq!(come(&mut old).await, ["m1"]);
    for n in 20..35 {
        assert_eq!(open(&mut old, MoveId::from_bytes([n; 16])).await, Ok(()));
    }
    assert_eq!(open(&mut old, MoveId::from_bytes([35; 16])).await, Err(RefusedReason::RateLimited));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_that_is_sent_again_is_carried_once() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut old = relay.owner().await;
    let mut new = relay.phone(2).await;
    for _ in 0..3 {
        assert_eq!(send(&mut new, 1, THERE, "m1").await, Ok(()), "always the same answer");
    }
    assert_eq!(old.envelope(EnvelopeKind::Move).await, "m1");
    assert_eq!(send(&mut new, 1, THERE, "m1").await, Ok(()));
    assert!(come(&mut old).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_relay_in_between_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let old = relay.owner().await;
    let mut new = relay.phone(2).await;
    drop(old);
    assert_eq!(send(&mut new, 1, THERE, "m1").await, Ok(()));
    assert_eq!(send(&mut new, 2, THERE, "m1.1").await, Ok(()));
    let relay = relay.restart(dir.path()).await;
    let (mut old, mut new) = (relay.phone(1).await, relay.phone(2).await);
    assert_eq!(send(&mut new, 2, THERE, "m1.1").await, Ok(()), "the answer was lost with the relay");
    assert_eq!(old.envelope(EnvelopeKind::Move).await, "m1");
    assert_eq!(old.envelope(EnvelopeKind::Move).await, "m1.1");
    assert_eq!(open(&mut old, MOVE).await, Ok(()));
    assert_eq!(send(&mut old, 1, THERE, "m2").await, Ok(()));
    assert_eq!(send(&mut relay.phone(3).await, 1, THERE, "me too").await, Err(RefusedReason::Taken));
    let relay = relay.restart(dir.path()).await;
    let (mut old, mut new) = (relay.phone(1).await, relay.phone(2).await);
    assert_eq!(come(&mut old).await, ["me too"], "what was acknowledged does not come again");
    assert_eq!(come(&mut new).await, ["m2"]);
    assert_eq!(send(&mut relay.phone(3).await, 2, THERE, "me too").await, Err(RefusedReason::Taken));
    assert!(come(&mut old).await.is_empty(), "a stranger is told once, also over a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_away_gets_64_messages_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    drop(relay.owner().await);
    let mut new = relay.phone(2).await;
    for n in 0..64 {
        assert_eq!(send(&mut new, n, THERE, &n.to_string()).await, Ok(()), "{n}");
    }
    assert_eq!(send(&mut new, 64, THERE, "64").await, Err(RefusedReason::QueueFull));
    let mut old = relay.phone(1).await;
    let expected: Vec<_> = (0..64).map(|n: u32| n.to_string()).collect();
    assert_eq!(come(&mut old).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_above_twelve_kibibytes_is_refused_and_the_connection_stays() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut old = relay.owner().await;
    let mut new = relay.phone(2).await;
    let most = "x".repeat(12 * 1024);
    assert_eq!(send(&mut new, 1, THERE, &format!("{most}x")).await, Err(RefusedReason::TooLarge));
    assert_eq!(send(&mut new, 2, THERE, &most).await, Ok(()));
    assert_eq!(come(&mut old).await, [most]);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_above_the_rate_close_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let mut old = relay.owner().await;
    for _ in 0..400 {
        // The relay may have closed already.
        old.write_if_open(&DeviceFrame::Open { id: id(1), rendezvous: MOVE }).await;
    }
    assert_eq!(old.close_code().await, Some(CloseCode::RateLimited));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_a_service_post_and_only_then_may_the_phone_write_to_its_inbox() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let (service, key) = relay.service("sovereign").await;
    let device = TestPhone::new(2);
    let mut new = Connection::open(&relay.base, &device).await;
    let inbox = Destination::Service(service);
    let post = json!({ "to": device.mailbox(), "kind": "moved", "body": "a.b.c", "ttl_s": 60 });
    assert_eq!(relay.call("POST", "/v1/envelopes", &key, Some(post.clone())).await.0, 404);
    assert_eq!(send(&mut new, 1, inbox, "x.y.z").await, Err(RefusedReason::UnknownAddress));

    assert_eq!(link(&mut new, service).await, Ok(()));
    assert_eq!(send(&mut new, 2, inbox, "x.y.z").await, Err(RefusedReason::UnknownAddress), "one way only");
    let (_, other_key) = relay.service("sovereign").await;
    assert_eq!(relay.call("POST", "/v1/envelopes", &other_key, Some(post.clone())).await.0, 404);
    assert_eq!(relay.call("POST", "/v1/envelopes", &key, Some(post)).await.0, 202);
    assert_eq!(new.envelope(EnvelopeKind::Moved).await, "a.b.c");
    assert_eq!(send(&mut new, 3, inbox, "x.y.z").await, Ok(()));
    let (_, items) = relay.call("GET", "/v1/inbox?after=0", &key, None).await;
    let text = items.to_string();
    assert!(text.contains("x.y.z") && text.contains("delivered"), "{text}");
    drop(new);
    let mut again = relay.phone(2).await;
    assert!(come(&mut again).await.is_empty(), "a `moved` that was acknowledged does not come again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_managed_service_is_taken_and_to_none_refused() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let (service, _) = relay.service("managed").await;
    let mut new = relay.phone(2).await;
    assert_eq!(link(&mut new, service).await, Ok(()));
    assert_eq!(link(&mut new, service).await, Ok(()));
    let unknown = link(&mut new, ServiceId::from_bytes([1; 16])).await;
    assert_eq!(unknown, Err(RefusedReason::UnknownAddress));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_under_the_bytes_of_a_service_tells_that_service_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(dir.path()).await;
    let (service, key) = relay.service("sovereign").await;
    let same = MoveId::from_bytes(*service.as_bytes());
    let (mut old, mut new) = (relay.phone(1).await, relay.phone(2).await);
    assert_eq!(open(&mut old, same).await, Ok(()));
    assert_eq!(send(&mut new, 1, Destination::Rendezvous(same), "m1").await, Ok(()));
    assert_eq!(old.envelope(EnvelopeKind::Move).await, "m1");
    let (_, items) = relay.call("GET", "/v1/inbox?after=0", &key, None).await;
    assert!(!items.to_string().contains("delivered"), "{items}");
    // And a service cannot pretend to be the other phone.
    let forged = json!({ "to": TestPhone::new(1).mailbox(), "kind": "move", "body": "a.b.c", "ttl_s": 60 });
    assert_eq!(link(&mut old, service).await, Ok(()));
    assert_eq!(relay.call("POST", "/v1/envelopes", &key, Some(forged)).await.0, 422);
}
