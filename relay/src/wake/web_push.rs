//! Web Push and UnifiedPush: RFC 8030, encrypted by RFC 8291, signed by VAPID (RFC 8292).

use std::path::Path;
use std::sync::Arc;

use nod_login::UnixMillis;
use nod_protocol::bytes::{self, Secret};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::{PublicKey, Random};
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

use super::client::{Setup, retry_after, unanswered};
use super::outcome::Sent;
use super::{Message, WakeError, ece, jwt};
use crate::keys::{self, KeyFileError};
use crate::outbound::Private;
use crate::settings;

/// The name of the VAPID key's file in the data folder.
pub const VAPID_KEY_FILE: &str = "vapid.key";

/// What is encrypted: always the same.
const TEXT: &[u8] = b"wake";

/// Seconds that a VAPID token is good for; at most a day (RFC 8292 section 2).
const TOKEN_LIFE_S: u64 = 12 * 3600;

/// Sends to Web Push endpoints.
pub(super) struct WebPush {
    client: Client,
    key: SoftwareKey,
    subject: String,
    private: Private,
    random: Arc<dyn Random>,
}

/// A subscription, as it stands in a target.
#[derive(Clone, Copy)]
pub(super) struct Subscription<'a> {
    pub(super) endpoint: &'a str,
    pub(super) p256dh: &'a str,
    pub(super) auth: &'a str,
}

impl WebPush {
    /// Sets it up where there is a subject. The key is read from `DIR/vapid.key`, or made there on the first start; it
    /// lives as long as the process where there is no folder.
    pub(super) fn new(
        settings: &settings::WebPush,
        dir: Option<&Path>,
        setup: &Setup<'_>,
        random: Arc<dyn Random>,
    ) -> Result<Option<Self>, WakeError> {
        let Some(subject) = settings.subject.clone() else { return Ok(None) };
        let key = load_key(dir, random.as_ref())?;
        let private = Private::Hosts(settings.private_hosts.clone());
        let client = setup.filtered(private.clone()).map_err(|_| WakeError::Client)?;
        Ok(Some(Self { client, key, subject, private, random }))
    }

    /// The key that phones subscribe with.
    pub(super) fn public_key(&self) -> String {
        bytes::encode(self.key.public_key().as_sec1())
    }

    /// Whether an endpoint may be dialled, as far as that is known before its host is resolved.
    pub(super) fn takes(&self, endpoint: &str) -> bool {
        Url::parse(endpoint).is_ok_and(|url| self.private.admits(&url))
    }

    pub(super) async fn send(&self, to: Subscription<'_>, message: Message<'_>) -> Sent {
        let Ok(url) = Url::parse(to.endpoint) else { return Sent::Refused("endpoint") };
        if !self.private.admits(&url) {
            return Sent::Refused("address");
        }
        let (Some(body), Ok(authorisation)) = (self.body(to), self.authorisation(&url, message.now)) else {
            return Sent::Refused("message");
        };
        let request = self
            .client
            .post(url)
            .timeout(message.timeout)
            .header("ttl", message.ttl_s)
            .header("urgency", "high")
            .header("topic", message.topic)
            .header("content-type", "application/octet-stream")
            .header("content-encoding", "aes128gcm")
            .header("authorization", authorisation)
            .body(body);
        match request.send().await {
            Ok(response) => judge(response.status(), || retry_after(&response, message.now)),
            Err(error) => unanswered(&error),
        }
    }

    fn body(&self, to: Subscription<'_>) -> Option<Vec<u8>> {
        let subscriber = PublicKey::from_sec1(&bytes::decode(to.p256dh).ok()?).ok()?;
        let auth = bytes::decode_array(to.auth).ok()?;
        let mut salt = [0; ece::SALT];
        self.random.fill(&mut salt).ok()?;
        let own = SoftwareKey::generate(self.random.as_ref()).ok()?;
        ece::seal(&subscriber, &auth, &salt, &own, TEXT).ok()
    }

    fn authorisation(&self, url: &Url, now: UnixMillis) -> Result<String, jwt::JwtError> {
        let claims = json!({
            // The origin: an endpoint has no user, and a usual port is left out.
            "aud": format!("{}://{}", url.scheme(), url.authority()),
            "exp": now.seconds() + TOKEN_LIFE_S,
            "sub": self.subject,
        });
        let token = jwt::sign(&jwt::Key::Own(&self.key), json!({ "typ": "JWT" }), &claims)?;
        Ok(format!("vapid t={token}, k={}", self.public_key()))
    }
}

fn judge(status: StatusCode, retry_after: impl FnOnce() -> Option<std::time::Duration>) -> Sent {
    match status {
        status if status.is_success() => Sent::Accepted,
        StatusCode::NOT_FOUND | StatusCode::GONE => Sent::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Sent::Later(retry_after()),
        status if status.is_server_error() => Sent::Later(retry_after()),
        _ => Sent::Refused("status"),
    }
}

fn load_key(dir: Option<&Path>, random: &dyn Random) -> Result<SoftwareKey, WakeError> {
    let Some(dir) = dir else {
        return SoftwareKey::generate(random).map_err(|error| KeyFileError::from(error).into());
    };
    let draw = || Ok(SoftwareKey::generate(random)?.expose_scalar().to_text());
    let (text, _) = keys::load_or_create(dir, VAPID_KEY_FILE, draw)?;
    let malformed = || WakeError::from(KeyFileError::Malformed(VAPID_KEY_FILE));
    let scalar = Secret::from_text(text.trim()).map_err(|_| malformed())?;
    SoftwareKey::from_scalar(scalar).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use nod_protocol::OsRandom;

    use super::*;

    #[test]
    fn the_vapid_key_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = load_key(Some(dir.path()), &OsRandom).unwrap().public_key();
        assert_eq!(load_key(Some(dir.path()), &OsRandom).unwrap().public_key(), first);
        assert_ne!(load_key(None, &OsRandom).unwrap().public_key(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join(VAPID_KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(dir.path().join(VAPID_KEY_FILE), "no key").unwrap();
        let refused = load_key(Some(dir.path()), &OsRandom);
        assert!(matches!(refused, Err(WakeError::Key(KeyFileError::Malformed(VAPID_KEY_FILE)))));
    }
}
