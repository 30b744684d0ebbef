//! Measures what an idle phone costs the relay: user-space bytes per connection, plain and with TLS.
//!
//! `cargo run --release -p nod-relay --example idle [-- CONNECTIONS [MESSAGES [plain|tls]]]`
//!
//! The server runs in this process; the phones in a child, so that their memory is not counted. Each phone says
//! hello, may be sent MESSAGES envelopes (default 0) and then does nothing. "private" is what the process itself
//! holds; what the kernel keeps for a socket is not in it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a tool for developers: it prints, and stops at the first thing that fails"
)]

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use nod_login::clock::SystemClock;
use nod_login::{Outgoing, UnixMillis};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{Destination, DeviceFrame, EnvelopeKind, RefusedReason, RelayFrame};
use nod_protocol::messages::HelloClaims;
use nod_protocol::{EnvelopeId, MailboxId, MoveId, OsRandom, ServiceId, jws};
use nod_relay::bus::LocalBus;
use nod_relay::drain::Drain;
use nod_relay::hub::{Hub, HubSettings};
use nod_relay::net::{Listener, NetSettings, OpenGate, Tls, TlsFiles};
use nod_relay::waker::NoWaker;
use nod_relay::ws::{DEVICE_PATH, DeviceBackend, Devices, Unavailable, WRITE_LIMIT};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Message;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match args.as_slice() {
        [child, url, count, rest @ ..] if child == "phones" => {
            runtime.block_on(phones(url, count.parse().unwrap(), rest.first().map(String::as_str)));
        }
        rest => {
            let count = rest.first().map_or(5_000, |n| n.parse().unwrap());
            let messages = rest.get(1).map_or(0, |n| n.parse().unwrap());
            // One kind per process: freed memory of the first would hide what the second takes.
            let kind = rest.get(2).map_or("plain", String::as_str);
            runtime.block_on(measure(kind, count, messages, kind == "tls"));
        }
    }
}

struct Mailboxes {
    messages: u128,
}

#[async_trait]
impl DeviceBackend for Mailboxes {
    async fn pending(&self, mailbox: MailboxId) -> Result<Vec<Outgoing>, Unavailable> {
        Ok((0..self.messages).map(|n| envelope(n, mailbox)).collect())
    }
    async fn delivered(&self, _: MailboxId, _: EnvelopeId) -> Result<(), Unavailable> {
        Ok(())
    }
    async fn receive(
        &self,
        _: MailboxId,
        _: EnvelopeId,
        _: Destination,
        _: String,
    ) -> Result<(), RefusedReason> {
        Ok(())
    }
    async fn open(&self, _: MailboxId, _: MoveId) -> Result<(), RefusedReason> {
        Err(RefusedReason::UnknownAddress)
    }
    async fn link(&self, _: MailboxId, _: ServiceId) -> Result<(), RefusedReason> {
        Err(RefusedReason::UnknownAddress)
    }
}

fn envelope(n: u128, to: MailboxId) -> Outgoing {
    Outgoing {
        id: EnvelopeId(uuid::Uuid::from_u128(n)),
        to,
        service: ServiceId::from_bytes([2; 16]),
        kind: EnvelopeKind::Challenge,
        body: "x".repeat(1_500),
        expires: UnixMillis(u64::MAX),
        challenge: None,
    }
}

async fn measure(name: &str, count: usize, messages: u128, with_tls: bool) {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = NetSettings::plain(SocketAddr::from(([127, 0, 0, 1], 0)));
    let certificate = dir.path().join("cert.pem");
    if with_tls {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = dir.path().join("key.pem");
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        settings.tls = Some(Tls::new(TlsFiles { certificate: certificate.clone(), key }).unwrap());
    }
    let listener = Listener::bind(settings).unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("{}://localhost:{port}{DEVICE_PATH}", if with_tls { "wss" } else { "ws" });
    let hub = Hub::new(HubSettings::default(), Arc::new(LocalBus::new()), Arc::new(NoWaker));
    let drain = Drain::new();
    let devices = Devices {
        hub: hub.clone(),
        backend: Arc::new(Mailboxes { messages }),
        gate: Arc::new(OpenGate),
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        audiences: vec![url.clone()],
        drain: drain.clone(),
        write_limit: WRITE_LIMIT,
    };
    let router = nod_relay::ws::routes(Arc::new(devices));
    drain.tracker().spawn(listener.run(router, Arc::new(OpenGate), drain.clone()));

    // Once through everything, so that what is made once is not counted.
    let mut warm = connect(&url, 32, with_tls.then_some(certificate.as_path()));
    connected(&hub, 32).await;
    warm.kill().unwrap();
    warm.wait().unwrap();
    connected(&hub, 0).await;

    let before = private_bytes();
    let cpu = cpu_seconds();
    let mut child = connect(&url, count, with_tls.then_some(certificate.as_path()));
    connected(&hub, count).await;
    let cpu = cpu_seconds() - cpu;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = private_bytes();
    let each = (after.saturating_sub(before)) / count;
    println!(
        "{name}: {count} connections, {each} bytes each, {:.0} µs of CPU each",
        cpu * 1e6 / count as f64
    );
    child.kill().unwrap();
    child.wait().unwrap();
    connected(&hub, 0).await;
    drain.stop().cancel();
}

fn connect(url: &str, count: usize, certificate: Option<&std::path::Path>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["phones", url, &count.to_string()]).args(certificate).stdin(Stdio::piped());
    command.spawn().unwrap()
}

async fn connected(hub: &Hub, count: usize) {
    while hub.connections() != count || hub.counters().unidentified.get() != 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Anonymous resident bytes of this process.
fn private_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|t| t.parse().unwrap())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}

async fn phones(url: &str, count: usize, certificate: Option<&str>) {
    let tls = certificate.map(|path| {
        use rustls_pki_types::pem::PemObject as _;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls_pki_types::CertificateDer::from_pem_file(path).unwrap()).unwrap();
        let config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        tokio_rustls::TlsConnector::from(Arc::new(config))
    });
    let permits = Arc::new(tokio::sync::Semaphore::new(64));
    let tracker = tokio_util::task::TaskTracker::new();
    for _ in 0..count {
        let permit = permits.clone().acquire_owned().await.unwrap();
        let (url, tls) = (url.to_owned(), tls.clone());
        tracker.spawn(async move {
            let (_, rest) = url.split_once("//").unwrap();
            let tcp = tokio::net::TcpStream::connect(
                rest.split_once('/').unwrap().0.replace("localhost", "127.0.0.1"),
            )
            .await
            .unwrap();
            match tls {
                None => phone(&url, tcp, permit).await,
                Some(tls) => {
                    let name = "localhost".try_into().unwrap();
                    phone(&url, tls.connect(name, tcp).await.unwrap(), permit).await;
                }
            }
        });
    }
    // Until the parent goes or ends this process.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await;
}

async fn phone<S: AsyncRead + AsyncWrite + Unpin>(
    url: &str,
    stream: S,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let key = SoftwareKey::generate(&OsRandom).unwrap();
    let mut permit = Some(permit);
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        match RelayFrame::parse(&text).unwrap() {
            RelayFrame::Nonce { nonce } => {
                let claims = HelloClaims {
                    aud: url.to_owned(),
                    nonce,
                    jwk: key.public_key(),
                    iat: 0,
                    app: "idle".to_owned(),
                    caps: Vec::new(),
                };
                let hello = DeviceFrame::Hello { jwt: jws::sign(&claims, &key).unwrap() };
                socket.send(Message::text(hello.to_text())).await.unwrap();
            }
            RelayFrame::Welcome { .. } => drop(permit.take()),
            RelayFrame::Deliver { id, .. } => {
                socket.send(Message::text(DeviceFrame::Received { id }.to_text())).await.unwrap();
            }
            RelayFrame::Gone { .. }
            | RelayFrame::Accepted { .. }
            | RelayFrame::Refused { .. }
            | RelayFrame::Drain { .. } => {}
        }
    }
}
