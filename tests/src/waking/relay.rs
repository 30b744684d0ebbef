//! A relay whose wake-ups go to push services of our own, and phones that it wakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, with what was expected"
)]

use std::path::Path;

use nod_login::test_phone::TestPhone;
use nod_protocol::frames::{Destination, DeviceFrame, RefusedReason, RelayFrame};
use nod_protocol::messages::{WakeClaims, WakeOffer, WakeTarget};
use nod_protocol::{Digest, EnrolmentId, EnvelopeId, Nonce, OsRandom, PublicKey, jws};
use nod_relay::settings::{Apns, Fcm, Settings, Wake, WebPush};
use ring::signature::{KeyPair as _, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tempfile::TempDir;

use super::check::Subscriber;
use super::server::PushServer;
use crate::hostile::live::{Line, Live, Tenant, hello};

/// A key that is good for tests alone.
const ACCOUNT_KEY: &str = include_str!("account.pem");

/// A relay with all three services, and the server that stands for them.
pub struct WakingRelay {
    /// The relay.
    pub live: Live,
    /// A sovereign service there.
    pub tenant: Tenant,
    /// What it calls.
    pub server: PushServer,
    /// The public half of the APNs key.
    pub apns_key: PublicKey,
    _dir: TempDir,
}

impl WakingRelay {
    /// Starts both.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts both, with other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = PushServer::start(dir.path()).await;
        let (wake, apns_key) = settings(&server, dir.path());
        let live = Live::start_with(|settings| {
            settings.wake = wake;
            change(settings);
        });
        let live = live.await;
        let tenant = live.tenant("Sovereign", "sovereign").await;
        Self { live, tenant, server, apns_key, _dir: dir }
    }

    /// A phone that is linked to the service, connected.
    pub async fn linked(&self, phone: &TestPhone) -> (Line, Greeting) {
        let enrolment = EnrolmentId::random(&OsRandom).unwrap();
        let route = json!({ "enrolment": enrolment, "ttl_s": 300 });
        let (status, body) = self.live.call("POST", "/v1/routes", &self.tenant.key, route).await;
        assert_eq!(status, 204, "{body}");
        let (mut line, greeting) = self.greeted(phone).await;
        let id = fresh_id();
        line.say(&DeviceFrame::Send { id, to: Destination::Enrolment(enrolment), body: "{}".to_owned() })
            .await;
        assert_eq!(line.heard().await, Ok(Some(RelayFrame::Accepted { id })));
        (line, greeting)
    }

    /// A phone that connects.
    pub async fn greeted(&self, phone: &TestPhone) -> (Line, Greeting) {
        let mut line = self.live.dial().await;
        line.say(&hello(phone, &self.live.device_url(), line.nonce)).await;
        let heard = line.heard().await;
        let Ok(Some(RelayFrame::Welcome { wake, held, .. })) = heard else { panic!("{heard:?}") };
        (line, Greeting { offer: wake, held })
    }

    /// Says on a connection where the phone is woken up.
    pub async fn say(
        &self,
        line: &mut Line,
        phone: &TestPhone,
        target: Option<WakeTarget>,
    ) -> Result<(), RefusedReason> {
        let jwt = self.signed(phone, line.nonce, target);
        self.say_jwt(line, jwt).await
    }

    /// `nod-wake+jwt` of a phone.
    #[must_use]
    pub fn signed(&self, phone: &TestPhone, nonce: Nonce, target: Option<WakeTarget>) -> String {
        let claims = WakeClaims {
            aud: self.live.device_url(),
            nonce,
            jwk: phone.keys().channel,
            iat: 1_700_000_000,
            target,
        };
        jws::sign(&claims, &phone.channel).unwrap()
    }

    /// Sends a `wake` frame and reads the answer.
    pub async fn say_jwt(&self, line: &mut Line, jwt: String) -> Result<(), RefusedReason> {
        let id = fresh_id();
        line.say(&DeviceFrame::Wake { id, jwt }).await;
        match line.heard().await {
            Ok(Some(RelayFrame::Accepted { id: answered })) if answered == id => Ok(()),
            Ok(Some(RelayFrame::Refused { id: answered, reason })) if answered == id => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    /// A phone that has said where it is woken up, and has gone.
    pub async fn asleep(&self, phone: &TestPhone, target: WakeTarget) {
        let (mut line, _) = self.linked(phone).await;
        self.say(&mut line, phone, Some(target)).await.unwrap();
        drop(line);
        self.gone().await;
    }

    /// Waits until the relay knows that no phone is connected.
    pub async fn gone(&self) {
        while !self.live.metrics().await.contains("nod_device_connections 0") {
            tokio::task::yield_now().await;
        }
    }

    /// The service sends a phone something that is kept for so many seconds.
    pub async fn ask(&self, phone: &TestPhone, ttl_s: u64) {
        let mail =
            json!({ "to": phone.mailbox(), "kind": "challenge", "body": "aaaa.canary.bbbb", "ttl_s": ttl_s });
        let (status, posted) = self.live.call("POST", "/v1/envelopes", &self.tenant.key, mail).await;
        assert_eq!(status, 202, "{posted}");
    }

    /// Waits until the metrics say so of wake-ups.
    pub async fn counted(&self, service: &str, outcome: &str, count: u64) {
        let line = format!("nod_wakeups_total{{service=\"{service}\",outcome=\"{outcome}\"}} {count}\n");
        let mut metrics = String::new();
        for _ in 0..400 {
            metrics = self.live.metrics().await;
            if metrics.contains(&line) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("no {line} in {metrics}");
    }
}

/// What the relay said when a phone came.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// By what it wakes phones up.
    pub offer: Option<WakeOffer>,
    /// What it holds.
    pub held: Option<Digest>,
}

fn settings(server: &PushServer, dir: &Path) -> (Wake, PublicKey) {
    let account = dir.join("fcm.json");
    let text = json!({
        "type": "service_account",
        "project_id": "nod-test",
        "private_key_id": "key-1",
        "private_key": ACCOUNT_KEY,
        "client_email": "relay@nod-test.example",
        "token_uri": format!("{}/token", server.url),
    });
    std::fs::write(&account, text.to_string()).unwrap();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let file = dir.join("AuthKey.p8");
    std::fs::write(&file, key.serialize_pem()).unwrap();
    let public = PublicKey::from_sec1(key.public_key_raw()).unwrap();
    let wake = Wake {
        min_interval_s: 1,
        silence_s: 1,
        timeout_s: 5,
        ca_file: Some(server.certificate.clone()),
        web_push: WebPush {
            subject: Some("mailto:operator@example.org".to_owned()),
            private_hosts: vec!["localhost".to_owned()],
        },
        fcm: Fcm { service_account: Some(account), url: server.url.clone() },
        apns: Apns {
            key: Some(file),
            key_id: Some("KEYID12345".to_owned()),
            team_id: Some("TEAMID1234".to_owned()),
            topic: Some("org.example.nod".to_owned()),
            sandbox: true,
            url: server.url.clone(),
            sandbox_url: format!("{}/sandbox", server.url),
        },
        ..Wake::default()
    };
    (wake, public)
}

/// The public half of the service account's key (PKCS #1).
#[must_use]
pub fn account_public_key() -> Vec<u8> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(ACCOUNT_KEY.as_bytes()).unwrap();
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap().public_key().as_ref().to_vec()
}

/// A subscription at the server.
#[must_use]
pub fn web_push(server: &PushServer, subscriber: &Subscriber, path: &str) -> WakeTarget {
    let endpoint = format!("{}{path}", server.url);
    WakeTarget::web_push(&endpoint, &subscriber.p256dh(), &subscriber.auth()).unwrap()
}

/// A registration of FCM.
#[must_use]
pub fn fcm(token: &str) -> WakeTarget {
    WakeTarget::fcm(token).unwrap()
}

/// A device of APNs; the token is `n`, 32 times.
#[must_use]
pub fn apns(n: u8, sandbox: bool) -> WakeTarget {
    WakeTarget::apns(&format!("{n:02x}").repeat(32), sandbox).unwrap()
}

fn fresh_id() -> EnvelopeId {
    EnvelopeId::new(1, &OsRandom).unwrap()
}
