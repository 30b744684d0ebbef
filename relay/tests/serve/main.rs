//! The whole relay in one process: started by `serve`, spoken to over real sockets.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests: a missing member, an error or another frame is a failed test; the phone serves two files"
)]

mod phone;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nod_login::test_phone::TestPhone;
use nod_protocol::Number;
use nod_protocol::frames::{Destination, EnvelopeKind, RelayFrame};
use nod_protocol::messages::{Decision, NoticeEvent, Outcome};
use nod_relay::serve::{Running, serve};
use nod_relay::settings::{EngineKind, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

use self::phone::Connection;

fn settings() -> Settings {
    let mut settings = Settings { listen: "127.0.0.1:0".parse().unwrap(), ..Settings::default() };
    settings.store.engine = EngineKind::Memory;
    settings.drain.spread_s = 0;
    settings.drain.deadline_s = 5;
    settings
}

struct Relay {
    base: String,
    admin: String,
    client: reqwest::Client,
    stop: CancellationToken,
    running: Running,
}

impl Relay {
    async fn start() -> Self {
        Self::start_with(settings(), None).await
    }

    async fn start_with(settings: Settings, admin: Option<String>) -> Self {
        let stop = CancellationToken::new();
        let running = serve(settings, stop.clone()).await.unwrap();
        let admin = admin.unwrap_or_else(|| running.admin_key_first_shown.as_ref().unwrap().to_string());
        Self {
            base: format!("http://{}", running.addr),
            admin,
            client: reqwest::Client::new(),
            stop,
            running,
        }
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

    async fn service(&self, body: Value) -> (String, String) {
        let (status, made) = self.call("POST", "/v1/services", &self.admin, Some(body)).await;
        assert_eq!(status, 201, "{made}");
        (made["service_id"].as_str().unwrap().to_owned(), made["api_key"].as_str().unwrap().to_owned())
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.running.wait()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_relay_is_healthy_and_makes_a_service() {
    let relay = Relay::start().await;
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(relay.call("GET", path, "", None).await.0, 200, "{path}");
    }
    let (id, key) = relay.service(json!({ "name": "Fjordbanken" })).await;
    let (status, shown) = relay.call("GET", "/v1/service", &key, None).await;
    assert_eq!((status, shown["service_id"].as_str().unwrap()), (200, id.as_str()));
    assert_eq!(shown["policy"], json!({ "number": "two", "window_s": 25, "life_s": 40 }));
    relay.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_enrols_and_approves_over_its_socket_and_the_webhook_says_so() {
    let relay = Relay::start().await;
    let (hook_url, hooks) = hook().await;
    let (_, key) = relay.service(json!({ "name": "Fjordbanken" })).await;
    let (_, hooked) =
        relay.call("PATCH", "/v1/service", &key, Some(json!({ "webhook": { "url": hook_url } }))).await;
    let secret = hooked["webhook_secret"].as_str().unwrap().to_owned();

    let phone = TestPhone::new(1);
    let mut socket = Connection::open(&relay.base, &phone).await;
    let (_, started) = relay.call("POST", "/v1/enrolments", &key, Some(json!({ "user": "anna" }))).await;
    let eid = started["enrolment_id"].as_str().unwrap();
    let pending = phone.scan(started["qr"].as_str().unwrap());
    socket.send(Destination::Enrolment(eid.parse().unwrap()), &pending.e1).await;
    let (_, claimed) = relay.call("GET", &format!("/v1/enrolments/{eid}"), &key, None).await;
    assert_eq!(claimed["state"], "claimed");
    let account = phone.accept_e2(&pending, &socket.envelope(EnvelopeKind::Enrolment).await).unwrap();
    let code = json!({ "code": account.code.expose() });
    let (status, _) = relay.call("POST", &format!("/v1/enrolments/{eid}/confirm"), &key, Some(code)).await;
    assert_eq!(status, 200);
    let notice = phone.open_notice(&account, &socket.envelope(EnvelopeKind::Notice).await).unwrap();
    assert_eq!(notice.event, NoticeEvent::Activated);

    let (_, asked) = relay.call("POST", "/v1/challenges", &key, Some(json!({ "user": "anna" }))).await;
    let id = asked["challenge_id"].as_str().unwrap();
    let c1 = socket.envelope(EnvelopeKind::Challenge).await;
    let open = phone.open_challenge(&account, &c1).unwrap();
    let number = Number::parse(asked["number"].as_str().unwrap()).unwrap();
    let c2 = phone.answer(&open, Decision::Approve, Some(&number));
    let wait = format!("/v1/challenges/{id}?wait=20");
    let (_, seen) = relay.call("GET", &format!("/v1/challenges/{id}"), &key, None).await;
    assert!(seen["delivered_at"].is_u64(), "the phone has it: {seen}");
    let (shown, ()) = tokio::join!(
        relay.call("GET", &wait, &key, None),
        socket.send(Destination::Service(account.service), &c2)
    );
    assert_eq!(shown.1["state"], "approved", "{}", shown.1);
    assert_eq!(shown.1["device"]["name"], "Phone 1");
    let receipt = phone.open_receipt(&account, &socket.envelope(EnvelopeKind::Receipt).await).unwrap();
    assert_eq!(receipt.outcome, Outcome::Approved);

    let taken = hooks.wait_for(3).await;
    let again = taken.iter().filter(|hook| hook.id == taken[0].id).count();
    assert_eq!(again, 2, "the attempt that failed came again");
    let mut kinds: Vec<_> = taken.iter().map(|hook| hook.body["type"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["challenge.decided", "device.enrolled"]);
    for hook in &taken {
        let timestamp = hook.timestamp.parse().unwrap();
        let expected = nod_relay::webhook::signature(secret.as_bytes(), &hook.id, timestamp, &hook.raw);
        assert_eq!(hook.signature, expected);
        assert_eq!(hook.body["id"], json!(hook.id));
    }
    let decided = taken.iter().find(|hook| hook.body["type"] == "challenge.decided").unwrap();
    assert_eq!(decided.body["data"]["challenge_id"], json!(id));
    assert_eq!(decided.body["data"]["state"], "approved");
    relay.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sovereign_service_gets_what_a_phone_sends_and_reaches_it() {
    let relay = Relay::start().await;
    let (service, key) = relay.service(json!({ "name": "Own", "mode": "sovereign" })).await;
    let phone = TestPhone::new(2);
    let mut socket = Connection::open(&relay.base, &phone).await;
    let to = Destination::Enrolment("BBBBBBBBBBBBBBBBBBBBBA".parse().unwrap());
    assert!(matches!(socket.try_send(to, "e1").await, RelayFrame::Refused { .. }), "no such route yet");
    let route = json!({ "enrolment": "BBBBBBBBBBBBBBBBBBBBBA", "ttl_s": 300 });
    assert_eq!(relay.call("POST", "/v1/routes", &key, Some(route)).await.0, 204);
    let early = Destination::Service(service.parse().unwrap());
    assert!(matches!(socket.try_send(early, "c2").await, RelayFrame::Refused { .. }), "not linked yet");

    let (inbox, ()) =
        tokio::join!(relay.call("GET", "/v1/inbox?wait=20", &key, None), socket.send(to, "first"));
    let first = &inbox.1["items"][0];
    assert_eq!((&first["kind"], &first["body"]), (&json!("message"), &json!("first")));
    assert_eq!(first["enrolment"], "BBBBBBBBBBBBBBBBBBBBBA");
    let envelope = json!({ "to": first["from"], "kind": "challenge", "body": "a.b.c", "ttl_s": 30 });
    let (status, posted) = relay.call("POST", "/v1/envelopes", &key, Some(envelope)).await;
    assert_eq!(status, 202);
    assert_eq!(socket.envelope(EnvelopeKind::Challenge).await, "a.b.c");
    let after = format!("/v1/inbox?after={}&wait=20", first["seq"]);
    let (_, inbox) = relay.call("GET", &after, &key, None).await;
    assert_eq!(inbox["items"][0]["kind"], "delivered");
    assert_eq!(inbox["items"][0]["envelope"], posted["id"]);
    // What is acknowledged is dropped lazily: a call that comes at once may still see it.
    let mut left = 2;
    for _ in 0..200 {
        let (_, again) = relay.call("GET", "/v1/inbox", &key, None).await;
        left = again["items"].as_array().unwrap().len();
        if left == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(left, 1, "the first one was acknowledged");
    let withdraw = format!("/v1/envelopes/{}?reason=superseded", posted["id"].as_str().unwrap());
    assert_eq!(relay.call("DELETE", &withdraw, &key, None).await.0, 204);
    assert!(matches!(socket.next().await, RelayFrame::Gone { .. }));
    relay.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_relay_knows_its_services_and_shows_no_key_again() {
    let dir = tempfile::tempdir().unwrap();
    let disk = || {
        let mut settings = settings();
        settings.store.engine = EngineKind::Disk;
        settings.data = dir.path().join("data");
        settings
    };
    let relay = Relay::start_with(disk(), None).await;
    let (_, key) = relay.service(json!({ "name": "Kept" })).await;
    let admin = relay.admin.clone();
    relay.end().await;
    let relay = Relay::start_with(disk(), Some(admin)).await;
    assert!(relay.running.admin_key_first_shown.is_none());
    assert_eq!(relay.call("GET", "/v1/service", &key, None).await.1["name"], "Kept");
    assert_eq!(relay.call("POST", "/v1/enrolments", &key, Some(json!({ "user": "anna" }))).await.0, 201);
    relay.end().await;
    std::fs::remove_file(dir.path().join("data/master.key")).unwrap();
    let other = serve(disk(), CancellationToken::new()).await.unwrap_err();
    assert!(other.to_string().contains("master.key"), "{other}");
}

/// One webhook as it arrived.
#[derive(Clone)]
struct Hook {
    id: String,
    timestamp: String,
    signature: String,
    raw: String,
    body: Value,
}

#[derive(Clone, Default)]
struct Hooks(Arc<(Mutex<Vec<Hook>>, tokio::sync::Notify)>);

impl Hooks {
    async fn wait_for(&self, count: usize) -> Vec<Hook> {
        let arrived = async {
            loop {
                let notified = self.0.1.notified();
                if self.0.0.lock().unwrap().len() >= count {
                    return self.0.0.lock().unwrap().clone();
                }
                notified.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrived).await.unwrap()
    }
}

/// A web server that refuses the first call and takes the others.
#[allow(clippy::disallowed_methods, reason = "a test's server ends with its runtime")]
async fn hook() -> (String, Hooks) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let hooks = Hooks::default();
    let kept = hooks.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, raw) = loop {
                let mut piece = [0; 1024];
                let n = stream.read(&mut piece).await.unwrap();
                bytes.extend_from_slice(&piece[..n]);
                let text = String::from_utf8(bytes.clone()).unwrap();
                if let Some((head, body)) = text.split_once("\r\n\r\n")
                    && let Some(length) = header(head, "content-length")
                    && body.len() == length.parse::<usize>().unwrap()
                {
                    break (head.to_owned(), body.to_owned());
                }
            };
            let hook = Hook {
                id: header(&head, "nod-webhook-id").unwrap(),
                timestamp: header(&head, "nod-webhook-timestamp").unwrap(),
                signature: header(&head, "nod-webhook-signature").unwrap(),
                body: serde_json::from_str(&raw).unwrap(),
                raw,
            };
            let first = {
                let mut all = kept.0.0.lock().unwrap();
                all.push(hook);
                all.len() == 1
            };
            let status = if first { "500 Not now" } else { "204 Taken" };
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            kept.0.1.notify_waiters();
        }
    });
    (url, hooks)
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
