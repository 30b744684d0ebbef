//! A relay that lies on a real socket, before a real phone with its real network shell.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nod_login::clock::SystemClock;
use nod_login::{
    Ask, LoginServer, MemoryStore, Outgoing, Policy, Route, Service, ServiceKeys, StartedChallenge,
};
use nod_phone::{
    EventStream, FileStorage, KdfCost, Phone, PhoneParts, SoftwareKeys, SystemPhoneClock, Unlock, Vault,
};
use nod_protocol::frames::{Destination, DeviceFrame, EnvelopeKind, RelayFrame};
use nod_protocol::jws::Received;
use nod_protocol::messages::{DeviceInfo, HelloClaims, Mode, ServiceDisplay};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, MailboxId, Nonce, OsRandom, Random, Secret, ServiceId};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// How long anything is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The lying relay, the phone that dials it, and the login server that it should carry for.
pub struct Wire {
    /// The phone.
    pub phone: Phone,
    /// The login server.
    pub server: LoginServer,
    /// What the login server sends waits here.
    pub store: Arc<MemoryStore>,
    listener: TcpListener,
    _vault: TempDir,
}

/// A connection of the phone.
pub struct Dialled {
    socket: WebSocketStream<TcpStream>,
    /// Whose it is, once the hello was read.
    pub mailbox: Option<MailboxId>,
    /// The claims of the hello.
    pub hello: Option<HelloClaims>,
}

impl Wire {
    /// Listens on a port of its own; nobody is enrolled.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = format!("ws://{}", listener.local_addr().unwrap());
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let service = Service {
            id: ServiceId::random(&*random).unwrap(),
            display: ServiceDisplay { name: "Fjordbanken".to_owned(), domain: None },
            mode: Mode::Sovereign,
            keys: Arc::new(ServiceKeys::generate(&*random).unwrap()),
            chain: Vec::new(),
            policy: Policy::default(),
            relay: RelayAddress::parse(&relay).unwrap(),
        };
        let store = Arc::new(MemoryStore::new());
        let server =
            LoginServer::new(Arc::new(service), store.clone(), Arc::new(SystemClock), Arc::clone(&random));
        let dir = tempfile::tempdir().unwrap();
        let storage = FileStorage::in_dir(dir.path()).unwrap();
        let unlock = Unlock::Key(Secret::from_bytes([7; 32]));
        let vault = Vault::unlock(Box::new(storage), &unlock, KdfCost::LEAST, Arc::clone(&random)).unwrap();
        let vault = Arc::new(vault);
        let keys = Arc::new(SoftwareKeys::new(Arc::clone(&vault), Arc::clone(&random)));
        let device = DeviceInfo { name: "Pocket".to_owned(), model: "Test".to_owned() };
        let clock = Arc::new(SystemPhoneClock::default());
        let parts = PhoneParts { vault, keys, device, clock, random, extra_roots: Vec::new(), wake: None };
        Self { phone: Phone::with(parts).unwrap(), server, store, listener, _vault: dir }
    }

    /// A wire over which ada was enrolled, the relay being honest so far; hands out her binding and the connection.
    pub async fn of_ada() -> (Self, BindingId, Dialled) {
        let wire = Self::new().await;
        let started = wire.server.start_enrolment("ada", None).await.unwrap();
        let carry = async {
            let mut link = wire.accept().await;
            link.welcome().await;
            let DeviceFrame::Send { id, to, body } = link.frame().await else { panic!("no E1") };
            assert_eq!(to, Destination::Enrolment(started.id));
            let from = link.mailbox.unwrap();
            wire.server.receive(from, Route::Enrolment(started.id), &body).await.unwrap();
            link.send(&RelayFrame::Accepted { id }).await;
            wire.forward(&mut link).await;
            link
        };
        let (pending, mut link) = tokio::join!(wire.phone.enrol(&started.qr), carry);
        let pending = pending.unwrap();
        let binding = wire.server.confirm_enrolment(started.id, &pending.code().expose()).await.unwrap();
        let (account, ()) = tokio::join!(pending.finished(), wire.forward(&mut link));
        assert_eq!(account.unwrap().id, binding);
        (wire, binding, link)
    }

    /// The phone's next connection.
    pub async fn accept(&self) -> Dialled {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.expect("the phone dials").unwrap();
        let socket = timeout(PATIENCE, accept_async(stream)).await.unwrap().unwrap();
        Dialled { socket, mailbox: None, hello: None }
    }

    /// Has the phone dial again at once, and welcomes it.
    pub async fn again(&self) -> Dialled {
        self.phone.connect().unwrap();
        let mut link = self.accept().await;
        link.welcome().await;
        link
    }

    /// What the login server has sent since the last look.
    #[must_use]
    pub fn mail(&self) -> Vec<Outgoing> {
        self.store.drain_outgoing()
    }

    /// Delivers what the login server has sent, and waits until the phone has it.
    pub async fn forward(&self, link: &mut Dialled) {
        for mail in self.mail() {
            link.deliver(&mail).await;
            assert_eq!(link.frame().await, DeviceFrame::Received { id: mail.id }, "{:?}", mail.kind);
        }
    }

    /// Asks ada; the challenge is not carried yet.
    pub async fn ask(&self) -> (StartedChallenge, Outgoing) {
        let ask = Ask { user: "ada".to_owned(), ..Ask::default() };
        let started = self.server.start_challenge(ask).await.unwrap();
        let mail = self.mail().remove(0);
        assert_eq!(mail.kind, EnvelopeKind::Challenge);
        (started, mail)
    }

    /// Reads events until one is as wanted; none is lost before the call if `events` was made early enough.
    pub async fn until<T>(
        events: &mut EventStream,
        mut wanted: impl FnMut(&nod_phone::Event) -> Option<T>,
    ) -> T {
        timeout(PATIENCE, async {
            loop {
                if let Some(found) = wanted(&events.next().await) {
                    return found;
                }
            }
        })
        .await
        .expect("the event comes")
    }
}

impl Dialled {
    /// Sends a frame.
    pub async fn send(&mut self, frame: &RelayFrame) {
        self.say(&frame.to_text()).await;
    }

    /// Sends any text.
    pub async fn say(&mut self, text: &str) {
        // The phone may have hung up on an earlier lie.
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// Sends any WebSocket message.
    pub async fn raw(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// Delivers an envelope.
    pub async fn deliver(&mut self, mail: &Outgoing) {
        let Outgoing { id, service, kind, body, .. } = mail.clone();
        self.send(&RelayFrame::Deliver { id, kind, service, body, ttl_ms: 60_000 }).await;
    }

    /// The phone's next frame; none when it hung up.
    pub async fn heard(&mut self) -> Option<DeviceFrame> {
        timeout(PATIENCE, async {
            loop {
                match self.socket.next().await {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return None,
                    Some(Ok(Message::Text(text))) => return Some(DeviceFrame::parse(&text).unwrap()),
                    Some(Ok(_)) => {}
                }
            }
        })
        .await
        .expect("the phone says something or hangs up")
    }

    /// The phone's next frame.
    pub async fn frame(&mut self) -> DeviceFrame {
        self.heard().await.expect("the phone is still there")
    }

    /// Asks for a hello and reads it.
    pub async fn greet(&mut self, nonce: Nonce) -> HelloClaims {
        self.send(&RelayFrame::Nonce { nonce }).await;
        let DeviceFrame::Hello { jwt } = self.frame().await else { panic!("no hello") };
        let hello = Received::<HelloClaims>::parse(&jwt).unwrap();
        let (mailbox, verified) = hello.verify_self_certified().unwrap();
        assert_eq!(verified.claims().nonce, nonce);
        self.mailbox = Some(mailbox);
        self.hello = Some(verified.claims().clone());
        verified.into_claims()
    }

    /// Does what a relay should until the phone is online.
    pub async fn welcome(&mut self) {
        self.greet(Nonce::random(&OsRandom).unwrap()).await;
        self.send(&RelayFrame::Welcome { time: 0, heartbeat_s: 60, wake: None, held: None }).await;
    }

    /// Shows that everything sent so far was read and not answered: delivers a good envelope, whose `received` must be
    /// the next that the phone says.
    pub async fn said_nothing(&mut self, known: &Outgoing) {
        self.deliver(known).await;
        assert_eq!(self.frame().await, DeviceFrame::Received { id: known.id }, "the phone answered a lie");
    }
}
