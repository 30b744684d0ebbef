//! A real relay in this process, called over real sockets, and phones that speak frames by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nod_login::test_phone::TestPhone;
use nod_phone::{
    FileStorage, KdfCost, Phone, PhoneParts, SoftwareKeys, SystemPhoneClock, Unlock, Vault, WakeSource,
};
use nod_protocol::frames::{DeviceFrame, RelayFrame};
use nod_protocol::messages::{DeviceInfo, HelloClaims};
use nod_protocol::{Nonce, OsRandom, Random, Secret, jws};
use nod_relay::serve::{Running, serve};
use nod_relay::settings::Settings;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

/// How long anything is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A relay over an embedded store in a folder of its own.
pub struct Live {
    /// Where REST calls go, without a path.
    pub url: String,
    /// The host and port.
    pub host: String,
    /// The admin key.
    pub admin: String,
    client: reqwest::Client,
    settings: Settings,
    shutdown: CancellationToken,
    running: Option<Running>,
    _dir: TempDir,
}

/// A service's id and API key.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Its API key.
    pub key: String,
}

impl Live {
    /// Starts a relay with the default settings on a free port.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a relay with other settings on a free port.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mut settings =
            Settings { listen: ([127, 0, 0, 1], 0).into(), data: data.clone(), ..Settings::default() };
        change(&mut settings);
        let shutdown = CancellationToken::new();
        let running = serve(settings.clone(), shutdown.clone()).await.unwrap();
        let host = running.addr.to_string();
        let admin = std::fs::read_to_string(data.join("admin.key")).unwrap().trim().to_owned();
        let (url, client) = (format!("http://{host}"), client());
        settings.listen = running.addr;
        Self { url, host, admin, client, settings, shutdown, running: Some(running), _dir: dir }
    }

    /// The folder with the database.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.settings.data
    }

    /// Ends the relay.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        if let Some(running) = self.running.take() {
            running.wait().await;
        }
    }

    /// Starts the relay again, at the same address and over the same store.
    pub async fn start_again(&mut self) {
        self.stop().await;
        self.shutdown = CancellationToken::new();
        self.running = Some(serve(self.settings.clone(), self.shutdown.clone()).await.unwrap());
    }

    /// One REST call; the status and the body (null where there is none, a string where it is not JSON).
    pub async fn call(&self, method: &str, path: &str, key: &str, body: Value) -> (u16, Value) {
        call(&self.client, method, &format!("{}{path}", self.url), key, &body).await.unwrap()
    }

    /// Adds a service.
    pub async fn tenant(&self, name: &str, mode: &str) -> Tenant {
        let body = serde_json::json!({ "name": name, "mode": mode });
        let (status, made) = self.call("POST", "/v1/services", &self.admin, body).await;
        assert_eq!(status, 201, "{made}");
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Tenant { id: text("service_id"), key: text("api_key") }
    }

    /// Enrols a phone for a user of a managed service; the binding.
    pub async fn enrol(&self, tenant: &Tenant, phone: &Phone, user: &str) -> String {
        let ask = serde_json::json!({ "user": user });
        let (status, started) = self.call("POST", "/v1/enrolments", &tenant.key, ask).await;
        assert_eq!(status, 201, "{started}");
        let pending = phone.enrol(started["qr"].as_str().unwrap()).await.unwrap();
        let confirm = format!("/v1/enrolments/{}/confirm", started["enrolment_id"].as_str().unwrap());
        let code = serde_json::json!({ "code": pending.code().expose() });
        let (status, active) = self.call("POST", &confirm, &tenant.key, code).await;
        assert_eq!(status, 200, "{active}");
        pending.finished().await.unwrap();
        active["binding_id"].as_str().unwrap().to_owned()
    }

    /// The metrics as text.
    pub async fn metrics(&self) -> String {
        let (status, body) = self.call("GET", "/metrics", "", Value::Null).await;
        assert_eq!(status, 200);
        body.as_str().unwrap().to_owned()
    }

    /// The URL of the device socket, which a hello names.
    #[must_use]
    pub fn device_url(&self) -> String {
        format!("ws://{}/v1/device", self.host)
    }

    /// Dials the device socket and reads the nonce.
    pub async fn dial(&self) -> Line {
        self.dial_with(None).await
    }

    /// Dials with a small receive buffer, as a phone that does not read.
    pub async fn dial_with(&self, receive_buffer: Option<u32>) -> Line {
        let tcp = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            tcp.set_recv_buffer_size(bytes).unwrap();
        }
        let stream = tcp.connect(self.host.parse().unwrap()).await.unwrap();
        let (socket, _) = client_async(self.device_url(), stream).await.unwrap();
        let mut line = Line { socket, nonce: Nonce::from_bytes([0; 32]) };
        let Some(RelayFrame::Nonce { nonce }) = line.heard().await.unwrap() else { panic!("no nonce") };
        line.nonce = nonce;
        line
    }

    /// Dials and is welcomed.
    pub async fn online(&self, phone: &TestPhone) -> Line {
        let mut line = self.dial().await;
        line.say(&hello(phone, &self.device_url(), line.nonce)).await;
        assert!(matches!(line.heard().await, Ok(Some(RelayFrame::Welcome { .. }))));
        line
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// An HTTP client.
#[must_use]
pub fn client() -> reqwest::Client {
    // The relay in this process may have chosen one already; both are fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap()
}

/// One REST call.
///
/// # Errors
/// The client's, when there was no answer.
pub async fn call(
    client: &reqwest::Client,
    method: &str,
    url: &str,
    key: &str,
    body: &Value,
) -> Result<(u16, Value), reqwest::Error> {
    let mut request = client.request(method.parse().unwrap(), url);
    if !key.is_empty() {
        request = request.bearer_auth(key);
    }
    if !body.is_null() {
        request = request.json(body);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(if text.is_empty() { Value::Null } else { text.into() });
    Ok((status, body))
}

/// A hello frame of a phone for a URL and a nonce.
#[must_use]
pub fn hello(phone: &TestPhone, aud: &str, nonce: Nonce) -> DeviceFrame {
    let claims = HelloClaims {
        aud: aud.to_owned(),
        nonce,
        jwk: phone.keys().channel,
        iat: 1_700_000_000,
        app: "test".to_owned(),
        caps: Vec::new(),
    };
    DeviceFrame::Hello { jwt: jws::sign(&claims, &phone.channel).unwrap() }
}

/// A device socket that is driven by hand.
pub struct Line {
    socket: WebSocketStream<TcpStream>,
    /// The relay's nonce.
    pub nonce: Nonce,
}

impl Line {
    /// Sends a frame.
    pub async fn say(&mut self, frame: &DeviceFrame) {
        self.say_text(&frame.to_text()).await;
    }

    /// Sends any text.
    pub async fn say_text(&mut self, text: &str) {
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// The relay's next frame; none when it hung up without a word.
    ///
    /// # Errors
    /// The close code, when it hung up with one.
    pub async fn heard(&mut self) -> Result<Option<RelayFrame>, u16> {
        timeout(PATIENCE, async {
            loop {
                match self.socket.next().await {
                    None | Some(Err(_) | Ok(Message::Close(None))) => return Ok(None),
                    Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                    Some(Ok(Message::Text(text))) => return Ok(Some(RelayFrame::parse(&text).unwrap())),
                    Some(Ok(_)) => {}
                }
            }
        })
        .await
        .expect("the relay says something or hangs up")
    }
}

/// A real phone with a vault of its own in `dir`.
#[must_use]
pub fn phone(dir: &Path, name: &str) -> Phone {
    phone_with(dir, name, None)
}

/// A real phone that the platform can wake up.
#[must_use]
pub fn phone_with(dir: &Path, name: &str, wake: Option<Arc<dyn WakeSource>>) -> Phone {
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    let storage = FileStorage::in_dir(&dir.join(name)).unwrap();
    let unlock = Unlock::Key(Secret::from_bytes([7; 32]));
    let vault = Vault::unlock(Box::new(storage), &unlock, KdfCost::LEAST, Arc::clone(&random)).unwrap();
    let vault = Arc::new(vault);
    let keys = Arc::new(SoftwareKeys::new(Arc::clone(&vault), Arc::clone(&random)));
    let device = DeviceInfo { name: name.to_owned(), model: "Test".to_owned() };
    let clock = Arc::new(SystemPhoneClock::default());
    Phone::with(PhoneParts { vault, keys, device, clock, random, extra_roots: Vec::new(), wake }).unwrap()
}
