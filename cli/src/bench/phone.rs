//! Simulated phones: real keys, a real hello, real answers, and nothing that a phone does for people.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use nod_login::clock::{Clock as _, SystemClock};
use nod_protocol::bytes::Digest;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{Destination, DeviceFrame, EnvelopeKind, RelayFrame};
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{AnswerClaims, ChallengeClaims, Decision, DeviceKeys, HelloClaims};
use nod_protocol::{EnvelopeId, MailboxId, OsRandom, ServiceId, jwe};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::error::BenchError;
use super::relay::Relay;

/// A phone with one account.
pub(super) struct Phone {
    approve: SoftwareKey,
    deny: SoftwareKey,
    enc: SoftwareKey,
    channel: SoftwareKey,
    ctr: AtomicU64,
    /// When the last challenge's frame arrived.
    arrived: Mutex<Option<Instant>>,
}

impl Phone {
    pub(super) fn new() -> Result<Self, BenchError> {
        let key = || SoftwareKey::generate(&OsRandom);
        Ok(Self {
            approve: key()?,
            deny: key()?,
            enc: key()?,
            channel: key()?,
            ctr: AtomicU64::new(0),
            arrived: Mutex::new(None),
        })
    }

    pub(super) fn keys(&self) -> DeviceKeys {
        DeviceKeys {
            approve: self.approve.public_key(),
            deny: self.deny.public_key(),
            enc: self.enc.public_key(),
            channel: self.channel.public_key(),
        }
    }

    pub(super) fn mailbox(&self) -> MailboxId {
        mailbox_of(&self.channel)
    }

    pub(super) const fn channel(&self) -> &SoftwareKey {
        &self.channel
    }

    /// When the last challenge arrived; asked once per challenge.
    pub(super) fn take_arrival(&self) -> Option<Instant> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Opens a challenge and signs its approval. The challenge's own signature is not looked at.
    pub(super) fn approve(&self, service: ServiceId, body: &str) -> Result<String, BenchError> {
        let inner = jwe::open(body, &self.enc).map_err(|_| BenchError::BadReply("a challenge"))?;
        let received = Received::<ChallengeClaims>::parse(&inner);
        let received = received.map_err(|_| BenchError::BadReply("a challenge"))?;
        let challenge = received.hint();
        let claims = AnswerClaims {
            iss: challenge.aud,
            aud: service,
            jti: challenge.jti,
            nonce: challenge.nonce,
            ch: Digest::of(inner.as_bytes()),
            decision: Decision::Approve,
            number: None,
            gen_: challenge.gen_,
            ctr: self.ctr.fetch_add(1, Ordering::Relaxed) + 1,
            uv: true,
            iat: challenge.iat,
        };
        Ok(jws::sign(&claims, &self.approve)?)
    }

    /// Approves whatever comes, until the relay closes the socket.
    pub(super) async fn approve_all<S: Stream>(
        self: Arc<Self>,
        mut socket: WebSocketStream<S>,
    ) -> Result<(), BenchError> {
        loop {
            match next(&mut socket).await? {
                RelayFrame::Deliver { id, kind, service, body, .. } => {
                    let now = Instant::now();
                    if kind == EnvelopeKind::Challenge {
                        *self.arrived.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                    }
                    send(&mut socket, &DeviceFrame::Received { id }).await?;
                    if kind == EnvelopeKind::Challenge {
                        let body = self.approve(service, &body)?;
                        let id = EnvelopeId::new(SystemClock.now().0, &OsRandom)?;
                        let to = Destination::Service(service);
                        send(&mut socket, &DeviceFrame::Send { id, to, body }).await?;
                    }
                }
                RelayFrame::Refused { reason, .. } => return Err(BenchError::Refused(reason)),
                RelayFrame::Accepted { .. }
                | RelayFrame::Gone { .. }
                | RelayFrame::Drain { .. }
                | RelayFrame::Nonce { .. }
                | RelayFrame::Welcome { .. } => {}
            }
        }
    }
}

/// The mailbox that a channel key opens.
pub(super) fn mailbox_of(channel: &SoftwareKey) -> MailboxId {
    channel.public_key().thumbprint().into()
}

/// A connection below a WebSocket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// How phones reach a relay.
pub(super) struct Line {
    address: SocketAddr,
    url: String,
    tls: Option<TlsConnector>,
}

impl Line {
    pub(super) fn to(relay: &Relay, trust: Option<&CertificateDer<'static>>) -> Result<Self, BenchError> {
        let tls = trust.map(connector).transpose()?;
        Ok(Self { address: relay.address, url: relay.device_url()?, tls })
    }

    /// Connects and says hello; returns the socket after the welcome.
    pub(super) async fn connect(
        &self,
        channel: &SoftwareKey,
    ) -> Result<WebSocketStream<Box<dyn AnyStream>>, BenchError> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let stream: Box<dyn AnyStream> = match &self.tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name = ServerName::IpAddress(self.address.ip().into());
                Box::new(Box::pin(tls.connect(name, tcp)).await?)
            }
        };
        let small = WebSocketConfig::default().read_buffer_size(2048).write_buffer_size(0);
        let (mut socket, _) =
            Box::pin(client_async_with_config(self.url.as_str(), stream, Some(small))).await?;
        let RelayFrame::Nonce { nonce } = next(&mut socket).await? else {
            return Err(BenchError::BadReply("the relay's first frame"));
        };
        let claims = HelloClaims {
            aud: self.url.clone(),
            nonce,
            jwk: channel.public_key(),
            iat: SystemClock.now().seconds(),
            app: "nod bench".to_owned(),
            caps: Vec::new(),
        };
        send(&mut socket, &DeviceFrame::Hello { jwt: jws::sign(&claims, channel)? }).await?;
        let RelayFrame::Welcome { .. } = next(&mut socket).await? else {
            return Err(BenchError::BadReply("the relay's welcome"));
        };
        Ok(socket)
    }
}

/// [`Stream`] as an object.
pub(super) trait AnyStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> AnyStream for S {}

fn connector(trust: &CertificateDer<'static>) -> Result<TlsConnector, BenchError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trust.clone()).map_err(|_| BenchError::Certificate)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| BenchError::Certificate)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Every phone is another one: no handshake is shortened by an earlier one's.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The next frame; pings are answered on the way.
pub(super) async fn next<S: Stream>(socket: &mut WebSocketStream<S>) -> Result<RelayFrame, BenchError> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                return RelayFrame::parse(text.as_str()).map_err(|_| BenchError::BadReply("a frame"));
            }
            Some(Ok(Message::Close(frame))) => {
                let code = frame.map_or(1005, |frame| u16::from(frame.code));
                return Err(BenchError::Socket(format!("closed with {code}")));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err(BenchError::Socket("the connection ended".to_owned())),
        }
    }
}

pub(super) async fn send<S: Stream>(
    socket: &mut WebSocketStream<S>,
    frame: &DeviceFrame,
) -> Result<(), BenchError> {
    Ok(socket.send(Message::Text(frame.to_text().into())).await?)
}
