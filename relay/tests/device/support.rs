//! A relay's socket side on a real port with an in-memory backend, and a phone that speaks to it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use nod_login::clock::SystemClock;
use nod_login::{Outgoing, UnixMillis};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{CloseCode, Destination, DeviceFrame, EnvelopeKind, RefusedReason, RelayFrame};
use nod_protocol::messages::HelloClaims;
use nod_protocol::{EnvelopeId, MailboxId, MoveId, Nonce, OsRandom, ServiceId, jws};
use nod_relay::bus::LocalBus;
use nod_relay::drain::Drain;
use nod_relay::hub::{Hub, HubSettings};
use nod_relay::net::{AddressGate, Listener, NetSettings, OpenGate};
use nod_relay::waker::NoWaker;
use nod_relay::ws::{DEVICE_PATH, DeviceBackend, Devices, Unavailable};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What phones sent, and what waits for them.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) mailboxes: Mutex<HashMap<MailboxId, Vec<Outgoing>>>,
    pub(crate) delivered: Mutex<Vec<(MailboxId, EnvelopeId)>>,
    pub(crate) sent: Mutex<Vec<(EnvelopeId, Destination, String)>>,
    pub(crate) slow: Option<Duration>,
    pub(crate) broken: bool,
}

#[async_trait]
impl DeviceBackend for Memory {
    async fn pending(&self, mailbox: MailboxId) -> Result<Vec<Outgoing>, Unavailable> {
        if self.broken {
            return Err(Unavailable);
        }
        Ok(self.mailboxes.lock().unwrap().get(&mailbox).cloned().unwrap_or_default())
    }

    async fn delivered(&self, mailbox: MailboxId, envelope: EnvelopeId) -> Result<(), Unavailable> {
        self.delivered.lock().unwrap().push((mailbox, envelope));
        Ok(())
    }

    async fn receive(
        &self,
        _mailbox: MailboxId,
        id: EnvelopeId,
        to: Destination,
        body: String,
    ) -> Result<(), RefusedReason> {
        if let Some(slow) = self.slow {
            tokio::time::sleep(slow).await;
        }
        if body == "nobody" {
            return Err(RefusedReason::UnknownAddress);
        }
        self.sent.lock().unwrap().push((id, to, body));
        Ok(())
    }

    async fn open(&self, _: MailboxId, _: MoveId) -> Result<(), RefusedReason> {
        Err(RefusedReason::UnknownAddress)
    }

    async fn link(&self, _: MailboxId, _: ServiceId) -> Result<(), RefusedReason> {
        Err(RefusedReason::UnknownAddress)
    }
}

pub(crate) struct Relay {
    scheme: &'static str,
    pub(crate) addr: SocketAddr,
    pub(crate) hub: Arc<Hub>,
    pub(crate) backend: Arc<Memory>,
    pub(crate) drain: Drain,
}

pub(crate) struct Plan {
    pub(crate) backend: Memory,
    pub(crate) hub: HubSettings,
    pub(crate) write_limit: Duration,
    pub(crate) gate: Arc<dyn AddressGate>,
    pub(crate) tls: Option<nod_relay::net::Tls>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            backend: Memory::default(),
            hub: HubSettings::default(),
            write_limit: Duration::from_secs(10),
            gate: Arc::new(OpenGate),
            tls: None,
        }
    }
}

impl Relay {
    pub(crate) fn start() -> Self {
        Self::with(Plan::default())
    }

    pub(crate) fn with(plan: Plan) -> Self {
        let scheme = if plan.tls.is_some() { "wss" } else { "ws" };
        let settings =
            NetSettings { tls: plan.tls, ..NetSettings::plain(SocketAddr::from(([127, 0, 0, 1], 0))) };
        let listener = Listener::bind(settings).unwrap();
        let addr = listener.local_addr().unwrap();
        let hub = Hub::new(plan.hub, Arc::new(LocalBus::new()), Arc::new(NoWaker));
        let backend = Arc::new(plan.backend);
        let drain = Drain::new();
        let devices = Devices {
            hub: hub.clone(),
            backend: backend.clone(),
            gate: plan.gate.clone(),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            audiences: vec![format!("{scheme}://{addr}{DEVICE_PATH}")],
            drain: drain.clone(),
            write_limit: plan.write_limit,
        };
        let router = nod_relay::ws::routes(Arc::new(devices));
        drain.tracker().spawn(listener.run(router, plan.gate, drain.clone()));
        drain.tracker().spawn(hub.clone().beat(drain.stop().clone()));
        Self { scheme, addr, hub, backend, drain }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}{DEVICE_PATH}", self.scheme, self.addr)
    }

    /// A socket that has its nonce and has said nothing.
    pub(crate) async fn dial(&self) -> (Socket, Nonce) {
        let (mut socket, _) = tokio_tungstenite::connect_async(self.url()).await.unwrap();
        let nonce = nonce(&mut socket).await;
        (socket, nonce)
    }

    pub(crate) async fn phone(&self) -> Phone {
        self.phone_with(Arc::new(SoftwareKey::generate(&OsRandom).unwrap())).await
    }

    pub(crate) async fn phone_with(&self, key: Arc<SoftwareKey>) -> Phone {
        let (mut socket, nonce) = self.dial().await;
        socket.send(Message::text(hello(&key, &self.url(), nonce))).await.unwrap();
        let mut phone = Phone { socket, key };
        match phone.frame().await {
            RelayFrame::Welcome { heartbeat_s: 1.., time: 1_700_000_000_000.., .. } => phone,
            other => panic!("{other:?}"),
        }
    }

    /// Puts an envelope where a store and its effect would.
    pub(crate) fn post(&self, envelope: Outgoing) {
        let mut mailboxes = self.backend.mailboxes.lock().unwrap();
        mailboxes.entry(envelope.to).or_default().push(envelope.clone());
        drop(mailboxes);
        nod_relay::store::EffectSink::envelope(&*self.hub, envelope);
    }

    /// Waits until `done`; a condition that never comes true fails the test.
    pub(crate) async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !done(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(
            tokio::time::timeout(Duration::from_secs(20), waiting).await.is_ok(),
            "never came true: {what}"
        );
    }
}

pub(crate) struct Phone {
    pub(crate) socket: Socket,
    pub(crate) key: Arc<SoftwareKey>,
}

impl Phone {
    pub(crate) fn mailbox(&self) -> MailboxId {
        self.key.public_key().thumbprint().into()
    }

    pub(crate) async fn frame(&mut self) -> RelayFrame {
        loop {
            match next(&mut self.socket).await {
                Some(Ok(Message::Text(text))) => return RelayFrame::parse(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn say(&mut self, frame: &DeviceFrame) {
        self.socket.send(Message::text(frame.to_text())).await.unwrap();
    }

    /// The id of the envelope that is delivered next.
    pub(crate) async fn delivered(&mut self) -> EnvelopeId {
        match self.frame().await {
            RelayFrame::Deliver { id, .. } => id,
            other => panic!("{other:?}"),
        }
    }
}

async fn next(socket: &mut Socket) -> Option<Result<Message, Error>> {
    tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("nothing came")
}

pub(crate) async fn nonce(socket: &mut Socket) -> Nonce {
    match next(socket).await {
        Some(Ok(Message::Text(text))) => match RelayFrame::parse(&text).unwrap() {
            RelayFrame::Nonce { nonce } => nonce,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// The code with which the relay closes, whatever it sends before.
pub(crate) async fn close_code(socket: &mut Socket) -> Option<CloseCode> {
    loop {
        match next(socket).await {
            Some(Ok(Message::Close(Some(frame)))) => {
                let code = CloseCode::from_code(frame.code.into()).expect("a documented code");
                assert_eq!(frame.reason.as_str(), code.reason());
                return Some(code);
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

pub(crate) fn hello(key: &SoftwareKey, aud: &str, nonce: Nonce) -> String {
    let claims = HelloClaims {
        aud: aud.to_owned(),
        nonce,
        jwk: key.public_key(),
        iat: 1_700_000_000,
        app: "test".to_owned(),
        caps: Vec::new(),
    };
    DeviceFrame::Hello { jwt: jws::sign(&claims, key).unwrap() }.to_text()
}

pub(crate) fn envelope(n: u128, to: MailboxId, body: String) -> Outgoing {
    Outgoing {
        id: EnvelopeId(uuid::Uuid::from_u128(n)),
        to,
        service: ServiceId::from_bytes([2; 16]),
        kind: EnvelopeKind::Challenge,
        body,
        expires: UnixMillis(u64::MAX),
        challenge: None,
    }
}
