//! Threat model, the relay: every line of docs/threat-model.md's table is the test of that name, against a real relay
//! over real sockets.
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

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nod_login::test_phone::TestPhone;
use nod_phone::Phone;
use nod_protocol::frames::{CloseCode, Destination, DeviceFrame, RelayFrame};
use nod_protocol::messages::Outcome;
use nod_protocol::{EnvelopeId, Nonce, Number, OsRandom};
use nod_relay::settings::{Log, LogFormat};
use nod_tests::hostile::live::{Live, Tenant, hello, phone};
use nod_tests::waking::check::Subscriber;
use nod_tests::waking::{WakingRelay, apns, fcm, web_push};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

/// An id that nothing has.
const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const UNKNOWN_ENVELOPE: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn hello_nonce_replayed() {
    let live = Live::start().await;
    let phone = TestPhone::new(1);
    let mut first = live.dial().await;
    let said = hello(&phone, &live.device_url(), first.nonce);
    let mut second = live.dial().await;
    assert_ne!(first.nonce, second.nonce, "a nonce for each connection");
    second.say(&said).await;
    assert_eq!(second.heard().await, Err(CloseCode::BadHello.code()), "another connection's hello");
    first.say(&said).await;
    assert!(matches!(first.heard().await, Ok(Some(RelayFrame::Welcome { .. }))), "its own is fine");
    drop(first);
    let mut third = live.dial().await;
    third.say(&said).await;
    assert_eq!(third.heard().await, Err(CloseCode::BadHello.code()), "a hello that was good once");
    // A second hello on a welcomed connection is not a second chance either.
    let mut online = live.online(&phone).await;
    let again = hello(&phone, &live.device_url(), online.nonce);
    online.say(&again).await;
    assert_eq!(online.heard().await, Err(CloseCode::Protocol.code()));
}

#[tokio::test]
async fn hello_for_relay_a_at_relay_b() {
    let (a, b) = (Live::start().await, Live::start().await);
    let phone = TestPhone::new(1);
    // Relay A is in an attacker's hands: it shows the phone the nonce of B, and passes the hello on to B.
    let mut at_b = b.dial().await;
    at_b.say(&hello(&phone, &a.device_url(), at_b.nonce)).await;
    assert_eq!(at_b.heard().await, Err(CloseCode::BadHello.code()));
    let host = b.host.as_str();
    for aud in [
        format!("wss://{host}/v1/device"),
        format!("ws://{host}/v1/device/"),
        format!("ws://{host}"),
        String::new(),
    ] {
        let mut at_b = b.dial().await;
        at_b.say(&hello(&phone, &aud, at_b.nonce)).await;
        assert_eq!(at_b.heard().await, Err(CloseCode::BadHello.code()), "{aud:?}");
    }
    let mut at_b = b.dial().await;
    at_b.say(&hello(&phone, &b.device_url(), at_b.nonce)).await;
    assert!(matches!(at_b.heard().await, Ok(Some(RelayFrame::Welcome { .. }))));
}

#[tokio::test]
async fn one_mb_or_slow_first_frame() {
    let live = Live::start().await;
    // Too large: cut at once, whatever it would have said.
    for text in ["x".repeat(1024 * 1024), format!(r#"{{"t":"hello","jwt":"{}"}}"#, "A".repeat(20 * 1024))] {
        let mut large = live.dial().await;
        large.say_text(&text).await;
        let end = large.heard().await;
        // The close code is there unless what was still on its way made the system reset the connection.
        assert!([Err(CloseCode::Protocol.code()), Ok(None)].contains(&end), "{end:?}");
    }
    // Slow: cut after ten seconds, and nobody waits for it meanwhile.
    let begin = Instant::now();
    let mut slow = live.dial().await;
    for seed in 1..=20 {
        live.online(&TestPhone::new(seed)).await;
    }
    assert!(begin.elapsed() < Duration::from_secs(9), "others connect meanwhile");
    assert_eq!(slow.heard().await, Err(CloseCode::HelloTimeout.code()));
    let waited = begin.elapsed();
    assert!(waited >= Duration::from_secs(9) && waited < Duration::from_secs(15), "{waited:?}");
    assert!(live.metrics().await.contains("nod_device_unidentified 0"), "nothing of it is left");
}

/// Enrols a user on a real phone.
async fn enrol(live: &Live, tenant: &Tenant, phone: &Phone, user: &str) -> (String, String, String) {
    let (status, started) = live.call("POST", "/v1/enrolments", &tenant.key, json!({ "user": user })).await;
    assert_eq!(status, 201, "{started}");
    let (id, qr) = (started["enrolment_id"].as_str().unwrap(), started["qr"].as_str().unwrap());
    let pending = phone.enrol(qr).await.unwrap();
    let code = pending.code().expose();
    let confirm = format!("/v1/enrolments/{id}/confirm");
    let (status, active) = live.call("POST", &confirm, &tenant.key, json!({ "code": code })).await;
    assert_eq!(status, 200, "{active}");
    pending.finished().await.unwrap();
    (active["binding_id"].as_str().unwrap().to_owned(), qr.to_owned(), code)
}

#[tokio::test]
async fn tenant_bs_key_on_as_binding() {
    let live = Live::start().await;
    let dir = tempfile::tempdir().unwrap();
    let a = live.tenant("A", "managed").await;
    let phone = phone(dir.path(), "ada");
    let (binding, ..) = enrol(&live, &a, &phone, "ada").await;
    let (_, open) = live.call("POST", "/v1/enrolments", &a.key, json!({ "user": "bo" })).await;
    let (_, asked) = live.call("POST", "/v1/challenges", &a.key, json!({ "user": "ada" })).await;
    let (enrolment, challenge) =
        (open["enrolment_id"].as_str().unwrap(), asked["challenge_id"].as_str().unwrap());
    let (_, added) = live.call("POST", "/v1/users/ada/methods", &a.key, json!({ "kind": "totp" })).await;
    let method_id = added["method"]["method_id"].as_str().unwrap();
    let fobs = json!({ "fobs": [{ "serial": "A1", "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" }] });
    assert_eq!(live.call("POST", "/v1/service/fobs", &a.key, fobs).await.0, 200);
    let (_, document) = live.call("GET", "/openapi.json", "", Value::Null).await;
    let mut tried = 0;
    for mode in ["managed", "sovereign"] {
        let b = live.tenant("B", mode).await;
        for (path, methods) in document["paths"].as_object().unwrap() {
            if !path.contains('{') {
                continue;
            }
            for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                let fill = |real: bool| {
                    let pick = |id: &str| if real { id.to_owned() } else { UNKNOWN.to_owned() };
                    let user = if real { "ada" } else { "nobody" };
                    path.replace("{enrolment}", &pick(enrolment))
                        .replace("{challenge}", &pick(challenge))
                        .replace("{binding}", &pick(&binding))
                        .replace("{key}", &pick(&a.key[4..26]))
                        .replace("{service}", &pick(&a.id))
                        .replace("{method}", &pick(method_id))
                        .replace("{serial}", if real { "A1" } else { "A2" })
                        .replace("{name}", if real { "a" } else { "b" })
                        .replace("{envelope}", UNKNOWN_ENVELOPE)
                        .replace("{user}", user)
                };
                assert!(!fill(true).contains('{'), "a part of {path} that this test does not know");
                let body = if path.ends_with("/confirm") { json!({ "code": "000000" }) } else { Value::Null };
                let method = method.to_uppercase();
                let mut foreign = live.call(&method, &fill(true), &b.key, body.clone()).await;
                let mut unknown = live.call(&method, &fill(false), &b.key, body).await;
                for seen in [&mut foreign.1, &mut unknown.1] {
                    // Of each call's own making: its id, and the name that it asked for.
                    if let Some(seen) = seen.as_object_mut() {
                        seen.remove("request_id");
                        seen.remove("user");
                    }
                }
                assert_eq!(foreign, unknown, "{method} {path} as {mode} tells that the id exists");
                let leaks = foreign.1.to_string().contains(&binding);
                assert!(!leaks, "{method} {path} shows the binding");
                tried += 1;
            }
        }
        // Ids in bodies, too.
        let only = json!({ "user": "ada", "binding_id": binding });
        let (status, refused) = live.call("POST", "/v1/challenges", &b.key, only).await;
        assert_eq!(status, 409, "{refused}");
        let mailbox = TestPhone::new(5).mailbox();
        let envelope = json!({ "to": mailbox, "kind": "challenge", "body": "a.b.c", "ttl_s": 30 });
        let (status, _) = live.call("POST", "/v1/envelopes", &b.key, envelope).await;
        assert!(status == 404 || status == 409, "an envelope to a mailbox that is not linked: {status}");
    }
    assert!(tried >= 24, "{tried} calls");
    // Nothing of it touched A: its user still approves, on the phone that is still hers.
    let id = challenge.parse().unwrap();
    assert!(phone.wait_challenge(id, Duration::from_secs(10)).await.is_some());
    let number = Number::parse(asked["number"].as_str().unwrap()).unwrap();
    assert_eq!(phone.approve(id, Some(number)).await, Ok(Outcome::Approved));
    phone.disconnect().await;
}

#[tokio::test]
async fn wake_up_payload_carries_no_secret() {
    let mut relay = WakingRelay::start().await;
    let subscriber = Subscriber::default();
    let targets = [web_push(&relay.server, &subscriber, "/up"), fcm("token"), apns(1, false)];
    for (n, target) in (1..).zip(targets) {
        let phone = TestPhone::new(n);
        relay.asleep(&phone, target).await;
        // Two questions that differ in everything.
        let mut said = Vec::new();
        for canary in ["aaaa.canary.bbbb", "cccc.another.canary.that.is.longer.dddd"] {
            let mail = json!({ "to": phone.mailbox(), "kind": "challenge", "body": canary, "ttl_s": 60 });
            let (status, posted) = relay.live.call("POST", "/v1/envelopes", &relay.tenant.key, mail).await;
            assert_eq!(status, 202, "{posted}");
            let mut wake_up = relay.server.next().await;
            if wake_up.path == "/token" {
                wake_up = relay.server.next().await;
            }
            let all = format!("{wake_up:?} {}", String::from_utf8_lossy(&wake_up.body));
            let id = posted["id"].as_str().unwrap();
            for secret in ["canary", id, &relay.tenant.id, "Sovereign", &phone.mailbox().to_string()] {
                assert!(!all.contains(secret), "{secret} in {all}");
            }
            if n == 1 {
                assert_eq!(wake_up.body.len(), 16 + 4 + 1 + 65 + 4 + 1 + 16);
                wake_up.body = subscriber.open(&wake_up.body);
            } else {
                // How long it is of use is all that may differ.
                let mut body = wake_up.json();
                if n == 2 {
                    body["message"]["android"]["ttl"].take();
                }
                wake_up.body = body.to_string().into_bytes();
            }
            said.push(wake_up.body);
        }
        assert_eq!(said[0], said[1], "the same word whatever it is about");
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
async fn logs_and_metrics_carry_no_secret() {
    const USER: &str = "canary.user@example.org";
    const SESSION: &str = "canary-session-value";
    const PLACE: &str = "Canary Islands";
    let captured = Captured::default();
    // For the whole process, and at the most talkative level: the phone's and the login server's words included.
    let log = Log { filter: "trace".to_owned(), format: LogFormat::Text };
    tracing::dispatcher::set_global_default(nod_relay::log::dispatch(&log, captured.clone())).unwrap();
    let live = Live::start().await;
    let dir = tempfile::tempdir().unwrap();
    let a = live.tenant("Canary Bank", "managed").await;
    let handset = phone(dir.path(), "Canary Phone");
    let (binding, qr, code) = enrol(&live, &a, &handset, USER).await;
    let context = json!({ "application": "Canary Mail", "domain": "canary.example", "place": PLACE,
        "ip": "203.0.113.77", "user_agent": "Canary/1.0", "detail": "canary detail" });
    let ask = json!({ "user": USER, "session": SESSION, "number": "six", "context": context });
    let (_, asked) = live.call("POST", "/v1/challenges", &a.key, ask).await;
    let id = asked["challenge_id"].as_str().unwrap();
    let number = asked["number"].as_str().unwrap();
    let challenge = id.parse().unwrap();
    handset.wait_challenge(challenge, Duration::from_secs(10)).await.unwrap();
    let approved = handset.approve(challenge, Some(Number::parse(number).unwrap())).await;
    assert_eq!(approved, Ok(Outcome::Approved));
    let (_, seen) =
        live.call("GET", &format!("/v1/challenges/{id}?session={SESSION}"), &a.key, Value::Null).await;
    let answer = seen["answer"].as_str().unwrap().to_owned();
    for (method, path) in [
        ("GET", format!("/v1/challenges/{id}?session=wrong-{SESSION}")),
        ("GET", format!("/v1/users/{USER}/devices")),
        ("GET", format!("/{USER}")),
        ("POST", format!("/v1/users/{USER}/verified")),
        ("DELETE", format!("/v1/users/{USER}/devices/{binding}")),
        ("GET", "/v1/services".to_owned()),
    ] {
        for key in [&a.key, &format!("{}x", a.key), &live.admin] {
            live.call(method, &path, key, Value::Null).await;
        }
    }
    // Whatever a phone may send by mistake stays out of the log as well.
    let mut line = live.online(&TestPhone::new(3)).await;
    line.say_text(&format!("{{\"t\":\"{USER}\"}}")).await;
    let _ = line.heard().await;
    handset.disconnect().await;
    let metrics = live.metrics().await;
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("relay listening") && log.contains("/v1/users/{user}/devices"),
        "the log was captured"
    );
    assert!(metrics.contains("nod_challenges_total"), "{metrics}");
    let secret = qr.split("&s=").nth(1).unwrap().split('&').next().unwrap();
    let signature = answer.rsplit('.').next().unwrap();
    let canaries = [
        ("user name", USER),
        ("session", SESSION),
        ("place", PLACE),
        ("application", "Canary Mail"),
        ("domain", "canary.example"),
        ("address", "203.0.113.77"),
        ("user agent", "Canary/1.0"),
        ("detail", "canary detail"),
        ("device name", "Canary Phone"),
        ("service name", "Canary Bank"),
        ("QR secret", secret),
        ("answer", signature),
        ("API key", &a.key[27..]),
        ("admin key", &live.admin[10..]),
    ];
    for (place, text) in [("log", &log), ("metrics", &metrics)] {
        for (what, canary) in canaries {
            let found = text.lines().find(|line| line.contains(canary));
            assert!(found.is_none(), "the {what} is in the {place}: {found:?}");
        }
        for (what, digits) in [("check code", code.as_str()), ("number", number)] {
            for quoted in [format!("\"{digits}\""), format!("={digits} "), format!(" {digits} ")] {
                assert!(!text.contains(&quoted), "the {what} is in the {place}");
            }
        }
    }
}

#[tokio::test]
async fn slow_reader_cut_others_unaffected() {
    let live = Live::start().await;
    let tenant = live.tenant("Sovereign", "sovereign").await;
    let (idle, alert) = (TestPhone::new(1), TestPhone::new(2));
    for phone in [&idle, &alert] {
        link(&live, &tenant, phone).await;
    }
    // One phone never reads and has next to no buffer; the other one reads.
    let mut asleep = live.dial_with(Some(4096)).await;
    asleep.say(&hello(&idle, &live.device_url(), asleep.nonce)).await;
    assert!(matches!(asleep.heard().await, Ok(Some(RelayFrame::Welcome { .. }))));
    let mut awake = live.online(&alert).await;
    let filler = "a".repeat(11 * 1024);
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    loop {
        for _ in 0..24 {
            // Mail for the sleeper is short-lived, so that its mailbox never fills up.
            let mail = json!({ "to": idle.mailbox(), "kind": "notice", "body": filler, "ttl_s": 1 });
            let (status, body) = live.call("POST", "/v1/envelopes", &tenant.key, mail).await;
            assert!(status == 202 || status == 429 || status == 409, "{status} {body}");
        }
        let sent = Instant::now();
        let mail = json!({ "to": alert.mailbox(), "kind": "notice", "body": "a.b.c", "ttl_s": 30 });
        let (status, posted) = live.call("POST", "/v1/envelopes", &tenant.key, mail).await;
        assert_eq!(status, 202, "{posted}");
        let heard = awake.heard().await;
        let Ok(Some(RelayFrame::Deliver { id, .. })) = heard else { panic!("{heard:?}") };
        assert_eq!(id.to_string(), posted["id"].as_str().unwrap());
        awake.say(&DeviceFrame::Received { id }).await;
        slowest = slowest.max(sent.elapsed());
        if live.metrics().await.contains("nod_device_closed_total{reason=\"slow\"} 1") {
            break;
        }
        // A phone may send five frames a second; the one that reads keeps to that.
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "the sleeper is not cut: {}",
            live.metrics().await
        );
    }
    assert!(slowest < Duration::from_secs(2), "the other phone waited {slowest:?}");
    assert!(live.metrics().await.contains("nod_device_connections 1"), "its connection is gone");
}

/// Links a phone to a service: it answers an enrolment of that service.
async fn link(live: &Live, tenant: &Tenant, phone: &TestPhone) {
    let enrolment = nod_protocol::EnrolmentId::random(&OsRandom).unwrap();
    let route = json!({ "enrolment": enrolment, "ttl_s": 300 });
    let (status, body) = live.call("POST", "/v1/routes", &tenant.key, route).await;
    assert_eq!(status, 204, "{body}");
    let mut line = live.online(phone).await;
    let id = EnvelopeId::new(1, &OsRandom).unwrap();
    line.say(&DeviceFrame::Send { id, to: Destination::Enrolment(enrolment), body: "{}".to_owned() }).await;
    assert_eq!(line.heard().await, Ok(Some(RelayFrame::Accepted { id })));
    assert_ne!(line.nonce, Nonce::from_bytes([0; 32]));
}
