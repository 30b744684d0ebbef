//! A relay with a managed service whose users sign in with codes, and an SMS gateway over a real socket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helper fails by panicking")]

use nod_login::Clock as _;
use nod_login::clock::SystemClock;
use nod_protocol::otp::{Algorithm, hotp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::hostile::live::{Live, Tenant};
use crate::letters;
use crate::waking::server::PushServer;

/// A relay, a service and its gateway.
pub struct Site {
    /// The relay.
    pub live: Live,
    /// The service.
    pub tenant: Tenant,
    /// Where its messages go.
    gateway: Mutex<PushServer>,
    _dir: TempDir,
}

impl Site {
    /// Starts all of it.
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let gateway = PushServer::start(dir.path()).await;
        let (url, certificate) = (format!("{}/sms", gateway.url), gateway.certificate.clone());
        let live = Live::start_with(|settings| {
            let http = &mut settings.sms.http;
            http.url = Some(url);
            http.ca_file = Some(certificate);
            http.content_type = "text/plain".to_owned();
            http.body = "{{ text }}".to_owned();
        })
        .await;
        let tenant = live.tenant("Fjordbanken", "managed").await;
        Self { live, tenant, gateway: Mutex::new(gateway), _dir: dir }
    }

    /// The code in the next message that has one.
    pub async fn sms(&self) -> String {
        loop {
            let posted = self.gateway.lock().await.next().await;
            let text = String::from_utf8(posted.body.to_vec()).unwrap();
            // Messages about changes have none.
            if text.chars().filter(char::is_ascii_digit).count() >= 6 {
                return letters::code(&text);
            }
        }
    }

    /// A call with the service's key.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.live.call(method, path, &self.tenant.key, body).await
    }

    /// A call that must succeed.
    pub async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Adds an app for one-time codes and confirms it with the code of the step before this one; its secret.
    pub async fn totp(&self, user: &str) -> Vec<u8> {
        let added = self.done("POST", &format!("/v1/users/{user}/methods"), json!({ "kind": "totp" })).await;
        let secret = unbase32(added["secret"].as_str().unwrap());
        let id = added["method"]["method_id"].as_str().unwrap();
        let code = totp_code(&secret, -1);
        self.done("POST", &format!("/v1/users/{user}/methods/{id}/confirm"), json!({ "code": code })).await;
        secret
    }

    /// Ten recovery codes.
    pub async fn recovery(&self, user: &str) -> Vec<String> {
        let made =
            self.done("POST", &format!("/v1/users/{user}/methods"), json!({ "kind": "recovery" })).await;
        made["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
    }

    /// Starts a challenge by a method; its id.
    pub async fn challenge(&self, user: &str, method: &str) -> String {
        let started = self.done("POST", "/v1/challenges", json!({ "user": user, "method": method })).await;
        started["challenge_id"].as_str().unwrap().to_owned()
    }

    /// Hands a code in.
    pub async fn code(&self, challenge: &str, code: &str) -> (u16, Value) {
        self.call("POST", &format!("/v1/challenges/{challenge}/code"), json!({ "code": code })).await
    }

    /// Cancels a challenge, so that another one may be started.
    pub async fn cancel(&self, challenge: &str) {
        self.done("DELETE", &format!("/v1/challenges/{challenge}"), Value::Null).await;
    }
}

/// The code of six digits, `steps` away from now.
#[must_use]
pub fn totp_code(secret: &[u8], steps: i64) -> String {
    let now = SystemClock.now().seconds() / 30;
    hotp(secret, Algorithm::Sha1, 6, now.checked_add_signed(steps).unwrap())
}

/// A code that no step near now has.
#[must_use]
pub fn wrong_code(secret: &[u8]) -> String {
    let near: Vec<_> = (-20..=20).map(|steps| totp_code(secret, steps)).collect();
    (0..100).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
}

/// Reads base32 without padding.
#[must_use]
pub fn unbase32(text: &str) -> Vec<u8> {
    let (mut out, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for c in text.bytes() {
        let value = if c.is_ascii_uppercase() { c - b'A' } else { c - b'2' + 26 };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    out
}
