//! Firebase Cloud Messaging, HTTP v1: a message without content, under an access token of the service account.

use nod_login::UnixMillis;
use reqwest::{Client, StatusCode};
use ring::signature::RsaKeyPair;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::client::{Setup, answer, retry_after, unanswered};
use super::outcome::Sent;
use super::{Message, WakeError, jwt};
use crate::settings;

/// What the access token is to allow, and nothing else.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

/// Seconds that an assertion is good for; an hour is the most.
const ASSERTION_LIFE_S: u64 = 3600;

/// An access token is renewed this many seconds before its end.
const MARGIN_S: u64 = 300;

/// The file of a service account's key.
#[derive(Deserialize)]
struct Account {
    project_id: String,
    client_email: String,
    #[serde(deserialize_with = "secret")]
    private_key: Zeroizing<String>,
    #[serde(default)]
    private_key_id: Option<String>,
    token_uri: String,
}

/// Sends to FCM.
pub(super) struct Fcm {
    client: Client,
    key: RsaKeyPair,
    key_id: Option<String>,
    email: String,
    token_uri: String,
    project: String,
    url: String,
    /// One request for a token at a time: whoever comes meanwhile waits for it.
    token: Mutex<Option<AccessToken>>,
}

struct AccessToken {
    text: Zeroizing<String>,
    ends: UnixMillis,
}

impl Fcm {
    /// Sets it up where there is a service account.
    pub(super) fn new(settings: &settings::Fcm, setup: &Setup<'_>) -> Result<Option<Self>, WakeError> {
        let Some(file) = &settings.service_account else { return Ok(None) };
        let text = Zeroizing::new(WakeError::read("wake.fcm.service_account", file)?);
        let malformed = |what| WakeError::Malformed { setting: "wake.fcm.service_account", what };
        let account: Account = serde_json::from_str(&text)
            .map_err(|_| malformed("is not the JSON file of a service account"))?;
        let name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        if account.project_id.is_empty() || !name(&account.project_id) {
            return Err(malformed("has no usable project_id"));
        }
        if !account.token_uri.starts_with("https://") && !account.token_uri.starts_with("http://") {
            return Err(malformed("has no usable token_uri"));
        }
        let no_key = || malformed("has no RSA private key in PKCS #8");
        let Ok(PrivateKeyDer::Pkcs8(der)) = PrivateKeyDer::from_pem_slice(account.private_key.as_bytes())
        else {
            return Err(no_key());
        };
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| no_key())?;
        Ok(Some(Self {
            client: setup.chosen().map_err(|_| WakeError::Client)?,
            key,
            key_id: account.private_key_id,
            email: account.client_email,
            token_uri: account.token_uri,
            url: format!("{}/v1/projects/{}/messages:send", settings.url, account.project_id),
            project: account.project_id,
            token: Mutex::new(None),
        }))
    }

    /// The project whose tokens can be used.
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    pub(super) async fn send(&self, token: &str, message: Message<'_>) -> Sent {
        let access = match self.access_token(&message).await {
            Ok(access) => access,
            Err(sent) => return sent,
        };
        let body = json!({ "message": {
            "token": token,
            "android": {
                "priority": "HIGH",
                "ttl": format!("{}s", message.ttl_s),
                "collapse_key": message.topic,
            },
            // Without any content there would be no message; this one says nothing.
            "data": { "nod": "wake" },
        }});
        let request =
            self.client.post(&self.url).timeout(message.timeout).bearer_auth(access.as_str()).json(&body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return unanswered(&error),
        };
        let (status, later) = (response.status(), retry_after(&response, message.now));
        if status.is_success() {
            return Sent::Accepted;
        }
        match (status, code(&answer(response).await)) {
            (StatusCode::NOT_FOUND, Some(code)) if code == "UNREGISTERED" => Sent::Gone,
            (StatusCode::UNAUTHORIZED, _) => {
                let mut cached = self.token.lock().await;
                // Another attempt may have fetched a newer one meanwhile.
                if cached.take_if(|token| token.text == access).is_some() {
                    Sent::Later(None)
                } else {
                    Sent::Later(later)
                }
            }
            (StatusCode::TOO_MANY_REQUESTS, _) => Sent::Later(later),
            (status, _) if status.is_server_error() => Sent::Later(later),
            (StatusCode::FORBIDDEN, _) => Sent::Refused("permission"),
            _ => Sent::Refused("status"),
        }
    }

    /// An access token that is good for a while, from before or fetched now.
    async fn access_token(&self, message: &Message<'_>) -> Result<Zeroizing<String>, Sent> {
        let mut cached = self.token.lock().await;
        if let Some(token) = cached.as_ref()
            && message.now.plus(MARGIN_S * 1000) < token.ends
        {
            return Ok(token.text.clone());
        }
        let token = self.fetch(message).await?;
        let text = token.text.clone();
        *cached = Some(token);
        Ok(text)
    }

    async fn fetch(&self, message: &Message<'_>) -> Result<AccessToken, Sent> {
        let iat = message.now.seconds();
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": iat,
            "exp": iat + ASSERTION_LIFE_S,
        });
        let mut header = json!({ "typ": "JWT" });
        if let (Some(header), Some(id)) = (header.as_object_mut(), &self.key_id) {
            header.insert("kid".to_owned(), id.as_str().into());
        }
        let assertion = jwt::sign(&jwt::Key::Rsa(&self.key), header, &claims);
        let assertion = assertion.map_err(|_| Sent::Refused("assertion"))?;
        // Both parts are of characters that need no escaping but the colons, which are written out.
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        let request = self
            .client
            .post(&self.token_uri)
            .timeout(message.timeout)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type={grant}&assertion={assertion}"));
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        let (status, later) = (response.status(), retry_after(&response, message.now));
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(Sent::Later(later));
        }
        let granted: Granted =
            serde_json::from_value(answer(response).await).map_err(|_| Sent::Refused("oauth"))?;
        let ends = message.now.plus(granted.expires_in.saturating_mul(1000));
        Ok(AccessToken { text: granted.access_token, ends })
    }
}

#[derive(Deserialize)]
struct Granted {
    #[serde(deserialize_with = "secret")]
    access_token: Zeroizing<String>,
    expires_in: u64,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// The error code of FCM's own, inside Google's error object.
fn code(answer: &Value) -> Option<String> {
    let details = answer.get("error")?.get("details")?.as_array()?;
    details.iter().find_map(|detail| detail.get("errorCode")?.as_str()).map(ToOwned::to_owned)
}
