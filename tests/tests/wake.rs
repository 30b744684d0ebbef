//! A phone whose socket is closed signs its user in because it was woken up, by each service; and what the login page
//! is told where that does not go well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nod_phone::{Phone, WakeOffer, WakeSource, WakeTarget};
use nod_protocol::messages::Outcome;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{ChallengeId, Number};
use nod_tests::hostile::live::{Tenant, phone_with};
use nod_tests::waking::check::Subscriber;
use nod_tests::waking::{Answer, Posted, WakingRelay, apns, fcm, web_push};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(15);

/// What the platform says, and what it was asked.
#[derive(Default)]
struct Platform {
    target: Mutex<Option<WakeTarget>>,
    offered: Mutex<Option<WakeOffer>>,
}

impl WakeSource for Platform {
    fn target(&self, _relay: &RelayAddress, offer: &WakeOffer) -> Option<WakeTarget> {
        *self.offered.lock().unwrap() = Some(offer.clone());
        self.target.lock().unwrap().clone()
    }
}

/// A user with a phone that the relay can wake up.
struct Anna {
    tenant: Tenant,
    phone: Phone,
    platform: Arc<Platform>,
}

impl Anna {
    /// Enrolled, and asleep.
    async fn new(relay: &WakingRelay, dir: &Path, target: Option<WakeTarget>) -> Self {
        let tenant = relay.live.tenant("Bank", "managed").await;
        let platform = Arc::new(Platform { target: Mutex::new(target), ..Platform::default() });
        let phone = phone_with(dir, "anna", Some(platform.clone()));
        relay.live.enrol(&tenant, &phone, "anna").await;
        let anna = Self { tenant, phone, platform };
        anna.sleep(relay).await;
        anna
    }

    async fn sleep(&self, relay: &WakingRelay) {
        self.phone.disconnect().await;
        relay.gone().await;
    }

    async fn ask(&self, relay: &WakingRelay) -> (String, Number) {
        let ask = json!({ "user": "anna", "session": "s" });
        let (status, asked) = relay.live.call("POST", "/v1/challenges", &self.tenant.key, ask).await;
        assert_eq!(status, 201, "{asked}");
        let number = Number::parse(asked["number"].as_str().unwrap()).unwrap();
        (asked["challenge_id"].as_str().unwrap().to_owned(), number)
    }

    /// The challenge once `wanted` says so; each look waits for a change.
    async fn seen(&self, relay: &WakingRelay, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..10 {
            let (status, seen) = relay.live.call("GET", &look(id, 2), &self.tenant.key, Value::Null).await;
            assert_eq!(status, 200, "{seen}");
            if wanted(&seen) {
                return seen;
            }
        }
        panic!("it does not come to that");
    }

    /// What the app does when it was woken up; then the login succeeds.
    async fn wakes_and_approves(&self, relay: &WakingRelay, id: &str, number: Number) {
        self.phone.connect().unwrap();
        let challenge: ChallengeId = id.parse().unwrap();
        self.phone.wait_challenge(challenge, PATIENCE).await.expect("the challenge is there");
        assert_eq!(self.phone.approve(challenge, Some(number)).await, Ok(Outcome::Approved));
        let finalise = format!("/v1/challenges/{id}/finalise");
        let (status, done) =
            relay.live.call("POST", &finalise, &self.tenant.key, json!({ "session": "s" })).await;
        assert_eq!(
            (status, &done["state"], &done["delivery"]),
            (200, &json!("approved"), &json!("delivered"))
        );
    }
}

fn look(id: &str, wait_s: u32) -> String {
    format!("/v1/challenges/{id}?session=s&wait={wait_s}")
}

async fn wake_up(relay: &mut WakingRelay) -> Posted {
    let posted = relay.server.next().await;
    if posted.path == "/token" { relay.server.next().await } else { posted }
}

/// The whole story with one service.
async fn signs_in(target: impl FnOnce(&WakingRelay) -> WakeTarget, path: &str) -> (WakingRelay, Posted) {
    let mut relay = WakingRelay::start().await;
    let dir = tempfile::tempdir().unwrap();
    let target = target(&relay);
    let anna = Anna::new(&relay, dir.path(), Some(target)).await;
    let (id, number) = anna.ask(&relay).await;
    let posted = wake_up(&mut relay).await;
    assert!(posted.path.starts_with(path), "{posted:?}");
    let seen = anna.seen(&relay, &id, |seen| seen["delivery"] != "waiting").await;
    assert_eq!((&seen["state"], &seen["delivery"]), (&json!("pending"), &json!("waking")));
    anna.wakes_and_approves(&relay, &id, number).await;
    (relay, posted)
}

#[tokio::test]
async fn a_phone_woken_by_web_push_signs_in() {
    let subscriber = Subscriber::default();
    let (_, posted) = signs_in(|relay| web_push(&relay.server, &subscriber, "/up"), "/up").await;
    assert_eq!(subscriber.open(&posted.body), b"wake");
}

#[tokio::test]
async fn a_phone_woken_by_fcm_signs_in() {
    signs_in(|_| fcm("registration"), "/v1/projects/nod-test/messages:send").await;
}

#[tokio::test]
async fn a_phone_woken_by_apns_signs_in() {
    signs_in(|_| apns(7, false), "/3/device/0707").await;
}

#[tokio::test]
async fn the_page_hears_at_once_that_a_phone_cannot_be_woken() {
    let relay = WakingRelay::start().await;
    let dir = tempfile::tempdir().unwrap();
    let anna = Anna::new(&relay, dir.path(), None).await;
    let offered = anna.platform.offered.lock().unwrap().clone().unwrap();
    assert!(offered.web_push.is_some() && offered.fcm.is_some() && offered.apns.is_some());
    let (id, number) = anna.ask(&relay).await;
    anna.seen(&relay, &id, |seen| seen["delivery"] == "unreachable").await;
    // It is opened by hand, and all is well.
    anna.wakes_and_approves(&relay, &id, number).await;
}

#[tokio::test]
async fn a_token_that_is_gone_makes_the_phone_unreachable_until_it_gives_another() {
    let mut relay = WakingRelay::start().await;
    let dir = tempfile::tempdir().unwrap();
    let subscriber = Subscriber::default();
    let target = web_push(&relay.server, &subscriber, "/old");
    let anna = Anna::new(&relay, dir.path(), Some(target)).await;
    relay.server.answer("/old", Answer::status(410));
    let (id, _) = anna.ask(&relay).await;
    assert_eq!(wake_up(&mut relay).await.path, "/old");
    anna.seen(&relay, &id, |seen| seen["delivery"] == "unreachable").await;
    *anna.platform.target.lock().unwrap() = Some(web_push(&relay.server, &subscriber, "/new"));
    anna.phone.connect().unwrap();
    anna.phone.wait_challenge(id.parse().unwrap(), PATIENCE).await.expect("it comes by itself");
    accepted(&relay, 1).await;
    anna.sleep(&relay).await;
    let path = format!("/v1/challenges/{id}/retry");
    let (status, asked) = relay.live.call("POST", &path, &anna.tenant.key, json!({ "session": "s" })).await;
    assert_eq!(status, 201, "{asked}");
    assert_eq!(wake_up(&mut relay).await.path, "/new");
}

/// Waits until the relay has accepted so many messages of phones since it started.
async fn accepted(relay: &WakingRelay, more_than: u64) {
    loop {
        let metrics = relay.live.metrics().await;
        let line = metrics.lines().find_map(|line| line.strip_prefix("nod_device_accepted_total ")).unwrap();
        if line.parse::<u64>().unwrap() > more_than + 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_platform_with_another_target_tells_a_connected_relay() {
    let mut relay = WakingRelay::start().await;
    let dir = tempfile::tempdir().unwrap();
    let anna = Anna::new(&relay, dir.path(), Some(fcm("first"))).await;
    anna.phone.connect().unwrap();
    let mut events = anna.phone.events();
    while anna.phone.relays().iter().all(|relay| !relay.online) {
        events.next().await;
    }
    *anna.platform.target.lock().unwrap() = Some(apns(3, false));
    anna.phone.wake_target_changed();
    accepted(&relay, 1).await;
    anna.sleep(&relay).await;
    let (id, _) = anna.ask(&relay).await;
    assert!(wake_up(&mut relay).await.path.starts_with("/3/device/0303"));
    let cancel = format!("/v1/challenges/{id}?session=s");
    let (status, _) = relay.live.call("DELETE", &cancel, &anna.tenant.key, Value::Null).await;
    assert_eq!(status, 200);
    // And takes it back.
    anna.phone.connect().unwrap();
    *anna.platform.target.lock().unwrap() = None;
    anna.phone.wake_target_changed();
    accepted(&relay, 2).await;
    anna.sleep(&relay).await;
    let (id, _) = anna.ask(&relay).await;
    anna.seen(&relay, &id, |seen| seen["delivery"] == "unreachable").await;
}

#[tokio::test]
async fn a_relay_that_was_down_wakes_those_whose_challenges_still_wait_and_audits_it() {
    let mut relay = WakingRelay::start().await;
    let dir = tempfile::tempdir().unwrap();
    let anna = Anna::new(&relay, dir.path(), Some(fcm("registration"))).await;
    relay.server.answer("/v1/projects", Answer::status(503).with("retry-after", "30"));
    let (id, number) = anna.ask(&relay).await;
    wake_up(&mut relay).await;
    relay.counted("fcm", "retried", 1).await;
    relay.live.start_again().await;
    wake_up(&mut relay).await;
    anna.seen(&relay, &id, |seen| seen["delivery"] == "waking").await;
    anna.wakes_and_approves(&relay, &id, number).await;
    relay.live.start_again().await;
    let admin = relay.live.admin.clone();
    let (status, log) = relay.live.call("GET", "/v1/admin/audit", &admin, Value::Null).await;
    assert_eq!(status, 200);
    let log = log.as_str().unwrap();
    for services in [r#"{"fcm":{"retried":1}}"#, r#"{"fcm":{"accepted":1}}"#] {
        let event = format!(r#""event":{{"services":{services},"what":"wake-ups"}}"#);
        assert!(log.contains(&event), "{event} in {log}");
    }
}
