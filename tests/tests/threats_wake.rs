//! Threat model, wake-ups: every line of docs/threat-model.md's table is the test of that name, against a real relay and
//! a push service over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nod_login::test_phone::TestPhone;
use nod_protocol::frames::RefusedReason;
use nod_protocol::messages::WakeTarget;
use nod_relay::settings::{Log, LogFormat};
use nod_tests::hostile::live::phone_with;
use nod_tests::waking::check::Subscriber;
use nod_tests::waking::{Answer, WakingRelay, apns, fcm, web_push};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tracing_subscriber::fmt::MakeWriter;

#[tokio::test]
async fn wake_up_target_of_another_connection_replayed() {
    let relay = WakingRelay::start().await;
    let phone = TestPhone::new(1);
    let (mut first, _) = relay.linked(&phone).await;
    let jwt = relay.signed(&phone, first.nonce, Some(fcm("old")));
    assert_eq!(relay.say_jwt(&mut first, jwt.clone()).await, Ok(()));
    drop(first);
    let (mut second, greeting) = relay.greeted(&phone).await;
    assert_eq!(greeting.held, Some(fcm("old").digest()));
    assert_eq!(relay.say(&mut second, &phone, Some(fcm("new"))).await, Ok(()));
    assert_eq!(relay.say_jwt(&mut second, jwt).await, Err(RefusedReason::Malformed));
    drop(second);
    assert_eq!(relay.greeted(&phone).await.1.held, Some(fcm("new").digest()));
}

#[tokio::test]
async fn wake_up_target_signed_by_another_phone() {
    let relay = WakingRelay::start().await;
    let (anna, eve) = (TestPhone::new(1), TestPhone::new(2));
    let (mut line, _) = relay.linked(&anna).await;
    assert_eq!(relay.say(&mut line, &anna, Some(fcm("anna"))).await, Ok(()));
    relay.linked(&eve).await;
    let refused = relay.say(&mut line, &eve, Some(fcm("eve"))).await;
    assert_eq!(refused, Err(RefusedReason::Malformed));
    drop(line);
    assert_eq!(relay.greeted(&anna).await.1.held, Some(fcm("anna").digest()));
}

#[tokio::test]
async fn an_endpoint_inside_the_operators_network() {
    let mut relay = WakingRelay::with(|settings| settings.wake.web_push.private_hosts.clear()).await;
    let (phone, subscriber) = (TestPhone::new(1), Subscriber::default());
    let (mut line, _) = relay.linked(&phone).await;
    for host in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "[::1]", "[fd00::1]", "169.254.169.254", "0.0.0.0"] {
        let endpoint = format!("https://{host}/latest");
        let target = WakeTarget::web_push(&endpoint, &subscriber.p256dh(), &subscriber.auth()).unwrap();
        let refused = relay.say(&mut line, &phone, Some(target)).await;
        assert_eq!(refused, Err(RefusedReason::Unsupported), "{host}");
    }
    // A name gives nothing away before it is resolved, which is when it is dialled.
    let named = web_push(&relay.server, &subscriber, "/up");
    assert_eq!(relay.say(&mut line, &phone, Some(named)).await, Ok(()));
    drop(line);
    relay.gone().await;
    relay.ask(&phone, 40).await;
    relay.counted("web-push", "refused", 1).await;
    relay.server.silent_for(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_redirect_of_a_push_service() {
    let mut relay = WakingRelay::start().await;
    let phone = TestPhone::new(1);
    relay.asleep(&phone, web_push(&relay.server, &Subscriber::default(), "/up")).await;
    let elsewhere = format!("{}/elsewhere", relay.server.url);
    relay.server.answer("/up", Answer::status(307).with("location", elsewhere));
    relay.ask(&phone, 40).await;
    assert_eq!(relay.server.next().await.path, "/up");
    relay.counted("web-push", "refused", 1).await;
    relay.server.silent_for(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_push_service_that_is_down_outlives_the_challenge() {
    let mut relay = WakingRelay::start().await;
    let (phone, other) = (TestPhone::new(1), TestPhone::new(2));
    relay.asleep(&phone, web_push(&relay.server, &Subscriber::default(), "/down")).await;
    for _ in 0..50 {
        relay.server.answer("/down", Answer::status(503));
    }
    relay.ask(&phone, 2).await;
    let first = relay.server.next().await;
    relay.counted("web-push", "given-up", 1).await;
    let mut last = first.at;
    for _ in 0..metric(&relay, "retried").await {
        last = relay.server.next().await.at;
    }
    assert!(last - first.at < Duration::from_secs(2), "nothing was sent after the challenge's end");
    relay.server.silent_for(Duration::from_millis(1500)).await;

    relay.asleep(&other, web_push(&relay.server, &Subscriber::default(), "/later")).await;
    relay.server.answer("/later", Answer::status(429).with("retry-after", "3600"));
    relay.ask(&other, 30).await;
    relay.server.next().await;
    relay.counted("web-push", "given-up", 2).await;
}

async fn metric(relay: &WakingRelay, outcome: &str) -> u64 {
    let metrics = relay.live.metrics().await;
    let label = format!("outcome=\"{outcome}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix("nod_wakeups_total")?.split_once(&label));
    line.map_or(0, |(_, count)| count.parse().unwrap())
}

#[tokio::test]
async fn a_token_that_is_gone_and_a_newer_one() {
    let mut relay = WakingRelay::start().await;
    let (phone, subscriber) = (TestPhone::new(1), Subscriber::default());
    relay.asleep(&phone, web_push(&relay.server, &subscriber, "/old")).await;
    let hold = Arc::new(Notify::new());
    relay.server.answer("/old", Answer { hold: Some(Arc::clone(&hold)), ..Answer::status(410) });
    relay.ask(&phone, 40).await;
    relay.server.next().await;
    // While the push service thinks about the old one, the phone gives another.
    let newer = web_push(&relay.server, &subscriber, "/new");
    let (mut line, _) = relay.greeted(&phone).await;
    let delivered = line.heard().await;
    assert!(matches!(delivered, Ok(Some(nod_protocol::frames::RelayFrame::Deliver { .. }))), "{delivered:?}");
    assert_eq!(relay.say(&mut line, &phone, Some(newer.clone())).await, Ok(()));
    hold.notify_one();
    relay.counted("web-push", "gone", 1).await;
    drop(line);
    assert_eq!(relay.greeted(&phone).await.1.held, Some(newer.digest()));
}

#[tokio::test]
async fn wake_up_tokens_in_a_stolen_database() {
    const CANARY: &str = "canary-registration-token-of-a-phone";
    let mut relay = WakingRelay::start().await;
    let subscriber = Subscriber::default();
    relay.asleep(&TestPhone::new(1), fcm(CANARY)).await;
    relay.asleep(&TestPhone::new(2), web_push(&relay.server, &subscriber, "/canary-endpoint")).await;
    let device = "ab".repeat(32);
    relay.asleep(&TestPhone::new(3), apns(0xab, false)).await;
    relay.live.stop().await;
    let mut bytes = Vec::new();
    read_all(&relay.live.folder().join("db"), &mut bytes);
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("Sovereign"), "what is not sealed is found");
    for secret in [CANARY, "canary-endpoint", "localhost", &subscriber.p256dh(), &subscriber.auth(), &device]
    {
        assert!(!has(secret), "{secret}");
    }
}

fn read_all(path: &Path, bytes: &mut Vec<u8>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            read_all(&entry.unwrap().path(), bytes);
        }
    } else {
        bytes.extend(std::fs::read(path).unwrap());
    }
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Captured {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn logs_metrics_and_audit_of_wake_ups_carry_no_secret() {
    const TOKEN: &str = "canary-token-of-the-phone";
    const USER: &str = "canary.user@example.org";
    let captured = Captured::default();
    // For the whole process, and at the most talkative level: the libraries' words included.
    let log = Log { filter: "trace".to_owned(), format: LogFormat::Text };
    tracing::dispatcher::set_global_default(nod_relay::log::dispatch(&log, captured.clone())).unwrap();
    let mut relay = WakingRelay::start().await;
    let subscriber = Subscriber::default();
    let dir = tempfile::tempdir().unwrap();
    let tenant = relay.live.tenant("Canary Bank", "managed").await;
    let device = "ac".repeat(32);
    let targets = [fcm(TOKEN), web_push(&relay.server, &subscriber, "/canary-endpoint"), apns(0xac, false)];
    let mut numbers = Vec::new();
    for (n, target) in targets.into_iter().enumerate() {
        let platform: Arc<dyn nod_phone::WakeSource> = Arc::new(Fixed(target));
        let phone = phone_with(dir.path(), &format!("Canary Phone {n}"), Some(platform));
        let user = format!("{n}.{USER}");
        relay.live.enrol(&tenant, &phone, &user).await;
        phone.disconnect().await;
        relay.gone().await;
        // Once as it should be, once not.
        for status in [201, 410] {
            for path in ["/v1/projects", "/canary-endpoint", "/3/device"] {
                relay.server.answer(path, Answer::status(status));
            }
            let ask = json!({ "user": user, "number": "six" });
            let (_, asked) = relay.live.call("POST", "/v1/challenges", &tenant.key, ask).await;
            numbers.push(asked["number"].as_str().unwrap().to_owned());
            let id = asked["challenge_id"].as_str().unwrap();
            while relay.server.next().await.path == "/token" {}
            let path = format!("/v1/challenges/{id}");
            relay.live.call("DELETE", &path, &tenant.key, Value::Null).await;
        }
    }
    relay.counted("web-push", "accepted", 1).await;
    let metrics = relay.live.metrics().await;
    relay.live.start_again().await;
    let (_, audit) = relay.live.call("GET", "/v1/admin/audit", &relay.live.admin, Value::Null).await;
    let audit = audit.as_str().unwrap();
    let audit: Vec<_> = audit.lines().filter(|line| line.contains("wake-ups")).collect();
    assert!(!audit.is_empty());
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("wake-up"), "there is a log of it");
    let texts = [("log", log.as_str()), ("metrics", &metrics), ("audit", &audit.join("\n"))];
    for (place, text) in texts {
        for secret in [
            TOKEN,
            USER,
            "canary-endpoint",
            &device,
            &subscriber.p256dh(),
            &subscriber.auth(),
            "access-1",
            "eyJ",
        ] {
            let found = text.lines().find(|line| line.contains(secret));
            assert!(found.is_none(), "{secret} is in the {place}: {found:?}");
        }
        for number in &numbers {
            for quoted in [format!("\"{number}\""), format!("={number} "), format!(" {number} ")] {
                assert!(!text.contains(&quoted), "a number is in the {place}");
            }
        }
    }
}

/// A platform that always says the same.
struct Fixed(WakeTarget);

impl nod_phone::WakeSource for Fixed {
    fn target(
        &self,
        _relay: &nod_protocol::qr::RelayAddress,
        _offer: &nod_phone::WakeOffer,
    ) -> Option<WakeTarget> {
        Some(self.0.clone())
    }
}
