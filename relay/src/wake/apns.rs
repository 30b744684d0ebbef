//! Apple's push service: HTTP/2 with an ES256 provider token.

use std::sync::{Mutex, PoisonError};

use nod_login::UnixMillis;
use reqwest::{Client, StatusCode};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;

use super::client::{Setup, answer, retry_after, unanswered};
use super::outcome::Sent;
use super::{Message, WakeError, jwt};
use crate::settings;

/// Apple refuses tokens above an hour old, and senders that renew them more often than every twenty minutes.
const RENEW_MS: u64 = 40 * 60_000;

/// The least age at which a token is renewed because Apple called it too old.
const RENEW_LEAST_MS: u64 = 20 * 60_000;

/// What every notification says. `content-available` lets the system start the app, which connects and says what it then
/// knows; the app's service extension adds Deny and Approve; the texts are the app's own, in the phone's language.
const PAYLOAD: &str = concat!(
    r#"{"aps":{"alert":{"title-loc-key":"wake.title","loc-key":"wake.body"},"#,
    r#""content-available":1,"interruption-level":"time-sensitive","mutable-content":1,"sound":"default"}}"#
);

/// Sends to APNs.
pub(super) struct Apns {
    client: Client,
    key: EcdsaKeyPair,
    key_id: String,
    team_id: String,
    topic: String,
    url: String,
    sandbox_url: Option<String>,
    token: Mutex<Option<ProviderToken>>,
}

#[derive(Clone)]
struct ProviderToken {
    text: String,
    made: UnixMillis,
}

impl Apns {
    /// Sets it up where there is a key.
    pub(super) fn new(settings: &settings::Apns, setup: &Setup<'_>) -> Result<Option<Self>, WakeError> {
        let settings::Apns { key, key_id, team_id, topic, sandbox, url, sandbox_url } = settings;
        let (Some(file), Some(key_id), Some(team_id), Some(topic)) = (key, key_id, team_id, topic) else {
            return Ok(None);
        };
        let pem = zeroize::Zeroizing::new(WakeError::read("wake.apns.key", file)?);
        let malformed =
            || WakeError::Malformed { setting: "wake.apns.key", what: "is not a .p8 file with a P-256 key" };
        let Ok(PrivateKeyDer::Pkcs8(der)) = PrivateKeyDer::from_pem_slice(pem.as_bytes()) else {
            return Err(malformed());
        };
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der(), &random)
            .map_err(|_| malformed())?;
        Ok(Some(Self {
            client: setup.http2().map_err(|_| WakeError::Client)?,
            key,
            key_id: key_id.clone(),
            team_id: team_id.clone(),
            topic: topic.clone(),
            url: url.clone(),
            sandbox_url: sandbox.then(|| sandbox_url.clone()),
            token: Mutex::new(None),
        }))
    }

    /// The topic that the relay may send to.
    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// Whether tokens of that environment are taken.
    pub(super) const fn takes(&self, sandbox: bool) -> bool {
        !sandbox || self.sandbox_url.is_some()
    }

    pub(super) async fn send(&self, token: &str, sandbox: bool, message: Message<'_>) -> Sent {
        let base = if sandbox { self.sandbox_url.as_ref() } else { Some(&self.url) };
        let Some(base) = base else { return Sent::Refused("environment") };
        let Ok(provider) = self.provider_token(message.now) else { return Sent::Refused("token") };
        let request = self
            .client
            .post(format!("{base}/3/device/{token}"))
            .timeout(message.timeout)
            .header("authorization", format!("bearer {}", provider.text))
            .header("apns-topic", &self.topic)
            .header("apns-push-type", "alert")
            .header("apns-priority", "10")
            .header("apns-expiration", message.now.seconds() + message.ttl_s)
            .header("apns-collapse-id", message.topic)
            .header("content-type", "application/json")
            .body(PAYLOAD);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        let (status, later) = (response.status(), retry_after(&response, message.now));
        if status.is_success() {
            return Sent::Accepted;
        }
        let answer = answer(response).await;
        match (status, answer.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default()) {
            (StatusCode::GONE, _) | (StatusCode::BAD_REQUEST, "BadDeviceToken") => Sent::Gone,
            (StatusCode::FORBIDDEN, "ExpiredProviderToken") if self.renew(&provider, message.now) => {
                Sent::Later(None)
            }
            (StatusCode::FORBIDDEN, _) => Sent::Refused("provider token"),
            (StatusCode::TOO_MANY_REQUESTS, _) => Sent::Later(later),
            (status, _) if status.is_server_error() => Sent::Later(later),
            _ => Sent::Refused("status"),
        }
    }

    fn provider_token(&self, now: UnixMillis) -> Result<ProviderToken, jwt::JwtError> {
        let mut cached = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = cached.as_ref()
            && now.since(token.made) < RENEW_MS
        {
            return Ok(token.clone());
        }
        let claims = json!({ "iss": self.team_id, "iat": now.seconds() });
        let text = jwt::sign(&jwt::Key::Ec(&self.key), json!({ "kid": self.key_id }), &claims)?;
        let token = ProviderToken { text, made: now };
        *cached = Some(token.clone());
        Ok(token)
    }

    /// Forgets a token that was called too old; false where that cannot be, since it was made a moment ago.
    fn renew(&self, refused: &ProviderToken, now: UnixMillis) -> bool {
        let mut cached = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.as_ref().is_some_and(|token| token.made != refused.made) {
            return true;
        }
        let old = now.since(refused.made) >= RENEW_LEAST_MS;
        if old {
            *cached = None;
        }
        old
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
    const MINUTE_MS: u64 = 60_000;

    fn apns() -> Apns {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("AuthKey.p8");
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        std::fs::write(&file, key.serialize_pem()).unwrap();
        let name = |text: &str| Some(text.to_owned());
        let settings = settings::Apns {
            key: Some(file),
            key_id: name("K"),
            team_id: name("T"),
            topic: name("org.example"),
            ..settings::Apns::default()
        };
        Apns::new(&settings, &Setup { timeout: Duration::from_secs(1), roots: &[] }).unwrap().unwrap()
    }

    #[test]
    fn a_provider_token_is_used_for_forty_minutes() {
        let apns = apns();
        let first = apns.provider_token(NOW).unwrap();
        assert_eq!(apns.provider_token(NOW.plus(39 * MINUTE_MS)).unwrap().text, first.text);
        assert_ne!(apns.provider_token(NOW.plus(40 * MINUTE_MS)).unwrap().text, first.text);
    }

    #[test]
    fn a_token_that_is_called_too_old_is_renewed_but_not_more_often_than_apple_allows() {
        let apns = apns();
        let first = apns.provider_token(NOW).unwrap();
        assert!(!apns.renew(&first, NOW.plus(19 * MINUTE_MS)));
        assert_eq!(apns.provider_token(NOW.plus(19 * MINUTE_MS)).unwrap().text, first.text);
        let later = NOW.plus(21 * MINUTE_MS);
        assert!(apns.renew(&first, later));
        let second = apns.provider_token(later).unwrap();
        assert_ne!(second.text, first.text);
        assert!(apns.renew(&first, later), "another attempt has renewed it");
        assert_eq!(apns.provider_token(later).unwrap().text, second.text);
    }

    #[test]
    fn tokens_of_the_development_environment_are_taken_only_where_it_is_on() {
        let apns = apns();
        assert!(apns.takes(false) && !apns.takes(true));
    }

    #[test]
    fn the_payload_is_json_and_says_nothing() {
        let payload: serde_json::Value = serde_json::from_str(PAYLOAD).unwrap();
        assert_eq!(payload.as_object().unwrap().keys().collect::<Vec<_>>(), ["aps"]);
    }
}
